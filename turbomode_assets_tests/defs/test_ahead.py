"""A challenger is trained ahead of the month for a reason, on enough that is new."""

import datetime as dt
import pathlib
from collections.abc import Iterator

import polars as pl
import pytest

from turbomode_assets import policy, tables
from turbomode_assets.defs import ahead
from turbomode_assets.store import warehouse

NOW = dt.datetime(2024, 6, 18, 15, tzinfo=dt.UTC)
FITTED = dt.date(2024, 5, 31)
ENOUGH = policy.SWING.gate.min_new_samples


@pytest.fixture
def store(tmp_path: pathlib.Path) -> Iterator[warehouse.Warehouse]:
    with warehouse.opened(tmp_path / "turbomode.duckdb") as found:
        yield found


def _rows(table: object, rows: list[dict[str, object]]) -> pl.DataFrame:
    schema = table.schema()  # type: ignore[attr-defined]
    blanks = {
        name: {pl.Date: FITTED, pl.String: "", pl.Int64: 1, pl.Float64: 0.5}.get(
            dtype.base_type(), NOW
        )
        for name, dtype in schema.items()
    }
    return pl.DataFrame([blanks | row for row in rows], schema=schema)


def _fit(store: warehouse.Warehouse, known_on: dt.date = FITTED) -> None:
    row = {"month": dt.date(2024, 6, 1), "labels_known_on": known_on, "desk": "swing"}
    store.append(tables.MODELS, _rows(tables.MODELS, [row]))


def _teach(store: warehouse.Warehouse, n_samples: int) -> None:
    row = {"matures_on": dt.date(2024, 6, 10), "origin": "live"}
    rows = [row | {"symbol": f"S{n:04}"} for n in range(n_samples)]
    store.append(tables.SAMPLES, _rows(tables.SAMPLES, rows))


def test_a_vacant_seat_and_enough_samples_are_an_occasion(
    store: warehouse.Warehouse,
) -> None:
    _fit(store)
    _teach(store, ENOUGH)
    found = ahead.occasion(store, NOW)
    assert isinstance(found, ahead.Occasion)
    assert (found.month, found.until) == (dt.date(2024, 6, 1), dt.date(2024, 6, 16))
    assert found.reason == f"{ENOUGH} new samples, and nobody reigns"


def test_too_few_samples_are_not(store: warehouse.Warehouse) -> None:
    _fit(store)
    _teach(store, ENOUGH - 1)
    assert (
        ahead.occasion(store, NOW) == f"{ENOUGH - 1} new samples, {ENOUGH} are needed."
    )


def test_a_champion_needs_more_than_samples(store: warehouse.Warehouse) -> None:
    _fit(store)
    _teach(store, ENOUGH)
    row = {"desk": "swing", "version": "v1", "effective_from": dt.date(2024, 6, 3)}
    store.append(tables.CHAMPIONS, _rows(tables.CHAMPIONS, [row]))
    assert "no reason to train ahead" in str(ahead.occasion(store, NOW))


def test_a_challenger_of_this_week_is_enough(store: warehouse.Warehouse) -> None:
    _fit(store, dt.date(2024, 6, 12))
    assert "knows every label up to 2024-06-12" in str(ahead.occasion(store, NOW))


def test_the_first_challenger_is_the_months_own(store: warehouse.Warehouse) -> None:
    _teach(store, ENOUGH)
    assert "No challenger was trained yet" in str(ahead.occasion(store, NOW))


def test_a_month_that_has_just_turned_trains_its_own(
    store: warehouse.Warehouse,
) -> None:
    just_turned = dt.datetime(2024, 8, 2, 15, tzinfo=dt.UTC)
    assert "just turned" in str(ahead.occasion(store, just_turned))
