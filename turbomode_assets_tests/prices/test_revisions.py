"""A revision adds to what is known and changes nothing that was known before."""

import datetime as dt

import polars as pl
import pytest

from turbomode_assets import market_tables
from turbomode_assets.prices import revisions

MONDAY, TUESDAY = dt.date(2024, 7, 1), dt.date(2024, 7, 2)
FIRST = dt.datetime(2024, 7, 2, 3, tzinfo=dt.UTC)
SECOND = dt.datetime(2024, 7, 3, 3, tzinfo=dt.UTC)


def seen(known_at: dt.datetime, session: dt.date, close: float) -> pl.DataFrame:
    prices = dict.fromkeys(("open", "high", "low", "close"), close)
    rest = {"volume": 1e6, "dividend": 0.0, "split_ratio": 1.0, "later_splits": 1.0}
    key = {"symbol": "AAA", "session": session, "known_at": known_at}
    row = {**key, **prices, **rest, "source": "test"}
    return pl.DataFrame([row], schema=market_tables.BAR_REVISIONS.schema())


LEDGER = pl.concat([seen(SECOND, MONDAY, 11.0), seen(FIRST, MONDAY, 10.0)])


@pytest.mark.parametrize(
    ("moment", "closes"),
    [
        (None, [11.0]),
        (SECOND, [11.0]),
        (SECOND - dt.timedelta(microseconds=1), [10.0]),
        (FIRST, [10.0]),
        (FIRST - dt.timedelta(microseconds=1), []),
    ],
)
def test_what_was_known_then_is_read_back(
    moment: dt.datetime | None, closes: list[float]
) -> None:
    assert revisions.as_of(LEDGER, moment)["close"].to_list() == closes


@pytest.mark.parametrize(
    ("close", "n_new"),
    [(10.0, 0), (10.0 * (1 + 5e-7), 0), (10.0 * (1 + 2e-6), 1), (5.0, 1)],
)
def test_only_what_differs_is_a_revision(close: float, n_new: int) -> None:
    known = revisions.as_of(seen(FIRST, MONDAY, 10.0))
    fresh = revisions.changed(seen(SECOND, MONDAY, close), known, 1e-6)
    assert fresh.height == n_new


def test_an_unknown_bar_and_an_unknown_dividend_are_revisions() -> None:
    known = revisions.as_of(seen(FIRST, MONDAY, 10.0))
    paid = seen(SECOND, MONDAY, 10.0).with_columns(dividend=pl.lit(0.5))
    accepted = pl.concat([paid, seen(SECOND, TUESDAY, 10.0)])
    assert revisions.changed(accepted, known, 1e-6).equals(accepted)


def test_taking_in_the_same_twice_adds_nothing() -> None:
    known = revisions.as_of(LEDGER)
    again = seen(SECOND + dt.timedelta(days=1), MONDAY, 11.0)
    assert revisions.changed(again, known, 1e-6).is_empty()
