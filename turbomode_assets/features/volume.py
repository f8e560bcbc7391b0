"""Volume: how much changed hands against the symbol's own habit.

Every function maps bars and windows in sessions to a formula; units and bounds stand in
the table at the end. Volume enters only as a
ratio to the same symbol's volume, so splits and size drop out. What volume says
together with price stands in `flow`.
"""

import math

from turbomode_assets.features.bars import LEAST_VOL, Bars
from turbomode_assets.features.declaration import (
    ANY,
    QLIB,
    QLIB_WINDOWS,
    SHARE,
    SIGNED,
    Kind,
)
from turbomode_assets.features.formula import Formula
from turbomode_assets.features.trend import correlation_with_time

LEAST_RATIO = 0.01
"""Smallest ratio of volumes: a hundredth of the habit is as good as no trading at all,
and a halted symbol stays finite."""

LEAST_SHARES = 1.0
"""Less than one share a session is no trading, only rounding."""

_LOG_RATIO = (math.log(LEAST_RATIO) - 1e-9, None)
_CAPPED = (0.0, 1 / LEAST_RATIO)


def log_volume(of: Bars) -> Formula:
    """Log of one more than the volume."""
    return (of.volume + 1.0).log


def volume_rise(of: Bars) -> Formula:
    """Rise of volume since the previous bar, 0 where it fell."""
    return (of.volume - of.volume.previous).at_least(0.0)


def volume_fall(of: Bars) -> Formula:
    """Fall of volume since the previous bar, 0 where it rose."""
    return (of.volume.previous - of.volume).at_least(0.0)


def traded_value(of: Bars) -> Formula:
    """Close times volume."""
    return of.close * of.volume


def volume_surprise(of: Bars, n: int, long: int) -> Formula:
    """Log of mean volume of `n` sessions over that of `long`."""
    usual = of.volume.mean(long).at_least(LEAST_SHARES)
    return (of.volume.mean(n) / usual).at_least(LEAST_RATIO).log


def value_surprise(of: Bars, n: int, long: int) -> Formula:
    """Log of mean traded value of `n` sessions over that of `long`."""
    value = traded_value(of)
    usual = value.mean(long).at_least(LEAST_SHARES * of.close)
    return (value.mean(n) / usual).at_least(LEAST_RATIO).log


def volume_deviation(of: Bars, n: int) -> Formula:
    """Log volume less its mean, in standard deviations of `n` sessions."""
    logs = log_volume(of)
    return (logs - logs.mean(n)) / logs.std(n).at_least(LEAST_VOL)


def volume_trend(of: Bars, n: int) -> Formula:
    """Correlation of log volume with time over `n` sessions."""
    return correlation_with_time(log_volume(of), LEAST_VOL, n)


def mean_volume_ratio(of: Bars, n: int) -> Formula:
    """Mean volume of `n` sessions over the volume, at most 100."""
    return of.volume.mean(n) / _volume(of, n)


def volume_spread(of: Bars, n: int) -> Formula:
    """Standard deviation of the volume of `n` sessions over the volume.

    Where less than a hundredth of the mean was traded, over that hundredth.
    """
    return of.volume.std(n) / _volume(of, n)


def _volume(of: Bars, n: int) -> Formula:
    habit = of.volume.mean(n).at_least(LEAST_SHARES)
    return of.volume.at_least(LEAST_RATIO * habit)


def volume_rise_share(of: Bars, n: int) -> Formula:
    """Rises over all changes of volume in `n` sessions."""
    return (volume_rise(of).sum(n) / _changes(of, n)).clip(0.0, 1.0)


def volume_fall_share(of: Bars, n: int) -> Formula:
    """Falls over all changes of volume in `n` sessions."""
    return (volume_fall(of).sum(n) / _changes(of, n)).clip(0.0, 1.0)


def volume_rise_balance(of: Bars, n: int) -> Formula:
    """Rises less falls, over all changes of volume in `n` sessions."""
    return volume_rise_share(of, n) - volume_fall_share(of, n)


def _changes(of: Bars, n: int) -> Formula:
    changed = volume_rise(of).sum(n) + volume_fall(of).sum(n)
    return changed.at_least(LEAST_SHARES)


_GERVAIS = "Gervais, Kaniel and Mingelgrin 2001"

KINDS = (
    Kind(
        volume_surprise, ((1, 60), (5, 60), (20, 60)), "logarithm", _LOG_RATIO, _GERVAIS
    ),
    Kind(value_surprise, ((20, 250),), "logarithm", _LOG_RATIO, _GERVAIS),
    Kind(volume_deviation, (20, 60), "deviations", ANY, _GERVAIS),
    Kind(volume_trend, (20,), "correlation", SIGNED, "Least-squares line"),
    Kind(mean_volume_ratio, QLIB_WINDOWS, "ratio", _CAPPED, QLIB + "VMA"),
    Kind(volume_spread, QLIB_WINDOWS, "ratio", (0.0, 800.0), QLIB + "VSTD"),
    Kind(volume_rise_share, QLIB_WINDOWS, "share", SHARE, QLIB + "VSUMP"),
    Kind(volume_fall_share, QLIB_WINDOWS, "share", SHARE, QLIB + "VSUMN"),
    Kind(volume_rise_balance, QLIB_WINDOWS, "share", SIGNED, QLIB + "VSUMD"),
)
"""The features of this family."""
