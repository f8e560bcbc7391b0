"""Momentum: how far a price came over a stretch of sessions, and when it moved.

Every function returns an expression over the columns of one symbol, ascending by
session; see `catalog` for the columns. All values are fractions or pure numbers and
null until the look-back of the symbol is filled. Nothing here compares symbols.
"""

import math

import polars as pl

from turbomode_assets.features import volatility


def trailing_return(n_sessions: int) -> pl.Expr:
    """Total return over the last `n_sessions` sessions.

    Parameters
    ----------
    n_sessions
        Look-back in sessions of the symbol; at least 1.

    Returns
    -------
    pl.Expr
        Fraction (0.10 is +10 %); null for the first `n_sessions` rows.

    References
    ----------
    N. Jegadeesh and S. Titman, "Returns to Buying Winners and Selling Losers",
    Journal of Finance 48(1), 1993.

    Examples
    --------
    >>> bars = pl.DataFrame({"close": [100.0, 110.0, 121.0]})
    >>> bars.select(trailing_return(1)).to_series().round(2).to_list()
    [None, 0.1, 0.1]
    """
    return pl.col("close") / pl.col("close").shift(n_sessions) - 1


def skipped_return(n_sessions: int, skipped: int) -> pl.Expr:
    """Total return from `n_sessions` to `skipped` sessions ago.

    Leaves out the latest stretch, in which returns tend to reverse.

    Parameters
    ----------
    n_sessions, skipped
        Sessions back to where the return starts and to where it ends.

    Returns
    -------
    pl.Expr
        Fraction; null for the first `n_sessions` rows.

    Examples
    --------
    >>> bars = pl.DataFrame({"close": [100.0, 110.0, 55.0]})
    >>> bars.select(skipped_return(2, 1)).to_series().round(2).to_list()
    [None, None, 0.1]
    """
    return pl.col("close").shift(skipped) / pl.col("close").shift(n_sessions) - 1


def reversal(n_sessions: int, vol_sessions: int) -> pl.Expr:
    """Negative log return over `n_sessions`, in its own standard deviations.

    Parameters
    ----------
    n_sessions, vol_sessions
        Sessions of the return, and of the volatility it is measured in.

    Returns
    -------
    pl.Expr
        Pure number, 0 where the price stood still; null for the first
        ``max(n_sessions, vol_sessions)`` rows.

    References
    ----------
    B. Lehmann, "Fads, Martingales, and Market Efficiency", Quarterly Journal of
    Economics 105(1), 1990.
    """
    vol = volatility.close_vol(vol_sessions).clip(lower_bound=volatility.LEAST_VOL)
    moved = (pl.col("close") / pl.col("close").shift(n_sessions)).log()
    return -moved / (vol * math.sqrt(n_sessions))


def overnight_share(n_sessions: int) -> pl.Expr:
    """Overnight part of all movement, open and close counted apart; in [0, 1].

    Parameters
    ----------
    n_sessions
        Sessions over which movement is summed.

    Returns
    -------
    pl.Expr
        Fraction, 0 where nothing moved; null for the first `n_sessions` rows.

    References
    ----------
    D. Lou, C. Polk and S. Skouras, "A Tug of War: Overnight versus Intraday Expected
    Returns", Journal of Financial Economics 134(1), 2019.

    Examples
    --------
    >>> bars = pl.DataFrame({"open": [10.0, 11.0], "close": [10.0, 11.0]})
    >>> bars.select(overnight_share(1)).to_series().to_list()
    [None, 1.0]
    """
    overnight = (pl.col("open") / pl.col("close").shift(1)).log().abs()
    intraday = (pl.col("close") / pl.col("open")).log().abs()
    total = (overnight + intraday).rolling_sum(n_sessions)
    share = overnight.rolling_sum(n_sessions) / total.clip(lower_bound=1e-9)
    return share.clip(0.0, 1.0)
