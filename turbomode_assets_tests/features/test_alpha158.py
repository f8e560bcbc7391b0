"""Every formula of Qlib's Alpha158, as its source states it, in pandas."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from turbomode_assets.features import catalog
from turbomode_assets.features.declaration import QLIB, Feature
from turbomode_assets_tests.features import one_symbol
from turbomode_assets_tests.features.one_symbol import Frame

FEATURES = [f for f in catalog.CATALOG if f.name in catalog.LEARNED["alpha158"]]
EPS = 1e-12


def kmid2(b: Frame) -> Frame:
    return (b.close - b.open) / (b.high - b.low + EPS)


def top(b: Frame) -> Frame:
    return b[["open", "close"]].max(axis=1)


def bottom(b: Frame) -> Frame:
    return b[["open", "close"]].min(axis=1)


BARS: dict[str, Callable[[Frame], Frame]] = {
    "KMID": lambda b: (b.close - b.open) / b.open,
    "KLEN": lambda b: (b.high - b.low) / b.open,
    "KMID2": kmid2,
    "KUP": lambda b: (b.high - top(b)) / b.open,
    "KUP2": lambda b: (b.high - top(b)) / (b.high - b.low + EPS),
    "KLOW": lambda b: (bottom(b) - b.low) / b.open,
    "KLOW2": lambda b: (bottom(b) - b.low) / (b.high - b.low + EPS),
    "KSFT": lambda b: (2 * b.close - b.high - b.low) / b.open,
    "KSFT2": lambda b: (2 * b.close - b.high - b.low) / (b.high - b.low + EPS),
    "OPEN0": lambda b: b.open / b.close,
    "HIGH0": lambda b: b.high / b.close,
    "LOW0": lambda b: b.low / b.close,
    "VWAP0, typical price for the volume-weighted one": lambda b: (
        (b.high + b.low + b.close) / 3 / b.close
    ),
}


def line(window: Frame) -> tuple[float, float, float]:
    """Slope, R squared and residual of the last value."""
    x = np.arange(len(window))
    slope, level = np.polyfit(x, window, 1)
    square = np.corrcoef(x, window)[0, 1] ** 2
    return slope, square, window[-1] - (slope * x[-1] + level)


def lined(b: Frame, n: int, part: int) -> Frame:
    return b.close.rolling(n).apply(lambda w: line(w)[part], raw=True)


def share_up(series: Frame, n: int, sign: int) -> Frame:
    moved = series.diff() * sign
    return moved.clip(lower=0).rolling(n).sum() / series.diff().abs().rolling(n).sum()


def place(series: Frame, n: int, at: Callable[[Frame], int]) -> Frame:
    return series.rolling(n).apply(lambda w: at(w) + 1, raw=True)


def weighted(b: Frame) -> Frame:
    return (b.close / b.close.shift() - 1).abs() * b.volume


def growth(b: Frame) -> tuple[Frame, Frame]:
    return b.close / b.close.shift(), np.log(b.volume / b.volume.shift() + 1)


def range_share(b: Frame, n: int) -> Frame:
    low, high = b.low.rolling(n).min(), b.high.rolling(n).max()
    return (b.close - low) / (high - low + EPS)


def counted(b: Frame, n: int, sign: int) -> Frame:
    moved = (np.sign(b.close.diff()) == sign).where(b.close.shift().notna())
    return moved.astype(float).rolling(n).mean()


ROLLING: dict[str, Callable[[Frame, int], Frame]] = {
    "ROC": lambda b, n: b.close.shift(n) / b.close,
    "MA": lambda b, n: b.close.rolling(n).mean() / b.close,
    "STD": lambda b, n: b.close.rolling(n).std() / b.close,
    "BETA": lambda b, n: lined(b, n, 0) / b.close,
    "RSQR": lambda b, n: lined(b, n, 1),
    "RESI": lambda b, n: lined(b, n, 2) / b.close,
    "MAX": lambda b, n: b.high.rolling(n).max() / b.close,
    "MIN": lambda b, n: b.low.rolling(n).min() / b.close,
    "QTLU": lambda b, n: b.close.rolling(n).quantile(0.8) / b.close,
    "QTLD": lambda b, n: b.close.rolling(n).quantile(0.2) / b.close,
    "RANK": lambda b, n: b.close.rolling(n).rank(pct=True),
    "RSV": range_share,
    "IMAX": lambda b, n: place(b.high, n, np.argmax) / n,
    "IMIN": lambda b, n: place(b.low, n, np.argmin) / n,
    "IMXD": lambda b, n: (place(b.high, n, np.argmax) - place(b.low, n, np.argmin)) / n,
    "CORR": lambda b, n: b.close.rolling(n).corr(np.log(b.volume + 1)),
    "CORD": lambda b, n: growth(b)[0].rolling(n).corr(growth(b)[1]),
    "CNTP": lambda b, n: counted(b, n, 1),
    "CNTN": lambda b, n: counted(b, n, -1),
    "CNTD": lambda b, n: counted(b, n, 1) - counted(b, n, -1),
    "SUMP": lambda b, n: share_up(b.close, n, 1),
    "SUMN": lambda b, n: share_up(b.close, n, -1),
    "SUMD": lambda b, n: share_up(b.close, n, 1) - share_up(b.close, n, -1),
    "VMA": lambda b, n: b.volume.rolling(n).mean() / (b.volume + EPS),
    "VSTD": lambda b, n: b.volume.rolling(n).std() / (b.volume + EPS),
    "WVMA": lambda b, n: weighted(b).rolling(n).std() / weighted(b).rolling(n).mean(),
    "VSUMP": lambda b, n: share_up(b.volume, n, 1),
    "VSUMN": lambda b, n: share_up(b.volume, n, -1),
    "VSUMD": lambda b, n: share_up(b.volume, n, 1) - share_up(b.volume, n, -1),
}


@pytest.fixture(scope="module")
def bars() -> Frame:
    return one_symbol.bars(n=240)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda f: f.name)
def test_agrees_with_the_published_formula(
    feature: Feature, bars: pd.DataFrame
) -> None:
    formula = feature.source.removeprefix(QLIB)
    if formula in BARS:
        expected = BARS[formula](bars)
    else:
        expected = ROLLING[formula](bars, int(feature.name.rpartition("_")[2]))
    one_symbol.assert_same(feature.name, bars, expected)


def test_every_formula_is_there_in_every_window() -> None:
    found = sorted(feature.source.removeprefix(QLIB) for feature in FEATURES)
    assert found == sorted([*BARS, *(name for name in ROLLING for _ in range(5))])
