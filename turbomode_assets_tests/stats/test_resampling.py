"""Bounds that repeat, that know about overlap, and that are arch's own."""

import time

import numpy as np
import polars as pl
import pytest
from arch import bootstrap

from turbomode_assets import policy
from turbomode_assets.stats import resampling

GATE = policy.GatePolicy(n_resamples=500)


def smooth(seed: int, n: int = 252, width: int = 10) -> pl.Series:
    noise = np.random.default_rng(seed).normal(size=n + width - 1)
    return pl.Series(np.convolve(noise, np.ones(width) / width, "valid"))


def test_lower_bound_is_the_percentile_bound_of_arch() -> None:
    series = smooth(1)
    length = resampling.block_sessions(series, GATE)
    drawn = bootstrap.StationaryBootstrap(length, series.to_numpy(), seed=GATE.seed)
    ends = drawn.conf_int(np.mean, 500, method="percentile", size=0.90)
    assert resampling.lower_bound(series, GATE, 0.95) == pytest.approx(ends[0, 0])
    assert resampling.interval(series, GATE) == pytest.approx(tuple(ends[:, 0]))


def test_same_seed_same_bytes() -> None:
    series = smooth(2)
    other = policy.GatePolicy(n_resamples=500, seed=8)
    assert resampling.lower_bound(series, GATE, 0.95) == resampling.lower_bound(
        series, GATE, 0.95
    )
    assert resampling.lower_bound(series, GATE, 0.95) != resampling.lower_bound(
        series, other, 0.95
    )


def test_blocks_are_never_shorter_than_the_policy_asks() -> None:
    rough = pl.Series(np.random.default_rng(3).normal(size=252))
    wide = smooth(3, n=1000, width=60)
    assert resampling.block_sessions(rough, GATE) == GATE.min_block_sessions
    assert resampling.block_sessions(wide, GATE) > GATE.min_block_sessions


@pytest.mark.parametrize("n", [1, 5, 40])
def test_short_and_constant_series_have_bounds(n: int) -> None:
    constant = pl.Series([0.25] * n)
    assert resampling.lower_bound(constant, GATE, 0.95) == pytest.approx(0.25)
    assert (resampling.interval(constant, GATE) is None) == (n < 20)


def test_overlap_lowers_the_bound() -> None:
    series = smooth(4)
    shuffled = series.sample(fraction=1, shuffle=True, seed=1)
    assert resampling.lower_bound(series, GATE, 0.95) < resampling.lower_bound(
        shuffled, GATE, 0.95
    )


def test_bound_covers_about_as_often_as_it_says() -> None:
    gate = policy.GatePolicy(n_resamples=200)
    bounds = [resampling.lower_bound(smooth(seed), gate, 0.95) for seed in range(150)]
    share_above_truth = sum(bound > 0 for bound in bounds) / len(bounds)
    assert 0.02 < share_above_truth < 0.16


def test_a_year_is_resampled_in_under_a_second() -> None:
    series, gate = smooth(5), policy.GatePolicy()
    resampling.lower_bound(series, gate, 0.95)
    start = time.process_time()
    resampling.lower_bound(series, gate, 0.95)
    assert time.process_time() - start < 1.0
