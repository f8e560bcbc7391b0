"""Oscillators: how one-sided the latest sessions were, on a fixed scale.

Every function maps a panel and windows in sessions to values of the rows asked for;
units, bounds and look-backs stand in the table at the end. All averages are plain, so
that look-backs are finite. Nothing here compares symbols or reads volume.
"""

import numpy as np

from turbomode_assets.features import windows
from turbomode_assets.features.bands import range_share
from turbomode_assets.features.declaration import (
    ANY,
    SHARE,
    SIGNED,
    Kind,
    before,
    within,
)
from turbomode_assets.features.momentum import rise_share
from turbomode_assets.features.panel import LEAST_RANGE, LEAST_VOL, Panel
from turbomode_assets.features.windows import Array


def typical_price(of: Panel) -> Array:
    """Mean of high, low and close, in all rows."""
    return (of.high.all + of.low.all + of.close.all) / 3


def middle_price(of: Panel) -> Array:
    """Mean of high and low, in all rows."""
    return (of.high.all + of.low.all) / 2


def buying_pressure(of: Panel) -> Array:
    """Close above the lower of low and previous close, in all rows."""
    return of.close.all - np.minimum(of.low.all, of.close.previous)


def true_extent(of: Panel) -> Array:
    """Span of high, low and previous close, in price, in all rows."""
    previous = of.close.previous
    return np.maximum(of.high.all, previous) - np.minimum(of.low.all, previous)


def power(of: Panel) -> Array:
    """Close less open over high less low, 0 without a range, in all rows."""
    extent = np.maximum(of.high.all - of.low.all, LEAST_RANGE * of.close.all)
    return np.clip((of.close.all - of.open.all) / extent, -1.0, 1.0)


def relative_strength(of: Panel, n: int) -> Array:
    """Rises over all movement of the close in `n` sessions: RSI over 100."""
    return rise_share(of, n)


def stochastic(of: Panel, n: int, smoothed: int) -> Array:
    """Place of the close in the range of `n` sessions, mean of `smoothed`."""
    return windows.total(range_share(of.earlier(smoothed - 1), n), smoothed) / smoothed


def stochastic_strength(of: Panel, n: int) -> Array:
    """Place of the relative strength of `n` sessions in its range of as many."""
    past = rise_share(of.earlier(n - 1), n)
    low, high = windows.lowest(past, n), windows.highest(past, n)
    extent = np.maximum(high - low, LEAST_VOL)
    return np.clip((past[n - 1 :] - low) / extent, 0.0, 1.0)


def williams_range(of: Panel, n: int) -> Array:
    """Close below the high of `n` sessions, over their range."""
    high = of.high.highest(n)
    extent = np.maximum(high - of.low.lowest(n), LEAST_RANGE * of.close.now)
    return np.clip((of.close.now - high) / extent, -1.0, 0.0)


def commodity_channel(of: Panel, n: int) -> Array:
    """Typical price less its mean, in mean deviations of `n` sessions.

    Lambert's divisor of .015 is left out.
    """
    price = of.derived(typical_price)
    mean = price.mean(n)
    spread = windows.mean_deviation(price.window(n), mean, n)
    return (price.now - mean) / np.maximum(spread, LEAST_VOL * of.close.now)


def ultimate(of: Panel, n: int, middle: int, long: int) -> Array:
    """Buying pressure over true range of `n`, `middle` and `long`, by 4, 2 and 1."""
    recent = 4 * _pressure(of, n) + 2 * _pressure(of, middle)
    return (recent + _pressure(of, long)) / 7


def _pressure(of: Panel, n: int) -> Array:
    extent = of.derived(true_extent, 1).sum(n)
    extent = np.maximum(extent, LEAST_RANGE * of.close.now)
    return np.clip(of.derived(buying_pressure, 1).sum(n) / extent, 0.0, 1.0)


def balance_of_power(of: Panel, n: int) -> Array:
    """Mean of close less open over high less low, `n` sessions."""
    return np.clip(of.derived(power).mean(n), -1.0, 1.0)


def awesome(of: Panel, n: int, long: int) -> Array:
    """Mean of middle prices of `n` sessions less that of `long`, over the close."""
    price = of.derived(middle_price)
    return (price.mean(n) - price.mean(long)) / of.close.now


def detrended_price(of: Panel, n: int) -> Array:
    """Close half of `n` sessions and one ago, less the mean of `n`, over the close."""
    return (of.close.ago(n // 2 + 1) - of.close.mean(n)) / of.close.now


def _smoothed(n: int, smoothed: int) -> int:
    return n + smoothed - 2


def _nested(n: int) -> int:
    return 2 * n - 1


_WILDER = "Wilder 1978, plain sums after Cutler"

KINDS = (
    Kind(relative_strength, (6, 14, 28), "share", SHARE, _WILDER),
    Kind(stochastic, ((14, 3),), "share", SHARE, "Lane 1984", _smoothed),
    Kind(stochastic_strength, (14,), "share", SHARE, "Chande and Kroll 1994", _nested),
    Kind(williams_range, (14,), "share", (-1.0, 0.0), "Williams 1973", within),
    Kind(commodity_channel, (20,), "deviations", (-10.0, 10.0), "Lambert 1980", within),
    Kind(ultimate, ((7, 14, 28),), "share", SHARE, "Williams 1985", before),
    Kind(balance_of_power, (14,), "share", SIGNED, "Livshin 2001", within),
    Kind(awesome, ((5, 34),), "fraction", ANY, "Williams 1998", within),
    Kind(detrended_price, (20,), "fraction", ANY, "Detrended price", within),
)
"""The features of this family."""
