"""Moments beside the bars that were known at them.

The first bar of a round, or of a session, counts from its end on, whenever it was
fetched: what traded was there for all to see. What corrects it was not, and counts from
the first round that ends after it was fetched. So a moment that is made up for, weeks
later, sees what it would have seen. Nothing is voted here.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np
import polars as pl

from turbomode_assets import intraday_tables, rounds
from turbomode_assets.schema import Table


@dataclasses.dataclass(frozen=True)
class Known:
    """Moments at which the same was known.

    Parameters
    ----------
    moments
        Columns symbol, session and minute.
    bars, daily
        Rows of `intraday_tables.BARS` and ``.DAILY_BARS``.
    """

    moments: pl.DataFrame
    bars: pl.DataFrame
    daily: pl.DataFrame


def at(
    moments: pl.DataFrame, bars: pl.DataFrame, daily: pl.DataFrame
) -> Iterator[Known]:
    """Moments in parts, each with the bars that were known then.

    Parameters
    ----------
    moments
        Columns symbol, session and minute, and perhaps others.
    bars, daily
        Rows of `intraday_tables.BARS` and ``.DAILY_BARS``, all revisions.

    Yields
    ------
    Known
        One where nothing was corrected between the first moment and the last, or
        there is no moment; every moment is in exactly one.
    """
    if moments.is_empty():
        yield Known(moments, bars, daily)
        return
    numbers = rounds.numbers(moments)
    since = [_known_from(*each) for each in _tables(bars, daily)]
    every = np.unique(np.concatenate(since))
    part_of = np.searchsorted(every, numbers, side="right")
    for part in np.unique(part_of):
        is_own = part_of == part
        now = int(numbers[is_own].min())
        seen = (
            rows.filter(pl.Series(from_ <= now))
            for (_, rows), from_ in zip(_tables(bars, daily), since, strict=True)
        )
        yield Known(moments.filter(pl.Series(is_own)), *seen)


def _tables(
    bars: pl.DataFrame, daily: pl.DataFrame
) -> tuple[tuple[Table, pl.DataFrame], ...]:
    return (intraday_tables.BARS, bars), (intraday_tables.DAILY_BARS, daily)


def _known_from(table: Table, rows: pl.DataFrame) -> rounds.Rounds:
    """Number of the round each row counts from; 0 of all but corrections."""
    key = [name for name in table.key if name != "known_at"]
    first = pl.col("known_at").min().over(key)
    is_later = rows.select(pl.col("known_at") > first).to_series().to_numpy()
    ends = rounds.first_ending_after(rows["known_at"])
    return np.where(is_later, ends, 0)
