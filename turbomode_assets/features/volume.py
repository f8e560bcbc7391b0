"""Volume: how much changed hands against the symbol's own habit.

Every function maps a panel and windows in sessions to values of the rows asked for;
units, bounds and look-backs stand in the table at the end. Volume enters only as a
ratio to the same symbol's volume, so splits and size drop out. What volume says
together with price stands in `flow`.
"""

import numpy as np

from turbomode_assets.features.declaration import (
    ANY,
    QLIB,
    QLIB_WINDOWS,
    SHARE,
    SIGNED,
    Kind,
    within,
)
from turbomode_assets.features.panel import LEAST_VOL, Panel
from turbomode_assets.features.trend import correlation_with_time
from turbomode_assets.features.windows import Array

LEAST_RATIO = 0.01
"""Smallest ratio of volumes: a hundredth of the habit is as good as no trading at all,
and a halted symbol stays finite."""

LEAST_SHARES = 1.0
"""Less than one share a session is no trading, only rounding."""

_LOG_RATIO = (np.log(LEAST_RATIO) - 1e-9, None)
_CAPPED = (0.0, 1 / LEAST_RATIO)


def log_volume(of: Panel) -> Array:
    """Log of one more than the volume, in all rows."""
    return np.log1p(of.volume.all)


def volume_rise(of: Panel) -> Array:
    """Rise of volume since the previous bar, 0 where it fell, in all rows."""
    return np.maximum(of.volume.all - of.volume.previous, 0.0)


def volume_fall(of: Panel) -> Array:
    """Fall of volume since the previous bar, 0 where it rose, in all rows."""
    return np.maximum(of.volume.previous - of.volume.all, 0.0)


def traded_value(of: Panel) -> Array:
    """Close times volume, in all rows."""
    return of.close.all * of.volume.all


def volume_surprise(of: Panel, n: int, long: int) -> Array:
    """Log of mean volume of `n` sessions over that of `long`."""
    usual = np.maximum(of.volume.mean(long), LEAST_SHARES)
    return np.log(np.maximum(of.volume.mean(n) / usual, LEAST_RATIO))


def value_surprise(of: Panel, n: int, long: int) -> Array:
    """Log of mean traded value of `n` sessions over that of `long`."""
    value = of.derived(traded_value)
    usual = np.maximum(value.mean(long), LEAST_SHARES * of.close.now)
    return np.log(np.maximum(value.mean(n) / usual, LEAST_RATIO))


def volume_deviation(of: Panel, n: int) -> Array:
    """Log volume less its mean, in standard deviations of `n` sessions."""
    logs = of.derived(log_volume)
    return (logs.now - logs.mean(n)) / np.maximum(logs.std(n), LEAST_VOL)


def volume_trend(of: Panel, n: int) -> Array:
    """Correlation of log volume with time over `n` sessions."""
    return correlation_with_time(of.derived(log_volume), np.float64(LEAST_VOL), n)


def mean_volume_ratio(of: Panel, n: int) -> Array:
    """Mean volume of `n` sessions over the volume, at most 100."""
    return of.volume.mean(n) / _volume(of, n)


def volume_spread(of: Panel, n: int) -> Array:
    """Standard deviation of the volume of `n` sessions over the volume.

    Where less than a hundredth of the mean was traded, over that hundredth.
    """
    return of.volume.std(n) / _volume(of, n)


def _volume(of: Panel, n: int) -> Array:
    habit = np.maximum(of.volume.mean(n), LEAST_SHARES)
    return np.maximum(of.volume.now, LEAST_RATIO * habit)


def volume_rise_share(of: Panel, n: int) -> Array:
    """Rises over all changes of volume in `n` sessions."""
    return np.clip(of.derived(volume_rise, 1).sum(n) / _changes(of, n), 0.0, 1.0)


def volume_fall_share(of: Panel, n: int) -> Array:
    """Falls over all changes of volume in `n` sessions."""
    return np.clip(of.derived(volume_fall, 1).sum(n) / _changes(of, n), 0.0, 1.0)


def volume_rise_balance(of: Panel, n: int) -> Array:
    """Rises less falls, over all changes of volume in `n` sessions."""
    return volume_rise_share(of, n) - volume_fall_share(of, n)


def _changes(of: Panel, n: int) -> Array:
    changed = of.derived(volume_rise, 1).sum(n) + of.derived(volume_fall, 1).sum(n)
    return np.maximum(changed, LEAST_SHARES)


_GERVAIS = "Gervais, Kaniel and Mingelgrin 2001"

KINDS = (
    Kind(
        volume_surprise,
        ((1, 60), (5, 60), (20, 60)),
        "logarithm",
        _LOG_RATIO,
        _GERVAIS,
        within,
    ),
    Kind(value_surprise, ((20, 250),), "logarithm", _LOG_RATIO, _GERVAIS, within),
    Kind(volume_deviation, (20, 60), "deviations", ANY, _GERVAIS, within),
    Kind(volume_trend, (20,), "correlation", SIGNED, "Least-squares line", within),
    Kind(mean_volume_ratio, QLIB_WINDOWS, "ratio", _CAPPED, QLIB + "VMA", within),
    Kind(volume_spread, QLIB_WINDOWS, "ratio", (0.0, 800.0), QLIB + "VSTD", within),
    Kind(volume_rise_share, QLIB_WINDOWS, "share", SHARE, QLIB + "VSUMP"),
    Kind(volume_fall_share, QLIB_WINDOWS, "share", SHARE, QLIB + "VSUMN"),
    Kind(volume_rise_balance, QLIB_WINDOWS, "share", SIGNED, QLIB + "VSUMD"),
)
"""The features of this family."""
