"""Headlines and option quotes from files, beside the bars of `intraday_files.py`.

Turns Parquet or CSV files into columns of `intraday_tables.DELIVERED_HEADLINES` and
``.DELIVERED_CHAINS``. Moments are in UTC. A headline counts as known when it was
published unless its row says later; quotes belong to the round that was running when
they were taken, and are known at its end. A row that cannot be read keeps its text and
has a fault. Nothing is judged here.
"""

import dataclasses
import datetime as dt
import pathlib
from collections.abc import Sequence

import polars as pl

from turbomode_assets import errors, intraday_tables, rounds, schema
from turbomode_assets.schema import Table

HEADLINES = ("symbol", "published_at", "title")
"""Columns a file of headlines must have; known_at and those of `intraday_tables.TONES`
may be there."""

CHAINS = ("symbol", "quoted_at", "expires_on", "strike", "right")
"""Columns a file of option quotes must have; ``right`` is call or put. Any of
`QUOTED` may be there."""

QUOTED = ("bid", "ask", "last", "traded", "open_interest", "implied_vol")
"""What may be quoted of a contract; null where it is not."""

_CLOCK = pl.Datetime("us", "UTC")
_TOLD = ("known_at", *(column.name for column in intraday_tables.TONES))
_FAULT = "A value is missing or unreadable."


@dataclasses.dataclass(frozen=True)
class Span:
    """Days asked for, and when."""

    first: dt.date
    last: dt.date
    now: dt.datetime

    def holds(self, moment: str) -> pl.Expr:
        """Rows that were over, and that a round of these days could first know.

        Rows without a moment may be of any day, and are held too.
        """
        at = pl.col(moment)
        day = at.map_batches(_first_known, return_dtype=pl.Date)
        return at.is_null() | ((at <= self.now) & day.is_between(self.first, self.last))


def _first_known(moments: pl.Series) -> pl.Series:
    present = moments.fill_null(dt.datetime(2000, 1, 3, tzinfo=dt.UTC))
    return rounds.named(rounds.first_ending_after(present))["session"]


def read_headlines(file: pathlib.Path, source: str) -> pl.DataFrame:
    """Every headline of a file.

    Returns
    -------
    pl.DataFrame
        Columns of `intraday_tables.DELIVERED_HEADLINES`; known_at is null where only
        the publication is known.

    Raises
    ------
    errors.SourceError
        Where the file cannot be read, or lacks columns.
    """
    raw = collected(read(file, HEADLINES), file)
    told = _with_missing(raw, (*_TOLD, "source"))
    rows = told.select(
        symbol=pl.col("symbol").cast(pl.String),
        published_at=moment(raw, "published_at"),
        known_at=moment(told, "known_at"),
        title=pl.col("title").cast(pl.String),
        source=pl.col("source").cast(pl.String).fill_null(source),
        row=as_text(raw),
        **{
            column.name: _cast(told, column.name, column.dtype)
            for column in intraday_tables.TONES
        },
    )
    return _faulted(rows, HEADLINES, intraday_tables.DELIVERED_HEADLINES)


def read_chains(file: pathlib.Path, source: str) -> pl.DataFrame:
    """Every option quote of a file.

    Returns
    -------
    pl.DataFrame
        Columns of `intraday_tables.DELIVERED_CHAINS`; known_at is when it was taken.

    Raises
    ------
    errors.SourceError
        Where the file cannot be read, or lacks columns.
    """
    raw = collected(read(file, CHAINS), file)
    right = pl.col("right").cast(pl.String).str.to_lowercase()
    told = _with_missing(raw, (*QUOTED, "source"))
    rows = told.select(
        symbol=pl.col("symbol").cast(pl.String),
        known_at=moment(raw, "quoted_at"),
        quoted_at=moment(raw, "quoted_at"),
        expires_on=_cast(told, "expires_on", pl.Date()),
        strike=_cast(told, "strike", pl.Float64()),
        right=pl.when(right.is_in(["call", "put"])).then(right),
        source=pl.col("source").cast(pl.String).fill_null(source),
        row=as_text(raw),
        **{name: _cast(told, name, pl.Float64()) for name in QUOTED},
    )
    taken = rows["known_at"].fill_null(dt.datetime(2000, 1, 3, tzinfo=dt.UTC))
    named = rounds.named(rounds.first_ending_after(taken))
    placed = rows.with_columns(named.get_columns()[:2])
    return _faulted(placed, CHAINS, intraday_tables.DELIVERED_CHAINS)


def read(file: pathlib.Path, needed: Sequence[str]) -> pl.LazyFrame:
    """A file as it is; text where it is a CSV. Of a Parquet file the schema is read.

    Raises
    ------
    errors.SourceError
        Where it cannot be read, or lacks columns; says which.
    """
    try:
        if file.suffix == ".csv":
            frame = pl.scan_csv(file, infer_schema=False)
        else:
            frame = pl.scan_parquet(file)
        missing = [name for name in needed if name not in frame.collect_schema()]
    except schema.UNREADABLE as error:
        raise errors.SourceError(_unreadable(file, error)) from error
    if missing:
        message = f"{file} lacks the columns {missing}; it needs {tuple(needed)}"
        raise errors.SourceError(message)
    return frame


def collected(frame: pl.LazyFrame, file: pathlib.Path) -> pl.DataFrame:
    """Rows of a file that `read` has opened.

    Raises
    ------
    errors.SourceError
        Where they cannot be read.
    """
    try:
        return frame.collect()
    except schema.UNREADABLE as error:
        raise errors.SourceError(_unreadable(file, error)) from error


def _unreadable(file: pathlib.Path, error: BaseException) -> str:
    return f"{file} cannot be read as Parquet or CSV: {error}"


def moment(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Column as a moment in UTC; null where it cannot be read, or is not there."""
    dtype, at = frame.schema.get(name, pl.Null()), pl.col(name)
    if dtype == pl.String:
        return at.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    if dtype.base_type() == pl.Datetime and getattr(dtype, "time_zone", None):
        return at.dt.convert_time_zone("UTC").cast(_CLOCK)
    return at.cast(pl.Datetime("us"), strict=False).dt.replace_time_zone("UTC")


def as_text(frame: pl.DataFrame) -> pl.Expr:
    """The row as it came."""
    return pl.struct(pl.col(frame.columns).cast(pl.String)).struct.json_encode()


def _cast(frame: pl.DataFrame, name: str, dtype: pl.DataType) -> pl.Expr:
    """Column of another type; null where a cell is none of it."""
    if dtype == pl.Date() and frame.schema[name] == pl.String:
        return pl.col(name).str.to_date(strict=False)
    return pl.col(name).cast(dtype, strict=False)


def _with_missing(raw: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Frame with columns of null where it lacks some."""
    absent = [name for name in names if name not in raw.columns]
    return raw.with_columns(pl.lit(None).alias(name) for name in absent)


def _faulted(rows: pl.DataFrame, needed: Sequence[str], table: Table) -> pl.DataFrame:
    """Rows as the table has them; the text is kept of those with a fault."""
    is_read = pl.all_horizontal(pl.col(needed).is_not_null())
    told = rows.with_columns(
        row=pl.when(~is_read).then("row"),
        fault=pl.when(~is_read).then(pl.lit(_FAULT)),
    )
    if "right" in needed:
        told = told.with_columns(pl.col("right").fill_null("call"))
    return told.select(table.column_names)
