"""Trend: where a price stands on its own path, and how straight the path is.

Every function maps a panel and windows in sessions to values of the rows asked for;
units, bounds and look-backs stand in the table at the end. Movements are averaged with
equal weight instead of being smoothed forever, so that look-backs are finite. Nothing
here compares symbols or reads volume.
"""

import numpy as np

from turbomode_assets.features import windows
from turbomode_assets.features.declaration import (
    ANY,
    FALL,
    POSITIVE,
    QLIB,
    QLIB_WINDOWS,
    SHARE,
    SIGNED,
    Kind,
    within,
)
from turbomode_assets.features.panel import LEAST_RANGE, LEAST_VOL, Panel
from turbomode_assets.features.track import Track
from turbomode_assets.features.windows import Array


def log_close(of: Panel) -> Array:
    """Log of the close over that of the symbol's first bar, in all rows."""
    return of.log_return.column.totals[1:]


def step(of: Panel) -> Array:
    """Size of the change of the close since the previous bar, in all rows."""
    return abs(of.close.all - of.close.previous)


def upward(of: Panel) -> Array:
    """Directional movement of the high, where it is the larger one, in all rows."""
    above, below = _movements(of)
    return above * ((above > below) & (above > 0))


def downward(of: Panel) -> Array:
    """Directional movement of the low, where it is the larger one, in all rows."""
    above, below = _movements(of)
    return below * ((below > above) & (below > 0))


def _movements(of: Panel) -> tuple[Array, Array]:
    above = of.high.all / of.high.previous - 1
    return above, 1 - of.low.all / of.low.previous


def vortex_up(of: Panel) -> Array:
    """Distance of the high from the previous low, over the close, in all rows."""
    return abs(of.high.all - of.low.previous) / of.close.all


def vortex_down(of: Panel) -> Array:
    """Distance of the low from the previous high, over the close, in all rows."""
    return abs(of.low.all - of.high.previous) / of.close.all


def price_to_mean(of: Panel, n: int) -> Array:
    """Close over its mean of `n` sessions, less one."""
    return of.close.now / of.close.mean(n) - 1


def mean_to_price(of: Panel, n: int) -> Array:
    """Mean close of `n` sessions over the close."""
    return of.close.mean(n) / of.close.now


def mean_gap(of: Panel, n: int, long: int) -> Array:
    """Mean close of `n` sessions over that of `long`, less one."""
    return of.close.mean(n) / of.close.mean(long) - 1


def mean_gap_change(of: Panel, n: int, long: int, signal: int) -> Array:
    """Gap between mean closes of `n` and `long` sessions, less its mean of `signal`."""
    gap = mean_gap(of.earlier(signal - 1), n, long)
    return gap[signal - 1 :] - windows.total(gap, signal) / signal


def slope(of: Panel, n: int) -> Array:
    """Slope a session of the line through `n` closes, over the close."""
    return of.close.slope(n) / of.close.now


def fit(of: Panel, n: int) -> Array:
    """R squared of the line through `n` closes."""
    return np.square(correlation_with_time(of.close, LEAST_VOL * of.close.now, n))


def off_line(of: Panel, n: int) -> Array:
    """Distance of the close from the line through `n` closes, over the close."""
    ahead = of.close.slope(n) * ((n - 1) / 2)
    return (of.close.now - of.close.mean(n) - ahead) / of.close.now


def trend_correlation(of: Panel, n: int) -> Array:
    """Correlation of log price with time over `n` sessions."""
    return correlation_with_time(of.derived(log_close), np.float64(LEAST_VOL), n)


def correlation_with_time(series: Track, least: Array | np.float64, n: int) -> Array:
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
    deviation = np.sqrt(series.variance(n) * ((n - 1) / n))
    line_deviation = ((n**2 - 1) / 12) ** 0.5
    found = series.slope(n) * line_deviation / np.maximum(deviation, least)
    return np.clip(np.where(deviation > least, found, 0.0), -1.0, 1.0)


def efficiency(of: Panel, n: int) -> Array:
    """Net change of the close over the way it went in `n` sessions."""
    way = np.maximum(of.derived(step, 1).sum(n), LEAST_RANGE * of.close.now)
    return np.clip((of.close.now - of.close.ago(n)) / way, -1.0, 1.0)


def directional_movement(of: Panel, n: int) -> Array:
    """Upward less downward movement over both, `n` sessions."""
    up, down = of.derived(upward, 1).sum(n), of.derived(downward, 1).sum(n)
    return np.clip((up - down) / np.maximum(up + down, LEAST_RANGE), -1.0, 1.0)


def directional_strength(of: Panel, n: int) -> Array:
    """Mean size of the directional movement over `n` sessions."""
    moved = abs(directional_movement(of.earlier(n - 1), n))
    return windows.total(moved, n) / n


def vortex(of: Panel, n: int) -> Array:
    """Upward less downward vortex movement over both, `n` sessions."""
    up, down = of.derived(vortex_up, 1).sum(n), of.derived(vortex_down, 1).sum(n)
    return np.clip((up - down) / np.maximum(up + down, LEAST_RANGE), -1.0, 1.0)


def _nested(n: int) -> int:
    return 2 * n - 1


def _signaled(n: int, long: int, signal: int) -> int:
    return max(n, long) + signal - 2


_APPEL = "Appel 1979, plain means"

KINDS = (
    Kind(
        price_to_mean,
        (20, 50, 200),
        "fraction",
        FALL,
        "Brock, Lakonishok and LeBaron 1992",
        within,
    ),
    Kind(mean_to_price, QLIB_WINDOWS, "ratio", POSITIVE, QLIB + "MA", within),
    Kind(mean_gap, ((12, 26), (50, 200)), "fraction", FALL, _APPEL, within),
    Kind(mean_gap_change, ((12, 26, 9),), "fraction", ANY, _APPEL, _signaled),
    Kind(slope, QLIB_WINDOWS, "fraction", ANY, QLIB + "BETA", within),
    Kind(fit, QLIB_WINDOWS, "share", SHARE, QLIB + "RSQR", within),
    Kind(off_line, QLIB_WINDOWS, "fraction", ANY, QLIB + "RESI", within),
    Kind(
        trend_correlation,
        (20,),
        "correlation",
        SIGNED,
        "Root of R squared, with the sign of the slope",
        within,
    ),
    Kind(efficiency, (10, 20, 60), "share", SIGNED, "Kaufman 1995, with the sign"),
    Kind(directional_movement, (25,), "share", SIGNED, "Wilder 1978, plain sums"),
    Kind(
        directional_strength, (25,), "share", SHARE, "Wilder 1978, plain means", _nested
    ),
    Kind(vortex, (14,), "share", SIGNED, "Botes and Siepman 2010, as a balance"),
)
"""The features of this family."""
