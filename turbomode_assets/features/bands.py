"""Bands: where the close lies between the extremes and quantiles of its past.

Every function maps bars and windows in sessions to a formula; units and bounds stand in
the table at the end. Nothing here compares
symbols or reads volume.
"""

from turbomode_assets.features.bars import LEAST_RANGE, LEAST_VOL, Bars
from turbomode_assets.features.declaration import (
    ANY,
    POSITIVE,
    QLIB,
    QLIB_WINDOWS,
    SHARE,
    SIGNED,
    Kind,
)
from turbomode_assets.features.formula import Formula
from turbomode_assets.features.volatility import true_range


def place_between(close: Formula, low: Formula, high: Formula) -> Formula:
    """Place of the close between `low` (-1) and `high` (+1); 0 without a range."""
    extent = ((high - low) / close).at_least(LEAST_RANGE)
    return ((close - high + (close - low)) / close / extent).clip(-1.0, 1.0)


def position_in_range(of: Bars, n: int) -> Formula:
    """Place of the close between low (-1) and high (+1) of `n` sessions."""
    return place_between(of.close, of.low.lowest(n), of.high.highest(n))


def range_share(of: Bars, n: int) -> Formula:
    """Height of the close above the low of `n` sessions, over their range."""
    low = of.low.lowest(n)
    extent = (of.high.highest(n) - low).at_least(LEAST_RANGE * of.close)
    return ((of.close - low) / extent).clip(0.0, 1.0)


def highest_to_price(of: Bars, n: int) -> Formula:
    """Highest high of `n` sessions over the close."""
    return of.high.highest(n) / of.close


def lowest_to_price(of: Bars, n: int) -> Formula:
    """Lowest low of `n` sessions over the close."""
    return of.low.lowest(n) / of.close


def upper_quantile(of: Bars, n: int) -> Formula:
    """80 % quantile of the closes of `n` sessions, over the close."""
    return of.close.upper_fifth(n) / of.close


def lower_quantile(of: Bars, n: int) -> Formula:
    """20 % quantile of the closes of `n` sessions, over the close."""
    return of.close.lower_fifth(n) / of.close


def price_rank(of: Bars, n: int) -> Formula:
    """Rank of the close among the closes of `n` sessions, over `n`."""
    return of.close.rank(n)


def high_recency(of: Bars, n: int) -> Formula:
    """Place in time of the highest high of `n` sessions, over `n`; 1 is now."""
    return of.high.place_of_highest(n) / n


def low_recency(of: Bars, n: int) -> Formula:
    """Place in time of the lowest low of `n` sessions, over `n`; 1 is now."""
    return of.low.place_of_lowest(n) / n


def high_after_low(of: Bars, n: int) -> Formula:
    """Sessions from the low of `n` to their high, over `n`; negative if before."""
    return (of.high.place_of_highest(n) - of.low.place_of_lowest(n)) / n


def band_place(of: Bars, n: int) -> Formula:
    """Close less its mean, in standard deviations of `n` closes."""
    deviation = of.close.std(n).at_least(LEAST_VOL * of.close)
    return (of.close - of.close.mean(n)) / deviation


def band_width(of: Bars, n: int) -> Formula:
    """Four standard deviations of `n` closes, over their mean."""
    return 4 * of.close.std(n) / of.close.mean(n)


def keltner_place(of: Bars, n: int) -> Formula:
    """Close over its mean of `n` sessions less one, in mean true ranges."""
    ranged = true_range(of).mean(n).at_least(LEAST_VOL)
    return (of.close / of.close.mean(n) - 1) / ranged


def range_width(of: Bars, n: int) -> Formula:
    """Range between high and low of `n` sessions, over the close."""
    return (of.high.highest(n) - of.low.lowest(n)) / of.close


_FROM_ONE = (1 - 1e-9, None)
_TO_ONE = (0.0, 1 + 1e-9)

KINDS = (
    Kind(
        position_in_range, (20, 60, 252), "correlation", SIGNED, "George and Hwang 2004"
    ),
    Kind(highest_to_price, QLIB_WINDOWS, "ratio", _FROM_ONE, QLIB + "MAX"),
    Kind(lowest_to_price, QLIB_WINDOWS, "ratio", _TO_ONE, QLIB + "MIN"),
    Kind(upper_quantile, QLIB_WINDOWS, "ratio", POSITIVE, QLIB + "QTLU"),
    Kind(lower_quantile, QLIB_WINDOWS, "ratio", POSITIVE, QLIB + "QTLD"),
    Kind(price_rank, QLIB_WINDOWS, "share", SHARE, QLIB + "RANK"),
    Kind(range_share, QLIB_WINDOWS, "share", SHARE, QLIB + "RSV"),
    Kind(high_recency, QLIB_WINDOWS, "share", SHARE, QLIB + "IMAX"),
    Kind(low_recency, QLIB_WINDOWS, "share", SHARE, QLIB + "IMIN"),
    Kind(high_after_low, QLIB_WINDOWS, "share", SIGNED, QLIB + "IMXD"),
    Kind(band_place, (20,), "deviations", ANY, "Bollinger 1992"),
    Kind(band_width, (20,), "fraction", POSITIVE, "Bollinger 1992"),
    Kind(keltner_place, (20,), "ratio", ANY, "Keltner 1960, plain means"),
    Kind(range_width, (20, 55), "fraction", POSITIVE, "Donchian 1960"),
)
"""The features of this family."""
