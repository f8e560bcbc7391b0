"""Momentum and reversal: how far a price came, by which steps, and when it moved.

Every function maps bars and windows in sessions to a formula; units and bounds stand in
the table at the end. Nothing here compares
symbols or reads volume.
"""

import math

from turbomode_assets.features.bars import LEAST_RANGE, LEAST_VOL, Bars
from turbomode_assets.features.declaration import (
    ANY,
    FALL,
    POSITIVE,
    QLIB,
    QLIB_WINDOWS,
    SHARE,
    SIGNED,
    Kind,
)
from turbomode_assets.features.formula import Formula
from turbomode_assets.features.volatility import body, jump

_TITMAN = "Jegadeesh and Titman 1993"


def overnight_move(of: Bars) -> Formula:
    """Size of the log return from the previous close to the open."""
    return abs(jump(of))


def session_move(of: Bars) -> Formula:
    """Size of the log return from open to close."""
    return abs(body(of))


def rise(of: Bars) -> Formula:
    """Rise of the close since the previous bar, 0 where it fell."""
    return (of.close - of.close.previous).at_least(0.0)


def fall(of: Bars) -> Formula:
    """Fall of the close since the previous bar, 0 where it rose."""
    return (of.close.previous - of.close).at_least(0.0)


def is_up(of: Bars) -> Formula:
    """1 where the close rose since the previous bar, else 0."""
    return of.close > of.close.previous


def is_down(of: Bars) -> Formula:
    """1 where the close fell since the previous bar, else 0."""
    return of.close < of.close.previous


def trailing_return(of: Bars, n: int) -> Formula:
    """Total return over `n` sessions."""
    return of.close / of.close.ago(n) - 1


def earlier_price(of: Bars, n: int) -> Formula:
    """Close of `n` sessions ago over the close."""
    return of.close.ago(n) / of.close


def skipped_return(of: Bars, n: int, skipped: int) -> Formula:
    """Total return from `n` to `skipped` sessions ago.

    Leaves out the latest stretch, in which returns tend to reverse.
    """
    return of.close.ago(skipped) / of.close.ago(n) - 1


def reversal(of: Bars, n: int, long: int) -> Formula:
    """Negative log return over `n` sessions, in standard deviations of `long`."""
    vol = of.log_return.std(long).at_least(LEAST_VOL)
    return -of.log_return.sum(n) / (vol * math.sqrt(n))


def acceleration(of: Bars, n: int, long: int) -> Formula:
    """Log return a session over `n` sessions less that over `long`."""
    return of.log_return.mean(n) - of.log_return.mean(long)


def information_discreteness(of: Bars, n: int) -> Formula:
    """Share of falls less that of rises over `n` sessions, signed by the whole move.

    Low where a move came in many small steps, high where it came in few large ones.
    """
    return (of.close - of.close.ago(n)).sign * -up_balance(of, n)


def overnight_share(of: Bars, n: int) -> Formula:
    """Overnight part of all movement over `n` sessions."""
    overnight = overnight_move(of).sum(n)
    moved = overnight + session_move(of).sum(n)
    return (overnight / moved.at_least(LEAST_RANGE)).clip(0.0, 1.0)


def up_share(of: Bars, n: int) -> Formula:
    """Share of `n` sessions that closed higher."""
    return is_up(of).mean(n)


def down_share(of: Bars, n: int) -> Formula:
    """Share of `n` sessions that closed lower."""
    return is_down(of).mean(n)


def up_balance(of: Bars, n: int) -> Formula:
    """Share of `n` sessions that closed higher less those that closed lower."""
    return up_share(of, n) - down_share(of, n)


def rise_share(of: Bars, n: int) -> Formula:
    """Rises over all movement of the close in `n` sessions."""
    return (rise(of).sum(n) / _movement(of, n)).clip(0.0, 1.0)


def fall_share(of: Bars, n: int) -> Formula:
    """Falls over all movement of the close in `n` sessions."""
    return (fall(of).sum(n) / _movement(of, n)).clip(0.0, 1.0)


def rise_balance(of: Bars, n: int) -> Formula:
    """Rises less falls, over all movement of the close in `n` sessions."""
    return rise_share(of, n) - fall_share(of, n)


def _movement(of: Bars, n: int) -> Formula:
    moved = rise(of).sum(n) + fall(of).sum(n)
    return moved.at_least(LEAST_RANGE * of.close)


KINDS = (
    Kind(trailing_return, (1, 5, 10, 20, 60, 120, 250), "fraction", FALL, _TITMAN),
    Kind(earlier_price, QLIB_WINDOWS, "ratio", POSITIVE, QLIB + "ROC"),
    Kind(skipped_return, ((250, 20),), "fraction", FALL, _TITMAN),
    Kind(reversal, ((5, 60),), "deviations", ANY, "Lehmann 1990"),
    Kind(acceleration, ((20, 120),), "log return", ANY, "Gettleman and Marks 2006"),
    Kind(
        information_discreteness,
        (60, 250),
        "share",
        SIGNED,
        "Da, Gurun and Warachka 2014",
    ),
    Kind(overnight_share, (10, 20), "share", SHARE, "Lou, Polk and Skouras 2019"),
    Kind(up_share, QLIB_WINDOWS, "share", SHARE, QLIB + "CNTP"),
    Kind(down_share, QLIB_WINDOWS, "share", SHARE, QLIB + "CNTN"),
    Kind(up_balance, QLIB_WINDOWS, "share", SIGNED, QLIB + "CNTD"),
    Kind(rise_share, QLIB_WINDOWS, "share", SHARE, QLIB + "SUMP"),
    Kind(fall_share, QLIB_WINDOWS, "share", SHARE, QLIB + "SUMN"),
    Kind(rise_balance, QLIB_WINDOWS, "share", SIGNED, QLIB + "SUMD"),
)
"""The features of this family."""
