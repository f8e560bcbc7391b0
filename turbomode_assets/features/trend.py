"""Trend: where a price stands on its own path, and how straight the path is.

Every function maps bars and windows in sessions to a formula; units and bounds stand in
the table at the end. Movements are averaged with
equal weight instead of being smoothed forever, so that look-backs are finite. Nothing
here compares symbols or reads volume.
"""

import math

from turbomode_assets.features.bars import LEAST_RANGE, LEAST_VOL, Bars
from turbomode_assets.features.declaration import (
    ANY,
    FALL,
    POSITIVE,
    QLIB,
    QLIB_WINDOWS,
    SHARE,
    SIGNED,
    Kind,
)
from turbomode_assets.features.formula import Formula


def log_close(of: Bars) -> Formula:
    """Log of the close over that of the symbol's first bar."""
    return of.log_return.running_total


def step(of: Bars) -> Formula:
    """Size of the change of the close since the previous bar."""
    return abs(of.close - of.close.previous)


def upward(of: Bars) -> Formula:
    """Directional movement of the high, where it is the larger one."""
    above, below = _movements(of)
    return above.at_least(0.0) * (above > below)


def downward(of: Bars) -> Formula:
    """Directional movement of the low, where it is the larger one."""
    above, below = _movements(of)
    return below.at_least(0.0) * (below > above)


def _movements(of: Bars) -> tuple[Formula, Formula]:
    above = of.high / of.high.previous - 1
    return above, 1 - of.low / of.low.previous


def vortex_up(of: Bars) -> Formula:
    """Distance of the high from the previous low, over the close."""
    return abs(of.high - of.low.previous) / of.close


def vortex_down(of: Bars) -> Formula:
    """Distance of the low from the previous high, over the close."""
    return abs(of.low - of.high.previous) / of.close


def price_to_mean(of: Bars, n: int) -> Formula:
    """Close over its mean of `n` sessions, less one."""
    return of.close / of.close.mean(n) - 1


def mean_to_price(of: Bars, n: int) -> Formula:
    """Mean close of `n` sessions over the close."""
    return of.close.mean(n) / of.close


def mean_gap(of: Bars, n: int, long: int) -> Formula:
    """Mean close of `n` sessions over that of `long`, less one."""
    return of.close.mean(n) / of.close.mean(long) - 1


def mean_gap_change(of: Bars, n: int, long: int, signal: int) -> Formula:
    """Gap between mean closes of `n` and `long` sessions, less its mean of `signal`."""
    gap = mean_gap(of, n, long)
    return gap - gap.mean(signal)


def slope(of: Bars, n: int) -> Formula:
    """Slope a session of the line through `n` closes, over the close."""
    return of.close.slope(n) / of.close


def fit(of: Bars, n: int) -> Formula:
    """R squared of the line through `n` closes."""
    return correlation_with_time(of.close, LEAST_VOL * of.close, n).squared


def off_line(of: Bars, n: int) -> Formula:
    """Distance of the close from the line through `n` closes, over the close."""
    ahead = of.close.slope(n) * ((n - 1) / 2)
    return (of.close - of.close.mean(n) - ahead) / of.close


def trend_correlation(of: Bars, n: int) -> Formula:
    """Correlation of log price with time over `n` sessions."""
    return correlation_with_time(log_close(of), LEAST_VOL, n)


def correlation_with_time(series: Formula, least: Formula | float, n: int) -> Formula:
    """Correlation of `n` values with a straight line; 0 where they stood still.

    Parameters
    ----------
    series
        Values.
    least
        Standard deviation up to which they stood still.
    n
        Values of a window.
    """
    deviation = (series.variance(n) * ((n - 1) / n)).root
    line_deviation = math.sqrt((n * n - 1) / 12)
    found = series.slope(n) * line_deviation / deviation.at_least(least)
    return found.where(deviation - least, exceeds=0.0).clip(-1.0, 1.0)


def efficiency(of: Bars, n: int) -> Formula:
    """Net change of the close over the way it went in `n` sessions."""
    way = step(of).sum(n).at_least(LEAST_RANGE * of.close)
    return ((of.close - of.close.ago(n)) / way).clip(-1.0, 1.0)


def directional_movement(of: Bars, n: int) -> Formula:
    """Upward less downward movement over both, `n` sessions."""
    up, down = upward(of).sum(n), downward(of).sum(n)
    return ((up - down) / (up + down).at_least(LEAST_RANGE)).clip(-1.0, 1.0)


def directional_strength(of: Bars, n: int) -> Formula:
    """Mean size of the directional movement over `n` sessions."""
    return abs(directional_movement(of, n)).mean(n)


def vortex(of: Bars, n: int) -> Formula:
    """Upward less downward vortex movement over both, `n` sessions."""
    up, down = vortex_up(of).sum(n), vortex_down(of).sum(n)
    return ((up - down) / (up + down).at_least(LEAST_RANGE)).clip(-1.0, 1.0)


_APPEL = "Appel 1979, plain means"

KINDS = (
    Kind(
        price_to_mean,
        (20, 50, 200),
        "fraction",
        FALL,
        "Brock, Lakonishok and LeBaron 1992",
    ),
    Kind(mean_to_price, QLIB_WINDOWS, "ratio", POSITIVE, QLIB + "MA"),
    Kind(mean_gap, ((12, 26), (50, 200)), "fraction", FALL, _APPEL),
    Kind(mean_gap_change, ((12, 26, 9),), "fraction", ANY, _APPEL),
    Kind(slope, QLIB_WINDOWS, "fraction", ANY, QLIB + "BETA"),
    Kind(fit, QLIB_WINDOWS, "share", SHARE, QLIB + "RSQR"),
    Kind(off_line, QLIB_WINDOWS, "fraction", ANY, QLIB + "RESI"),
    Kind(
        trend_correlation,
        (20,),
        "correlation",
        SIGNED,
        "Root of R squared, with the sign of the slope",
    ),
    Kind(efficiency, (10, 20, 60), "share", SIGNED, "Kaufman 1995, with the sign"),
    Kind(directional_movement, (25,), "share", SIGNED, "Wilder 1978, plain sums"),
    Kind(directional_strength, (25,), "share", SHARE, "Wilder 1978, plain means"),
    Kind(vortex, (14,), "share", SIGNED, "Botes and Siepman 2010, as a balance"),
)
"""The features of this family."""
