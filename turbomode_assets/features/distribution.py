"""Distribution: the shape of past returns beyond their size.

Every function maps bars and windows in sessions to a formula; units and bounds stand in
the table at the end. Nothing here compares
symbols or reads volume.
"""

from turbomode_assets.features.bars import LEAST_VOL, Bars, correlation
from turbomode_assets.features.declaration import ANY, POSITIVE, SHARE, SIGNED, Kind
from turbomode_assets.features.formula import Formula
from turbomode_assets.features.volatility import drop


def cubed_return(of: Bars) -> Formula:
    """Third power of the log return."""
    return of.log_return.squared * of.log_return


def fourth_power(of: Bars) -> Formula:
    """Fourth power of the log return."""
    return of.log_return.squared.squared


def previous_return(of: Bars) -> Formula:
    """Log return of the previous bar."""
    return of.log_return.previous


def skewness(of: Bars, n: int) -> Formula:
    """Skewness of the log returns of `n` sessions."""
    mean, square = of.log_return.mean(n), of.log_return.mean_square(n)
    variance = of.log_return.variance(n) * ((n - 1) / n)
    third = cubed_return(of).mean(n) - mean * (3 * square - 2 * mean * mean)
    scaled = third / (variance * variance.root)
    return scaled.where(variance, exceeds=LEAST_VOL**2)


def kurtosis(of: Bars, n: int) -> Formula:
    """Kurtosis of the log returns of `n` sessions, less 3."""
    mean, square = of.log_return.mean(n), of.log_return.mean_square(n)
    variance = of.log_return.variance(n) * ((n - 1) / n)
    third = cubed_return(of).mean(n)
    squared = mean * mean
    fourth = fourth_power(of).mean(n) - 4 * mean * third
    fourth = fourth + squared * (6 * square - 3 * squared)
    return (fourth / variance.squared - 3).where(variance, exceeds=LEAST_VOL**2)


def autocorrelation(of: Bars, n: int) -> Formula:
    """Correlation of the log returns of `n` sessions with those before them."""
    return correlation(of.log_return, previous_return(of), n)


def variance_ratio(of: Bars, n: int, long: int) -> Formula:
    """Variance of log returns of `n` sessions over `n` times that of one, in `long`."""
    runs = of.log_return.sum(n)
    single = of.log_return.mean_square(long).at_least(LEAST_VOL**2)
    ratio = runs.squared.sum(long) / (long * n * single)
    return ratio.at_most(float(n))


def downside_share(of: Bars, n: int) -> Formula:
    """Squares of falls over those of all log returns, `n` sessions."""
    squares = of.log_return.mean_square(n).at_least(LEAST_VOL**2)
    return (drop(of).mean_square(n) / squares).clip(0.0, 1.0)


def largest_gain(of: Bars, n: int) -> Formula:
    """Largest log return of one session among `n`."""
    return of.log_return.highest(n)


def drawdown(of: Bars, n: int) -> Formula:
    """Close over the highest close of `n` sessions, less one."""
    return of.close / of.close.highest(n) - 1


def runup(of: Bars, n: int) -> Formula:
    """Close over the lowest close of `n` sessions, less one."""
    return of.close / of.close.lowest(n) - 1


_MOMENT = "Sample moment, biased"
_EXTREME = "Close against its own extreme"

KINDS = (
    Kind(skewness, (20, 60), "ratio", ANY, _MOMENT),
    Kind(kurtosis, (60, 250), "ratio", (-2.0, 250.0), _MOMENT),
    Kind(autocorrelation, (20, 60), "correlation", SIGNED, "Lag of one"),
    Kind(variance_ratio, ((5, 60),), "ratio", (0.0, 5.0), "Lo and MacKinlay 1988"),
    Kind(downside_share, (20, 60), "share", SHARE, "Patton and Sheppard 2015"),
    Kind(largest_gain, (20,), "log return", ANY, "Bali, Cakici and Whitelaw 2011"),
    Kind(drawdown, (60, 252), "fraction", (-1.0, 0.0), _EXTREME),
    Kind(runup, (60, 252), "fraction", POSITIVE, _EXTREME),
)
"""The features of this family."""
