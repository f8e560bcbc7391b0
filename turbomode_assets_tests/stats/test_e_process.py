"""Betting on differences: no luck without an edge, and no look ahead."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turbomode_assets import errors, policy
from turbomode_assets.stats import e_process

GATE = policy.GatePolicy()
APART = GATE.bet_block_sessions + GATE.lag_sessions


def overlapping(n_paths: int, n: int, seed: int, tails: float = 5.0) -> np.ndarray:
    """Heavy-tailed moving sums over ten sessions, with mean zero."""
    noise = np.random.default_rng(seed).standard_t(tails, size=(n_paths, n + 9))
    sums = np.cumsum(np.pad(noise, ((0, 0), (1, 0))), axis=1)
    return sums[:, 10:] - sums[:, :-10]


def naive(values: np.ndarray, first: int = 0) -> np.ndarray:
    """The same capital, one session and one gambler at a time."""
    length, stakes = GATE.bet_block_sessions, np.ones((APART, values.size))
    means = [values[max(t - length + 1, 0) : t + 1].mean() for t in range(values.size)]
    for phase in range(APART):
        wealth = 1.0
        for t in range(values.size):
            if t % APART == phase and t >= GATE.bet_warm_up_sessions:
                known = range(2 * length - 1, t - APART + 1)
                moves = [(means[k] - means[k - length]) ** 2 / 2 for k in known]
                unit = max(np.sqrt(np.mean(moves)), 1e-12) if moves else 1e-12
                bet = np.clip(means[t] / unit, -0.99 / GATE.stake, GATE.bet_bound)
                wealth *= 1.0 + GATE.stake * bet * (t - length + 1 >= first)
            stakes[phase, t] = wealth
    return np.asarray(stakes.mean(axis=0))


@pytest.mark.parametrize("first", [0, 100])
def test_capital_is_what_a_patient_gambler_has(first: int) -> None:
    values = overlapping(1, 200, 1)[0] + 0.5
    fast = e_process.path(values, GATE, first)
    assert fast == pytest.approx(naive(values, first), rel=1e-9)


@pytest.mark.parametrize("tails", [3.0, 30.0])
@pytest.mark.parametrize("n", [252, 756, 2016])
def test_without_an_edge_few_ever_win(n: int, tails: float) -> None:
    walked = e_process.path(overlapping(1500, n, n, tails), GATE)
    assert (walked >= 1.0).any()
    ever = (walked.max(axis=1) >= 1.0 / GATE.error_rate).mean()
    assert ever <= GATE.error_rate


@pytest.mark.parametrize("n", [252, 756])
def test_expected_capital_never_grows(n: int) -> None:
    last = e_process.path(overlapping(4000, n, 2), GATE)[:, -1]
    assert last.mean() <= 1.0 + 3.0 * last.std() / np.sqrt(last.size)


def test_a_real_difference_wins_in_the_end() -> None:
    better = overlapping(300, 1000, 3) + 3.0
    walked = e_process.path(better, GATE)
    assert (walked[:, -1] >= 1.0 / GATE.error_rate).mean() > 0.95


@settings(deadline=None, max_examples=50)
@given(cut=st.integers(50, 299), seed=st.integers(0, 99))
def test_what_comes_later_changes_no_earlier_capital(cut: int, seed: int) -> None:
    values = overlapping(1, 300, seed)[0]
    whole = e_process.path(values, GATE)[:cut]
    assert whole == pytest.approx(e_process.path(values[:cut], GATE), rel=1e-12)


@settings(deadline=None, max_examples=50)
@given(values=st.lists(st.floats(-1e6, 1e6), max_size=200))
def test_capital_is_positive_whatever_comes(values: list[float]) -> None:
    assert e_process.capital(values, GATE) > 0
    assert (e_process.path(values, GATE) > 0).all()


@settings(deadline=None, max_examples=20)
@given(unit=st.floats(1e-3, 1e3))
def test_the_unit_of_the_losses_does_not_matter(unit: float) -> None:
    values = overlapping(1, 300, 5)[0]
    scaled = e_process.capital(values * unit, GATE)
    assert scaled == pytest.approx(e_process.capital(values, GATE), rel=1e-6)


def test_old_credit_does_not_hide_a_break() -> None:
    long_reign = overlapping(1, 1300, 6)[0] - 8.0
    long_reign[1050:] += 24.0
    since_ever = e_process.capital(long_reign, GATE)
    assert since_ever < 1.0
    assert e_process.capital_of_a_break(long_reign, GATE, 252) > 1.0 / GATE.error_rate


def test_a_break_is_seldom_seen_where_there_is_none() -> None:
    paths = overlapping(400, 504, 7)
    capitals = [e_process.capital_of_a_break(path, GATE, 126) for path in paths]
    assert np.mean(np.array(capitals) >= 1.0 / GATE.error_rate) <= GATE.error_rate / 2


def test_nothing_known_is_nothing_won() -> None:
    assert e_process.capital([], GATE) == 1.0
    assert e_process.capital(np.ones(GATE.bet_warm_up_sessions), GATE) == 1.0
    assert e_process.capital_of_a_break(np.ones(100), GATE, 100) == 1.0


def test_a_stake_that_could_lose_everything_is_refused() -> None:
    with pytest.raises(errors.PolicyError, match="stake"):
        dataclasses.replace(GATE, stake=1.0 / GATE.bet_bound)
