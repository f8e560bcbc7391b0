"""The beta-binomial model beside SciPy, a grid, and draws from itself."""

import numpy as np
import pytest
from scipy import stats

from turbomode_assets.stats import beta_binomial

TRIALS = np.array([1, 3, 6, 6, 12])
HITS = np.array([0.0, 1.0, 0.0, 5.0, 4.0])
MEANS = np.array([0.05, 0.2, 0.3, 0.3, 0.4])
BOUNDS = (4.0, 400.0)


@pytest.mark.parametrize("strength", [0.5, 10.0, 300.0])
def test_likelihood_agrees_with_scipy_but_for_a_constant(strength: float) -> None:
    laws = (strength * MEANS, strength * (1 - MEANS))
    whole = stats.betabinom.logpmf(HITS, TRIALS, *laws).sum()
    reference = stats.betabinom.logpmf(HITS, TRIALS, 7 * MEANS, 7 * (1 - MEANS)).sum()
    found = beta_binomial.log_likelihood(HITS, TRIALS, MEANS, strength)
    other = beta_binomial.log_likelihood(HITS, TRIALS, MEANS, 7.0)
    assert found - other == pytest.approx(whole - reference)


def test_the_fitted_strength_is_the_best_on_a_grid() -> None:
    grid = np.geomspace(*BOUNDS, 400)
    heights = [beta_binomial.log_likelihood(HITS, TRIALS, MEANS, k) for k in grid]
    found = beta_binomial.fit_strength(HITS, TRIALS, MEANS, BOUNDS)
    assert found == pytest.approx(grid[int(np.argmax(heights))], rel=0.02)


@pytest.mark.parametrize("true", [8.0, 30.0])
def test_the_strength_of_a_drawn_population_is_found(true: float) -> None:
    rng = np.random.default_rng(1)
    means = np.full(4000, 0.3)
    shares = rng.beta(true * means, true * (1 - means))
    trials = np.full(4000, 12)
    hits = rng.binomial(trials, shares).astype(np.float64)
    found = beta_binomial.fit_strength(hits, trials, means, BOUNDS)
    assert found == pytest.approx(true, rel=0.25)


def test_symbols_that_do_not_differ_are_shrunk_as_far_as_allowed() -> None:
    means, trials = np.full(50, 0.5), np.full(50, 6)
    found = beta_binomial.fit_strength(trials / 2, trials, means, BOUNDS)
    assert found == pytest.approx(BOUNDS[1], rel=0.01)


def test_the_posterior_is_bayes_rule_on_a_grid() -> None:
    shares = np.linspace(0, 1, 20_001)[1:-1]
    a, b = beta_binomial.posterior(HITS, TRIALS, MEANS, 30.0)
    low = beta_binomial.quantile(a, b, 0.05)
    for n, (hits, trials, mean) in enumerate(zip(HITS, TRIALS, MEANS, strict=True)):
        prior = stats.beta.pdf(shares, 30 * mean, 30 * (1 - mean))
        weight = prior * stats.binom.pmf(hits, trials, shares)
        weight /= weight.sum()
        assert a[n] / (a[n] + b[n]) == pytest.approx((shares * weight).sum(), rel=1e-3)
        assert weight[shares <= low[n]].sum() == pytest.approx(0.05, abs=1e-3)


def test_tails_add_up_the_probabilities_of_scipy() -> None:
    a, b = 10 * MEANS, 10 * (1 - MEANS)
    more, fewer = beta_binomial.tails(HITS, TRIALS, a, b)
    for n, (hits, trials) in enumerate(zip(HITS.astype(int), TRIALS, strict=True)):
        chances = stats.betabinom.pmf(np.arange(trials + 1), trials, a[n], b[n])
        assert more[n] == pytest.approx(chances[hits:].sum())
        assert fewer[n] == pytest.approx(chances[: hits + 1].sum())


def test_no_trial_is_no_surprise() -> None:
    none, law = np.array([0.0]), (np.array([3.0]), np.array([7.0]))
    more, fewer = beta_binomial.tails(none, np.array([0]), *law)
    assert (more.item(), fewer.item()) == (1.0, 1.0)
