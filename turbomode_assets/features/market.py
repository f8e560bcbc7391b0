"""Market: a symbol against the others of its universe.

The market is the equal-weight mean of the symbols that traded, taken by `engine`. All
functions but `session_rank` return expressions over the columns of one symbol; that
one is evaluated over the symbols of one session. Null until the look-back is filled.
"""

import math

import polars as pl

from turbomode_assets.features import volatility

_LEAST_VARIANCE = volatility.LEAST_VOL**2


def market_beta(n_sessions: int) -> pl.Expr:
    """Slope of the symbol's log returns on the market's over `n_sessions`.

    Returns
    -------
    pl.Expr
        Pure number, 0 where either stood still; null for the first `n_sessions` rows.

    References
    ----------
    W. Sharpe, "Capital Asset Prices", Journal of Finance 19(3), 1964.
    """
    variance = pl.col("market_log_return").rolling_var(n_sessions)
    return _covariance(n_sessions) / variance.clip(lower_bound=_LEAST_VARIANCE)


def _covariance(n_sessions: int) -> pl.Expr:
    own, market = pl.col("log_return"), pl.col("market_log_return")
    product = (own * market).rolling_mean(n_sessions)
    means = own.rolling_mean(n_sessions) * market.rolling_mean(n_sessions)
    return (product - means) * (n_sessions / (n_sessions - 1))


def market_correlation(n_sessions: int) -> pl.Expr:
    """Correlation of the symbol's log returns with the market's; in [-1, 1].

    Returns
    -------
    pl.Expr
        Pure number, 0 where either stood still; null for the first `n_sessions` rows.

    References
    ----------
    A. Frazzini and L. Pedersen, "Betting Against Beta", Journal of Financial Economics
    111(1), 2014.
    """
    scale = volatility.close_vol(n_sessions) * volatility.market_vol(n_sessions)
    scale = scale.clip(lower_bound=_LEAST_VARIANCE)
    return (_covariance(n_sessions) / scale).clip(-1.0, 1.0)


def residual_momentum(n_sessions: int, beta_sessions: int) -> pl.Expr:
    """Log return of `n_sessions` that the market does not explain, in deviations.

    Returns
    -------
    pl.Expr
        Pure number: the residual over its standard deviation, both with the beta of
        the last `beta_sessions`; null for the first `beta_sessions` rows.

    References
    ----------
    D. Blitz, J. Huij and M. Martens, "Residual Momentum", Journal of Empirical
    Finance 18(3), 2011.
    """
    beta = market_beta(beta_sessions)
    own = pl.col("log_return").rolling_sum(n_sessions)
    explained = beta * pl.col("market_log_return").rolling_sum(n_sessions)
    variance = pl.col("log_return").rolling_var(beta_sessions)
    unexplained = variance - beta * _covariance(beta_sessions)
    deviation = unexplained.clip(lower_bound=_LEAST_VARIANCE).sqrt()
    return (own - explained) / (deviation * math.sqrt(n_sessions))


def relative_return(n_sessions: int) -> pl.Expr:
    """Log return over `n_sessions` less that of the market.

    Returns
    -------
    pl.Expr
        Log return; null for the first `n_sessions` rows.

    Examples
    --------
    >>> returns = {"log_return": [None, 0.75], "market_log_return": [None, 0.25]}
    >>> pl.DataFrame(returns).select(relative_return(1)).to_series().to_list()
    [None, 0.5]
    """
    excess = pl.col("log_return") - pl.col("market_log_return")
    return excess.rolling_sum(n_sessions)


def session_rank(feature: str) -> pl.Expr:
    """Rank of `feature` among the symbols of a session; in (0, 1).

    Parameters
    ----------
    feature
        Name of a feature evaluated per symbol.

    Returns
    -------
    pl.Expr
        ``(rank - 0.5) / symbols with a value``, ties share their mean rank; null
        where the feature is.

    Examples
    --------
    >>> session = pl.DataFrame({"x": [3.0, None, 1.0]})
    >>> session.select(session_rank("x")).to_series().to_list()
    [0.75, None, 0.25]
    """
    rank = pl.col(feature).rank("average")
    return (rank - 0.5) / pl.col(feature).count()
