"""Symbols against each other: returns of market and sectors.

A group's return in a session is the plain mean of the returns of its symbols that
traded, and it is taken over the same gap as the symbol's own where that one missed
sessions. Membership is looked up point in time. No windows here.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import sessions

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]

_DAY_BITS = 32
"""Bits that a day takes beside the number of a symbol."""

NO_SECTOR = "unknown"
"""Sector of symbols that do not belong to the universe in a session."""


def sector_codes(bars: pl.DataFrame, universe: pl.DataFrame) -> Codes:
    """Number of the sector each bar belongs to in its session.

    Parameters
    ----------
    bars
        Columns symbol and session, sorted by both.
    universe
        Rows of `tables.UNIVERSE`; of two rows that hold, the later one counts.
    """
    names = pl.Enum([NO_SECTOR, *sorted({*universe["sector"]} - {NO_SECTOR})])
    runs = bars["symbol"].rle().struct
    symbols, length = pl.Enum(runs.field("value")), runs.field("len").to_numpy()
    place = universe["symbol"].cast(symbols, strict=False).to_physical()
    known = ("sector", "valid_from", "valid_to")
    sector, first, last = (universe[n].filter(place.is_not_null()) for n in known)
    symbol = place.drop_nulls().to_numpy()
    since = _moments(symbol, first)
    until = _moments(symbol, last.fill_null(sessions.LAST_DAY))
    code = sector.cast(names).to_physical().to_numpy()
    order = np.argsort(since, kind="stable")
    # A first membership that ended before all others stands for none.
    since, until = (np.append(-1, moments[order]) for moments in (since, until))
    code = np.append(0, code[order].astype(np.int64))
    moment = _moments(np.repeat(np.arange(length.size), length), bars["session"])
    held = np.searchsorted(since, moment, side="right") - 1
    return np.where(moment <= until[held], code[held], 0)


def _moments(symbol: Codes, days: pl.Series) -> Codes:
    """Numbers in the order of symbols, and of days within a symbol."""
    since_epoch = days.to_physical().to_numpy().astype(np.int64)
    return symbol.astype(np.int64) << _DAY_BITS | since_epoch


def group_returns(log_return: Array, day: Codes, group: Codes) -> Array:
    """Log return of the group of each bar since the symbol's previous bar.

    Parameters
    ----------
    log_return
        Of each bar since the symbol's previous one, nan in the first; sorted by
        symbol and session.
    day, group
        Number of the session and of the group of each bar, from 0.

    Returns
    -------
    Array
        One value per bar; nan where `log_return` is.

    Examples
    --------
    >>> moved = np.log([np.nan, 1.3, np.nan, 1.1])
    >>> found = group_returns(moved, np.array([0, 1, 0, 1]), np.zeros(4, dtype=int))
    >>> np.exp(found).round(2).tolist()
    [nan, 1.2, nan, 1.2]
    """
    n_days, n_groups = day.max() + 1, group.max() + 1
    cell = group * n_days + day
    is_known = np.isfinite(log_return)
    simple = np.where(is_known, np.expm1(log_return), 0.0)
    # bincount adds in row order: no thread and no later row can change a bit.
    total = np.bincount(cell, simple, n_groups * n_days)
    members = np.bincount(cell, is_known, n_groups * n_days)
    step = np.log1p(total / np.maximum(members, 1)).reshape(n_groups, n_days)
    level = step.cumsum(axis=1).ravel()
    previous = np.concatenate([day[:1], day[:-1]])
    moved = level[cell] - level[cell - day + previous]
    return np.where(is_known, moved, np.nan)
