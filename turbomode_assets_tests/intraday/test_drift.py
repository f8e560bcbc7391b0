"""On the simulated market weights find the good voters, and leave one that turns."""

import polars as pl
import pytest

from turbomode_assets import sessions
from turbomode_assets.intraday import ballot, replay, scorecard
from turbomode_assets.sources import intraday_simulated
from turbomode_assets_tests.intraday import simulated_desk

TURN, N_SESSIONS = 40, 80
"""Sessions before option flow turns its meaning around, and all of them."""

GOOD, TURNING = "news_sentiment", "options_flow"

Course = tuple[replay.Replayed, pl.DataFrame]


@pytest.fixture(scope="module", params=[1, 2, 3])
def lived(request: pytest.FixtureRequest) -> Course:
    """A replay, and the mean weight of every voter after every session."""
    source = intraday_simulated.IntradaySimulated(request.param, 3.0, turns_every=TURN)
    first = intraday_simulated.EPOCH
    last = sessions.shift(first, N_SESSIONS - 1)
    rules = simulated_desk.rules_of(source)
    ever = simulated_desk.EVER
    world = replay.world_of(source.fetch_rounds(first, last, ever), ever, rules)
    found = replay.replay(world, first, last, rules)
    hour = found.weights.filter(pl.col("expert").is_in(ballot.discover().keys()))
    mean = hour.filter(horizon="60_minutes").group_by("session", "expert")
    weights = mean.agg(pl.col("weight").mean()).pivot("expert", index="session")
    return found, weights.sort("session").drop("session")


def useless(weights: dict[str, float]) -> list[float]:
    """Weights of the six voters that nothing is planted for."""
    found = [w for voter, w in weights.items() if voter not in (GOOD, TURNING)]
    assert len(found) == 6
    return found


def test_a_voter_weighs_most_while_it_is_right(lived: Course) -> None:
    before = lived[1].row(TURN - 1, named=True)
    assert max(before, key=lambda voter: before[voter]) == TURNING
    assert before[TURNING] > 5 * max(useless(before))


def test_a_voter_that_turns_loses_its_weight_to_one_that_does_not(
    lived: Course,
) -> None:
    before, after = (lived[1].row(i, named=True) for i in (TURN - 1, N_SESSIONS - 1))
    assert after[TURNING] < before[TURNING] / 10
    assert after[TURNING] < max(useless(after))
    assert max(after, key=lambda voter: after[voter]) == GOOD
    assert after[GOOD] > 2 * max(useless(after))


def test_following_a_drift_costs_no_more_than_the_bound(lived: Course) -> None:
    rules = simulated_desk.RULES.consensus
    regrets = scorecard.regrets(lived[0].weights, lived[0].track_records, rules)
    assert (regrets["regret"] <= regrets["bound"]).all()
