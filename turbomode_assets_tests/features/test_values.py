"""Feature values beyond Alpha158, against pandas as the oracle."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from turbomode_assets.features import catalog
from turbomode_assets.features.declaration import QLIB
from turbomode_assets_tests.features import one_symbol, test_talib
from turbomode_assets_tests.features.one_symbol import Frame


def slope_fit(x: Frame) -> float:
    return float(np.corrcoef(x, np.arange(len(x)))[0, 1])


def place(b: Frame, low: Frame, high: Frame) -> Frame:
    return (2 * b.close - high - low) / (high - low)


def directional(b: Frame, n: int) -> Frame:
    up, down = b.high.pct_change(), -b.low.pct_change()
    plus = up.where((up > down) & (up > 0), 0.0).iloc[1:].reindex(b.index)
    minus = down.where((down > up) & (down > 0), 0.0).iloc[1:].reindex(b.index)
    return (plus - minus).rolling(n).sum() / (plus + minus).rolling(n).sum()


def vortex(b: Frame, n: int) -> Frame:
    up = ((b.high - b.low.shift()).abs() / b.close).rolling(n).sum()
    down = ((b.low - b.high.shift()).abs() / b.close).rolling(n).sum()
    return (up - down) / (up + down)


def residual_vol(b: Frame, n: int) -> Frame:
    own, other = b.log_return, b.market_log_return
    return np.sqrt(own.rolling(n).var() * (1 - own.rolling(n).corr(other) ** 2))


def residual(b: Frame) -> Frame:
    own, other = b.log_return, b.market_log_return
    beta = own.rolling(60).cov(other) / other.rolling(60).var()
    unexplained = own.rolling(20).sum() - beta * other.rolling(20).sum()
    return unexplained / residual_vol(b, 60) / 20**0.5


def impact(b: Frame, n: int) -> Frame:
    return b.log_return.abs().rolling(n).mean() / (b.close * b.volume).rolling(n).mean()


def jump(b: Frame) -> Frame:
    return np.log(b.open / b.close.shift())


def overnight(b: Frame) -> Frame:
    night, day = jump(b).abs(), np.log(b.close / b.open).abs()
    return night.rolling(20).sum() / (night + day).rolling(20).sum()


def satchell(b: Frame) -> Frame:
    return np.log(b.high / b.close) * np.log(b.high / b.open) + np.log(
        b.low / b.close
    ) * np.log(b.low / b.open)


def garman_klass(b: Frame) -> Frame:
    wide, moved = np.log(b.high / b.low) ** 2, np.log(b.close / b.open) ** 2
    variance = 0.5 * wide - (2 * math.log(2) - 1) * moved
    return variance.rolling(20).mean() ** 0.5


def yang_zhang(b: Frame) -> Frame:
    k = 0.34 / (1.34 + 21 / 19)
    opened, moved = (
        jump(b).rolling(20).var(),
        np.log(b.close / b.open).rolling(20).var(),
    )
    return np.sqrt(opened + k * moved + (1 - k) * satchell(b).rolling(20).mean())


def true_range(b: Frame) -> Frame:
    previous = b.close.shift()
    high, low = np.maximum(b.high, previous), np.minimum(b.low, previous)
    return (high - low) / previous


def gap_change(b: Frame) -> Frame:
    gap = b.close.rolling(12).mean() / b.close.rolling(26).mean() - 1
    return gap - gap.rolling(9).mean()


def discreteness(b: Frame) -> Frame:
    signs = np.sign(b.close.diff()).rolling(60).mean()
    return -np.sign(b.close.diff(60)) * signs


def strength_place(b: Frame) -> Frame:
    moved = b.close.diff()
    rsi = moved.clip(lower=0).rolling(14).sum() / moved.abs().rolling(14).sum()
    low, high = rsi.rolling(14).min(), rsi.rolling(14).max()
    return (rsi - low) / (high - low)


def momentum_of_sector(b: Frame, n: int) -> Frame:
    return (b.sector_log_return - b.market_log_return).rolling(n).sum()


def deviation(series: Frame, n: int) -> Frame:
    return (series - series.rolling(n).mean()) / series.rolling(n).std()


ORACLES: dict[str, Callable[[Frame], Frame]] = {
    "trailing_return_60": lambda b: b.close.pct_change(60),
    "skipped_return_250_20": lambda b: b.close.shift(20) / b.close.shift(250) - 1,
    "reversal_5_60": lambda b: (
        -b.log_return.rolling(5).sum() / (b.log_return.rolling(60).std() * 5**0.5)
    ),
    "acceleration_20_120": lambda b: (
        b.log_return.rolling(20).mean() - b.log_return.rolling(120).mean()
    ),
    "information_discreteness_60": discreteness,
    "overnight_share_20": overnight,
    "close_vol_20": lambda b: b.log_return.rolling(20).std(),
    "parkinson_vol_20": lambda b: (
        ((np.log(b.high / b.low) ** 2).rolling(20).mean() / (4 * math.log(2))) ** 0.5
    ),
    "garman_klass_vol_20": garman_klass,
    "rogers_satchell_vol_20": lambda b: satchell(b).rolling(20).mean() ** 0.5,
    "yang_zhang_vol_20": yang_zhang,
    "downside_vol_20": lambda b: (
        (b.log_return.clip(upper=0) ** 2).rolling(20).mean() ** 0.5
    ),
    "mean_true_range_14": lambda b: true_range(b).rolling(14).mean(),
    "vol_ratio_5_60": lambda b: (
        b.log_return.rolling(5).std() / b.log_return.rolling(60).std()
    ),
    "vol_of_vol_20": lambda b: (
        b.log_return.abs().rolling(20).std() / b.log_return.abs().rolling(20).mean()
    ),
    "max_drawdown_60": lambda b: (
        (1 - b.close / b.close.rolling(60).max()).rolling(60).max()
    ),
    "largest_move_20": lambda b: b.log_return.abs().rolling(20).max(),
    "market_vol_20": lambda b: b.market_log_return.rolling(20).std(),
    "price_to_mean_200": lambda b: b.close / b.close.rolling(200).mean() - 1,
    "mean_gap_change_12_26_9": gap_change,
    "trend_correlation_20": lambda b: np.log(b.close).rolling(20).apply(slope_fit),
    "efficiency_20": lambda b: (
        b.close.diff(20) / b.close.diff().abs().rolling(20).sum()
    ),
    "directional_movement_25": lambda b: directional(b, 25),
    "directional_strength_25": lambda b: directional(b, 25).abs().rolling(25).mean(),
    "vortex_14": lambda b: vortex(b, 14),
    "stochastic_strength_14": strength_place,
    "awesome_5_34": lambda b: (
        (
            ((b.high + b.low) / 2).rolling(5).mean()
            - ((b.high + b.low) / 2).rolling(34).mean()
        )
        / b.close
    ),
    "detrended_price_20": lambda b: (
        (b.close.shift(11) - b.close.rolling(20).mean()) / b.close
    ),
    "position_in_range_252": lambda b: place(
        b, b.low.rolling(252).min(), b.high.rolling(252).max()
    ),
    "band_place_20": lambda b: deviation(b.close, 20),
    "keltner_place_20": lambda b: (
        (b.close / b.close.rolling(20).mean() - 1) / true_range(b).rolling(20).mean()
    ),
    "range_width_20": lambda b: (
        (b.high.rolling(20).max() - b.low.rolling(20).min()) / b.close
    ),
    "gap": lambda b: b.open / b.close.shift() - 1,
    "gap_surprise_20": lambda b: jump(b) / b.log_return.rolling(20).std(),
    "range_surprise_20": lambda b: true_range(b) / true_range(b).rolling(20).mean(),
    "white_share_10": lambda b: (b.close > b.open).astype(float).rolling(10).mean(),
    "skewness_20": lambda b: b.log_return.rolling(20).skew() * 18 / (20 * 19) ** 0.5,
    "kurtosis_60": lambda b: (
        b.log_return.rolling(60).apply(lambda w: ((w - w.mean()) ** 4).mean(), raw=True)
        / b.log_return.rolling(60).var(ddof=0) ** 2
        - 3
    ),
    "autocorrelation_60": lambda b: b.log_return.rolling(60).corr(b.log_return.shift()),
    "variance_ratio_5_60": lambda b: (
        (b.log_return.rolling(5).sum() ** 2).rolling(60).mean()
        / (5 * (b.log_return**2).rolling(60).mean())
    ),
    "downside_share_20": lambda b: (
        (b.log_return.clip(upper=0) ** 2).rolling(20).sum()
        / (b.log_return**2).rolling(20).sum()
    ),
    "largest_gain_20": lambda b: b.log_return.rolling(20).max(),
    "drawdown_252": lambda b: b.close / b.close.rolling(252).max() - 1,
    "runup_60": lambda b: b.close / b.close.rolling(60).min() - 1,
    "volume_surprise_5_60": lambda b: np.log(
        b.volume.rolling(5).mean() / b.volume.rolling(60).mean()
    ),
    "value_surprise_20_250": lambda b: np.log(
        (b.close * b.volume).rolling(20).mean()
        / (b.close * b.volume).rolling(250).mean()
    ),
    "volume_deviation_20": lambda b: deviation(np.log1p(b.volume), 20),
    "volume_trend_20": lambda b: np.log1p(b.volume).rolling(20).apply(slope_fit),
    "illiquidity_surprise_5_60": lambda b: np.log(impact(b, 5) / impact(b, 60)),
    "close_location_10": lambda b: place(b, b.low, b.high).rolling(10).mean(),
    "money_location_20": lambda b: (
        (place(b, b.low, b.high) * b.volume).rolling(20).sum()
        / b.volume.rolling(20).sum()
    ),
    "signed_volume_20": lambda b: (
        (b.volume * np.sign(b.log_return)).rolling(20).sum()
        / b.volume.rolling(20).sum()
    ),
    "price_to_volume_mean_20": lambda b: (
        b.close * b.volume.rolling(20).sum() / (b.close * b.volume).rolling(20).sum()
        - 1
    ),
    "market_beta_60": lambda b: (
        b.log_return.rolling(60).cov(b.market_log_return)
        / b.market_log_return.rolling(60).var()
    ),
    "market_correlation_60": lambda b: b.log_return.rolling(60).corr(
        b.market_log_return
    ),
    "residual_momentum_20_60": residual,
    "residual_vol_60": lambda b: residual_vol(b, 60),
    "relative_return_20": lambda b: (
        (b.log_return - b.market_log_return).rolling(20).sum()
    ),
    "sector_relative_return_20": lambda b: (
        (b.log_return - b.sector_log_return).rolling(20).sum()
    ),
    "sector_strength_60": lambda b: momentum_of_sector(b, 60),
    "sector_correlation_60": lambda b: b.log_return.rolling(60).corr(
        b.sector_log_return
    ),
}


@pytest.fixture(scope="module")
def bars() -> Frame:
    return one_symbol.bars()


@pytest.mark.parametrize("name", ORACLES)
def test_agrees_with_pandas(name: str, bars: Frame) -> None:
    one_symbol.assert_same(name, bars, ORACLES[name](bars))


def test_every_function_has_an_oracle() -> None:
    checked = {*ORACLES, *test_talib.ORACLES}
    functions = {name.rstrip("_0123456789") for name in checked}
    unchecked = [
        f.name
        for f in catalog.CATALOG
        if f.name.rstrip("_0123456789") not in functions
        and not f.source.startswith(QLIB)
        and f.family not in ("rank", "season")
    ]
    assert unchecked == []
