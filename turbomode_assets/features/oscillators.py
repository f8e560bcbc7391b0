"""Oscillators: how one-sided the latest sessions were, on a fixed scale.

Every function maps bars and windows in sessions to a formula; units and bounds stand in
the table at the end. All averages are plain, so
that look-backs are finite. Nothing here compares symbols or reads volume.
"""

from turbomode_assets.features.bands import range_share
from turbomode_assets.features.bars import LEAST_RANGE, LEAST_VOL, Bars
from turbomode_assets.features.declaration import ANY, SHARE, SIGNED, Kind
from turbomode_assets.features.formula import Formula
from turbomode_assets.features.momentum import rise_share


def typical_price(of: Bars) -> Formula:
    """Mean of high, low and close."""
    return (of.high + of.low + of.close) / 3


def middle_price(of: Bars) -> Formula:
    """Mean of high and low."""
    return (of.high + of.low) / 2


def buying_pressure(of: Bars) -> Formula:
    """Close above the lower of low and previous close."""
    return of.close - of.low.at_most(of.close.previous)


def true_extent(of: Bars) -> Formula:
    """Span of high, low and previous close, in price."""
    previous = of.close.previous
    return of.high.at_least(previous) - of.low.at_most(previous)


def power(of: Bars) -> Formula:
    """Close less open over high less low, 0 without a range."""
    extent = (of.high - of.low).at_least(LEAST_RANGE * of.close)
    return ((of.close - of.open) / extent).clip(-1.0, 1.0)


def relative_strength(of: Bars, n: int) -> Formula:
    """Rises over all movement of the close in `n` sessions: RSI over 100."""
    return rise_share(of, n)


def stochastic(of: Bars, n: int, smoothed: int) -> Formula:
    """Place of the close in the range of `n` sessions, mean of `smoothed`."""
    return range_share(of, n).mean(smoothed)


def stochastic_strength(of: Bars, n: int) -> Formula:
    """Place of the relative strength of `n` sessions in its range of as many."""
    past = rise_share(of, n)
    low, high = past.lowest(n), past.highest(n)
    extent = (high - low).at_least(LEAST_VOL)
    return ((past - low) / extent).clip(0.0, 1.0)


def williams_range(of: Bars, n: int) -> Formula:
    """Close below the high of `n` sessions, over their range."""
    high = of.high.highest(n)
    extent = (high - of.low.lowest(n)).at_least(LEAST_RANGE * of.close)
    return ((of.close - high) / extent).clip(-1.0, 0.0)


def commodity_channel(of: Bars, n: int) -> Formula:
    """Typical price less its mean, in mean deviations of `n` sessions.

    Lambert's divisor of .015 is left out.
    """
    price = typical_price(of)
    spread = price.mean_deviation(n)
    return (price - price.mean(n)) / spread.at_least(LEAST_VOL * of.close)


def ultimate(of: Bars, n: int, middle: int, long: int) -> Formula:
    """Buying pressure over true range of `n`, `middle` and `long`, by 4, 2 and 1."""
    recent = 4 * _pressure(of, n) + 2 * _pressure(of, middle)
    return (recent + _pressure(of, long)) / 7


def _pressure(of: Bars, n: int) -> Formula:
    extent = true_extent(of).sum(n)
    extent = extent.at_least(LEAST_RANGE * of.close)
    return (buying_pressure(of).sum(n) / extent).clip(0.0, 1.0)


def balance_of_power(of: Bars, n: int) -> Formula:
    """Mean of close less open over high less low, `n` sessions."""
    return power(of).mean(n).clip(-1.0, 1.0)


def awesome(of: Bars, n: int, long: int) -> Formula:
    """Mean of middle prices of `n` sessions less that of `long`, over the close."""
    price = middle_price(of)
    return (price.mean(n) - price.mean(long)) / of.close


def detrended_price(of: Bars, n: int) -> Formula:
    """Close half of `n` sessions and one ago, less the mean of `n`, over the close."""
    return (of.close.ago(n // 2 + 1) - of.close.mean(n)) / of.close


_WILDER = "Wilder 1978, plain sums after Cutler"

KINDS = (
    Kind(relative_strength, (6, 14, 28), "share", SHARE, _WILDER),
    Kind(stochastic, ((14, 3),), "share", SHARE, "Lane 1984"),
    Kind(stochastic_strength, (14,), "share", SHARE, "Chande and Kroll 1994"),
    Kind(williams_range, (14,), "share", (-1.0, 0.0), "Williams 1973"),
    Kind(commodity_channel, (20,), "deviations", (-10.0, 10.0), "Lambert 1980"),
    Kind(ultimate, ((7, 14, 28),), "share", SHARE, "Williams 1985"),
    Kind(balance_of_power, (14,), "share", SIGNED, "Livshin 2001"),
    Kind(awesome, ((5, 34),), "fraction", ANY, "Williams 1998"),
    Kind(detrended_price, (20,), "fraction", ANY, "Detrended price"),
)
"""The features of this family."""
