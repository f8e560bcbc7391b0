"""Momentum and reversal: how far a price came, by which steps, and when it moved.

Every function maps a panel and windows in sessions to values of the rows asked for;
units, bounds and look-backs stand in the table at the end. Nothing here compares
symbols or reads volume.
"""

import math

import numpy as np

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
from turbomode_assets.features.panel import LEAST_RANGE, LEAST_VOL, Panel
from turbomode_assets.features.windows import Array

_TITMAN = "Jegadeesh and Titman 1993"


def overnight_move(of: Panel) -> Array:
    """Size of the log return from the previous close to the open, in all rows."""
    return abs(np.log(of.open.all / of.close.previous))


def session_move(of: Panel) -> Array:
    """Size of the log return from open to close, in all rows."""
    return abs(np.log(of.close.all / of.open.all))


def rise(of: Panel) -> Array:
    """Rise of the close since the previous bar, 0 where it fell, in all rows."""
    return np.maximum(of.close.all - of.close.previous, 0.0)


def fall(of: Panel) -> Array:
    """Fall of the close since the previous bar, 0 where it rose, in all rows."""
    return np.maximum(of.close.previous - of.close.all, 0.0)


def is_up(of: Panel) -> Array:
    """1 where the close rose since the previous bar, else 0, in all rows."""
    return (of.close.all > of.close.previous).astype(float)


def is_down(of: Panel) -> Array:
    """1 where the close fell since the previous bar, else 0, in all rows."""
    return (of.close.all < of.close.previous).astype(float)


def trailing_return(of: Panel, n: int) -> Array:
    """Total return over `n` sessions."""
    return of.close.now / of.close.ago(n) - 1


def earlier_price(of: Panel, n: int) -> Array:
    """Close of `n` sessions ago over the close."""
    return of.close.ago(n) / of.close.now


def skipped_return(of: Panel, n: int, skipped: int) -> Array:
    """Total return from `n` to `skipped` sessions ago.

    Leaves out the latest stretch, in which returns tend to reverse.
    """
    return of.close.ago(skipped) / of.close.ago(n) - 1


def reversal(of: Panel, n: int, long: int) -> Array:
    """Negative log return over `n` sessions, in standard deviations of `long`."""
    vol = np.maximum(of.log_return.std(long), LEAST_VOL)
    return -np.log(of.close.now / of.close.ago(n)) / (vol * math.sqrt(n))


def acceleration(of: Panel, n: int, long: int) -> Array:
    """Log return a session over `n` sessions less that over `long`."""
    recent = np.log(of.close.now / of.close.ago(n)) / n
    return recent - np.log(of.close.now / of.close.ago(long)) / long


def information_discreteness(of: Panel, n: int) -> Array:
    """Share of falls less that of rises over `n` sessions, signed by the whole move.

    Low where a move came in many small steps, high where it came in few large ones.
    """
    return np.sign(of.close.now - of.close.ago(n)) * -up_balance(of, n)


def overnight_share(of: Panel, n: int) -> Array:
    """Overnight part of all movement over `n` sessions."""
    overnight = of.derived(overnight_move, 1).sum(n)
    moved = overnight + of.derived(session_move, 1).sum(n)
    return np.clip(overnight / np.maximum(moved, LEAST_RANGE), 0.0, 1.0)


def up_share(of: Panel, n: int) -> Array:
    """Share of `n` sessions that closed higher."""
    return of.derived(is_up, 1).mean(n)


def down_share(of: Panel, n: int) -> Array:
    """Share of `n` sessions that closed lower."""
    return of.derived(is_down, 1).mean(n)


def up_balance(of: Panel, n: int) -> Array:
    """Share of `n` sessions that closed higher less those that closed lower."""
    return up_share(of, n) - down_share(of, n)


def rise_share(of: Panel, n: int) -> Array:
    """Rises over all movement of the close in `n` sessions."""
    return np.clip(of.derived(rise, 1).sum(n) / _movement(of, n), 0.0, 1.0)


def fall_share(of: Panel, n: int) -> Array:
    """Falls over all movement of the close in `n` sessions."""
    return np.clip(of.derived(fall, 1).sum(n) / _movement(of, n), 0.0, 1.0)


def rise_balance(of: Panel, n: int) -> Array:
    """Rises less falls, over all movement of the close in `n` sessions."""
    return rise_share(of, n) - fall_share(of, n)


def _movement(of: Panel, n: int) -> Array:
    moved = of.derived(rise, 1).sum(n) + of.derived(fall, 1).sum(n)
    return np.maximum(moved, LEAST_RANGE * of.close.now)


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
