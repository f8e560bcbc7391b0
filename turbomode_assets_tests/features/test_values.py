"""Feature values by hand, and against pandas as the oracle."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from turbomode_assets.features import (
    catalog,
    market,
    momentum,
    trend,
    volatility,
    volume,
)

FEATURES = {feature.name: feature for feature in catalog.CATALOG}
Frame = Any  # pandas types the logarithm of a series as an array


def bars(seed: int = 5, n: int = 320) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    close = 80 * np.exp(draw.normal(0, 0.02, n).cumsum())
    opened = close * np.exp(draw.normal(0, 0.01, n))
    frame = pl.DataFrame({"open": opened, "close": close})
    return frame.with_columns(
        high=np.maximum(opened, close) * (1 + draw.exponential(0.005, n)),
        low=np.minimum(opened, close) * (1 - draw.exponential(0.005, n)),
        volume=draw.lognormal(13, 0.5, n),
        log_return=pl.col("close").log().diff(),
        market_log_return=pl.Series(draw.normal(0, 0.01, n)).log1p(),
    )


def slope_fit(x: Frame) -> float:
    return float(np.corrcoef(x, np.arange(len(x)))[0, 1])


def wilder(b: Frame, n: int) -> Frame:
    up, down = b.high.pct_change(), -b.low.pct_change()
    plus = up.where((up > down) & (up > 0), 0.0).iloc[1:].reindex(b.index)
    minus = down.where((down > up) & (down > 0), 0.0).iloc[1:].reindex(b.index)
    return (plus - minus).rolling(n).sum() / (plus + minus).rolling(n).sum()


def place(b: Frame, low: Frame, high: Frame) -> Frame:
    return (2 * b.close - high - low) / (high - low)


def residual(b: Frame) -> Frame:
    own, other = b.log_return, b.market_log_return
    beta = own.rolling(60).cov(other) / other.rolling(60).var()
    unexplained = own.rolling(20).sum() - beta * other.rolling(20).sum()
    kept = 1 - own.rolling(60).corr(other) ** 2
    return unexplained / np.sqrt(own.rolling(60).var() * kept * 20)


def impact(b: Frame, n: int) -> Frame:
    dollars = (b.close * b.volume).rolling(n).mean()
    return b.log_return.abs().rolling(n).mean() / dollars


def overnight(b: Frame) -> Frame:
    night = np.log(b.open / b.close.shift()).abs()
    return night.rolling(20).sum() / (
        (night + np.log(b.close / b.open).abs()).rolling(20).sum()
    )


def garman_klass(b: Frame) -> Frame:
    wide, moved = np.log(b.high / b.low) ** 2, np.log(b.close / b.open) ** 2
    variance = 0.5 * wide - (2 * math.log(2) - 1) * moved
    return variance.rolling(20).mean() ** 0.5


ORACLES: dict[str, Callable[[Frame], Frame]] = {
    "trailing_return_60": lambda b: b.close.pct_change(60),
    "skipped_return_250_20": lambda b: b.close.shift(20) / b.close.shift(250) - 1,
    "reversal_5_60": lambda b: (
        -b.log_return.rolling(5).sum() / (b.log_return.rolling(60).std() * 5**0.5)
    ),
    "overnight_share_20": overnight,
    "close_vol_20": lambda b: b.log_return.rolling(20).std(),
    "parkinson_vol_20": lambda b: (
        ((np.log(b.high / b.low) ** 2).rolling(20).mean() / (4 * math.log(2))) ** 0.5
    ),
    "garman_klass_vol_20": garman_klass,
    "downside_vol_20": lambda b: (
        (b.log_return.clip(upper=0) ** 2).rolling(20).mean() ** 0.5
    ),
    "vol_ratio_5_60": lambda b: (
        b.log_return.rolling(5).std() / b.log_return.rolling(60).std()
    ),
    "max_drawdown_60": lambda b: (
        (1 - b.close / b.close.rolling(60).max()).rolling(60).max()
    ),
    "market_vol_20": lambda b: b.market_log_return.rolling(20).std(),
    "volume_surprise_5_60": lambda b: np.log(
        b.volume.rolling(5).mean() / b.volume.rolling(60).mean()
    ),
    "volume_trend_20": lambda b: np.log1p(b.volume).rolling(20).apply(slope_fit),
    "illiquidity_surprise_5_60": lambda b: np.log(impact(b, 5) / impact(b, 60)),
    "close_location_10": lambda b: place(b, b.low, b.high).rolling(10).mean(),
    "signed_volume_20": lambda b: (
        (b.volume * np.sign(b.log_return)).rolling(20).sum()
        / b.volume.rolling(20).sum()
    ),
    "price_to_mean_200": lambda b: b.close / b.close.rolling(200).mean() - 1,
    "trend_correlation_20": lambda b: np.log(b.close).rolling(20).apply(slope_fit),
    "directional_movement_25": lambda b: wilder(b, 25),
    "directional_strength_25": lambda b: wilder(b, 25).abs().rolling(25).mean(),
    "position_in_range_252": lambda b: place(
        b, b.low.rolling(252).min(), b.high.rolling(252).max()
    ),
    "market_beta_60": lambda b: (
        b.log_return.rolling(60).cov(b.market_log_return)
        / b.market_log_return.rolling(60).var()
    ),
    "market_correlation_60": lambda b: b.log_return.rolling(60).corr(
        b.market_log_return
    ),
    "residual_momentum_20_60": residual,
    "relative_return_20": lambda b: (
        (b.log_return - b.market_log_return).rolling(20).sum()
    ),
}


@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_pandas(name: str) -> None:
    frame = bars()
    feature = FEATURES[name]
    found = frame.select(feature.expression).to_series().to_numpy()
    oracle = ORACLES[name](pd.DataFrame(frame.to_dict(as_series=False)))
    expected = oracle.to_numpy(dtype=float)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize(
    ("expression", "columns", "expected"),
    [
        (momentum.trailing_return(2), {"close": [10.0, 9.0, 12.0]}, 0.2),
        (momentum.skipped_return(2, 1), {"close": [10.0, 12.0, 1.0]}, 0.2),
        (volatility.max_drawdown(2), {"close": [8.0, 4.0, 6.0]}, 0.5),
        (volatility.largest_move(2), {"log_return": [0.9, 0.1, -0.3]}, 0.3),
        (volume.volume_surprise(1, 2), {"volume": [9.0, 1.0, 3.0]}, math.log(1.5)),
        (trend.price_to_mean(3), {"close": [1.0, 2.0, 6.0]}, 1.0),
        (trend.trend_correlation(3), {"close": [9.0, 3.0, 1.0]}, -1.0),
        (market.session_rank("x"), {"x": [1.0, 1.0, 0.5]}, 1 / 6),
    ],
)
def test_by_hand(
    expression: pl.Expr, columns: dict[str, list[float]], expected: float
) -> None:
    last = pl.DataFrame(columns).select(expression).to_series()[-1]
    assert last == pytest.approx(expected)


def test_a_session_without_range_closes_in_the_middle() -> None:
    flat = pl.DataFrame({"low": [5.0], "high": [5.0], "close": [5.0]})
    assert flat.select(volume.close_location(1)).item() == 0.0
    assert flat.select(trend.position_in_range(1)).item() == 0.0


def test_a_halt_without_trades_stays_finite() -> None:
    quiet = pl.DataFrame({"volume": [1000.0] * 3 + [0.0] * 3})
    found = quiet.select(volume.volume_surprise(2, 3)).to_series().to_list()
    assert found[-1] == pytest.approx(math.log(0.01))


def test_a_frozen_price_after_a_lively_one_shows_no_trend() -> None:
    frame = bars().with_row_index()
    still = pl.when(pl.col("index") < 200).then("close").otherwise(55.5)
    frozen = frame.with_columns(close=still).with_columns(
        log_return=pl.col("close").log().diff()
    )
    for expression in (
        trend.trend_correlation(20),
        momentum.reversal(5, 60),
        market.market_correlation(60),
        volatility.vol_ratio(5, 60),
    ):
        last = frozen.select(expression).to_series()[-1]
        assert last == pytest.approx(0.0, abs=1e-3)
