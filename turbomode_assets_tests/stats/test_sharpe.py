"""The Sharpe ratio against SciPy, and its deflation against worthless strategies."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from turbomode_assets.stats import sharpe

DRAWS = np.random.default_rng(3)


def test_ratio_and_error_agree_with_scipy() -> None:
    returns = DRAWS.gamma(2.0, 0.01, 60) - 0.015
    found = sharpe.sharpe(pl.Series(returns), 1)
    ratio = returns.mean() / returns.std(ddof=1)
    skew, kurtosis = stats.skew(returns), stats.kurtosis(returns, fisher=False)
    error = np.sqrt((1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2) / 59)
    assert found.ratio == pytest.approx(ratio)
    assert found.standard_error == pytest.approx(error)
    assert found.deflated == pytest.approx(stats.norm.cdf(ratio / error))


def test_the_error_is_the_spread_of_the_ratio() -> None:
    drawn = DRAWS.normal(0.3, 1.0, (2000, 80))
    found = [sharpe.sharpe(pl.Series(row), 1) for row in drawn]
    ratios = np.array([one.ratio for one in found])
    errors = np.array([one.standard_error for one in found])
    assert errors.mean() == pytest.approx(ratios.std(), rel=0.05)


def test_the_best_of_many_worthless_strategies_is_seen_through() -> None:
    n_trials = 50
    best = []
    for _ in range(200):
        drawn = DRAWS.normal(0.0, 1.0, (n_trials, 60))
        pick = max(drawn, key=lambda row: row.mean() / row.std(ddof=1))
        best.append([sharpe.sharpe(pl.Series(pick), n).deflated for n in (1, n_trials)])
    naive, deflated = np.array(best, dtype=float).T
    assert (naive > 0.95).mean() > 0.8
    assert (deflated > 0.95).mean() < 0.08


@pytest.mark.parametrize("returns", [[], [0.1] * 3, [0.1] * 9])
def test_of_too_few_or_equal_returns_nothing_is_said(returns: list[float]) -> None:
    found = sharpe.sharpe(pl.Series(returns, dtype=pl.Float64), 1)
    assert (found.ratio, found.standard_error, found.deflated) == (None, None, None)
