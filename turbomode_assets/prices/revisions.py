"""Bitemporal bars: what each fetch saw, what is known now, and what was known then.

A revision never overwrites another: `changed` picks from accepted rows those that say
something new, the caller appends them, and `as_of` reads back what was known at any
moment. Prices are as traded, so a split or a dividend moves none of them. No judging of
rows here and no adjustment.
"""

import datetime as dt

import polars as pl

from turbomode_assets import market_tables, tables

_KEY = ["symbol", "session"]
_VALUES = [column.name for column in market_tables.BAR_COLUMNS]


def as_of(revisions: pl.DataFrame, moment: dt.datetime | None = None) -> pl.DataFrame:
    """Bars as they were known at `moment`.

    Parameters
    ----------
    revisions
        Rows of `market_tables.BAR_REVISIONS`.
    moment
        In UTC; null means everything that is known.

    Returns
    -------
    pl.DataFrame
        Rows of `tables.BARS`, sorted by its key.
    """
    known = revisions
    if moment is not None:
        known = revisions.filter(pl.col("known_at") <= moment)
    newest = known.sort(*_KEY, "known_at").unique(_KEY, keep="last")
    return tables.BARS.conform(newest.select(tables.BARS.column_names))


def changed(
    accepted: pl.DataFrame, known: pl.DataFrame, same_within: float
) -> pl.DataFrame:
    """Accepted rows that say something new.

    Parameters
    ----------
    accepted
        Rows of `market_tables.BAR_REVISIONS`, each symbol and session once.
    known
        Rows of `tables.BARS`, as known before; must cover the sessions of `accepted`.
    same_within
        Relative difference up to which two values are the same.

    Returns
    -------
    pl.DataFrame
        Rows of `market_tables.BAR_REVISIONS` whose bar was unknown or differs.
    """
    both = accepted.join(known.select(*_KEY, *_VALUES), on=_KEY, how="left")
    is_new = pl.any_horizontal(_differs(name, same_within) for name in _VALUES)
    return both.filter(is_new).select(accepted.columns)


def _differs(name: str, same_within: float) -> pl.Expr:
    new, old = pl.col(name), pl.col(f"{name}_right")
    # Not "larger than": an unknown bar is null, and null must count as different.
    return ~((new - old).abs() <= same_within * old.abs()).fill_null(value=False)


def restated(revisions: pl.DataFrame) -> pl.DataFrame:
    """Revisions of bars that were known before, beside what they replaced.

    Parameters
    ----------
    revisions
        Rows of `market_tables.BAR_REVISIONS`; all of each bar in question.

    Returns
    -------
    pl.DataFrame
        Columns symbol, session, known_at and, for each value of a bar, the new value
        and the one before it as ``<name>_before``; never null.
    """
    rows = revisions.sort(*_KEY, "known_at")
    before = [
        pl.col(name).shift(1).over(_KEY).alias(f"{name}_before") for name in _VALUES
    ]
    return (
        rows.with_columns(before)
        .filter(pl.col("close_before").is_not_null())
        .select(*_KEY, "known_at", *_VALUES, *(f"{name}_before" for name in _VALUES))
    )
