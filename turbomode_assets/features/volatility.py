"""Volatility: how far prices swing, in either direction.

Every function returns an expression over the columns of one symbol, ascending by
session; see `catalog` for the columns. Values are never negative, per session and not
annualized, and null until the look-back of the symbol is filled. No comparison of
symbols beyond the market as a whole.
"""

import math

import polars as pl

LEAST_VOL = 1e-6
"""Volatility per session below which a price stood still: a hundredth of a basis
point, far below one tick and far above the rounding of a rolling sum."""


def close_vol(n_sessions: int) -> pl.Expr:
    """Standard deviation of the last `n_sessions` log returns.

    Returns
    -------
    pl.Expr
        Per session; null for the first `n_sessions` rows.

    Examples
    --------
    >>> bars = pl.DataFrame({"log_return": [None, 0.01, -0.01]})
    >>> bars.select(close_vol(2)).to_series().round(5).to_list()
    [None, None, 0.01414]
    """
    return pl.col("log_return").rolling_std(n_sessions)


def market_vol(n_sessions: int) -> pl.Expr:
    """Standard deviation of the last `n_sessions` log returns of the market.

    Returns
    -------
    pl.Expr
        Per session, the same for all symbols up to rounding and gaps; null for the
        first `n_sessions` rows.
    """
    return pl.col("market_log_return").rolling_std(n_sessions)


def parkinson_vol(n_sessions: int) -> pl.Expr:
    """Volatility from the high-low range.

    Returns
    -------
    pl.Expr
        Per session, 0 without a range; null for the first ``n_sessions - 1`` rows.

    References
    ----------
    M. Parkinson, "The Extreme Value Method for Estimating the Variance of the Rate of
    Return", Journal of Business 53(1), 1980.

    Examples
    --------
    >>> bars = pl.DataFrame({"high": [11.0], "low": [10.0]})
    >>> bars.select(parkinson_vol(1)).to_series().round(5).to_list()
    [0.05724]
    """
    variance = (pl.col("high") / pl.col("low")).log() ** 2 / (4 * math.log(2))
    return _root_of_mean(variance, n_sessions)


def garman_klass_vol(n_sessions: int) -> pl.Expr:
    """Volatility from open, high, low and close.

    Returns
    -------
    pl.Expr
        Per session, 0 without movement; null for the first ``n_sessions - 1`` rows.

    References
    ----------
    M. Garman and M. Klass, "On the Estimation of Security Price Volatilities from
    Historical Data", Journal of Business 53(1), 1980.
    """
    ranged = (pl.col("high") / pl.col("low")).log() ** 2 / 2
    moved = (pl.col("close") / pl.col("open")).log() ** 2 * (2 * math.log(2) - 1)
    return _root_of_mean(ranged - moved, n_sessions)


def _root_of_mean(variance: pl.Expr, n_sessions: int) -> pl.Expr:
    # Rounding may leave a rolling mean a hair below zero.
    return variance.rolling_mean(n_sessions).clip(lower_bound=0.0).sqrt()


def downside_vol(n_sessions: int) -> pl.Expr:
    """Root mean square of the falls among the last `n_sessions` log returns.

    Returns
    -------
    pl.Expr
        Per session, 0 where nothing fell; null for the first `n_sessions` rows.

    References
    ----------
    F. Sortino and R. van der Meer, "Downside Risk", Journal of Portfolio Management
    17(4), 1991.
    """
    fall = pl.col("log_return").clip(upper_bound=0.0)
    return _root_of_mean(fall**2, n_sessions)


def vol_ratio(n_sessions: int, long_sessions: int) -> pl.Expr:
    """Volatility of the last `n_sessions` over that of `long_sessions`.

    Returns
    -------
    pl.Expr
        Pure number, 0 where the price stood still; null for the first
        `long_sessions` rows.
    """
    return close_vol(n_sessions) / close_vol(long_sessions).clip(lower_bound=LEAST_VOL)


def max_drawdown(n_sessions: int) -> pl.Expr:
    """Deepest close of the last `n_sessions` below its own trailing high; in [0, 1].

    Each close is held against the highest close of the `n_sessions` ending there.

    Returns
    -------
    pl.Expr
        Fraction; null for the first ``2 * n_sessions - 2`` rows.

    Examples
    --------
    >>> bars = pl.DataFrame({"close": [10.0, 5.0, 6.0, 7.0]})
    >>> bars.select(max_drawdown(2)).to_series().to_list()
    [None, None, 0.5, 0.0]
    """
    drawdown = 1 - pl.col("close") / pl.col("close").rolling_max(n_sessions)
    return drawdown.rolling_max(n_sessions)


def largest_move(n_sessions: int) -> pl.Expr:
    """Largest move of one session, up or down, among the last `n_sessions`.

    Returns
    -------
    pl.Expr
        Absolute log return; null for the first `n_sessions` rows.
    """
    return pl.col("log_return").abs().rolling_max(n_sessions)
