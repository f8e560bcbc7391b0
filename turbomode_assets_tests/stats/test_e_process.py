"""Betting on differences: no luck without an edge, and no look ahead."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from turbomode_assets import errors, policy
from turbomode_assets.stats import e_process

GATE = policy.GatePolicy()
LENGTH = GATE.bet_block_sessions


def overlapping(n_paths: int, n: int, seed: int, tails: float = 5.0) -> np.ndarray:
    """Heavy-tailed moving sums over ten sessions, with mean zero."""
    noise = np.random.default_rng(seed).standard_t(tails, size=(n_paths, n + 9))
    sums = np.cumsum(np.pad(noise, ((0, 0), (1, 0))), axis=1)
    return sums[:, 10:] - sums[:, :-10]


def mixture(z: float, variance: float) -> float:
    """What a bet wins, averaged over half-normal stakes, by quadrature."""

    def won(stake: float) -> float:
        density = 2 * stats.norm.pdf(stake, scale=np.sqrt(variance))
        return float(density * np.exp(stake * z - stake**2 / 2))

    return float(integrate.quad(won, 0, 12 * np.sqrt(variance) + 12, limit=200)[0])


def naive(values: np.ndarray, first: int = 0) -> np.ndarray:
    """The same capital, one block at a time, by the definition of each part."""
    starts = range(first % LENGTH, values.size - LENGTH + 1, LENGTH)
    means = [values[start : start + LENGTH].mean() for start in starts]
    capital, total, squares, n_bets = np.ones(values.size), 0.0, 0.0, 0
    for place, start in enumerate(starts):
        last = max(place - 2, GATE.bet_unit_blocks)
        known = range(last - GATE.bet_unit_blocks + 1, last + 1)
        if start >= first and len(means) > GATE.bet_unit_blocks:
            unit = np.sqrt(np.mean([(means[k] - means[k - 1]) ** 2 / 2 for k in known]))
            bet = min(means[place], GATE.bet_bound * unit) / np.sqrt(unit)
            total, squares, n_bets = total + bet, squares + bet**2, n_bets + 1
            if place >= GATE.bet_unit_blocks:
                years = n_bets * LENGTH / 252
                won = mixture(total / np.sqrt(squares), GATE.bet_spread * years)
                capital[start + LENGTH - 1 :] = won
    return capital


@pytest.mark.parametrize(("n", "first"), [(203, 0), (320, 105), (33, 0)])
def test_capital_is_what_a_patient_gambler_has(n: int, first: int) -> None:
    values = overlapping(1, n, 1)[0] + 0.5
    fast = e_process.path(values, GATE, first)
    assert fast == pytest.approx(naive(values, first), rel=1e-6)


@pytest.mark.parametrize("tails", [3.0, 30.0])
@pytest.mark.parametrize("n", [252, 756, 2016])
def test_without_an_edge_few_ever_win(n: int, tails: float) -> None:
    walked = e_process.path(overlapping(1500, n, n, tails), GATE)
    assert (walked >= 1.0).any()
    ever = (walked.max(axis=1) >= 1.0 / GATE.error_rate).mean()
    assert ever <= GATE.error_rate


@pytest.mark.parametrize("tails", [1.0, 3.0, 30.0])
def test_expected_capital_does_not_grow_on_symmetric_blocks(tails: float) -> None:
    blocks = np.random.default_rng(2).standard_t(tails, size=(4000, 50))
    last = e_process.path(np.repeat(blocks, LENGTH, axis=1), GATE)[:, -1]
    assert last.mean() <= 1.0 + 3.0 * last.std() / np.sqrt(last.size)


def test_few_blocks_win_little_whatever_they_are() -> None:
    sure = np.random.default_rng(3).uniform(1.0, 2.0, (1000, 8 * LENGTH))
    assert e_process.path(sure, GATE).max() < 1.0 / GATE.error_rate


def test_a_crisis_is_neither_all_nor_nothing() -> None:
    usual = overlapping(300, 756, 8)
    crisis = usual * np.where(np.arange(756) // 63 == 4, 20.0, 1.0)
    plain, shaken = (
        (e_process.path(paths + 2.5, GATE)[:, -1] >= 1.0 / GATE.error_rate).mean()
        for paths in (usual, crisis)
    )
    assert 0.3 < shaken < plain


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
    assert e_process.capital(np.ones(LENGTH * GATE.bet_unit_blocks), GATE) == 1.0
    assert e_process.capital_of_a_break(np.ones(100), GATE, 100) == 1.0


@pytest.mark.parametrize("field", ["bet_spread", "bet_bound", "bet_unit_blocks"])
def test_a_bet_without_meaning_is_refused(field: str) -> None:
    with pytest.raises(errors.PolicyError, match=field):
        dataclasses.replace(GATE, **{field: 0})
