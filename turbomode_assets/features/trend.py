"""Trend: where a price stands on its own path, and how straight the path is.

Every function returns an expression over the columns of one symbol, ascending by
session; see `catalog` for the columns. All values are scale-free and null until the
look-back of the symbol is filled. Nothing here compares symbols.
"""

import math

import polars as pl

_LEAST_RANGE = 1e-9
"""Range, as a fraction of the close, below which there was none."""


def place_between(low: pl.Expr, high: pl.Expr) -> pl.Expr:
    """Place of the close between `low` (-1) and `high` (+1); in [-1, 1].

    Returns
    -------
    pl.Expr
        Pure number, 0 (the middle) where there is no range; null where a bound is.

    Examples
    --------
    >>> bars = pl.DataFrame({"low": [1.0], "close": [1.5], "high": [3.0]})
    >>> bars.select(place_between(pl.col("low"), pl.col("high"))).item()
    -0.5
    """
    close = pl.col("close")
    extent = ((high - low) / close).clip(lower_bound=_LEAST_RANGE)
    return (((close - high) + (close - low)) / close / extent).clip(-1.0, 1.0)


def correlation_with_time(series: pl.Expr, n_sessions: int) -> pl.Expr:
    """Correlation of `series` with a straight line over `n_sessions`; in [-1, 1].

    Returns
    -------
    pl.Expr
        Pure number, 0 where the series stood still; null until `n_sessions` values.

    Examples
    --------
    >>> bars = pl.DataFrame({"x": [1.0, 2.0, 3.0]})
    >>> bars.select(correlation_with_time(pl.col("x"), 3)).to_series().to_list()
    [None, None, 1.0]
    """
    # The line is the row count, of which mean and deviation are known.
    line = series.cum_count().cast(pl.Float64)
    line_mean = line - (n_sessions - 1) / 2
    line_deviation = math.sqrt((n_sessions**2 - 1) / 12)
    product = (series * line).rolling_mean(n_sessions)
    shared = product - series.rolling_mean(n_sessions) * line_mean
    deviation = series.rolling_std(n_sessions, ddof=0).clip(lower_bound=1e-6)
    return (shared / (deviation * line_deviation)).clip(-1.0, 1.0)


def price_to_mean(n_sessions: int) -> pl.Expr:
    """Close over its mean of the last `n_sessions`, less one.

    Returns
    -------
    pl.Expr
        Fraction; null for the first ``n_sessions - 1`` rows.

    References
    ----------
    W. Brock, J. Lakonishok and B. LeBaron, "Simple Technical Trading Rules and the
    Stochastic Properties of Stock Returns", Journal of Finance 47(5), 1992.

    Examples
    --------
    >>> bars = pl.DataFrame({"close": [9.0, 11.0]})
    >>> bars.select(price_to_mean(2)).to_series().round(2).to_list()
    [None, 0.1]
    """
    return pl.col("close") / pl.col("close").rolling_mean(n_sessions) - 1


def trend_correlation(n_sessions: int) -> pl.Expr:
    """Correlation of log price with time over `n_sessions`; in [-1, 1].

    Its square is the R squared of the regression line, its sign the slope's.

    Returns
    -------
    pl.Expr
        Pure number, 0 where the price stood still; null for the first
        ``n_sessions - 1`` rows.
    """
    return correlation_with_time(pl.col("close").log(), n_sessions)


def directional_movement(n_sessions: int) -> pl.Expr:
    """Upward less downward movement of highs and lows, over both; in [-1, 1].

    Movements are summed over `n_sessions` with equal weight instead of being smoothed
    forever, so that a value has a finite look-back.

    Returns
    -------
    pl.Expr
        Pure number, 0 where neither moved; null for the first `n_sessions` rows.

    References
    ----------
    J. W. Wilder, "New Concepts in Technical Trading Systems", Trend Research, 1978.
    """
    above = pl.col("high") / pl.col("high").shift(1) - 1
    below = 1 - pl.col("low") / pl.col("low").shift(1)
    up = above * ((above > below) & (above > 0))
    down = below * ((below > above) & (below > 0))
    net = (up - down).rolling_sum(n_sessions)
    total = (up + down).rolling_sum(n_sessions).clip(lower_bound=_LEAST_RANGE)
    return (net / total).clip(-1.0, 1.0)


def directional_strength(n_sessions: int) -> pl.Expr:
    """Mean size of `directional_movement`, whichever its sign; in [0, 1].

    Returns
    -------
    pl.Expr
        Pure number; null for the first ``2 * n_sessions - 1`` rows.

    References
    ----------
    J. W. Wilder, "New Concepts in Technical Trading Systems", Trend Research, 1978
    (average directional index, here with plain means).
    """
    return directional_movement(n_sessions).abs().rolling_mean(n_sessions)


def position_in_range(n_sessions: int) -> pl.Expr:
    """Place of the close between lowest low (-1) and highest high (+1); in [-1, 1].

    Returns
    -------
    pl.Expr
        Pure number, 0 where there is no range; null for the first ``n_sessions - 1``
        rows.

    References
    ----------
    T. George and C.-Y. Hwang, "The 52-Week High and Momentum Investing", Journal of
    Finance 59(5), 2004.
    """
    low = pl.col("low").rolling_min(n_sessions)
    return place_between(low, pl.col("high").rolling_max(n_sessions))
