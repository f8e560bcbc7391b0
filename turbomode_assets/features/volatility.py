"""Volatility: how far prices swing, in either direction.

Every function maps a panel and windows in sessions to values of the rows asked for;
units, bounds and look-backs stand in the table at the end. Values are never negative
and not annualized. No comparison of symbols beyond the market as a whole.
"""

import math

import numpy as np

from turbomode_assets.features import windows
from turbomode_assets.features.declaration import (
    POSITIVE,
    QLIB,
    QLIB_WINDOWS,
    SHARE,
    Kind,
    within,
)
from turbomode_assets.features.panel import LEAST_VOL, Panel
from turbomode_assets.features.windows import Array


def squared_range(of: Panel) -> Array:
    """Square of the log of high over low, in all rows."""
    return np.square(np.log(of.high.all / of.low.all))


def body(of: Panel) -> Array:
    """Log of close over open, in all rows."""
    return np.log(of.close.all / of.open.all)


def jump(of: Panel) -> Array:
    """Log of open over the previous close, in all rows."""
    return np.log(of.open.all / of.close.previous)


def shadows(of: Panel) -> Array:
    """Variance of a bar after Rogers and Satchell, in all rows."""
    opened: Array = np.log(of.open.all)
    high, low = np.log(of.high.all), np.log(of.low.all)
    moved: Array = np.log(of.close.all) - opened
    up: Array = high - opened
    down: Array = low - opened
    return (up - moved) * up + (down - moved) * down


def drop(of: Panel) -> Array:
    """Log return where it is negative, else 0, in all rows."""
    return np.minimum(of.log_return.all, 0.0)


def move(of: Panel) -> Array:
    """Absolute log return, in all rows."""
    return abs(of.log_return.all)


def true_range(of: Panel) -> Array:
    """Span of high, low and previous close, over the previous close, in all rows."""
    previous = of.close.previous
    high = np.maximum(of.high.all, previous)
    return (high - np.minimum(of.low.all, previous)) / previous


def close_vol(of: Panel, n: int) -> Array:
    """Standard deviation of log returns over `n` sessions."""
    return of.log_return.std(n)


def market_vol(of: Panel, n: int) -> Array:
    """Standard deviation of the market's log returns over `n` sessions.

    The same for all symbols up to rounding and gaps.
    """
    return of.market.std(n)


def price_deviation(of: Panel, n: int) -> Array:
    """Standard deviation of the close over `n` sessions, over the close."""
    return of.close.std(n) / of.close.now


def parkinson_vol(of: Panel, n: int) -> Array:
    """Volatility from high and low over `n` sessions."""
    return np.sqrt(
        np.maximum(of.derived(squared_range).mean(n), 0.0) / (4 * math.log(2))
    )


def garman_klass_vol(of: Panel, n: int) -> Array:
    """Volatility from open, high, low and close over `n` sessions."""
    ranged = of.derived(squared_range).mean(n) / 2
    moved = of.derived(body).mean_square(n) * (2 * math.log(2) - 1)
    return np.sqrt(np.maximum(ranged - moved, 0.0))


def rogers_satchell_vol(of: Panel, n: int) -> Array:
    """Volatility from open, high, low and close over `n` sessions, free of drift."""
    return np.sqrt(np.maximum(of.derived(shadows).mean(n), 0.0))


def yang_zhang_vol(of: Panel, n: int) -> Array:
    """Volatility with overnight jumps over `n` sessions, free of drift."""
    weight = 0.34 / (1.34 + (n + 1) / (n - 1))
    variance = of.derived(jump, 1).variance(n)
    variance = variance + weight * of.derived(body).variance(n)
    return np.sqrt(
        variance + (1 - weight) * np.maximum(of.derived(shadows).mean(n), 0.0)
    )


def downside_vol(of: Panel, n: int) -> Array:
    """Root mean square of falls over `n` sessions."""
    return np.sqrt(of.derived(drop, 1).mean_square(n))


def mean_true_range(of: Panel, n: int) -> Array:
    """Mean true range over `n` sessions, each over its previous close."""
    return of.derived(true_range, 1).mean(n)


def vol_ratio(of: Panel, n: int, long: int) -> Array:
    """Volatility of `n` sessions over that of `long`."""
    return of.log_return.std(n) / np.maximum(of.log_return.std(long), LEAST_VOL)


def vol_of_vol(of: Panel, n: int) -> Array:
    """Standard deviation of absolute log returns of `n` sessions over their mean."""
    moves = of.derived(move, 1)
    return moves.std(n) / np.maximum(moves.mean(n), LEAST_VOL)


def max_drawdown(of: Panel, n: int) -> Array:
    """Deepest close of `n` sessions below the highest of the `n` up to it."""
    past = of.earlier(n - 1).close
    return windows.highest(1 - past.now / past.highest(n), n)


def largest_move(of: Panel, n: int) -> Array:
    """Largest absolute log return of one session among `n`."""
    return of.derived(move, 1).highest(n)


def _twice(n: int) -> int:
    return 2 * n - 2


_CLOSES = "Close to close"

KINDS = (
    Kind(close_vol, (5, 20, 60), "per session", POSITIVE, _CLOSES),
    Kind(parkinson_vol, (20,), "per session", POSITIVE, "Parkinson 1980", within),
    Kind(
        garman_klass_vol,
        (20,),
        "per session",
        POSITIVE,
        "Garman and Klass 1980",
        within,
    ),
    Kind(
        rogers_satchell_vol,
        (20,),
        "per session",
        POSITIVE,
        "Rogers and Satchell 1991",
        within,
    ),
    Kind(yang_zhang_vol, (20,), "per session", POSITIVE, "Yang and Zhang 2000"),
    Kind(downside_vol, (20,), "per session", POSITIVE, "Sortino and van der Meer 1991"),
    Kind(mean_true_range, (14,), "fraction", POSITIVE, "Wilder 1978, plain mean"),
    Kind(vol_ratio, ((5, 60), (20, 250)), "ratio", POSITIVE, _CLOSES),
    Kind(vol_of_vol, (20, 60), "ratio", POSITIVE, "Baltussen, van Bekkum, Grient 2018"),
    Kind(max_drawdown, (60,), "fraction", SHARE, "Trailing maximum drawdown", _twice),
    Kind(
        largest_move,
        (20,),
        "log return",
        POSITIVE,
        "After Bali, Cakici and Whitelaw 2011, without the sign",
    ),
    Kind(market_vol, (20,), "per session", POSITIVE, "Equal-weight market"),
    Kind(price_deviation, QLIB_WINDOWS, "fraction", POSITIVE, QLIB + "STD", within),
)
"""The features of this family."""
