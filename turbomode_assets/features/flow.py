"""Flow: at which prices volume changed hands, and how much it took to move them.

Every function maps a panel and windows in sessions to values of the rows asked for;
units, bounds and look-backs stand in the table at the end. Volume enters only as a
ratio to the same symbol's volume, so splits and size drop out. Nothing here compares
symbols.
"""

import numpy as np

from turbomode_assets.features.bands import place_between
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
from turbomode_assets.features.oscillators import typical_price
from turbomode_assets.features.panel import LEAST_RANGE, Panel
from turbomode_assets.features.trend import correlation_with_time
from turbomode_assets.features.volatility import move
from turbomode_assets.features.volume import (
    LEAST_RATIO,
    LEAST_SHARES,
    log_volume,
    traded_value,
)
from turbomode_assets.features.windows import Array


def close_place(of: Panel) -> Array:
    """Place of the close between low (-1) and high (+1), in all rows."""
    return place_between(of.close.all, of.low.all, of.high.all)


def placed_volume(of: Panel) -> Array:
    """Volume times the place of the close in its range, in all rows."""
    return of.volume.all * close_place(of)


def directed_volume(of: Panel) -> Array:
    """Volume with the sign of the log return, in all rows."""
    return of.volume.all * np.sign(of.log_return.all)


def balance_of_volume(of: Panel) -> Array:
    """Running total of the volume with the sign of its session, in all rows."""
    return of.derived(directed_volume, 1).column.totals[1:]


def value_inflow(of: Panel) -> Array:
    """Traded value where the typical price rose, else 0, in all rows."""
    price = of.derived(typical_price)
    return price.all * of.volume.all * (price.all > price.previous)


def value_outflow(of: Panel) -> Array:
    """Traded value where the typical price fell, else 0, in all rows."""
    price = of.derived(typical_price)
    return price.all * of.volume.all * (price.all < price.previous)


def weighted_move(of: Panel) -> Array:
    """Size of the return times volume, in all rows."""
    return abs(of.close.all / of.close.previous - 1) * of.volume.all


def growth(of: Panel) -> Array:
    """Close over the previous close, in all rows."""
    return of.close.all / of.close.previous


def volume_growth(of: Panel) -> Array:
    """Log of one more than volume over the previous volume, in all rows."""
    return np.log1p(of.volume.all / np.maximum(of.volume.previous, LEAST_SHARES))


def illiquidity_surprise(of: Panel, n: int, long: int) -> Array:
    """Log of price move per dollar traded, `n` sessions against `long`.

    Moves and dollars are summed before they are divided, so that one session without
    trades does not decide.
    """
    moves, dollars = of.derived(move, 1), of.derived(traded_value)
    moved = moves.mean(n) / np.maximum(moves.mean(long), LEAST_RANGE)
    usual = np.maximum(dollars.mean(long), LEAST_RATIO * of.close.now)
    traded = np.maximum(dollars.mean(n) / usual, LEAST_RATIO)
    impact = np.maximum(moved, LEAST_RATIO) / traded
    return np.log(np.clip(impact, LEAST_RATIO, 1 / LEAST_RATIO))


def close_location(of: Panel, n: int) -> Array:
    """Mean place of the close between low (-1) and high (+1) over `n` sessions."""
    return np.clip(of.derived(close_place).mean(n), -1.0, 1.0)


def money_location(of: Panel, n: int) -> Array:
    """Mean place of the close in its range, weighted by volume, over `n` sessions."""
    return np.clip(of.derived(placed_volume).sum(n) / _all_volume(of, n), -1.0, 1.0)


def signed_volume(of: Panel, n: int) -> Array:
    """Volume of rising less falling sessions, over all volume of `n`."""
    directed = of.derived(directed_volume, 1).sum(n)
    return np.clip(directed / _all_volume(of, n), -1.0, 1.0)


def _all_volume(of: Panel, n: int) -> Array:
    return np.maximum(of.volume.sum(n), LEAST_SHARES)


def balance_trend(of: Panel, n: int) -> Array:
    """Correlation of on-balance volume with time over `n` sessions."""
    balance = of.derived(balance_of_volume, 1)
    return correlation_with_time(balance, _all_volume(of, n) * 1e-6, n)


def money_flow(of: Panel, n: int) -> Array:
    """Value traded at rising typical prices over all value moved, `n` sessions."""
    inflow = of.derived(value_inflow, 1).sum(n)
    moved = inflow + of.derived(value_outflow, 1).sum(n)
    return np.clip(inflow / np.maximum(moved, LEAST_SHARES * of.close.now), 0.0, 1.0)


def price_to_volume_mean(of: Panel, n: int) -> Array:
    """Close over the volume-weighted mean close of `n` sessions, less one."""
    traded = of.derived(traded_value).sum(n) / _all_volume(of, n)
    is_traded = of.volume.sum(n) > LEAST_SHARES
    return np.where(is_traded, of.close.now / traded - 1, 0.0)


def price_volume_correlation(of: Panel, n: int) -> Array:
    """Correlation of the close with log volume over `n` sessions."""
    return of.correlation(of.close, of.derived(log_volume), n)


def growth_correlation(of: Panel, n: int) -> Array:
    """Correlation of returns with log volume growth over `n` sessions."""
    return of.correlation(of.derived(growth, 1), of.derived(volume_growth, 1), n)


def weighted_vol(of: Panel, n: int) -> Array:
    """Standard deviation over mean of absolute returns times volume, `n` sessions."""
    weighted = of.derived(weighted_move, 1)
    return weighted.std(n) / np.maximum(weighted.mean(n), LEAST_RANGE * LEAST_SHARES)


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
    Kind(close_location, (5, 10, 20), "correlation", SIGNED, _CHAIKIN, within),
    Kind(money_location, (20,), "correlation", SIGNED, "Chaikin money flow", within),
    Kind(signed_volume, (20,), "share", SIGNED, _GRANVILLE),
    Kind(balance_trend, (20,), "correlation", SIGNED, _GRANVILLE),
    Kind(money_flow, (14,), "share", SHARE, "Quong and Soudack 1989"),
    Kind(price_to_volume_mean, (20,), "fraction", ANY, "Moving VWAP", within),
    Kind(
        price_volume_correlation,
        QLIB_WINDOWS,
        "correlation",
        SIGNED,
        QLIB + "CORR",
        within,
    ),
    Kind(
        growth_correlation, QLIB_WINDOWS, "correlation", SIGNED, QLIB + "CORD", before
    ),
    Kind(weighted_vol, QLIB_WINDOWS, "ratio", POSITIVE, QLIB + "WVMA", before),
)
"""The features of this family."""
