"""Candles and gaps: the shape of the latest bar, against its own price or past.

Every function maps bars and windows in sessions to a formula; units and bounds stand in
the table at the end. Nothing here compares
symbols or reads volume.
"""

from turbomode_assets.features.bars import LEAST_RANGE, LEAST_VOL, Bars
from turbomode_assets.features.declaration import (
    ANY,
    FALL,
    POSITIVE,
    QLIB,
    SHARE,
    SIGNED,
    Kind,
)
from turbomode_assets.features.formula import Formula
from turbomode_assets.features.volatility import jump, true_range


def is_white(of: Bars) -> Formula:
    """1 where the close lies above the open, else 0."""
    return of.close > of.open


def body(of: Bars) -> Formula:
    """Close over open, less one."""
    return _body(of) / of.open


def span(of: Bars) -> Formula:
    """High less low, over the open."""
    return (of.high - of.low) / of.open


def body_share(of: Bars) -> Formula:
    """Close less open, over high less low."""
    return (_body(of) / _span(of)).clip(-1.0, 1.0)


def upper_shadow(of: Bars) -> Formula:
    """High less the higher of open and close, over the open."""
    return _above(of) / of.open


def upper_shadow_share(of: Bars) -> Formula:
    """High less the higher of open and close, over high less low."""
    return (_above(of) / _span(of)).clip(0.0, 1.0)


def lower_shadow(of: Bars) -> Formula:
    """Lower of open and close less the low, over the open."""
    return _below(of) / of.open


def lower_shadow_share(of: Bars) -> Formula:
    """Lower of open and close less the low, over high less low."""
    return (_below(of) / _span(of)).clip(0.0, 1.0)


def close_shift(of: Bars) -> Formula:
    """Twice the close less high and low, over the open."""
    return _shift(of) / of.open


def close_shift_share(of: Bars) -> Formula:
    """Twice the close less high and low, over high less low."""
    return (_shift(of) / _span(of)).clip(-1.0, 1.0)


def open_to_close(of: Bars) -> Formula:
    """Open over the close."""
    return of.open / of.close


def high_to_close(of: Bars) -> Formula:
    """High over the close."""
    return of.high / of.close


def low_to_close(of: Bars) -> Formula:
    """Low over the close."""
    return of.low / of.close


def typical_to_close(of: Bars) -> Formula:
    """Mean of high, low and close, over the close.

    Stands in for the volume-weighted price, which daily bars do not hold.
    """
    return (of.high + of.low + of.close) / (3 * of.close)


def gap(of: Bars) -> Formula:
    """Open over the previous close, less one."""
    return of.open / of.close.ago(1) - 1


def gap_surprise(of: Bars, n: int) -> Formula:
    """Log return from the previous close to the open, in deviations of `n` returns."""
    vol = of.log_return.std(n).at_least(LEAST_VOL)
    return jump(of) / vol


def range_surprise(of: Bars, n: int) -> Formula:
    """True range over its mean of `n` sessions."""
    ranged = true_range(of)
    return ranged / ranged.mean(n).at_least(LEAST_VOL)


def white_share(of: Bars, n: int) -> Formula:
    """Share of `n` sessions that closed above their open."""
    return is_white(of).mean(n)


def _body(of: Bars) -> Formula:
    return of.close - of.open


def _span(of: Bars) -> Formula:
    return (of.high - of.low).at_least(LEAST_RANGE * of.close)


def _above(of: Bars) -> Formula:
    return of.high - of.open.at_least(of.close)


def _below(of: Bars) -> Formula:
    return of.open.at_most(of.close) - of.low


def _shift(of: Bars) -> Formula:
    return of.close - of.high + (of.close - of.low)


_TO_ONE = (0.0, 1 + 1e-9)

KINDS = (
    Kind(body, (), "fraction", FALL, QLIB + "KMID"),
    Kind(span, (), "fraction", POSITIVE, QLIB + "KLEN"),
    Kind(body_share, (), "share", SIGNED, QLIB + "KMID2"),
    Kind(upper_shadow, (), "fraction", POSITIVE, QLIB + "KUP"),
    Kind(upper_shadow_share, (), "share", SHARE, QLIB + "KUP2"),
    Kind(lower_shadow, (), "fraction", SHARE, QLIB + "KLOW"),
    Kind(lower_shadow_share, (), "share", SHARE, QLIB + "KLOW2"),
    Kind(close_shift, (), "fraction", ANY, QLIB + "KSFT"),
    Kind(close_shift_share, (), "share", SIGNED, QLIB + "KSFT2"),
    Kind(open_to_close, (), "ratio", POSITIVE, QLIB + "OPEN0"),
    Kind(high_to_close, (), "ratio", (1 - 1e-9, None), QLIB + "HIGH0"),
    Kind(low_to_close, (), "ratio", _TO_ONE, QLIB + "LOW0"),
    Kind(
        typical_to_close,
        (),
        "ratio",
        POSITIVE,
        QLIB + "VWAP0, typical price for the volume-weighted one",
    ),
    Kind(gap, (), "fraction", FALL, "Overnight gap"),
    Kind(gap_surprise, (20,), "deviations", ANY, "Overnight gap against its habit"),
    Kind(range_surprise, (20,), "ratio", (0.0, 20.0), "Wilder 1978, against its mean"),
    Kind(white_share, (10,), "share", SHARE, "Psychological line, on candles"),
)
"""The features of this family."""
