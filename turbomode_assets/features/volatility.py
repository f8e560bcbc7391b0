"""Volatility: how far prices swing, in either direction.

Every function maps bars and windows in sessions to a formula; units and bounds stand in
the table at the end. Values are never negative
and not annualized. No comparison of symbols beyond the market as a whole.
"""

import math

from turbomode_assets.features.bars import LEAST_VOL, Bars
from turbomode_assets.features.declaration import (
    POSITIVE,
    QLIB,
    QLIB_WINDOWS,
    SHARE,
    Kind,
)
from turbomode_assets.features.formula import Formula


def squared_range(of: Bars) -> Formula:
    """Square of the log of high over low."""
    return (of.high / of.low).log.squared


def body(of: Bars) -> Formula:
    """Log of close over open."""
    return (of.close / of.open).log


def jump(of: Bars) -> Formula:
    """Log of open over the previous close."""
    return (of.open / of.close.previous).log


def shadows(of: Bars) -> Formula:
    """Variance of a bar after Rogers and Satchell."""
    up, down = (of.high / of.open).log, (of.low / of.open).log
    return (up - body(of)) * up + (down - body(of)) * down


def drop(of: Bars) -> Formula:
    """Log return where it is negative, else 0."""
    return of.log_return.at_most(0.0)


def move(of: Bars) -> Formula:
    """Absolute log return."""
    return abs(of.log_return)


def true_range(of: Bars) -> Formula:
    """Span of high, low and previous close, over the previous close."""
    previous = of.close.previous
    high = of.high.at_least(previous)
    return (high - of.low.at_most(previous)) / previous


def close_vol(of: Bars, n: int) -> Formula:
    """Standard deviation of log returns over `n` sessions."""
    return of.log_return.std(n)


def market_vol(of: Bars, n: int) -> Formula:
    """Standard deviation of the market's log returns over `n` sessions.

    The same for all symbols up to rounding and gaps.
    """
    return of.market.std(n)


def price_deviation(of: Bars, n: int) -> Formula:
    """Standard deviation of the close over `n` sessions, over the close."""
    return of.close.std(n) / of.close


def parkinson_vol(of: Bars, n: int) -> Formula:
    """Volatility from high and low over `n` sessions."""
    return (squared_range(of).mean(n).at_least(0.0) / (4 * math.log(2))).root


def garman_klass_vol(of: Bars, n: int) -> Formula:
    """Volatility from open, high, low and close over `n` sessions."""
    ranged = squared_range(of).mean(n) / 2
    moved = body(of).mean_square(n) * (2 * math.log(2) - 1)
    return (ranged - moved).at_least(0.0).root


def rogers_satchell_vol(of: Bars, n: int) -> Formula:
    """Volatility from open, high, low and close over `n` sessions, free of drift."""
    return shadows(of).mean(n).at_least(0.0).root


def yang_zhang_vol(of: Bars, n: int) -> Formula:
    """Volatility with overnight jumps over `n` sessions, free of drift."""
    weight = 0.34 / (1.34 + (n + 1) / (n - 1))
    variance = jump(of).variance(n)
    variance = variance + weight * body(of).variance(n)
    return (variance + (1 - weight) * shadows(of).mean(n).at_least(0.0)).root


def downside_vol(of: Bars, n: int) -> Formula:
    """Root mean square of falls over `n` sessions."""
    return drop(of).mean_square(n).root


def mean_true_range(of: Bars, n: int) -> Formula:
    """Mean true range over `n` sessions, each over its previous close."""
    return true_range(of).mean(n)


def vol_ratio(of: Bars, n: int, long: int) -> Formula:
    """Volatility of `n` sessions over that of `long`."""
    return of.log_return.std(n) / of.log_return.std(long).at_least(LEAST_VOL)


def vol_of_vol(of: Bars, n: int) -> Formula:
    """Standard deviation of absolute log returns of `n` sessions over their mean."""
    moves = move(of)
    return moves.std(n) / moves.mean(n).at_least(LEAST_VOL)


def max_drawdown(of: Bars, n: int) -> Formula:
    """Deepest close of `n` sessions below the highest of the `n` up to it."""
    past = of.close
    return (1 - past / past.highest(n)).highest(n)


def largest_move(of: Bars, n: int) -> Formula:
    """Largest absolute log return of one session among `n`."""
    return move(of).highest(n)


_CLOSES = "Close to close"

KINDS = (
    Kind(close_vol, (5, 20, 60), "per session", POSITIVE, _CLOSES),
    Kind(parkinson_vol, (20,), "per session", POSITIVE, "Parkinson 1980"),
    Kind(garman_klass_vol, (20,), "per session", POSITIVE, "Garman and Klass 1980"),
    Kind(
        rogers_satchell_vol, (20,), "per session", POSITIVE, "Rogers and Satchell 1991"
    ),
    Kind(yang_zhang_vol, (20,), "per session", POSITIVE, "Yang and Zhang 2000"),
    Kind(downside_vol, (20,), "per session", POSITIVE, "Sortino and van der Meer 1991"),
    Kind(mean_true_range, (14,), "fraction", POSITIVE, "Wilder 1978, plain mean"),
    Kind(vol_ratio, ((5, 60), (20, 250)), "ratio", POSITIVE, _CLOSES),
    Kind(vol_of_vol, (20, 60), "ratio", POSITIVE, "Baltussen, van Bekkum, Grient 2018"),
    Kind(max_drawdown, (60,), "fraction", SHARE, "Trailing maximum drawdown"),
    Kind(
        largest_move,
        (20,),
        "log return",
        POSITIVE,
        "After Bali, Cakici and Whitelaw 2011, without the sign",
    ),
    Kind(market_vol, (20,), "per session", POSITIVE, "Equal-weight market"),
    Kind(price_deviation, QLIB_WINDOWS, "fraction", POSITIVE, QLIB + "STD"),
)
"""The features of this family."""
