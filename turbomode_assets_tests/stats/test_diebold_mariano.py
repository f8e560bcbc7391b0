"""The second opinion agrees with another library, and keeps its error rate."""

import numpy as np
import polars as pl
import pytest
from statsmodels.tsa import stattools

from turbomode_assets.stats import diebold_mariano


def overlapping(n: int, horizon: int, seed: int) -> np.ndarray:
    """Moving sums of noise: what outcomes that overlap by `horizon` look like."""
    noise = np.random.default_rng(seed).normal(size=n + horizon - 1)
    return np.convolve(noise, np.ones(horizon), "valid")


@pytest.mark.parametrize("horizon", [1, 5, 10])
@pytest.mark.parametrize("n", [60, 252])
def test_agrees_with_statsmodels(n: int, horizon: int) -> None:
    differences = overlapping(n, horizon, seed=n) + 0.3
    nothing = np.zeros(n)
    other = stattools.diebold_mariano_test(
        nothing,
        differences,
        nothing,
        criterion=lambda _, forecast: forecast,
        horizon=horizon,
        harvey_adj=True,
    )
    own = diebold_mariano.p_value(pl.Series(differences), horizon)
    assert own == pytest.approx(other.pvalue, rel=1e-9)


def test_overlap_does_not_pass_for_evidence() -> None:
    found = [
        diebold_mariano.p_value(pl.Series(overlapping(504, 10, seed)), 10)
        for seed in range(400)
    ]
    rejected = np.mean([p is not None and p < 0.05 for p in found])
    assert rejected < 0.12


def test_direction_does_not_matter() -> None:
    series = pl.Series(overlapping(120, 5, 3) + 0.5)
    assert diebold_mariano.p_value(series, 5) == diebold_mariano.p_value(-series, 5)


@pytest.mark.parametrize("values", [[0.1] * 19, [0.0] * 100])
def test_too_little_says_nothing(values: list[float]) -> None:
    assert diebold_mariano.p_value(pl.Series(values), 10) is None
