"""Replays: a planted market is found out, noise is not, real bars go through."""

import dataclasses
import datetime as dt

import numpy as np
import polars as pl
import pytest

from turbomode_assets import intraday_policy, rounds
from turbomode_assets.intraday import consensus, loop, replay, scorecard
from turbomode_assets.sources import intraday_simulated
from turbomode_assets_tests.intraday import simulated_desk
from turbomode_assets_tests.oracles import real_desk

FIRST, LAST = dt.date(2018, 1, 2), dt.date(2018, 8, 31)
RULES = simulated_desk.RULES


def lived(edge: float) -> replay.Replayed:
    source = intraday_simulated.IntradaySimulated(edge=edge, turns_every=1000)
    delivery = source.fetch_rounds(FIRST, LAST, simulated_desk.EVER)
    world = replay.world_of(delivery, simulated_desk.EVER, RULES)
    return replay.replay(world, FIRST, LAST, RULES)


@pytest.fixture(scope="module")
def planted() -> replay.Replayed:
    return lived(3.0)


@pytest.fixture(scope="module")
def noise() -> replay.Replayed:
    return lived(0.0)


def scores(found: replay.Replayed) -> pl.DataFrame:
    return scorecard.of_signals(found.signals, found.outcomes)


def test_what_is_planted_is_found(planted: replay.Replayed) -> None:
    found = {row["horizon"]: row for row in scores(planted).to_dicts()}
    assert found["60_minutes"]["skill"] > 0.01
    assert found["60_minutes"]["p_value"] < 0.01
    assert found["240_minutes"]["skill"] > 0
    last = planted.weights.filter(
        pl.col("session") == pl.col("session").max(), horizon="60_minutes"
    )
    mean = last.group_by("expert").agg(pl.col("weight").mean()).sort("weight")
    voters = mean.filter(~pl.col("expert").is_in(consensus.BASELINES))
    assert set(voters["expert"][-2:]) == {"news_sentiment", "options_flow"}


def test_every_side_and_conviction_occur(planted: replay.Replayed) -> None:
    assert set(planted.signals["side"]) == {"buy", "hold", "sell"}
    found = scores(planted).row(
        by_predicate=pl.col("horizon") == "60_minutes", named=True
    )
    assert found["n_convinced_effective"] > 100
    assert found["convinced_hit_share"] > 0.55


def test_noise_does_not_beat_the_base_rate(noise: replay.Replayed) -> None:
    found = scores(noise)
    assert found["skill"].max() < 0.002  # type: ignore[operator]
    better = found.filter((pl.col("skill") > 0) & (pl.col("p_value") < 0.05))
    assert better.is_empty()


@pytest.mark.parametrize("market", ["planted", "noise"])
def test_the_regret_lies_under_the_printed_bound(
    market: str, request: pytest.FixtureRequest
) -> None:
    found = request.getfixturevalue(market)
    regrets = scorecard.regrets(found.weights, found.track_records, RULES.consensus)
    assert set(regrets["horizon"]) == set(rounds.HORIZONS)
    assert (regrets["regret"] <= regrets["bound"]).all()
    assert (regrets["n_rounds"] > 4000).all()


def test_overlap_leaves_one_outcome_a_session_or_less(noise: replay.Replayed) -> None:
    found = {row["horizon"]: row for row in scores(noise).iter_rows(named=True)}
    n = found["1_session"]["n"]
    assert found["1_session"]["n_effective"] in range(n // 27, n // 25)
    assert found["240_minutes"]["n_effective"] in range(n // 17, n // 15)
    assert found["60_minutes"]["n_effective"] in range(n // 5, n // 3)


@pytest.fixture(scope="module")
def minutes() -> replay.Replayed:
    stretch = real_desk.STRETCHES["UTX by the minute"]
    world = real_desk.world(stretch)
    return replay.replay(world, stretch.first, stretch.last, stretch.rules)


@real_desk.needed
def test_real_minutes_go_through(minutes: replay.Replayed) -> None:
    outcomes = minutes.outcomes
    assert set(scores(minutes)["horizon"]) == set(rounds.HORIZONS)
    assert outcomes.filter(maturity="unavailable").height < 0.02 * outcomes.height
    regrets = scorecard.regrets(
        minutes.weights, minutes.track_records, intraday_policy.INTRADAY.consensus
    )
    assert (regrets["regret"] <= regrets["bound"]).all()


@real_desk.needed
def test_voters_see_as_much_of_real_bars_as_there_is(minutes: replay.Replayed) -> None:
    health = {r["voter"]: r for r in scorecard.of_voters(minutes.votes).to_dicts()}
    for silent in ("news_sentiment", "options_flow"):
        assert health[silent]["spoken_share"] == 0.0
    # Daily bars before the first minute leave no voter without a history.
    for seeing in ("momentum", "market_regime", "sector_correlation"):
        assert health[seeing]["direction_share"] == 1.0
    assert health["volatility_analysis"]["direction_share"] == 0.0
    assert health["volatility_analysis"]["movement_share"] == 1.0
    regime = minutes.votes.filter(voter="market_regime")
    assert regime["reason"].str.contains("nothing of DX-Y.NYB").all()
    assert regime["staleness"].max() == 390.0


@real_desk.needed
def test_daily_bars_go_on_where_the_real_minutes_begin() -> None:
    stretch = real_desk.STRETCHES["UTX by the minute"]
    world = real_desk.world(stretch)
    history = loop.lay_out(
        world.bars, world.headlines, world.chains, stretch.rules, world.daily_bars
    )
    first = int(rounds.between(stretch.first, stretch.first)["round"][0])
    closes = history.at("UTX", first).closes("UTX")
    assert closes.size == stretch.rules.desk.lookback_sessions
    assert np.abs(np.diff(np.log(closes))).max() < 0.1


@real_desk.needed
def test_hours_of_spy_are_spoken_at_where_they_end() -> None:
    stretch = dataclasses.replace(
        real_desk.STRETCHES["SPY by the hour"], last=dt.date(2012, 5, 31)
    )
    world = real_desk.world(stretch)
    found = replay.replay(world, stretch.first, stretch.last, stretch.rules)
    assert set(found.signals["minute"]) == {30, 90, 150, 210, 270, 330, 390}
    ends = found.outcomes.group_by("horizon").agg(
        share=(pl.col("maturity") == "final").mean()
    )
    # The rest ends where no bar does: within an hour of the next session.
    expected = {"60_minutes": 6 / 7, "240_minutes": 3 / 7, "1_session": 1.0}
    assert dict(ends.iter_rows()) == pytest.approx(expected, abs=0.04)
    health = {r["voter"]: r for r in scorecard.of_voters(found.votes).to_dicts()}
    for seeing in ("momentum", "market_regime", "sector_correlation"):
        assert health[seeing]["direction_share"] == 1.0
