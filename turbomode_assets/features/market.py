"""Market: a symbol against the others, and its sector against the market.

Every function maps bars and windows in sessions to a formula; units and bounds stand in
the table at the end. The market is the
equal-weight mean of the symbols that traded, a sector that of its members; `groups`
takes both. Ranks within a session are the business of `ranks`.
"""

import math

from turbomode_assets.features.bars import LEAST_VOL, Bars, correlation
from turbomode_assets.features.declaration import ANY, POSITIVE, SIGNED, Kind
from turbomode_assets.features.formula import Formula, covariance

_LEAST_VARIANCE = LEAST_VOL**2


def market_beta(of: Bars, n: int) -> Formula:
    """Slope of log returns on the market's over `n` sessions."""
    return _beta(of, of.market, n)


def _beta(of: Bars, other: Formula, n: int) -> Formula:
    variance = other.variance(n).at_least(_LEAST_VARIANCE)
    return covariance(of.log_return, other, n) / variance


def market_correlation(of: Bars, n: int) -> Formula:
    """Correlation of log returns with the market's over `n` sessions."""
    return correlation(of.log_return, of.market, n)


def residual_momentum(of: Bars, n: int, long: int) -> Formula:
    """Log return of `n` sessions unexplained by a beta of `long`, in deviations."""
    beta = market_beta(of, long)
    unexplained = of.log_return.sum(n) - beta * of.market.sum(n)
    return unexplained / (_residual_vol(of, long) * math.sqrt(n))


def residual_vol(of: Bars, n: int) -> Formula:
    """Standard deviation of log returns the market does not explain, `n` sessions."""
    return _residual_vol(of, n)


def _residual_vol(of: Bars, n: int) -> Formula:
    explained = market_beta(of, n) * covariance(of.log_return, of.market, n)
    variance = of.log_return.variance(n) - explained
    return variance.at_least(_LEAST_VARIANCE).root


def relative_return(of: Bars, n: int) -> Formula:
    """Log return over `n` sessions less the market's."""
    return of.log_return.sum(n) - of.market.sum(n)


def sector_relative_return(of: Bars, n: int) -> Formula:
    """Log return over `n` sessions less that of the symbol's sector."""
    return of.log_return.sum(n) - of.sector.sum(n)


def sector_strength(of: Bars, n: int) -> Formula:
    """Log return of the symbol's sector over `n` sessions less the market's."""
    return of.sector.sum(n) - of.market.sum(n)


def sector_correlation(of: Bars, n: int) -> Formula:
    """Correlation of log returns with those of the sector over `n` sessions."""
    return correlation(of.log_return, of.sector, n)


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
