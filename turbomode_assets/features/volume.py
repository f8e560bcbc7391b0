"""Volume: how much changed hands against the symbol's own habit, and at which price.

Every function returns an expression over the columns of one symbol, ascending by
session; see `catalog` for the columns. Volume enters only as a ratio to the same
symbol's volume, so splits and size drop out. Null until the look-back is filled.
"""

import polars as pl

from turbomode_assets.features import trend

_LEAST_RATIO = 0.01
"""Smallest ratio a logarithm is taken of: a hundredth of the habit is as good as no
trading at all, and a halted symbol stays finite."""


def volume_surprise(n_sessions: int, long_sessions: int) -> pl.Expr:
    """Log of mean volume of `n_sessions` over that of `long_sessions`.

    Returns
    -------
    pl.Expr
        Pure number, at least log(0.01), which is also the value without any trade;
        null for the first ``long_sessions - 1`` rows.

    Examples
    --------
    >>> bars = pl.DataFrame({"volume": [100.0, 300.0]})
    >>> bars.select(volume_surprise(1, 2)).to_series().round(3).to_list()
    [None, 0.405]
    """
    recent = pl.col("volume").rolling_mean(n_sessions)
    # Less than one share a session is no trading, only rounding.
    usual = pl.col("volume").rolling_mean(long_sessions).clip(lower_bound=1.0)
    return (recent / usual).clip(lower_bound=_LEAST_RATIO).log()


def volume_trend(n_sessions: int) -> pl.Expr:
    """Correlation of log volume with time over `n_sessions`; in [-1, 1].

    Returns
    -------
    pl.Expr
        Pure number, 0 where volume stood still; null for the first
        ``n_sessions - 1`` rows.
    """
    return trend.correlation_with_time(pl.col("volume").log1p(), n_sessions)


def illiquidity_surprise(n_sessions: int, long_sessions: int) -> pl.Expr:
    """Log of the price move per dollar traded, `n_sessions` against `long_sessions`.

    Moves and dollars are summed before they are divided, so that one session without
    trades does not decide.

    Returns
    -------
    pl.Expr
        Pure number in [log(0.01), log(100)]; null for the first `long_sessions` rows.

    References
    ----------
    Y. Amihud, "Illiquidity and Stock Returns", Journal of Financial Markets 5(1),
    2002.
    """
    moved = pl.col("log_return").abs()
    dollars = pl.col("close") * pl.col("volume")

    def relative(amount: pl.Expr, least: float) -> pl.Expr:
        usual = amount.rolling_mean(long_sessions).clip(lower_bound=least)
        return (amount.rolling_mean(n_sessions) / usual).clip(lower_bound=_LEAST_RATIO)

    impact = relative(moved, 1e-9) / relative(dollars, 1e-3)
    return impact.clip(_LEAST_RATIO, 1 / _LEAST_RATIO).log()


def close_location(n_sessions: int) -> pl.Expr:
    """Mean place of the close between low (-1) and high (+1); in [-1, 1].

    Returns
    -------
    pl.Expr
        Mean of ``(2 C - H - L) / (H - L)``, 0 for a session without a range; null for
        the first ``n_sessions - 1`` rows.

    Examples
    --------
    >>> bars = pl.DataFrame({"high": [3.0], "low": [1.0], "close": [3.0]})
    >>> bars.select(close_location(1)).to_series().to_list()
    [1.0]
    """
    place = trend.place_between(pl.col("low"), pl.col("high"))
    return place.rolling_mean(n_sessions).clip(-1.0, 1.0)


def signed_volume(n_sessions: int) -> pl.Expr:
    """Volume of rising less that of falling sessions, over all volume; in [-1, 1].

    Returns
    -------
    pl.Expr
        Pure number, 0 without any trade; null for the first `n_sessions` rows.

    References
    ----------
    J. Granville, "New Key to Stock Market Profits", Prentice-Hall, 1963 (on-balance
    volume, made relative).
    """
    signed = (pl.col("volume") * pl.col("log_return").sign()).rolling_sum(n_sessions)
    total = pl.col("volume").rolling_sum(n_sessions).clip(lower_bound=1.0)
    return (signed / total).clip(-1.0, 1.0)
