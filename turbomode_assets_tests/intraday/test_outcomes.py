"""Outcomes in session time: against a brute-force walk, and as bars arrive."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from turbomode_assets import intraday_tables, rounds
from turbomode_assets.intraday import outcomes

FIRST, LAST = dt.date(2024, 7, 1), dt.date(2024, 7, 9)
GRID = rounds.between(FIRST, LAST)
DRAW = np.random.default_rng(9)
KEY = list(intraday_tables.OUTCOMES.key)


def bars(symbol: str = "ABC") -> pl.DataFrame:
    prices = {n: pl.Series(DRAW.uniform(9, 11, GRID.height)) for n in ("open", "close")}
    rows = GRID.with_columns(
        symbol=pl.lit(symbol),
        high=pl.lit(12.0),
        low=pl.lit(8.0),
        volume=pl.lit(1.0),
        known_at="ends_at",
        n_parts=pl.lit(1, pl.Int64),
        coverage=pl.lit(1.0),
        split_ratio=pl.lit(1.0),
        source=pl.lit("test"),
        **prices,
    )
    return intraday_tables.BARS.conform(rows.select(intraday_tables.BARS.column_names))


BARS = bars()
MOMENTS = BARS.select("symbol", "session", "minute")


@pytest.mark.parametrize(("horizon", "n"), [("60_minutes", 4), ("240_minutes", 16)])
def test_a_signal_enters_at_the_next_open_and_holds_its_rounds(
    horizon: str, n: int
) -> None:
    found = outcomes.resolve(MOMENTS, BARS).filter(horizon=horizon)
    opens, closes = BARS["open"].to_list(), BARS["close"].to_list()
    expected = [closes[i + n] / opens[i + 1] - 1 for i in range(GRID.height - n)]
    final = found.filter(maturity="final").sort("session", "minute")
    assert final["realized_return"].to_list() == pytest.approx(expected)
    assert final["is_up"].to_list() == [r > 0 for r in expected]
    assert found.filter(maturity="pending").height == n


def test_the_same_time_next_session_ends_with_a_half_day() -> None:
    found = outcomes.resolve(MOMENTS, BARS).filter(
        pl.col("session") == dt.date(2024, 7, 2), horizon="1_session"
    )
    close = dict(
        BARS.filter(session=dt.date(2024, 7, 3)).select("minute", "close").rows()
    )
    expected = [close[min(minute, 210)] for minute in found["minute"]]
    assert found["exit"].to_list() == expected
    assert set(found["exit_on"]) == {dt.date(2024, 7, 3)}


def test_a_split_moves_no_return() -> None:
    split_on = dt.date(2024, 7, 3)
    is_after = pl.col("session") >= split_on
    prices = ("open", "high", "low", "close")
    split = BARS.with_columns(
        *(pl.when(is_after).then(pl.col(p) / 4).otherwise(p).alias(p) for p in prices),
        split_ratio=pl.when(session=split_on).then(4.0).otherwise(1.0),
    )
    found, expected = (outcomes.resolve(MOMENTS, bars) for bars in (split, BARS))
    returns = expected["realized_return"].drop_nulls().to_list()
    assert found["realized_return"].drop_nulls().to_list() == pytest.approx(returns)
    crossing = found.filter(session=dt.date(2024, 7, 2), horizon="1_session")
    # The last signal of a session can only be acted on in the next.
    assert (crossing["exit"] < crossing["entry"] / 2)[:-1].all()


def test_what_was_final_stays_whenever_it_is_asked() -> None:
    late = outcomes.resolve(MOMENTS, BARS)
    for cut in (30, 70, 100):
        early = outcomes.resolve(MOMENTS[:cut], BARS[:cut])
        final = early.filter(maturity="final")
        assert final.height > 0
        same = late.join(final, on=KEY, how="semi")
        assert_frame_equal(same, final)


def by_the_clock(rounds_: pl.DataFrame) -> pl.DataFrame:
    """Bars of the half hour after the open, and of every hour after it."""
    hour = (pl.col("minute") + 15) // 60
    hours = rounds_.group_by("symbol", "session", hour=hour, maintain_order=True).agg(
        pl.all().exclude("open", "coverage", "hour").last(),
        pl.col("open").first(),
        coverage=pl.len().cast(pl.Float64),
    )
    return hours.select(rounds_.columns)


def test_hours_enter_and_end_as_their_rounds_do_or_not_at_all() -> None:
    hours = by_the_clock(BARS)
    moments = hours.select("symbol", "session", "minute")
    found = outcomes.resolve(moments, hours).filter(maturity="final")
    exact = outcomes.resolve(moments, BARS)
    assert_frame_equal(found, exact.join(found, on=KEY, how="semi"))
    by_horizon = found.filter(session=FIRST).group_by("horizon").agg("minute")
    assert dict(by_horizon.iter_rows()) == {
        "60_minutes": [30, 90, 150, 210, 270, 330],
        "240_minutes": [30, 90, 150],
        "1_session": [30, 90, 150, 210, 270, 330, 390],
    }


def test_a_missing_bar_is_waited_for_and_then_given_up() -> None:
    gone = (pl.col("session") == FIRST) & (pl.col("minute") == 300)
    of_exit = (pl.col("minute") == 240) & (pl.col("horizon") == "60_minutes")
    of_entry = (pl.col("minute") == 285) & (pl.col("horizon") == "60_minutes")
    lost = (of_exit | of_entry) & (pl.col("session") == FIRST)
    holed = BARS.filter(~gone)
    same_day = outcomes.resolve(MOMENTS[:26], holed.filter(session=FIRST))
    assert same_day.filter(lost)["maturity"].to_list() == ["pending", "pending"]
    later = outcomes.resolve(MOMENTS[:26], holed)
    assert later.filter(lost)["maturity"].to_list() == ["unavailable"] * 2
    assert later.filter(lost)["is_up"].is_null().all()
    arrived = outcomes.resolve(MOMENTS[:26], BARS)
    assert arrived.filter(lost)["maturity"].to_list() == ["final"] * 2


def test_a_buy_hits_above_and_a_sell_below_zero() -> None:
    found = outcomes.resolve(MOMENTS, BARS)
    sides = pl.Series("side", ["buy", "hold", "sell"] * found.height)[: found.height]
    signals = found.select(KEY).with_columns(sides)
    graded = outcomes.grade(found, signals)
    for side, maturity, returned, is_hit in graded.select(
        "side", "maturity", "realized_return", "is_hit"
    ).iter_rows():
        if side == "hold" or maturity != "final":
            assert is_hit is None
        else:
            assert is_hit == (returned > 0 if side == "buy" else returned < 0)
