"""Candles and gaps: the shape of the latest bar, against its own price or past.

Every function maps a panel and windows in sessions to values of the rows asked for;
units, bounds and look-backs stand in the table at the end. Nothing here compares
symbols or reads volume.
"""

import numpy as np

from turbomode_assets.features.declaration import (
    ANY,
    FALL,
    POSITIVE,
    QLIB,
    SHARE,
    SIGNED,
    Kind,
    within,
)
from turbomode_assets.features.panel import LEAST_RANGE, LEAST_VOL, Panel
from turbomode_assets.features.volatility import jump, true_range
from turbomode_assets.features.windows import Array


def is_white(of: Panel) -> Array:
    """1 where the close lies above the open, else 0, in all rows."""
    return (of.close.all > of.open.all).astype(float)


def body(of: Panel) -> Array:
    """Close over open, less one."""
    return _body(of) / of.open.now


def span(of: Panel) -> Array:
    """High less low, over the open."""
    return (of.high.now - of.low.now) / of.open.now


def body_share(of: Panel) -> Array:
    """Close less open, over high less low."""
    return np.clip(_body(of) / _span(of), -1.0, 1.0)


def upper_shadow(of: Panel) -> Array:
    """High less the higher of open and close, over the open."""
    return _above(of) / of.open.now


def upper_shadow_share(of: Panel) -> Array:
    """High less the higher of open and close, over high less low."""
    return np.clip(_above(of) / _span(of), 0.0, 1.0)


def lower_shadow(of: Panel) -> Array:
    """Lower of open and close less the low, over the open."""
    return _below(of) / of.open.now


def lower_shadow_share(of: Panel) -> Array:
    """Lower of open and close less the low, over high less low."""
    return np.clip(_below(of) / _span(of), 0.0, 1.0)


def close_shift(of: Panel) -> Array:
    """Twice the close less high and low, over the open."""
    return _shift(of) / of.open.now


def close_shift_share(of: Panel) -> Array:
    """Twice the close less high and low, over high less low."""
    return np.clip(_shift(of) / _span(of), -1.0, 1.0)


def open_to_close(of: Panel) -> Array:
    """Open over the close."""
    return of.open.now / of.close.now


def high_to_close(of: Panel) -> Array:
    """High over the close."""
    return of.high.now / of.close.now


def low_to_close(of: Panel) -> Array:
    """Low over the close."""
    return of.low.now / of.close.now


def typical_to_close(of: Panel) -> Array:
    """Mean of high, low and close, over the close.

    Stands in for the volume-weighted price, which daily bars do not hold.
    """
    return (of.high.now + of.low.now + of.close.now) / (3 * of.close.now)


def gap(of: Panel) -> Array:
    """Open over the previous close, less one."""
    return of.open.now / of.close.ago(1) - 1


def gap_surprise(of: Panel, n: int) -> Array:
    """Log return from the previous close to the open, in deviations of `n` returns."""
    vol = np.maximum(of.log_return.std(n), LEAST_VOL)
    return of.derived(jump, 1).now / vol


def range_surprise(of: Panel, n: int) -> Array:
    """True range over its mean of `n` sessions."""
    ranged = of.derived(true_range, 1)
    return ranged.now / np.maximum(ranged.mean(n), LEAST_VOL)


def white_share(of: Panel, n: int) -> Array:
    """Share of `n` sessions that closed above their open."""
    return of.derived(is_white).mean(n)


def _body(of: Panel) -> Array:
    return of.close.now - of.open.now


def _span(of: Panel) -> Array:
    return np.maximum(of.high.now - of.low.now, LEAST_RANGE * of.close.now)


def _above(of: Panel) -> Array:
    return of.high.now - np.maximum(of.open.now, of.close.now)


def _below(of: Panel) -> Array:
    return np.minimum(of.open.now, of.close.now) - of.low.now


def _shift(of: Panel) -> Array:
    return (of.close.now - of.high.now) + (of.close.now - of.low.now)


_TO_ONE = (0.0, 1 + 1e-9)

KINDS = (
    Kind(body, (), "fraction", FALL, QLIB + "KMID", within),
    Kind(span, (), "fraction", POSITIVE, QLIB + "KLEN", within),
    Kind(body_share, (), "share", SIGNED, QLIB + "KMID2", within),
    Kind(upper_shadow, (), "fraction", POSITIVE, QLIB + "KUP", within),
    Kind(upper_shadow_share, (), "share", SHARE, QLIB + "KUP2", within),
    Kind(lower_shadow, (), "fraction", SHARE, QLIB + "KLOW", within),
    Kind(lower_shadow_share, (), "share", SHARE, QLIB + "KLOW2", within),
    Kind(close_shift, (), "fraction", ANY, QLIB + "KSFT", within),
    Kind(close_shift_share, (), "share", SIGNED, QLIB + "KSFT2", within),
    Kind(open_to_close, (), "ratio", POSITIVE, QLIB + "OPEN0", within),
    Kind(high_to_close, (), "ratio", (1 - 1e-9, None), QLIB + "HIGH0", within),
    Kind(low_to_close, (), "ratio", _TO_ONE, QLIB + "LOW0", within),
    Kind(
        typical_to_close,
        (),
        "ratio",
        POSITIVE,
        QLIB + "VWAP0, typical price for the volume-weighted one",
        within,
    ),
    Kind(gap, (), "fraction", FALL, "Overnight gap"),
    Kind(gap_surprise, (20,), "deviations", ANY, "Overnight gap against its habit"),
    Kind(range_surprise, (20,), "ratio", (0.0, 20.0), "Wilder 1978, against its mean"),
    Kind(white_share, (10,), "share", SHARE, "Psychological line, on candles", within),
)
"""The features of this family."""
