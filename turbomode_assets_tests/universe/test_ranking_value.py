"""What rankings were worth, beside SciPy, where there is something to rank or not."""

import dataclasses
import datetime as dt

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy import stats

from turbomode_assets import market_loop, market_policy, market_tables, policy
from turbomode_assets.universe import ranking, ranking_value
from turbomode_assets_tests.universe import worlds

RULES = market_policy.RankingPolicy(n_permutations=400, trend_days=90)
MONTHS = [dt.date(2024, month, 1) for month in range(2, 7)]


def rankings(world: worlds.World) -> pl.DataFrame:
    outcomes, signals = world.outcomes(), world.signals()
    return pl.concat(ranking.rank(outcomes, signals, RULES, month) for month in MONTHS)


def value(
    world: worlds.World, ranked: pl.DataFrame | None = None
) -> ranking_value.Value:
    stored = rankings(world) if ranked is None else ranked
    (found,) = ranking_value.predictive_value(
        stored, world.outcomes(), world.signals(), RULES
    )
    return found


def test_lasting_skill_is_worth_more_than_chance() -> None:
    found = value(worlds.World(1, np.linspace(0.1, 0.7, 40)))
    assert [month.month for month in found.months] == MONTHS
    assert found.rank_ic > 0.3 > found.random_high
    assert found.p_random == pytest.approx(1 / 401)
    beyond = [(one.top_excess or 0.0) - one.all_excess for one in found.months]
    assert np.mean(beyond) > 0.05


def test_where_nobody_differs_random_orders_are_as_good() -> None:
    chances = [value(worlds.World(seed, np.full(40, 0.3))) for seed in range(8)]
    p_values = np.array([found.p_random for found in chances])
    assert (p_values <= 0.05).sum() <= 2
    assert 0.2 < p_values.mean() < 0.8
    assert all(found.random_low < 0 < found.random_high for found in chances)


def test_rank_correlations_agree_with_scipy() -> None:
    world = worlds.World(2, np.linspace(0.1, 0.5, 25))
    ranked = rankings(world)
    found = value(world, ranked)
    outcomes = world.outcomes().with_columns(month=pl.col("session").dt.month_start())
    for month in found.months:
        hits = outcomes.filter(pl.col("month") == month.month)
        base = pl.col("is_hit").mean().over("session")
        excess = hits.with_columns(excess=pl.col("is_hit") - base)
        both = ranked.filter(pl.col("month") == month.month).join(
            excess.group_by("symbol").agg(pl.col("excess").mean()), on="symbol"
        )
        expected = stats.spearmanr(both["skill_lower"], both["excess"].round(12))
        assert month.rank_ic == pytest.approx(expected.statistic, abs=1e-9)
        assert month.n_symbols == both.height == 25


def test_the_same_seed_gives_the_same_value() -> None:
    world = worlds.World(3, np.full(10, 0.3))
    assert value(world) == value(world)


def test_modes_are_valued_apart() -> None:
    world = worlds.World(4, np.linspace(0.1, 0.6, 12))
    ranked = rankings(world)
    both = pl.concat([ranked, ranked.with_columns(mode=pl.lit("replay"))])
    mixed = pl.concat(
        [
            world.signals("live").filter(pl.col("session") < MONTHS[2]),
            world.signals("replay").filter(pl.col("session") >= MONTHS[2]),
        ]
    )
    found = ranking_value.predictive_value(both, world.outcomes(), mixed, RULES)
    seen = {one.mode: [month.month for month in one.months] for one in found}
    assert seen == {"live": MONTHS[:2], "replay": MONTHS[2:]}


def test_too_few_symbols_have_no_order() -> None:
    world = worlds.World(5, np.array([0.2, 0.6]))
    stored = rankings(world)
    none = ranking_value.predictive_value(
        stored, world.outcomes(), world.signals(), RULES
    )
    empty = ranking_value.predictive_value(
        market_tables.RANKINGS.empty(), world.outcomes(), world.signals(), RULES
    )
    assert none == empty == ()


@pytest.mark.parametrize(
    ("month", "n", "first"),
    [
        (dt.date(2024, 3, 1), 12, dt.date(2023, 3, 1)),
        (dt.date(2024, 1, 1), 1, dt.date(2023, 12, 1)),
        (dt.date(2024, 12, 1), 13, dt.date(2023, 11, 1)),
    ],
)
def test_months_are_counted_back(month: dt.date, n: int, first: dt.date) -> None:
    rules = dataclasses.replace(RULES, judged_months=n)
    assert ranking_value.months_from(month, rules) == first


def test_the_months_to_come_change_no_value() -> None:
    world = worlds.World(6, np.linspace(0.1, 0.6, 12))
    outcomes, signals, stored = world.outcomes(), world.signals(), rankings(world)
    month = MONTHS[3]
    known = outcomes.filter(pl.col("matures_on") < month)
    past = stored.filter(pl.col("month") < month)
    rules = policy.Policy(ranking=RULES)
    found = market_loop.value_rankings(stored, outcomes, signals, month, rules)
    assert found == market_loop.value_rankings(past, known, signals, month, rules)
    assert found[0].months[-1].month < month
    assert_frame_equal(past, stored.head(past.height))
