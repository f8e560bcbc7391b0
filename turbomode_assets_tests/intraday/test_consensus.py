"""The consensus finds a planted voter, follows a drifting one, believes no noise."""

import numpy as np
import polars as pl
import pytest

from turbomode_assets import rounds
from turbomode_assets.intraday import consensus, state, track_record
from turbomode_assets.intraday_policy import ConsensusPolicy

RULES = ConsensusPolicy()
VOTERS = ("drifting", "good", *(f"useless_{i}" for i in range(6)))
N = len(consensus.BASELINES)
HORIZON = "60_minutes"
DAYS = 378

Numbers = consensus.Numbers
Floats = consensus.Floats


def market(seed: int, edge: float) -> consensus.Walked:
    """Levels of eight voters over a year and a half, and what followed.

    Returns of an hour overlap; the good voter and, until the middle, the drifting one
    lean with them, afterwards the drifting one against them.
    """
    draw = np.random.default_rng(seed)
    n = DAYS * rounds.FULL_SESSION
    said = draw.choice([-1.0, 1.0], (n, len(VOTERS)))
    sign = np.where(np.arange(n) < n // 2, 1.0, -1.0)
    moves = draw.normal(size=n + 4)
    moves[1 : n + 1] += edge * (said[:, 1] + sign * said[:, 0])
    ahead = np.sum([moves[i : n + i] for i in range(1, 5)], axis=0)
    numbers = np.arange(n) + 1000
    return consensus.Walked(
        numbers=numbers,
        exits=rounds.exits(numbers, HORIZON),
        levels=track_record.levels_of(said, np.full_like(said, 0.5), RULES),
        learned=np.full(n, np.nan),
        probabilities=np.full((n, len(consensus.experts(VOTERS))), np.nan),
        mixture=np.full(n, np.nan),
        is_up=(ahead > 0).astype(np.float64),
    )


def loss(walked: consensus.Walked, p_up: Floats) -> Floats:
    happened = walked.is_up == 1
    found: Floats = -np.log(np.where(happened, p_up, 1 - p_up))
    return found


@pytest.fixture(scope="module")
def planted() -> tuple[consensus.Walked, consensus.Learner, dict[int, Floats]]:
    walked = market(5, edge=0.5)
    learner = consensus.Learner.begin(HORIZON, VOTERS, RULES)
    middle, last = int(walked.numbers[DAYS * 13]), int(walked.numbers[-1])
    weights: dict[int, Floats] = {}

    def keep(closing: int) -> None:
        weights[closing] = learner.streams.weights.mean(axis=0)

    learner.follow(walked, [middle, last], keep)
    return walked, learner, weights


def test_weights_find_the_good_voter(
    planted: tuple[consensus.Walked, consensus.Learner, dict[int, Floats]],
) -> None:
    _, _, weights = planted
    for found in weights.values():
        useless = found[N + 2 :]
        assert found[N + 1] > 5 * useless.max()


def test_what_a_turning_voter_says_turns(
    planted: tuple[consensus.Walked, consensus.Learner, dict[int, Floats]],
) -> None:
    walked, _, _ = planted
    is_buy = walked.levels[:, 0] == 4
    half = DAYS * 13
    before = walked.probabilities[half - 500 : half][is_buy[half - 500 : half], N]
    after = walked.probabilities[-500:][is_buy[-500:], N]
    assert before.mean() > 0.53
    assert after.mean() < 0.48


def test_the_consensus_beats_both_baselines(
    planted: tuple[consensus.Walked, consensus.Learner, dict[int, Floats]],
) -> None:
    walked, _, _ = planted
    mixture, base, equal = (
        loss(walked, p).mean() for p in (walked.mixture, *walked.probabilities[:, :2].T)
    )
    assert mixture < equal < base


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("edge", [0.0, 0.3])
def test_realized_regret_stays_under_the_bound(seed: int, edge: float) -> None:
    walked = market(seed, edge)
    cut = {name: getattr(walked, name)[:2600] for name in vars(walked)}
    part = consensus.Walked(**cut)
    learner = consensus.Learner.begin(HORIZON, VOTERS, RULES)
    learner.follow(part)
    losses = loss(part, part.mixture)
    known = part.exits <= part.numbers[-1]
    experts = [loss(part, p)[known].sum() for p in part.probabilities.T]
    regret = losses[known].sum() - min(experts)
    assert learner.streams.regret == pytest.approx(regret)
    assert regret <= learner.streams.bound


def test_noise_is_not_believed() -> None:
    walked = market(11, edge=0.0)
    learner = consensus.Learner.begin(HORIZON, VOTERS, RULES)
    learner.follow(walked)
    gain = loss(walked, walked.probabilities[:, 0]) - loss(walked, walked.mixture)
    assert gain.mean() < 0.0005
    assert np.abs(walked.mixture - 0.5).mean() < 0.02


def test_only_known_outcomes_are_learned_from() -> None:
    walked = market(2, edge=0.5)
    cut = {name: getattr(walked, name)[:300].copy() for name in vars(walked)}
    one, other = (
        consensus.Walked(**cut),
        consensus.Walked(
            **cut
            | {
                "probabilities": cut["probabilities"].copy(),
                "mixture": cut["mixture"].copy(),
                "is_up": np.where(np.arange(300) < 196, cut["is_up"], 1 - cut["is_up"]),
            }
        ),
    )
    for part in (one, other):
        consensus.Learner.begin(HORIZON, VOTERS, RULES).follow(part)
    # The outcome of row 196 is known at the end of row 200, and not before.
    assert np.array_equal(one.mixture[:200], other.mixture[:200])
    assert one.mixture[200] != other.mixture[200]


def test_fixed_weights_never_move_and_are_the_predecessors() -> None:
    rules = ConsensusPolicy(method="fixed")
    voters = tuple(name for name, _ in rules.start_weights)
    learner = consensus.Learner.begin(HORIZON, voters, rules)
    start = learner.streams.weights.copy()
    assert start[0, N:] == pytest.approx([w * 0.999 for _, w in rules.start_weights])
    walked = market(2, edge=0.5)
    learner.follow(consensus.Walked(**{k: v[:200] for k, v in vars(walked).items()}))
    assert np.array_equal(learner.streams.weights, start)


@pytest.mark.parametrize(
    ("before", "after"), [("learned", "fixed"), ("fixed", "learned")]
)
def test_a_change_of_method_begins_with_the_start_weights(
    before: str, after: str
) -> None:
    walked = market(2, edge=0.5)
    one, other = (
        consensus.Learner.begin(HORIZON, VOTERS, ConsensusPolicy(method=method))
        for method in (before, after)
    )
    one.follow(consensus.Walked(**{k: v[:400] for k, v in vars(walked).items()}))
    start = other.streams.weights.copy()
    day = pl.lit(rounds.named(walked.numbers[399:400])["session"][0])
    weighed = state.weights(one).with_columns(session=day)
    state.restore(other, weighed, state.track_records(one))
    assert np.array_equal(other.streams.weights, start)
    assert other.streams.regret == 0.0
    assert np.array_equal(other.record.ups, one.record.ups)


def test_a_newcomer_gets_a_start() -> None:
    weights = consensus.start_weights(("momentum", "tea_leaves"), RULES)
    assert weights.sum() == pytest.approx(1.0)
    assert weights.tolist() == pytest.approx([0.5 / N] * N + [0.25, 0.25])


@pytest.mark.parametrize(
    ("p_up", "n_agreeing", "side", "is_convinced"),
    [
        (0.60, 3, "buy", True),
        (0.60, 2, "hold", False),
        (0.53, 8, "buy", False),
        (0.51, 8, "hold", False),
        (0.50, 8, "hold", False),
        (0.40, 3, "sell", True),
    ],
)
def test_a_side_needs_an_edge_and_company(
    p_up: float, n_agreeing: int, side: str, *, is_convinced: bool
) -> None:
    said = pl.DataFrame({"p_up": [p_up], "n_agreeing": [n_agreeing]})
    found = consensus.decide(said, RULES)
    assert found.select("side", "is_convinced").row(0) == (side, is_convinced)


def test_levels_split_at_their_edges_and_silence_is_none_of_them() -> None:
    scores = np.array([-1.0, -0.1, 0.0, 0.1, 1.0, np.nan])
    found = track_record.levels_of(scores, np.full(6, 0.9), RULES)
    assert found.tolist() == [0, 1, 2, 3, 4, track_record.SILENT]


def test_a_silent_voter_says_the_base_rate() -> None:
    record = track_record.TrackRecord.begin(2, 1)
    for _ in range(500):
        record.learn(np.array([4, track_record.SILENT]), RULES, is_up=True)
    loud, silent = record.probabilities(np.array([0, track_record.SILENT]), RULES)
    base = record.base_rate(RULES)
    assert silent == base == loud
    assert record.probabilities(np.array([4, 4]), RULES)[0] > base


def test_what_followed_is_a_decayed_share() -> None:
    record = track_record.TrackRecord.begin(1, 1)
    happened = np.random.default_rng(1).random(800) < 0.6
    for is_up in happened:
        record.learn(np.array([3]), RULES, is_up=bool(is_up))
    age = np.arange(800)[::-1] / (RULES.half_life_sessions * rounds.FULL_SESSION)
    kept = 0.5**age
    prior = RULES.shrink_outcomes
    expected = (kept @ happened + prior / 2) / (kept.sum() + prior)
    assert record.base_rate(RULES) == pytest.approx(expected)
