"""Quotes say what they imply and what is wrong with them; lives see no future."""

import datetime as dt
from typing import Any

import polars as pl
import pytest

from turbomode_assets import intraday_tables, options_policy
from turbomode_assets.options import lives, pricing, quotes

DAY = dt.date(2024, 7, 1)
NOON = dt.datetime(2024, 7, 1, 20, tzinfo=dt.UTC)
BAR = {
    "symbol": "RTX",
    "session": DAY,
    "minute": 60,
    "known_at": NOON,
    "open": 99.0,
    "high": 101.0,
    "low": 98.0,
    "close": 100.0,
    "volume": 1e5,
    "n_parts": 15,
    "coverage": 1.0,
    "split_ratio": 1.0,
    "source": "test",
}
QUOTE = {
    "symbol": "RTX",
    "session": DAY,
    "minute": 60,
    "expires_on": DAY + dt.timedelta(days=21),
    "strike": 100.0,
    "right": "call",
    "known_at": NOON,
    "bid": 2.2,
    "ask": 2.4,
    "last": 2.3,
    "traded": 80.0,
    "open_interest": 500.0,
    "implied_vol": 0.2,
    "source": "test",
}


def chain(*changes: dict[str, Any]) -> pl.DataFrame:
    """Quotes that differ from the sound one as told."""
    rows = [QUOTE | change for change in changes]
    schema = intraday_tables.CHAINS.schema()
    return intraday_tables.CHAINS.conform(pl.DataFrame(rows, schema=schema))


def bars(*changes: dict[str, Any]) -> pl.DataFrame:
    """Bars that differ from the first one as told."""
    rows = [BAR | change for change in changes]
    return pl.DataFrame(rows, schema=intraday_tables.BARS.schema())


def _of(chains: pl.DataFrame, *others: dict[str, Any]) -> pl.DataFrame:
    return quotes.of_chains(chains, bars({}, *others), quotes.NO_DIVIDENDS)


def test_a_sound_quote_has_the_volatility_of_its_mid() -> None:
    found = _of(chain({}))
    assert found["finding"].to_list() == [None]
    again = pricing.value(found).select("price").item()
    assert again == pytest.approx(2.3, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"minute": 75}, "no_spot"),
        ({"bid": 2.5}, "crossed"),
        ({"bid": 0.0}, "one_sided"),
        ({"ask": None}, "one_sided"),
        ({"bid": 40.0, "ask": 41.0}, "absurd_vol"),
        ({"bid": 0.01, "ask": 0.02, "strike": 100.5}, "absurd_vol"),
    ],
)
def test_every_finding_is_told(change: dict[str, Any], finding: str) -> None:
    assert _of(chain(change))["finding"].to_list() == [finding]


def test_a_quote_that_stands_still_grows_old_and_stale() -> None:
    minutes = (60, 120, 180, 195)
    snapshots: list[dict[str, Any]] = [{"minute": minute} for minute in minutes]
    found = _of(chain(*snapshots), *snapshots[1:])
    assert found["age_minutes"].to_list() == [0.0, 60.0, 120.0, 135.0]
    assert found["finding"].to_list() == [None, None, "stale", "stale"]


def test_trading_makes_a_quote_young_again() -> None:
    snapshots: list[dict[str, Any]] = [{"minute": 60}, {"minute": 180, "traded": 81.0}]
    found = _of(chain(*snapshots), *snapshots[1:])
    assert found["age_minutes"].to_list() == [0.0, 0.0]


def test_no_dividend_is_expected_that_was_not_paid_yet() -> None:
    """Of two dividends the one paid later is unknown, the other comes again."""
    terms = {"symbol": "A", "spot": 100.0, "years": 0.5, "rate": 0.0}
    row = {"session": DAY, "expires_on": DAY + dt.timedelta(days=182)} | terms
    paid_on = [DAY - dt.timedelta(days=300), DAY + dt.timedelta(days=30)]
    paid = pl.DataFrame({"symbol": "A", "session": paid_on, "dividend": [1.0, 5.0]})
    found = lives.dividend_yield(pl.DataFrame([row]), paid).item()
    assert 100 * (1 - 2.718281828459045 ** (-found * 0.5)) == pytest.approx(1.0)


def test_a_life_ends_with_the_last_session_before_a_holiday() -> None:
    """July 4th 2024 was a Thursday; the 3rd closed at 17:00 UTC."""
    holiday = {"session": DAY, "minute": 390, "expires_on": dt.date(2024, 7, 4)}
    hours = lives.years_left(pl.DataFrame([holiday])).item() * 365 * 24
    assert hours == pytest.approx(45.0)


NO_DAYS = intraday_tables.DAILY_BARS.empty()


def _moving(n: int) -> pl.DataFrame:
    days = pl.date_range(dt.date(2024, 5, 1), dt.date(2024, 6, 28), eager=True)
    open_days = days.filter(
        (days.dt.weekday() < 6)
        & ~days.is_in([dt.date(2024, 5, 27), dt.date(2024, 6, 19)])
    )
    changes = [
        {"session": day, "close": 100.0 * 1.01 ** (i % 2)}
        for i, day in enumerate(open_days[:n])
    ]
    return bars(*changes)


def test_realized_volatility_does_not_know_its_own_session() -> None:
    """One percent a session is 15.8 % a year; a wild last one is not seen."""
    rules = options_policy.ModelPolicy(vol_sessions=10, vol_premium=1.0)
    calm = _moving(20)
    wild = calm.with_columns(
        close=pl.when(pl.col("session") == pl.col("session").max())
        .then(500.0)
        .otherwise("close")
    )
    expected = quotes.realized_vol(calm, NO_DAYS, rules)["vol"].to_list()
    assert quotes.realized_vol(wild, NO_DAYS, rules)["vol"].to_list() == expected
    assert expected[:11] == [None] * 11
    assert expected[11] == pytest.approx(0.1579, abs=1e-3)


def test_daily_bars_tell_volatility_before_the_first_round() -> None:
    """With a split on the way, which is no move."""
    rules = options_policy.ModelPolicy(vol_sessions=10, vol_premium=1.0)
    calm = _moving(20)
    days = (
        calm.head(12)
        .select("symbol", "session", "known_at", "close")
        .with_columns(
            close=pl.when(pl.int_range(pl.len()) < 5)
            .then(pl.col("close") * 2)
            .otherwise("close"),
            split_ratio=pl.when(pl.int_range(pl.len()) == 5).then(2.0).otherwise(1.0),
            dividend=pl.lit(0.0),
        )
    )
    rounds_only = calm.filter(pl.col("session") > days["session"].max())
    found = quotes.realized_vol(rounds_only, days, rules)
    whole = quotes.realized_vol(calm, NO_DAYS, rules)
    assert found["vol"].to_list() == pytest.approx(whole["vol"].to_list()[12:])


def test_modeled_quotes_say_so_and_are_sound() -> None:
    moments = pl.DataFrame([{k: BAR[k] for k in ("symbol", "session", "minute")}])
    asked = moments.with_columns(spot=pl.lit(93.0), vol=pl.lit(0.3))
    found = quotes.modeled(asked, quotes.NO_DIVIDENDS)
    assert found["basis"].unique().to_list() == ["model"]
    assert found["finding"].null_count() > 10
    assert set(found["finding"].drop_nulls()) <= {"one_sided"}
    assert (found["expires_on"].dt.weekday() == 5).all()
    assert found["vol"].to_numpy() == pytest.approx(0.3)
