"""Flow: at which prices volume changed hands, and how much it took to move them.

Every function maps bars and windows in sessions to a formula; units and bounds stand in
the table at the end. Volume enters only as a
ratio to the same symbol's volume, so splits and size drop out. Nothing here compares
symbols.
"""

from turbomode_assets.features.bands import place_between
from turbomode_assets.features.bars import LEAST_RANGE, Bars, correlation
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
from turbomode_assets.features.oscillators import typical_price
from turbomode_assets.features.trend import correlation_with_time
from turbomode_assets.features.volatility import move
from turbomode_assets.features.volume import (
    LEAST_RATIO,
    LEAST_SHARES,
    log_volume,
    traded_value,
)


def close_place(of: Bars) -> Formula:
    """Place of the close between low (-1) and high (+1)."""
    return place_between(of.close, of.low, of.high)


def placed_volume(of: Bars) -> Formula:
    """Volume times the place of the close in its range."""
    return of.volume * close_place(of)


def directed_volume(of: Bars) -> Formula:
    """Volume with the sign of the log return."""
    return of.volume * of.log_return.sign


def balance_of_volume(of: Bars) -> Formula:
    """Running total of the volume with the sign of its session."""
    return directed_volume(of).running_total


def value_inflow(of: Bars) -> Formula:
    """Traded value where the typical price rose, else 0."""
    price = typical_price(of)
    return price * of.volume * (price > price.previous)


def value_outflow(of: Bars) -> Formula:
    """Traded value where the typical price fell, else 0."""
    price = typical_price(of)
    return price * of.volume * (price < price.previous)


def weighted_move(of: Bars) -> Formula:
    """Size of the return times volume."""
    return abs(of.close / of.close.previous - 1) * of.volume


def growth(of: Bars) -> Formula:
    """Close over the previous close."""
    return of.close / of.close.previous


def volume_growth(of: Bars) -> Formula:
    """Log of one more than volume over the previous volume."""
    return (of.volume / of.volume.previous.at_least(LEAST_SHARES) + 1.0).log


def illiquidity_surprise(of: Bars, n: int, long: int) -> Formula:
    """Log of price move per dollar traded, `n` sessions against `long`.

    Moves and dollars are summed before they are divided, so that one session without
    trades does not decide.
    """
    moves, dollars = move(of), traded_value(of)
    moved = moves.mean(n) / moves.mean(long).at_least(LEAST_RANGE)
    usual = dollars.mean(long).at_least(LEAST_RATIO * of.close)
    traded = (dollars.mean(n) / usual).at_least(LEAST_RATIO)
    impact = moved.at_least(LEAST_RATIO) / traded
    return impact.clip(LEAST_RATIO, 1 / LEAST_RATIO).log


def close_location(of: Bars, n: int) -> Formula:
    """Mean place of the close between low (-1) and high (+1) over `n` sessions."""
    return close_place(of).mean(n).clip(-1.0, 1.0)


def money_location(of: Bars, n: int) -> Formula:
    """Mean place of the close in its range, weighted by volume, over `n` sessions."""
    return (placed_volume(of).sum(n) / _all_volume(of, n)).clip(-1.0, 1.0)


def signed_volume(of: Bars, n: int) -> Formula:
    """Volume of rising less falling sessions, over all volume of `n`."""
    directed = directed_volume(of).sum(n)
    return (directed / _all_volume(of, n)).clip(-1.0, 1.0)


def _all_volume(of: Bars, n: int) -> Formula:
    return of.volume.sum(n).at_least(LEAST_SHARES)


def balance_trend(of: Bars, n: int) -> Formula:
    """Correlation of on-balance volume with time over `n` sessions."""
    balance = balance_of_volume(of)
    return correlation_with_time(balance, _all_volume(of, n) * 1e-6, n)


def money_flow(of: Bars, n: int) -> Formula:
    """Value traded at rising typical prices over all value moved, `n` sessions."""
    inflow = value_inflow(of).sum(n)
    moved = inflow + value_outflow(of).sum(n)
    return (inflow / moved.at_least(LEAST_SHARES * of.close)).clip(0.0, 1.0)


def price_to_volume_mean(of: Bars, n: int) -> Formula:
    """Close over the volume-weighted mean close of `n` sessions, less one."""
    traded = traded_value(of).sum(n) / _all_volume(of, n)
    return (of.close / traded - 1).where(of.volume.sum(n), exceeds=LEAST_SHARES)


def price_volume_correlation(of: Bars, n: int) -> Formula:
    """Correlation of the close with log volume over `n` sessions."""
    return correlation(of.close, log_volume(of), n)


def growth_correlation(of: Bars, n: int) -> Formula:
    """Correlation of returns with log volume growth over `n` sessions."""
    return correlation(growth(of), volume_growth(of), n)


def weighted_vol(of: Bars, n: int) -> Formula:
    """Standard deviation over mean of absolute returns times volume, `n` sessions."""
    weighted = weighted_move(of)
    return weighted.std(n) / weighted.mean(n).at_least(LEAST_RANGE * LEAST_SHARES)


_CHAIKIN = "Chaikin's close location value"
_GRANVILLE = "Granville 1963, made relative"

KINDS = (
    Kind(
        illiquidity_surprise,
        ((5, 60),),
        "logarithm",
        (-4.7, 4.7),
        "Amihud 2002, against the symbol's own habit",
    ),
    Kind(close_location, (5, 10, 20), "correlation", SIGNED, _CHAIKIN),
    Kind(money_location, (20,), "correlation", SIGNED, "Chaikin money flow"),
    Kind(signed_volume, (20,), "share", SIGNED, _GRANVILLE),
    Kind(balance_trend, (20,), "correlation", SIGNED, _GRANVILLE),
    Kind(money_flow, (14,), "share", SHARE, "Quong and Soudack 1989"),
    Kind(price_to_volume_mean, (20,), "fraction", ANY, "Moving VWAP"),
    Kind(price_volume_correlation, QLIB_WINDOWS, "correlation", SIGNED, QLIB + "CORR"),
    Kind(growth_correlation, QLIB_WINDOWS, "correlation", SIGNED, QLIB + "CORD"),
    Kind(weighted_vol, QLIB_WINDOWS, "ratio", POSITIVE, QLIB + "WVMA"),
)
"""The features of this family."""
