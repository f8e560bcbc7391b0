"""One symbol's generated bars, and what formulas make of them."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from turbomode_assets.features import bars as given
from turbomode_assets.features import catalog, machine, program
from turbomode_assets.features.formula import Formula

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
    for name in given.INPUTS[8:]:
        frame[name] = draw.integers(0, 20, n).astype(float)
    return frame


def evaluated(
    formula: Formula, columns: npt.NDArray[np.float64], n_asked: int
) -> npt.NDArray[np.float32]:
    """Last values of a formula over given columns of one symbol, one per line."""
    bounds = np.array([0, columns.shape[1]])
    panel = machine.Panel(columns, bounds, np.array([n_asked]))
    out = np.empty(n_asked, dtype=np.float32)
    machine.run(program.compiled([formula]), panel, out[None])
    return out


def values(name: str, frame: Frame) -> npt.NDArray[np.float32]:
    """Values of a feature in the last rows of `frame`, as many as have a past."""
    feature = FEATURES[name]
    columns = np.stack([frame[key].to_numpy() for key in given.INPUTS])
    return evaluated(feature.formula, columns, len(frame) - feature.lookback_sessions)


def assert_same(name: str, frame: Frame, expected: Frame) -> None:
    found = values(name, frame)
    wanted = np.asarray(expected, dtype=float)[-len(found) :]
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
