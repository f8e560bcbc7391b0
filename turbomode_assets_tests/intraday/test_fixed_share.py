"""Fixed-Share: against all paths of experts written out, and under its bound."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turbomode_assets.intraday import fixed_share

PRIOR = np.array([0.5, 0.3, 0.2])
SHARE = 0.1


def test_one_stream_is_the_mixture_of_all_paths_of_experts() -> None:
    draw = np.random.default_rng(3)
    said, went_up = draw.uniform(0.1, 0.9, (6, 3)), draw.random(6) < 0.5
    streams = fixed_share.Streams.begin(PRIOR, 1, SHARE)
    for round_, (given_, is_up) in enumerate(zip(said, went_up, strict=True)):
        streams.learn(round_, given_, is_up=bool(is_up))
    likelihood = np.where(went_up[:, None], said, 1 - said)
    total = 0.0
    for path in itertools.product(range(3), repeat=6):
        chance = PRIOR[path[0]] * likelihood[0, path[0]]
        for t in range(1, 6):
            stays = (1 - SHARE) * (path[t] == path[t - 1])
            chance *= (stays + SHARE * PRIOR[path[t]]) * likelihood[t, path[t]]
        total += chance
    assert streams.mixture_loss.sum() == pytest.approx(-math.log(total))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_streams=st.integers(1, 26),
    share=st.floats(0.0, 0.5),
    spite=st.floats(0.0, 1.0),
)
def test_the_regret_never_exceeds_its_bound(
    seed: int, n_streams: int, share: float, spite: float
) -> None:
    """Whatever happens: also where nature contradicts the mixture on purpose."""
    draw = np.random.default_rng(seed)
    prior = draw.dirichlet(np.ones(5)) * 0.95 + 0.01
    streams = fixed_share.Streams.begin(prior, n_streams, share)
    for number in range(150):
        said = draw.uniform(0.02, 0.98, 5)
        against = streams.mix(number, said) < 0.5
        is_up = against if draw.random() < spite else draw.random() < said[0]
        streams.learn(number, said, is_up=bool(is_up))
    assert streams.regret <= streams.bound + 1e-9


def test_without_delay_and_sharing_the_bound_is_the_logarithm() -> None:
    streams = fixed_share.Streams.begin(np.full(8, 1 / 8), 1, 0.0)
    for number in range(40):
        streams.learn(number, np.linspace(0.1, 0.9, 8), is_up=True)
    assert streams.bound == pytest.approx(math.log(8))
    assert streams.best == 7
    assert 0 <= streams.regret <= math.log(8)


def test_a_copy_learns_only_from_its_own_rounds() -> None:
    streams = fixed_share.Streams.begin(PRIOR, 4, SHARE)
    streams.learn(6, np.array([0.9, 0.5, 0.1]), is_up=True)
    assert streams.n_rounds.tolist() == [0, 0, 1, 0]
    assert np.array_equal(streams.weights[[0, 1, 3]], np.tile(PRIOR, (3, 1)))
    assert streams.weights[2].sum() == pytest.approx(1.0)
    assert streams.mix(2, np.array([1.0, 0.0, 0.0])) > PRIOR[0]
