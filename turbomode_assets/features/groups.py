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
    names = sorted({NO_SECTOR, *universe["sector"]})
    number = {name: code for code, name in enumerate(names)}
    members = universe.select(
        "symbol",
        "valid_from",
        "valid_to",
        code=pl.col("sector").replace_strict(number, return_dtype=pl.Int64),
    )
    held = bars.select("symbol", "session").join_asof(
        members.sort("symbol", "valid_from"),
        left_on="session",
        right_on="valid_from",
        by="symbol",
        check_sortedness=False,
    )
    until = pl.col("valid_to").fill_null(sessions.LAST_DAY)
    code = pl.when(pl.col("session") <= until).then("code")
    found = held.select(code.fill_null(number[NO_SECTOR])).to_series()
    return found.to_numpy()


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
    level = step.cumsum(axis=1)
    previous = np.concatenate([day[:1], day[:-1]])
    moved = level[group, day] - level[group, previous]
    return np.where(is_known, moved, np.nan)
