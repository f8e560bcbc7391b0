"""Bands: where the close lies between the extremes and quantiles of its past.

Every function maps a panel and windows in sessions to values of the rows asked for;
units, bounds and look-backs stand in the table at the end. Nothing here compares
symbols or reads volume.
"""

import numpy as np

from turbomode_assets.features import windows
from turbomode_assets.features.declaration import (
    ANY,
    POSITIVE,
    QLIB,
    QLIB_WINDOWS,
    SHARE,
    SIGNED,
    Kind,
    before,
    within,
)
from turbomode_assets.features.panel import LEAST_RANGE, LEAST_VOL, Panel
from turbomode_assets.features.volatility import true_range
from turbomode_assets.features.windows import Array


def place_between(close: Array, low: Array, high: Array) -> Array:
    """Place of the close between `low` (-1) and `high` (+1); 0 without a range.

    Examples
    --------
    >>> place_between(np.array([1.5]), np.array([1.0]), np.array([3.0])).item()
    -0.5
    """
    extent = np.maximum((high - low) / close, LEAST_RANGE)
    return np.clip(((close - high) + (close - low)) / close / extent, -1.0, 1.0)


def position_in_range(of: Panel, n: int) -> Array:
    """Place of the close between low (-1) and high (+1) of `n` sessions."""
    return place_between(of.close.now, of.low.lowest(n), of.high.highest(n))


def range_share(of: Panel, n: int) -> Array:
    """Height of the close above the low of `n` sessions, over their range."""
    low = of.low.lowest(n)
    extent = np.maximum(of.high.highest(n) - low, LEAST_RANGE * of.close.now)
    return np.clip((of.close.now - low) / extent, 0.0, 1.0)


def highest_to_price(of: Panel, n: int) -> Array:
    """Highest high of `n` sessions over the close."""
    return of.high.highest(n) / of.close.now


def lowest_to_price(of: Panel, n: int) -> Array:
    """Lowest low of `n` sessions over the close."""
    return of.low.lowest(n) / of.close.now


def upper_quantile(of: Panel, n: int) -> Array:
    """80 % quantile of the closes of `n` sessions, over the close."""
    upper: Array = of.close.fifths(n)[1]
    return upper / of.close.now


def lower_quantile(of: Panel, n: int) -> Array:
    """20 % quantile of the closes of `n` sessions, over the close."""
    lower: Array = of.close.fifths(n)[0]
    return lower / of.close.now


def price_rank(of: Panel, n: int) -> Array:
    """Rank of the close among the closes of `n` sessions, over `n`."""
    return windows.rank_of_latest(of.close.window(n), n)


def high_recency(of: Panel, n: int) -> Array:
    """Place in time of the highest high of `n` sessions, over `n`; 1 is now."""
    return of.high.place_of_highest(n) / n


def low_recency(of: Panel, n: int) -> Array:
    """Place in time of the lowest low of `n` sessions, over `n`; 1 is now."""
    return of.low.place_of_lowest(n) / n


def high_after_low(of: Panel, n: int) -> Array:
    """Sessions from the low of `n` to their high, over `n`; negative if before."""
    return (of.high.place_of_highest(n) - of.low.place_of_lowest(n)) / n


def band_place(of: Panel, n: int) -> Array:
    """Close less its mean, in standard deviations of `n` closes."""
    deviation = np.maximum(of.close.std(n), LEAST_VOL * of.close.now)
    return (of.close.now - of.close.mean(n)) / deviation


def band_width(of: Panel, n: int) -> Array:
    """Four standard deviations of `n` closes, over their mean."""
    return 4 * of.close.std(n) / of.close.mean(n)


def keltner_place(of: Panel, n: int) -> Array:
    """Close over its mean of `n` sessions less one, in mean true ranges."""
    ranged = np.maximum(of.derived(true_range, 1).mean(n), LEAST_VOL)
    return (of.close.now / of.close.mean(n) - 1) / ranged


def range_width(of: Panel, n: int) -> Array:
    """Range between high and low of `n` sessions, over the close."""
    return (of.high.highest(n) - of.low.lowest(n)) / of.close.now


_FROM_ONE = (1 - 1e-9, None)
_TO_ONE = (0.0, 1 + 1e-9)

KINDS = (
    Kind(
        position_in_range,
        (20, 60, 252),
        "correlation",
        SIGNED,
        "George and Hwang 2004",
        within,
    ),
    Kind(highest_to_price, QLIB_WINDOWS, "ratio", _FROM_ONE, QLIB + "MAX", within),
    Kind(lowest_to_price, QLIB_WINDOWS, "ratio", _TO_ONE, QLIB + "MIN", within),
    Kind(upper_quantile, QLIB_WINDOWS, "ratio", POSITIVE, QLIB + "QTLU", within),
    Kind(lower_quantile, QLIB_WINDOWS, "ratio", POSITIVE, QLIB + "QTLD", within),
    Kind(price_rank, QLIB_WINDOWS, "share", SHARE, QLIB + "RANK", within),
    Kind(range_share, QLIB_WINDOWS, "share", SHARE, QLIB + "RSV", within),
    Kind(high_recency, QLIB_WINDOWS, "share", SHARE, QLIB + "IMAX", within),
    Kind(low_recency, QLIB_WINDOWS, "share", SHARE, QLIB + "IMIN", within),
    Kind(high_after_low, QLIB_WINDOWS, "share", SIGNED, QLIB + "IMXD", within),
    Kind(band_place, (20,), "deviations", ANY, "Bollinger 1992", within),
    Kind(band_width, (20,), "fraction", POSITIVE, "Bollinger 1992", within),
    Kind(keltner_place, (20,), "ratio", ANY, "Keltner 1960, plain means", before),
    Kind(range_width, (20, 55), "fraction", POSITIVE, "Donchian 1960", within),
)
"""The features of this family."""
