"""What is due on a machine that trains follows from the ledger alone."""

import datetime as dt
from pathlib import Path

import pytest

from turbomode_assets import tables
from turbomode_assets.defs import training
from turbomode_assets.store import warehouse
from turbomode_assets_tests.store import exchanged


@pytest.mark.parametrize(
    ("trained", "watermark", "expected"),
    [
        ([], None, []),
        ([], "2024-06-12", ["2024-06-01"]),
        ([], "2024-06-28", ["2024-07-01"]),
        (["2024-06-01"], "2024-06-27", []),
        (["2024-06-01"], "2024-06-28", ["2024-07-01"]),
        (["2024-03-01"], "2024-06-12", ["2024-04-01", "2024-05-01", "2024-06-01"]),
        (["2024-12-01"], "2024-12-31", ["2025-01-01"]),
    ],
)
def test_no_month_is_left_out_once_the_first_was_trained(
    tmp_path: Path, trained: list[str], watermark: str | None, expected: list[str]
) -> None:
    both = exchanged.pair(tmp_path)
    for month in trained:
        exchanged.teach(both.training, month, dt.date.fromisoformat(month))
    reached = dt.date.fromisoformat(watermark) if watermark else None
    with warehouse.opened(both.training.warehouse) as store:
        assert list(map(str, training.months_due(store, reached))) == expected


def test_bars_alone_teach_nothing(tmp_path: Path) -> None:
    both = exchanged.pair(tmp_path)
    exchanged.put(both.serving, tables.BARS, exchanged.bars(exchanged.DAYS[0]))
    both.push()
    with warehouse.opened(both.training.warehouse) as store:
        assert training.samples_due(store, []) is None
