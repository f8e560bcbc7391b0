"""How well a score orders the names of a session, and how sure its mean is.

Session series in and out; which score and which return is the caller's affair.
"""

import dataclasses
import math

import numpy as np
import polars as pl

_FEWEST_NAMES = 3
"""Fewest names of a session with an order worth the word: two are a coin toss."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Estimate:
    """Mean of a session series with its standard error; None where unknown."""

    mean: float | None
    standard_error: float | None
    n_sessions: int


def rank_ic(
    rows: pl.DataFrame, score: str = "edge", target: str = "realized_return"
) -> pl.DataFrame:
    """Spearman correlation of score and return over the names of each session.

    Parameters
    ----------
    rows
        Columns session, `score` and `target`; rows with a null in either are left
        out.
    score, target
        What orders the names, and what they then returned.

    Returns
    -------
    pl.DataFrame
        Columns session, n_rows and rank_ic in [-1, 1], ascending. Sessions with
        fewer than three names, or with one value only, are left out: they have no
        order.

    References
    ----------
    C. Spearman, "The Proof and Measurement of Association between Two Things",
    American Journal of Psychology 15(1), 1904.
    """
    ranked = rows.drop_nulls([score, target]).select(
        "session",
        pl.col(score).rank("average").over("session").alias("x"),
        pl.col(target).rank("average").over("session").alias("y"),
    )
    x, y, n = pl.col("x"), pl.col("y"), pl.len().cast(pl.Float64)
    # Ranks are halves: these sums are exact, in whatever order they are added.
    sums = ranked.group_by("session").agg(
        pl.len().cast(pl.Int64).alias("n_rows"),
        (n * (x * y).sum() - x.sum() * y.sum()).alias("xy"),
        (n * (x * x).sum() - x.sum() ** 2).alias("xx"),
        (n * (y * y).sum() - y.sum() ** 2).alias("yy"),
    )
    has_order = (pl.col("xx") > 0) & (pl.col("yy") > 0)
    ordered = sums.filter(has_order, pl.col("n_rows") >= _FEWEST_NAMES)
    ic = (pl.col("xy") / (pl.col("xx") * pl.col("yy")).sqrt()).alias("rank_ic")
    return ordered.select("session", "n_rows", ic).sort("session")


def mean_with_hac(series: pl.Series, n_lags: int) -> Estimate:
    """Mean of an autocorrelated series with its Newey-West standard error.

    Horizons that overlap make neighboring sessions repeat each other; the plain
    standard error would be too small by about the square root of the horizon.

    Parameters
    ----------
    series
        One value per session, ascending, without nulls.
    n_lags
        Lags of the Bartlett kernel: the sessions by which horizons overlap.

    Returns
    -------
    Estimate
        No mean without values; no standard error with fewer than two.

    References
    ----------
    W. K. Newey and K. D. West, "A Simple, Positive Semi-definite, Heteroskedasticity
    and Autocorrelation Consistent Covariance Matrix", Econometrica 55(3), 1987.

    Examples
    --------
    >>> estimate = mean_with_hac(pl.Series([1.0, 2.0, 3.0]), n_lags=0)
    >>> estimate.mean, round(estimate.standard_error, 6)
    (2.0, 0.471405)
    """
    values = series.to_numpy().astype(np.float64)
    n = values.size
    if not n:
        return Estimate(mean=None, standard_error=None, n_sessions=0)
    mean = float(values.mean())
    if n == 1:
        return Estimate(mean=mean, standard_error=None, n_sessions=1)
    apart = values - mean
    variance = apart @ apart
    for lag in range(1, min(n_lags, n - 1) + 1):
        weight = 1.0 - lag / (n_lags + 1)
        variance += 2.0 * weight * (apart[lag:] @ apart[:-lag])
    error = math.sqrt(max(float(variance), 0.0)) / n
    return Estimate(mean=mean, standard_error=error, n_sessions=n)
