"""The simulated market: reproducible, lifelike, and predictable only where planted."""

import datetime as dt
import functools
import time

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from turbomode_assets import errors, sessions
from turbomode_assets.sources import simulated, simulated_processes
from turbomode_assets.sources.simulated import EPOCH, Simulated

FIRST, LAST = dt.date(2015, 1, 1), dt.date(2024, 12, 31)


@functools.cache
def years(edge: float) -> pl.DataFrame:
    """Ten years with log total return `log_return` and `forward_return` of 14 days."""
    previous = pl.col("close").shift(1).over("symbol")
    gross = pl.col("close") * pl.col("split_ratio") / (previous - pl.col("dividend"))
    bars = (
        Simulated(edge=edge)
        .bars(FIRST, LAST)
        .with_columns(log_return=gross.log())
        .with_columns(level=pl.col("log_return").fill_null(0).cum_sum().over("symbol"))
    )
    periods = sessions.holding_periods(bars["session"].unique().sort().to_list(), 14)
    overnight = pl.col("level") - (pl.col("close") / pl.col("open")).log()
    entries = bars.select("symbol", entry_on="session", entry=overnight)
    exits = bars.select("symbol", matures_on="session", exit="level")
    return (
        bars.join(periods, on="session")
        .join(entries, on=["symbol", "entry_on"], how="left")
        .join(exits, on=["symbol", "matures_on"], how="left")
        .with_columns(forward_return=(pl.col("exit") - pl.col("entry")).exp() - 1)
        .sort("symbol", "session")
    )


def autocorrelation(values: pl.DataFrame, lag: int) -> float:
    """Mean over symbols of the correlation of `value` with itself `lag` rows before."""
    pairs = values.with_columns(before=pl.col("value").shift(lag).over("symbol"))
    each = (
        pairs.drop_nulls()
        .group_by("symbol")
        .agg(pl.corr("value", "before"), n=pl.len())
    )
    return float(each.filter(pl.col("n") > 1000)["value"].to_numpy().mean())


def footprint_ics(edge: float) -> pl.DataFrame:
    """Rank correlation per session of a ten-session footprint with what followed."""
    top = pl.col("high") - pl.max_horizontal("open", "close")
    bottom = pl.min_horizontal("open", "close") - pl.col("low")
    reach = (bottom - top) / (pl.col("high") - pl.col("low"))
    footprint = reach.fill_nan(0.0).rolling_mean(10).over("symbol")
    known = years(edge).with_columns(footprint=footprint)
    known = known.drop_nulls(["footprint", "forward_return"])
    ic = pl.corr("footprint", "forward_return", method="spearman").alias("ic")
    return known.group_by("session").agg(ic).sort("session")


def mean_ic(edge: float, first: int, last: int) -> float:
    by_session = footprint_ics(edge)
    kept = by_session.filter(pl.col("session").dt.year().is_between(first, last))
    return float(kept["ic"].to_numpy().mean())


def mean_footprint_return(bars: pl.DataFrame) -> float:
    """Mean next return of the symbols that closed nearest their high, less the rest."""
    previous = pl.col("close").shift(1).over("symbol")
    gross = pl.col("close") * pl.col("split_ratio") / (previous - pl.col("dividend"))
    top = pl.col("high") - pl.max_horizontal("open", "close")
    bottom = pl.min_horizontal("open", "close") - pl.col("low")
    known = bars.with_columns(
        reach=(bottom - top) / pl.col("close"),
        after=gross.log().shift(-1).over("symbol"),
    ).drop_nulls(["reach", "after"])
    is_near = pl.col("reach") > pl.col("reach").median().over("session")
    near, far = known.filter(is_near)["after"], known.filter(~is_near)["after"]
    return float(near.to_numpy().mean() - far.to_numpy().mean())


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 3),
    start=st.dates(EPOCH, dt.date(2007, 12, 31)),
    n_days=st.integers(0, 500),
)
def test_any_range_is_a_slice_of_all_history(
    seed: int, start: dt.date, n_days: int
) -> None:
    source = Simulated(seed=seed, n_symbols=6)
    end = start + dt.timedelta(days=n_days)
    whole = source.bars(EPOCH, dt.date(2010, 12, 31))
    inside = pl.col("session").is_between(start, end)
    assert_frame_equal(source.bars(start, end), whole.filter(inside))


def test_years_built_anew_are_the_same_bits() -> None:
    first, last = dt.date(2010, 5, 3), dt.date(2010, 8, 2)
    cached = Simulated(n_symbols=8).bars(first, last)
    simulated._year.cache_clear()  # noqa: SLF001 - the point is a cold start
    assert cached.equals(Simulated(n_symbols=8).bars(first, last))


def test_seed_and_edge_change_the_market() -> None:
    first, last = dt.date(2010, 5, 3), dt.date(2010, 5, 28)
    markets = [Simulated(7, 1.0, 8), Simulated(8, 1.0, 8), Simulated(7, 0.0, 8)]
    closes = {tuple(market.bars(first, last)["close"]) for market in markets}
    assert len(closes) == 3


def test_a_hundred_symbols_of_eleven_sectors_trade_in_every_session() -> None:
    bars = years(1.0)
    assert set(bars.group_by("session").len()["len"]) == {100}
    assert bars["session"].n_unique() == len(sessions.sessions_between(FIRST, LAST))
    universe = Simulated().universe(LAST)
    assert universe["sector"].n_unique() == 11
    assert set(universe["cap_class"]) == {"large", "mid", "small"}


def test_symbols_leave_by_crash_and_takeover_and_newcomers_replace_them() -> None:
    universe = Simulated().universe(LAST)
    assert set(universe["reason"]) == {"listed", "delisted after a crash", "taken over"}
    left = universe.drop_nulls("valid_to")
    newcomers = universe.filter(pl.col("valid_from") > EPOCH)
    following = [sessions.shift(day, 1) for day in left["valid_to"].sort()]
    assert newcomers["valid_from"].sort().to_list() == following


def test_departure_is_not_known_before_its_session_has_passed() -> None:
    source = Simulated()
    gone = source.universe(LAST).drop_nulls("valid_to").row(0, named=True)
    symbol, last = pl.col("symbol") == gone["symbol"], gone["valid_to"]
    on_the_day = source.universe(last).filter(symbol)
    assert on_the_day.select("valid_to", "reason").row(0) == (None, "listed")
    after = source.universe(sessions.shift(last, 1)).filter(symbol)
    assert after["valid_to"].to_list() == [last]
    bars = source.bars(last, dt.date(last.year, 12, 31)).filter(symbol)
    assert bars["session"].to_list() == [last]


def test_a_split_drops_the_price_and_leaves_the_return_alone() -> None:
    split = years(1.0).filter(pl.col("split_ratio") > 1)
    assert split.height > 5
    assert np.abs(split["log_return"].to_numpy()).max() < 0.25
    previous = years(1.0).select(pl.col("close").shift(1).over("symbol"), "split_ratio")
    assert previous.filter(pl.col("split_ratio") > 1)["close"].to_numpy().min() > 100


def test_dividends_are_quarterly_and_small() -> None:
    paid = years(1.0).filter(pl.col("dividend") > 0)
    assert (paid["dividend"] / paid["close"]).to_numpy().max() < 0.03
    gaps = paid.select(pl.col("session").diff().over("symbol").dt.total_days())
    assert 85 < gaps.median().item() < 97


@pytest.mark.parametrize("edge", [0.0, 1.0])
def test_large_moves_are_as_frequent_as_in_reality(edge: float) -> None:
    moves = years(edge)["forward_return"].drop_nulls().to_numpy()
    assert 0.04 < (moves >= 0.10).mean() < 0.09
    assert 0.02 < (moves <= -0.10).mean() < 0.09


def test_tails_are_fat() -> None:
    each = (
        years(0.0).group_by("symbol").agg(pl.col("log_return").kurtosis(), n=pl.len())
    )
    assert each.filter(pl.col("n") > 1000).select("log_return").median().item() > 1.0


def test_volatility_clusters_for_a_month() -> None:
    sizes = years(0.0).select("symbol", value=pl.col("log_return").abs())
    assert all(autocorrelation(sizes, lag) > 0.04 for lag in range(1, 21))


def test_returns_do_not_predict_returns_without_an_edge() -> None:
    returns = years(0.0).select("symbol", value="log_return")
    assert all(abs(autocorrelation(returns, lag)) < 0.02 for lag in (1, 2, 5, 10))


def test_volume_moves_with_the_size_of_returns() -> None:
    turnover = (pl.col("volume") * pl.col("close")).log()
    size = pl.col("log_return").abs()
    known = years(0.0).drop_nulls("log_return")
    each = known.group_by("symbol").agg(pl.corr(turnover, size, method="spearman"))
    assert each["volume"].to_numpy().mean() > 0.3


def test_overnight_and_intraday_parts_are_uncorrelated() -> None:
    intraday = (pl.col("close") / pl.col("open")).log()
    parts = years(0.0).drop_nulls("log_return").filter(pl.col("log_return").abs() < 0.3)
    parts = parts.select(night=pl.col("log_return") - intraday, day=intraday)
    assert abs(parts.select(pl.corr("night", "day")).item()) < 0.03
    night = parts["night"].to_numpy()
    assert 0.15 < night.var() / (night + parts["day"].to_numpy()).var() < 0.40


def test_the_footprint_predicts_where_the_drift_is_strong() -> None:
    assert 0.10 < mean_ic(1.0, 2020, 2022) < 0.20
    assert mean_ic(1.0, 2016, 2017) < -0.08


def test_the_footprint_predicts_nothing_without_an_edge() -> None:
    blocks = footprint_ics(0.0)["ic"].to_numpy()[::10]  # horizons do not overlap
    assert abs(blocks.mean()) < 3 * blocks.std() / np.sqrt(len(blocks))


def test_the_drift_keeps_its_sign_in_the_years_shown() -> None:
    days = np.array(sessions.sessions_between(EPOCH, dt.date(2026, 12, 31)))
    days = days.astype("datetime64[D]")
    planted = simulated_processes.drift(days, seed=7)
    shown = (days >= np.datetime64("2020-01-01")) & (days < np.datetime64("2025-01-01"))
    assert planted[shown].min() > 0.1
    flips = days[1:][np.diff(np.sign(planted)) != 0]
    assert len(flips) >= 4
    assert np.abs(np.diff(planted)).max() < 0.02


def test_a_break_turns_what_is_planted_from_its_day_on() -> None:
    day, last = dt.date(2021, 1, 4), dt.date(2022, 6, 30)
    whole, broken = (
        Simulated(edge=4.0, n_symbols=60, breaks_on=breaks_on).bars(FIRST, last)
        for breaks_on in (None, day)
    )
    before = pl.col("session") < day
    assert broken.filter(before).equals(whole.filter(before))
    assert mean_footprint_return(whole.filter(~before)) > 0.002
    assert mean_footprint_return(broken.filter(~before)) < -0.002


def test_prices_before_the_epoch_are_refused() -> None:
    with pytest.raises(errors.SourceError, match="begins on 2005-01-03"):
        Simulated().bars(dt.date(2004, 12, 31), dt.date(2005, 2, 1))
    with pytest.raises(errors.SourceError, match="begins on 2005-01-03"):
        Simulated().universe(dt.date(2004, 12, 31))


def test_parameters_without_meaning_are_refused_together() -> None:
    with pytest.raises(errors.SettingsError) as raised:
        Simulated(seed=-1, edge=-0.5, n_symbols=0)
    assert all(name in str(raised.value) for name in ("seed", "edge", "n_symbols"))


def test_seven_years_of_a_hundred_symbols_take_seconds_at_most() -> None:
    sessions.sessions_between(FIRST, LAST)  # the calendar is not what is timed
    began = time.perf_counter()
    bars = Simulated(seed=99).bars(EPOCH, dt.date(2011, 12, 31))
    assert time.perf_counter() - began < 2.0
    assert bars.height == 100 * bars["session"].n_unique()
