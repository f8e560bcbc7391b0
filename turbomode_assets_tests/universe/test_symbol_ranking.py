"""Ranking in worlds whose hit chances are known: bounds, order and false alarms."""

import dataclasses
import datetime as dt

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy import stats

from turbomode_assets import market_policy, market_tables, sessions
from turbomode_assets.universe import ranking
from turbomode_assets_tests.universe import worlds

RULES = market_policy.RankingPolicy()
MONTH = worlds.MONTH


def ranked(
    world: worlds.World, rules: market_policy.RankingPolicy = RULES, silent: int = 0
) -> pl.DataFrame:
    return ranking.rank(world.outcomes(silent), world.signals(), rules, MONTH)


def spread(n: int = 60) -> worlds.World:
    return worlds.World(1, np.linspace(0.05, 0.6, n))


def test_rows_are_as_declared_and_ordered_by_their_lower_bound() -> None:
    found = ranked(spread())
    assert_frame_equal(found, market_tables.RANKINGS.conform(found))
    ordered = found.sort("rank")
    assert ordered["rank"].to_list() == list(range(1, 61))
    assert ordered["skill_lower"].is_sorted(descending=True)
    assert ordered["is_top"].to_list() == [True] * 10 + [False] * 50
    assert (found["skill_lower"] < found["skill"]).all()
    assert (found["skill"] < found["skill_upper"]).all()


def test_skill_is_found_where_chances_differ() -> None:
    found = ranked(spread()).sort("symbol")
    order = stats.spearmanr(found["skill_lower"], np.arange(60)).statistic
    assert order > 0.6


def test_one_window_by_hand() -> None:
    """One symbol hits always, one never; trials and prior follow from the calendar."""
    rules = dataclasses.replace(RULES, short_weight=0.0, middle_weight=0.0)
    found = ranked(worlds.World(1, np.array([0.999999, 0.000001])), rules)
    always, never = found.sort("rank").iter_rows(named=True)
    assert (always["hit_share"], never["hit_share"]) == (1.0, 0.0)
    assert always["base_rate"] == never["base_rate"] == 0.5
    assert always["n_effective"] == never["n_effective"] == 6
    # Each prior is a half, of the weakest strength as the two are as unlike as can be.
    half = RULES.min_prior_strength / 2
    law = stats.beta(half + 6, half)
    assert always["skill"] == pytest.approx(law.mean() - 0.5, abs=1e-4)
    assert always["skill_lower"] == pytest.approx(law.ppf(0.05) - 0.5, abs=1e-3)
    assert always["skill_upper"] == pytest.approx(law.ppf(0.95) - 0.5, abs=1e-3)


def test_windows_are_weighted() -> None:
    found = ranked(spread())
    weighted = (
        0.5 * found["skill_short"]
        + 0.3 * found["skill_middle"]
        + 0.2 * found["skill_long"]
    )
    assert found["skill"].to_list() == pytest.approx(weighted.to_list())


def test_blind_picks_of_the_same_sessions_are_the_base_rate() -> None:
    world = spread(40)
    found = ranked(world, silent=20).sort("symbol")
    assert found["symbol"].to_list() == world.symbols[:20]
    matured = world.outcomes(silent=20).filter(
        pl.col("matures_on").is_between(
            MONTH - dt.timedelta(days=90), MONTH, closed="left"
        )
    )
    hits = (matured["label_symmetric_10pct"] == "up").to_numpy()
    assert found["base_rate"].to_numpy() == pytest.approx(np.full(20, hits.mean()))


def test_sells_are_held_against_falls() -> None:
    world = worlds.World(1, np.full(4, 0.3))
    falls = pl.when(pl.col("label_symmetric_10pct") == "up").then(pl.lit("down"))
    sold = world.outcomes().with_columns(
        side=pl.lit("sell"), label_symmetric_10pct=falls.otherwise(pl.lit("flat"))
    )
    found = ranking.rank(sold, world.signals(), RULES, MONTH)
    assert_frame_equal(found, ranked(world))


def test_what_matures_later_changes_nothing() -> None:
    world = spread(12)
    outcomes, signals = world.outcomes(), world.signals()
    matured = outcomes.filter(pl.col("matures_on") < MONTH)
    assert matured.height < outcomes.height
    turned = pl.when(pl.col("matures_on") >= MONTH).then(~pl.col("is_hit"))
    changed = outcomes.with_columns(is_hit=turned.otherwise("is_hit"))
    for other in (matured, changed):
        assert_frame_equal(
            ranking.rank(other, signals, RULES, MONTH),
            ranking.rank(outcomes, signals, RULES, MONTH),
        )


def test_nothing_older_than_said_is_looked_at() -> None:
    world = spread(12)
    since = ranking.outcomes_from(MONTH, RULES)
    recent = world.outcomes().filter(pl.col("matures_on") >= since)
    longer = dataclasses.replace(world, first=dt.date(2022, 6, 1))
    both = pl.concat([longer.outcomes().filter(pl.col("matures_on") < since), recent])
    found = ranking.rank(both, longer.signals(), RULES, MONTH)
    assert_frame_equal(found, ranking.rank(recent, world.signals(), RULES, MONTH))


def test_live_and_replay_are_ranked_apart() -> None:
    world, turn = spread(12), dt.date(2024, 5, 1)
    signals = pl.concat(
        [
            world.signals("replay").filter(pl.col("session") < turn),
            world.signals("live").filter(pl.col("session") >= turn),
        ]
    )
    found = ranking.rank(world.outcomes(), signals, RULES, MONTH)
    late = world.outcomes().filter(pl.col("session") >= turn)
    alone = ranking.rank(late, world.signals("live"), RULES, MONTH)
    assert found["mode"].value_counts(sort=True)["count"].to_list() == [12, 12]
    assert_frame_equal(found.filter(pl.col("mode") == "live"), alone)


def test_signals_that_matured_long_ago_rank_nobody() -> None:
    world = dataclasses.replace(spread(4), last=dt.date(2023, 12, 29))
    assert_frame_equal(ranked(world), market_tables.RANKINGS.empty())
    assert_frame_equal(ranked(spread(4), silent=4), market_tables.RANKINGS.empty())


def chances(kind: str, seed: int, n: int = 150) -> worlds.Floats:
    if kind == "unlike":
        return np.random.default_rng(seed).beta(3, 7, n)
    return np.full(n, float(kind))


@pytest.mark.parametrize("market", [0.0, 0.3])
@pytest.mark.parametrize("kind", ["0.06", "0.5", "unlike"])
def test_where_nothing_changes_alarms_are_rarer_than_stated(
    kind: str, market: float
) -> None:
    runs = [
        ranked(worlds.World(seed, chances(kind, seed), market)) for seed in range(2)
    ]
    alarms = pl.concat(runs)["trend"] != "steady"
    assert alarms.mean() <= RULES.alarm_rate  # type: ignore[operator]


def test_the_rate_of_alarms_over_all_worlds_is_neither_nil_nor_above_half() -> None:
    worlds_seen = [
        ranked(worlds.World(seed, chances(kind, seed), 0.1))
        for seed, kind in enumerate(["0.06", "0.3", "0.5", "unlike"])
    ]
    rate = (pl.concat(worlds_seen)["trend"] != "steady").mean()
    assert 0.002 < rate < RULES.alarm_rate / 2  # type: ignore[operator]


@pytest.mark.parametrize(
    ("was", "becomes", "trend"), [(0.3, 0.9, "improving"), (0.6, 0.02, "deteriorating")]
)
def test_a_large_change_is_seen(was: float, becomes: float, trend: str) -> None:
    quiet = worlds.World(5, np.full(100, was))
    matures = sessions.holding_periods(quiet.days, 14)["matures_on"]
    late = (matures >= MONTH - dt.timedelta(days=90)).to_numpy()
    path = np.full((len(quiet.days), 100), was)
    path[np.ix_(late, np.arange(10))] = becomes
    found = ranked(dataclasses.replace(quiet, chances=path)).sort("symbol")
    is_seen = (found["trend"] == trend).to_numpy()
    assert is_seen[:10].sum() >= 5
    assert is_seen[10:].mean() <= RULES.alarm_rate / 2


def test_bounds_hold_the_true_skill_as_often_as_they_claim() -> None:
    held = []
    for seed in range(4):
        true = chances("unlike", seed)
        found = ranked(worlds.World(seed, true)).sort("symbol")
        skill = true - found["base_rate"].to_numpy()
        held.append(skill >= found["skill_lower"].to_numpy())
        held.append(skill <= found["skill_upper"].to_numpy())
    assert np.mean(held) >= RULES.credibility - 0.01
