"""A session with too few bars, or with yesterday's bars, is noticed."""

import datetime as dt

import polars as pl

from turbomode_assets import market_policy
from turbomode_assets.prices import health

FRIDAY, MONDAY, TUESDAY = dt.date(2024, 6, 28), dt.date(2024, 7, 1), dt.date(2024, 7, 2)
RULES = market_policy.QualityPolicy()
SYMBOLS = [f"S{n}" for n in range(10)]


def bars(session: dt.date, symbols: list[str], close: float) -> pl.DataFrame:
    values = dict.fromkeys(("open", "high", "low", "close", "volume"), close)
    rows = [{"symbol": symbol, "session": session, **values} for symbol in symbols]
    return pl.DataFrame(rows)


FULL = [bars(FRIDAY, SYMBOLS, 10.0), bars(MONDAY, SYMBOLS, 11.0)]


def test_a_full_market_that_moves_is_healthy() -> None:
    market = pl.concat(FULL)
    assert health.thin_sessions(market, [MONDAY], RULES) == {}
    assert health.stuck_sessions(market, [MONDAY], RULES) == {}


def test_a_session_without_bars_is_thin() -> None:
    found = health.thin_sessions(pl.concat(FULL), [MONDAY, TUESDAY], RULES)
    assert found == {TUESDAY: "0 bars, 0 of the 10 symbols of the session before"}


def test_a_fifth_may_be_missing_and_not_more() -> None:
    eight, seven = (bars(MONDAY, SYMBOLS[:n], 11.0) for n in (8, 7))
    assert health.thin_sessions(pl.concat([FULL[0], eight]), [MONDAY], RULES) == {}
    assert MONDAY in health.thin_sessions(pl.concat([FULL[0], seven]), [MONDAY], RULES)


def test_new_names_do_not_stand_in_for_missing_ones() -> None:
    others = bars(MONDAY, [f"N{n}" for n in range(10)], 11.0)
    assert MONDAY in health.thin_sessions(pl.concat([FULL[0], others]), [MONDAY], RULES)


def test_the_first_session_of_all_needs_any_bar() -> None:
    assert health.thin_sessions(FULL[1], [MONDAY], RULES) == {}


def test_a_source_that_repeats_itself_is_stuck() -> None:
    half = [bars(MONDAY, SYMBOLS[:6], 10.0), bars(MONDAY, SYMBOLS[6:], 11.0)]
    found = health.stuck_sessions(pl.concat([FULL[0], *half]), [MONDAY], RULES)
    assert found == {MONDAY: "6 of 10 bars repeat the session before"}
