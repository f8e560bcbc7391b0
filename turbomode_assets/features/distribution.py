"""Distribution: the shape of past returns beyond their size.

Every function maps a panel and windows in sessions to values of the rows asked for;
units, bounds and look-backs stand in the table at the end. Nothing here compares
symbols or reads volume.
"""

import numpy as np

from turbomode_assets.features import windows
from turbomode_assets.features.declaration import (
    ANY,
    POSITIVE,
    SHARE,
    SIGNED,
    Kind,
    within,
)
from turbomode_assets.features.panel import LEAST_VOL, Panel
from turbomode_assets.features.volatility import drop
from turbomode_assets.features.windows import Array


def cubed_return(of: Panel) -> Array:
    """Third power of the log return, in all rows."""
    return np.square(of.log_return.all) * of.log_return.all


def fourth_power(of: Panel) -> Array:
    """Fourth power of the log return, in all rows."""
    return np.square(np.square(of.log_return.all))


def previous_return(of: Panel) -> Array:
    """Log return of the previous bar, in all rows."""
    return of.log_return.previous


def skewness(of: Panel, n: int) -> Array:
    """Skewness of the log returns of `n` sessions."""
    mean, square = of.log_return.mean(n), of.log_return.mean_square(n)
    variance = of.log_return.variance(n) * ((n - 1) / n)
    third = of.derived(cubed_return, 1).mean(n) - mean * (3 * square - 2 * mean * mean)
    scaled = third / (variance * np.sqrt(variance))
    return np.where(variance > LEAST_VOL**2, scaled, 0.0)


def kurtosis(of: Panel, n: int) -> Array:
    """Kurtosis of the log returns of `n` sessions, less 3."""
    mean, square = of.log_return.mean(n), of.log_return.mean_square(n)
    variance = of.log_return.variance(n) * ((n - 1) / n)
    third = of.derived(cubed_return, 1).mean(n)
    squared = mean * mean
    fourth = of.derived(fourth_power, 1).mean(n) - 4 * mean * third
    fourth += squared * (6 * square - 3 * squared)
    return np.where(variance > LEAST_VOL**2, fourth / np.square(variance) - 3, 0.0)


def autocorrelation(of: Panel, n: int) -> Array:
    """Correlation of the log returns of `n` sessions with those before them."""
    return of.correlation(of.log_return, of.derived(previous_return, 2), n)


def variance_ratio(of: Panel, n: int, long: int) -> Array:
    """Variance of log returns of `n` sessions over `n` times that of one, in `long`."""
    runs = of.earlier(long - 1).log_return.sum(n)
    single = np.maximum(of.log_return.mean_square(long), LEAST_VOL**2)
    ratio: Array = windows.total(np.square(runs), long) / (long * n * single)
    return np.minimum(ratio, float(n))


def downside_share(of: Panel, n: int) -> Array:
    """Squares of falls over those of all log returns, `n` sessions."""
    squares = np.maximum(of.log_return.mean_square(n), LEAST_VOL**2)
    return np.clip(of.derived(drop, 1).mean_square(n) / squares, 0.0, 1.0)


def largest_gain(of: Panel, n: int) -> Array:
    """Largest log return of one session among `n`."""
    return of.log_return.highest(n)


def drawdown(of: Panel, n: int) -> Array:
    """Close over the highest close of `n` sessions, less one."""
    return of.close.now / of.close.highest(n) - 1


def runup(of: Panel, n: int) -> Array:
    """Close over the lowest close of `n` sessions, less one."""
    return of.close.now / of.close.lowest(n) - 1


def _lagged(n: int) -> int:
    return n + 1


def _summed(n: int, long: int) -> int:
    return n + long - 1


_MOMENT = "Sample moment, biased"
_EXTREME = "Close against its own extreme"

KINDS = (
    Kind(skewness, (20, 60), "ratio", ANY, _MOMENT),
    Kind(kurtosis, (60, 250), "ratio", (-2.0, 250.0), _MOMENT),
    Kind(autocorrelation, (20, 60), "correlation", SIGNED, "Lag of one", _lagged),
    Kind(
        variance_ratio,
        ((5, 60),),
        "ratio",
        (0.0, 5.0),
        "Lo and MacKinlay 1988",
        _summed,
    ),
    Kind(downside_share, (20, 60), "share", SHARE, "Patton and Sheppard 2015"),
    Kind(largest_gain, (20,), "log return", ANY, "Bali, Cakici and Whitelaw 2011"),
    Kind(drawdown, (60, 252), "fraction", (-1.0, 0.0), _EXTREME, within),
    Kind(runup, (60, 252), "fraction", POSITIVE, _EXTREME, within),
)
"""The features of this family."""
