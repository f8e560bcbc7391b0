"""A second opinion on paired losses, in closed form: Diebold and Mariano's test.

The block bootstrap decides; where this test disagrees with it, neither is to be
believed. Series of sessions only.
"""

import math

import polars as pl
from scipy import special

from turbomode_assets.stats import ranking


def p_value(differences: pl.Series, horizon: int) -> float | None:
    """Chance of a mean this far from zero, either way, were both equally good.

    Parameters
    ----------
    differences
        Loss of one minus loss of the other, one value per session, ascending, without
        nulls.
    horizon
        Sessions by which neighboring outcomes overlap; at least 1.

    Returns
    -------
    float or None
        In [0, 1], by Student's t with the small-sample factor of Harvey and others,
        on Newey-West errors with the larger of ``horizon - 1`` and the cube root of n
        lags. None with fewer sessions than two horizons, or without any spread.

    References
    ----------
    F. X. Diebold and R. S. Mariano, "Comparing Predictive Accuracy", Journal of
    Business & Economic Statistics 13(3), 1995. D. Harvey, S. Leybourne and P. Newbold,
    "Testing the Equality of Prediction Mean Squared Errors", International Journal of
    Forecasting 13(2), 1997.

    Examples
    --------
    >>> p_value(pl.Series([0.1, -0.1] * 50), horizon=1)
    1.0
    """
    n = differences.len()
    if n < 2 * horizon:
        return None
    n_lags = max(horizon - 1, math.ceil(n ** (1 / 3)))
    estimate = ranking.mean_with_hac(differences, n_lags)
    if estimate.mean is None or not estimate.standard_error:
        return None
    shrunken = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    statistic = math.sqrt(shrunken) * abs(estimate.mean) / estimate.standard_error
    return float(2.0 * special.stdtr(n - 1, -statistic))
