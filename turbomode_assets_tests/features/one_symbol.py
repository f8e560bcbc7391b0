"""One symbol's generated bars, and what a feature makes of them."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from turbomode_assets.features import catalog, panel, track

FEATURES = {feature.name: feature for feature in catalog.CATALOG}

Frame = Any
"""Pandas types the logarithm of a series as an array."""


def bars(seed: int = 5, n: int = 700) -> Frame:
    draw = np.random.default_rng(seed)
    close = 80 * np.exp(draw.normal(0, 0.02, n).cumsum())
    opened = close * np.exp(draw.normal(0, 0.01, n))
    frame = pd.DataFrame({"open": opened, "close": close})
    frame["high"] = np.maximum(opened, close) * (1 + draw.exponential(0.005, n))
    frame["low"] = np.minimum(opened, close) * (1 - draw.exponential(0.005, n))
    frame["volume"] = draw.lognormal(13, 0.5, n).round()
    frame["log_return"] = np.log(frame.close).diff()
    frame["market_log_return"] = draw.normal(0, 0.01, n)
    frame["sector_log_return"] = draw.normal(0, 0.01, n)
    for name in panel.INPUTS[8:]:
        frame[name] = draw.integers(0, 20, n).astype(float)
    return frame


def values(name: str, frame: Frame) -> npt.NDArray[np.float64]:
    """Values of a feature in the last rows of `frame`, as many as have a past."""
    feature = FEATURES[name]
    age = np.arange(len(frame), dtype=float)[:, None]
    n_rows = len(frame) - feature.lookback_sessions - 1
    columns = {
        key: track.Column(frame[key].to_numpy()[:, None], age, "return" in key)
        for key in panel.INPUTS
    }
    with np.errstate(all="ignore"):
        return feature.kernel(panel.Panel(columns, age, n_rows))[:, 0]


def assert_same(name: str, frame: Frame, expected: Frame) -> None:
    found = values(name, frame)
    wanted = np.asarray(expected, dtype=float)[-len(found) :]
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-9)
