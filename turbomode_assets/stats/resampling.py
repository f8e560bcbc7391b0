"""Uncertainty of the mean of a session series, by the stationary block bootstrap.

Neighboring sessions share most of their horizon, so whole blocks are redrawn. What
a bound must exceed does not belong here.
"""

import math

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import policy

Floats = npt.NDArray[np.float64]

_FEWEST = 30
"""Fewest sessions from which a block length can be estimated; below, the policy's
shortest is taken."""


def block_sessions(series: pl.Series, gate: policy.GatePolicy) -> int:
    """Mean block length: the estimated optimum, and at least the policy's shortest.

    Parameters
    ----------
    series
        One value per session, ascending, without nulls.
    gate
        Gives the shortest mean block, min_block_sessions.

    Returns
    -------
    int
        Sessions.

    References
    ----------
    D. N. Politis and H. White, "Automatic Block-Length Selection for the Dependent
    Bootstrap", Econometric Reviews 23(1), 2004; correction by A. Patton, 2009.
    """
    values = series.to_numpy()
    if values.size < _FEWEST or np.ptp(values) == 0:
        return gate.min_block_sessions
    # Imported late: arch draws in statsmodels and matplotlib, seconds that only a
    # verdict or a report needs.
    from arch import bootstrap  # noqa: PLC0415

    optimum = float(bootstrap.optimal_block_length(values)["stationary"].iloc[0])
    return max(gate.min_block_sessions, math.ceil(optimum))


def resampled_means(series: pl.Series, gate: policy.GatePolicy) -> Floats:
    """Means of the series redrawn in blocks of random length.

    Parameters
    ----------
    series
        One value per session, ascending, without nulls; at least one.
    gate
        Gives n_resamples, min_block_sessions and seed; same seed, same bytes.

    Returns
    -------
    ndarray of shape (n_resamples,)
        In the unit of the series.

    References
    ----------
    D. N. Politis and J. P. Romano, "The Stationary Bootstrap", Journal of the
    American Statistical Association 89(428), 1994.
    """
    from arch import bootstrap  # noqa: PLC0415

    values = series.to_numpy().astype(np.float64)
    length = block_sessions(series, gate)
    drawn = bootstrap.StationaryBootstrap(length, values, seed=gate.seed)
    means = drawn.apply(np.mean, gate.n_resamples)
    return np.asarray(means, dtype=np.float64).ravel()


def lower_bound(series: pl.Series, gate: policy.GatePolicy, confidence: float) -> float:
    """Value the mean of the series exceeds with a one-sided confidence.

    Parameters
    ----------
    series
        One value per session, ascending, without nulls; at least one.
    gate
        Gives the resampling.
    confidence
        In (0.5, 1).

    Returns
    -------
    float
        The (1 - confidence) quantile of `resampled_means`. Of fewer sessions than a
        few blocks it is too narrow: demand enough of them beside it.
    """
    return float(np.quantile(resampled_means(series, gate), 1.0 - confidence))


def interval(series: pl.Series, gate: policy.GatePolicy) -> tuple[float, float] | None:
    """Range of the mean, each end at the policy's one-sided confidence.

    Parameters
    ----------
    series, gate
        As for `lower_bound`; at the policy's 0.95 the range covers 90 %.

    Returns
    -------
    tuple of float or None
        Lower and upper end. None where the series is shorter than two of the
        shortest blocks: no spread can be seen in one block.
    """
    if series.len() < 2 * gate.min_block_sessions:
        return None
    tail = 1.0 - gate.confidence
    low, high = np.quantile(resampled_means(series, gate), [tail, 1.0 - tail])
    return float(low), float(high)
