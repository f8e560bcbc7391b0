"""Indicators against TA-Lib, pandas and NumPy, and their finite memory."""

import numpy as np
import pandas as pd
import pytest
import talib

from turbomode_assets.intraday import indicators

DRAW = np.random.default_rng(4)
CLOSES = 50 * np.exp(DRAW.normal(0, 0.02, 91).cumsum())
OPENS = CLOSES * np.exp(DRAW.normal(0, 0.01, 91))
BARS = np.stack(
    [
        OPENS,
        np.maximum(OPENS, CLOSES) * 1.01,
        np.minimum(OPENS, CLOSES) * 0.99,
        CLOSES,
        np.full(91, 1e6),
    ]
)


def test_averages_bands_and_ranges_agree_with_talib() -> None:
    assert indicators.average(CLOSES, 20) == pytest.approx(talib.SMA(CLOSES, 20)[-1])
    upper, middle, _ = talib.BBANDS(CLOSES, 20, 2.0, 2.0)
    expected = 2 * (CLOSES[-1] - middle[-1]) / (upper[-1] - middle[-1])
    assert indicators.z_score(CLOSES, 20) == pytest.approx(expected)
    williams = talib.WILLR(BARS[1], BARS[2], BARS[3], 14)[-1]
    assert indicators.williams(BARS, 14) == pytest.approx(1 + williams / 100)


def test_strength_is_cutlers() -> None:
    moves = pd.Series(CLOSES).diff().tail(14)
    up, down = moves.clip(lower=0).mean(), -moves.clip(upper=0).mean()
    expected = 100 - 100 / (1 + up / down)
    assert indicators.strength(CLOSES, 14) == pytest.approx(expected)


def test_the_crossing_is_talibs_once_the_beginning_is_forgotten() -> None:
    long = 50 * np.exp(np.random.default_rng(5).normal(0, 0.02, 600).cumsum())
    for end in range(400, 600, 25):
        *_, histogram = talib.MACD(long[:end], 12, 26, 9)
        found = indicators.crossing(long[end - 300 : end], 12, 26, 9)
        assert found == pytest.approx(histogram[-1], abs=1e-6)


def test_volatilities_see_what_a_random_walk_is() -> None:
    steps = np.random.default_rng(6).normal(0, 0.01 / np.sqrt(400), (2000, 400))
    paths = np.exp(np.cumsum(steps, axis=1))
    bars = np.stack([np.ones(2000), paths.max(1), paths.min(1), paths[:, -1]])
    bars[1], bars[2] = np.maximum(bars[1], 1), np.minimum(bars[2], 1)
    assert indicators.parkinson(bars, 2000) ** 0.5 == pytest.approx(0.01, rel=0.06)
    assert indicators.garman_klass(bars, 2000) ** 0.5 == pytest.approx(0.01, rel=0.06)
    walk = np.exp(np.cumsum(steps.sum(axis=1)))[None].repeat(4, axis=0)
    assert indicators.close_to_close(walk, 1999) ** 0.5 == pytest.approx(0.01, rel=0.05)


def test_returns_and_correlation_agree_with_pandas() -> None:
    other = CLOSES * np.exp(DRAW.normal(0, 0.01, 91))
    both = pd.DataFrame({"a": np.log(CLOSES), "b": np.log(other)}).diff().tail(60)
    assert indicators.correlation(np.stack([CLOSES, other]), 60) == pytest.approx(
        both.corr().iloc[0, 1]
    )
    assert indicators.daily_vol(CLOSES, 60) == pytest.approx(both["a"].std(ddof=0))
    assert indicators.log_return(CLOSES, 20) == pytest.approx(
        np.log(CLOSES[-1] / CLOSES[-21])
    )


def test_outpacing_counts_every_session_once() -> None:
    other = CLOSES * np.exp(DRAW.normal(0, 0.01, 91))
    beyond = np.diff(np.log(CLOSES / other))[-20:]
    newest, middle, oldest = beyond[15:], beyond[10:15], beyond[:10]
    expected = [p.sum() / p.size**0.5 / beyond.std() for p in (newest, middle, oldest)]
    found = indicators.outpacing(np.stack([CLOSES, other]), (5, 5, 10))
    assert found.tolist() == pytest.approx(expected)


def test_what_does_not_move_is_zero_and_no_error() -> None:
    still = np.full(91, 50.0)
    assert indicators.z_score(still, 20) == 0.0
    assert indicators.strength(still, 14) == 50.0
    assert indicators.correlation(np.stack([still, CLOSES]), 60) == 0.0
    assert indicators.williams(np.full((5, 91), 50.0), 14) == 0.5
