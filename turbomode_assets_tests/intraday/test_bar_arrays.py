"""Daily bars stand in for rounds that no source has, and for nothing else."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from turbomode_assets import intraday_policy, intraday_tables, rounds, sessions
from turbomode_assets.intraday import replay, snapshot
from turbomode_assets.sources import intraday_simulated
from turbomode_assets_tests.intraday import simulated_desk

FIRST, LAST = dt.date(2018, 4, 2), dt.date(2018, 9, 14)
SPLIT_ON = dt.date(2018, 8, 13)
ROUNDS_FROM = dt.date(2018, 9, 10)
RULES = simulated_desk.RULES
DESK = RULES.desk
SYMBOL = DESK.symbols[0]


def daily_of(bars: pl.DataFrame) -> pl.DataFrame:
    """Rounds added up to daily bars."""
    whole = (
        bars.sort("minute")
        .group_by("symbol", "session")
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
            pl.col("known_at").max(),
            source=pl.lit("test"),
            dividend=pl.lit(0.0),
            split_ratio=pl.lit(1.0),
            later_splits=pl.lit(1.0),
        )
    )
    return intraday_tables.DAILY_BARS.conform(
        whole.select(intraday_tables.DAILY_BARS.column_names)
    )


@pytest.fixture(scope="module")
def stored() -> simulated_desk.Stored:
    source = intraday_simulated.IntradaySimulated()
    return simulated_desk.stored(source, FIRST, LAST)


def laid_out(bars: pl.DataFrame, daily: pl.DataFrame | None) -> snapshot.History:
    empty = (intraday_tables.HEADLINES.empty(), intraday_tables.CHAINS.empty())
    return snapshot.History.of(DESK, bars, *empty, daily)


def moments(first: dt.date) -> list[int]:
    drawn = np.random.default_rng(3).choice(rounds.between(first, LAST)["round"], 20)
    return [int(number) for number in drawn]


def test_daily_bars_show_what_the_rounds_before_would_have(
    stored: simulated_desk.Stored,
) -> None:
    is_kept = pl.col("session") >= ROUNDS_FROM
    recent = laid_out(stored.bars.filter(is_kept), daily_of(stored.bars))
    whole = laid_out(stored.bars, None)
    for number in moments(ROUNDS_FROM):
        seen, expected = recent.at(SYMBOL, number), whole.at(SYMBOL, number)
        assert seen.daily.shape == expected.daily.shape == (len(DESK.names), 5, 91)
        np.testing.assert_allclose(seen.daily, expected.daily, rtol=1e-12)
        assert np.array_equal(seen.ages, expected.ages)


def test_rounds_come_before_daily_bars(stored: simulated_desk.Stored) -> None:
    other = daily_of(stored.bars).with_columns(pl.col("close") + 1, pl.col("high") + 1)
    with_daily, without = laid_out(stored.bars, other), laid_out(stored.bars, None)
    for number in moments(LAST):
        seen, expected = with_daily.at(SYMBOL, number), without.at(SYMBOL, number)
        assert np.array_equal(seen.daily, expected.daily)
        assert np.array_equal(seen.ages, expected.ages)


def test_a_daily_bar_is_not_seen_in_its_own_session(
    stored: simulated_desk.Stored,
) -> None:
    peer = DESK.peers[0]
    without = stored.bars.filter(pl.col("symbol") != peer)
    history = laid_out(without, daily_of(stored.bars))
    closing = rounds.between(LAST, LAST)["round"].to_list()
    close = daily_of(stored.bars).filter(symbol=peer)["close"].to_list()
    last = history.at(SYMBOL, closing[-1])
    assert last.closes(peer)[-1] == close[-2]
    assert last.bars(peer).shape == (5, 90)
    # Every round of the session has passed since the newest bar of the peer.
    assert last.age(peer) == 390.0
    assert history.at(SYMBOL, closing[0]).age(peer) == 15.0
    assert history.at(SYMBOL, closing[0] - 1).age(peer) == 390.0


def test_what_is_known_later_changes_no_earlier_moment(
    stored: simulated_desk.Stored,
) -> None:
    number = rounds.between(ROUNDS_FROM, ROUNDS_FROM)["round"].to_list()[5]
    ends_at = rounds.named(np.array([number]))["ends_at"][0]
    daily = daily_of(stored.bars)
    then = laid_out(
        stored.bars.filter(pl.col("known_at") <= ends_at),
        daily.filter(pl.col("known_at") <= ends_at),
    )
    seen, expected = laid_out(stored.bars, daily).at(SYMBOL, number), None
    expected = then.at(SYMBOL, number)
    assert np.array_equal(seen.daily, expected.daily, equal_nan=True)
    assert np.array_equal(seen.ages, expected.ages)


def test_a_split_moves_no_return(stored: simulated_desk.Stored) -> None:
    is_before = pl.col("session") < SPLIT_ON
    prices = ("open", "high", "low", "close")
    split = daily_of(stored.bars).with_columns(
        *(pl.when(is_before).then(pl.col(p) * 4).otherwise(p).alias(p) for p in prices),
        volume=pl.when(is_before).then(pl.col("volume") / 4).otherwise("volume"),
        split_ratio=pl.when(session=SPLIT_ON).then(4.0).otherwise(1.0),
    )
    recent = stored.bars.filter(pl.col("session") >= ROUNDS_FROM)
    number = moments(LAST)[0]
    seen = laid_out(recent, split).at(SYMBOL, number)
    expected = laid_out(stored.bars, None).at(SYMBOL, number)
    np.testing.assert_allclose(seen.daily, expected.daily, rtol=1e-12)


def test_daily_bars_reach_no_further_back_than_a_snapshot(
    stored: simulated_desk.Stored,
) -> None:
    recent = stored.bars.filter(pl.col("session") >= LAST)
    history = laid_out(recent, daily_of(stored.bars))
    days = history.grid["session"].unique()
    assert len(days) == DESK.lookback_sessions
    assert days.min() == sessions.shift(LAST, 1 - DESK.lookback_sessions)


def test_a_replay_votes_on_daily_bars_as_on_the_rounds_before() -> None:
    rules = intraday_policy.IntradayPolicy(desk=DESK)
    source = intraday_simulated.IntradaySimulated()
    delivery = source.fetch_rounds(FIRST, LAST, simulated_desk.EVER)
    whole = replay.world_of(delivery, simulated_desk.EVER, rules)
    recent = replay.World(
        bars=whole.bars.filter(pl.col("session") >= ROUNDS_FROM),
        headlines=whole.headlines,
        chains=whole.chains,
        daily_bars=daily_of(whole.bars),
    )
    short, long = (
        replay.replay(world, ROUNDS_FROM, LAST, rules) for world in (recent, whole)
    )
    assert short.votes.height == 8 * 5 * 26
    said = ["symbol", "session", "minute", "voter", "is_abstaining", "reason"]
    assert short.votes.select(said).equals(long.votes.select(said))
