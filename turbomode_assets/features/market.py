"""Market: a symbol against the others, and its sector against the market.

Every function maps a panel and windows in sessions to values of the rows asked for;
units, bounds and look-backs stand in the table at the end. The market is the
equal-weight mean of the symbols that traded, a sector that of its members; `groups`
takes both. Ranks within a session are the business of `catalog` and `engine`.
"""

import math

import numpy as np

from turbomode_assets.features.declaration import ANY, POSITIVE, SIGNED, Kind
from turbomode_assets.features.panel import LEAST_VOL, Panel
from turbomode_assets.features.track import Track
from turbomode_assets.features.windows import Array

_LEAST_VARIANCE = LEAST_VOL**2


def market_beta(of: Panel, n: int) -> Array:
    """Slope of log returns on the market's over `n` sessions."""
    return _beta(of, of.market, n)


def _beta(of: Panel, other: Track, n: int) -> Array:
    variance = np.maximum(other.variance(n), _LEAST_VARIANCE)
    return of.covariance(of.log_return, other, n) / variance


def market_correlation(of: Panel, n: int) -> Array:
    """Correlation of log returns with the market's over `n` sessions."""
    return of.correlation(of.log_return, of.market, n)


def residual_momentum(of: Panel, n: int, long: int) -> Array:
    """Log return of `n` sessions unexplained by a beta of `long`, in deviations."""
    beta = market_beta(of, long)
    unexplained = of.log_return.sum(n) - beta * of.market.sum(n)
    return unexplained / (_residual_vol(of, long) * math.sqrt(n))


def residual_vol(of: Panel, n: int) -> Array:
    """Standard deviation of log returns the market does not explain, `n` sessions."""
    return _residual_vol(of, n)


def _residual_vol(of: Panel, n: int) -> Array:
    explained = market_beta(of, n) * of.covariance(of.log_return, of.market, n)
    variance = of.log_return.variance(n) - explained
    return np.sqrt(np.maximum(variance, _LEAST_VARIANCE))


def relative_return(of: Panel, n: int) -> Array:
    """Log return over `n` sessions less the market's."""
    return of.log_return.sum(n) - of.market.sum(n)


def sector_relative_return(of: Panel, n: int) -> Array:
    """Log return over `n` sessions less that of the symbol's sector."""
    return of.log_return.sum(n) - of.sector.sum(n)


def sector_strength(of: Panel, n: int) -> Array:
    """Log return of the symbol's sector over `n` sessions less the market's."""
    return of.sector.sum(n) - of.market.sum(n)


def sector_correlation(of: Panel, n: int) -> Array:
    """Correlation of log returns with those of the sector over `n` sessions."""
    return of.correlation(of.log_return, of.sector, n)


_MARKET = "Equal-weight market of the universe"
_SECTOR = "Moskowitz and Grinblatt 1999"

KINDS = (
    Kind(market_beta, (60, 250), "ratio", ANY, "Sharpe 1964"),
    Kind(
        market_correlation, (60,), "correlation", SIGNED, "Frazzini and Pedersen 2014"
    ),
    Kind(
        residual_momentum, ((20, 60),), "deviations", ANY, "Blitz, Huij, Martens 2011"
    ),
    Kind(
        residual_vol, (60,), "per session", POSITIVE, "Ang, Hodrick, Xing, Zhang 2006"
    ),
    Kind(relative_return, (5, 20), "log return", ANY, _MARKET),
    Kind(sector_relative_return, (5, 20, 60), "log return", ANY, _SECTOR),
    Kind(sector_strength, (20, 60), "log return", ANY, _SECTOR),
    Kind(sector_correlation, (60,), "correlation", SIGNED, _SECTOR),
)
"""The features of this family."""
