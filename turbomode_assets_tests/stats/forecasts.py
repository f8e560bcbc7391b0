"""Forecasts whose truth is known: labels drawn from stated probabilities."""

import datetime as dt

import numpy as np
import polars as pl

N_SESSIONS, N_SYMBOLS = 250, 40


def drawn(seed: int, *, knows: str = "both", boldness: float = 1.0) -> pl.DataFrame:
    """Rows with true probabilities, those of a forecaster, and the base rate.

    `knows` is size, sign or both: what the forecaster sees of the truth; its log odds
    are `boldness` times too large.
    """
    rng = np.random.default_rng(seed)
    size, sign = rng.normal(size=(2, N_SESSIONS * N_SYMBOLS))
    large, up = 1 / (1 + np.exp(1.5 - size)), 1 / (1 + np.exp(-sign))
    truth = _chances(large, up)
    codes = (truth.cumsum(axis=1) < rng.random(len(truth))[:, None]).sum(axis=1)
    # What is not seen is replaced by its mean.
    large = np.full_like(large, large.mean()) if knows == "sign" else large
    up = np.full_like(up, up.mean()) if knows == "size" else up
    said = _chances(large, up) ** boldness
    said /= said.sum(axis=1, keepdims=True)
    rates = np.bincount(codes, minlength=3) / len(codes)
    first = dt.date(2024, 1, 1)
    days = [
        first + dt.timedelta(n) for n in range(N_SESSIONS) for _ in range(N_SYMBOLS)
    ]
    names = [f"S{n:02}" for _ in range(N_SESSIONS) for n in range(N_SYMBOLS)]
    labels = np.array(["up", "flat", "down"])[codes]
    columns = {"symbol": names, "session": days, "label": labels}
    for code, name in enumerate(("up", "flat", "down")):
        columns[f"p_{name}"] = said[:, code]
        columns[f"p_{name}_base_rate"] = np.full(len(codes), rates[code])
    return pl.DataFrame(columns)


def _chances(large: np.ndarray, up: np.ndarray) -> np.ndarray:
    return np.column_stack([large * up, 1 - large, large * (1 - up)])
