"""Reads point-in-time membership from a file, or says everything that is wrong with it.

Turns a CSV or Parquet file of intervals into `tables.UNIVERSE` rows as they could be
known on a day. `COLUMNS` is the convention for column names; ``end_date`` is the
first day *outside*, as the public lists of the S&P 500 have it, ``valid_to`` the last
day inside. Nothing is repaired and nothing is curated here.
"""

import datetime as dt
import pathlib
from collections.abc import Callable

import polars as pl

from turbomode_assets import errors, schema, sessions, tables

COLUMNS = {
    "symbol": "symbol",
    "ticker": "symbol",
    "valid_from": "valid_from",
    "start_date": "valid_from",
    "valid_to": "valid_to",
    "end_date": "left_on",
    "sector": "sector",
    "cap_class": "cap_class",
}
"""Accepted names, case and outer blanks aside, and what each one is."""

NOBODY = pl.DataFrame(schema={"symbol": pl.String, "delisted_on": pl.Date})
"""Who was delisted, where nothing is known about it."""

_TEXTS = ("symbol", "sector", "cap_class")
_DATES = ("valid_from", "valid_to", "left_on")
_UNKNOWN = "unknown"
_CLASSES = ("large", "mid", "small", _UNKNOWN)


def holds_intervals(path: pathlib.Path) -> bool:
    """Whether a file lists intervals, rather than symbols alone."""
    names = {COLUMNS.get(name.strip().lower()) for name in _read(path).columns}
    return "valid_from" in names


def read(path: pathlib.Path) -> pl.DataFrame:
    """Intervals of a file.

    Parameters
    ----------
    path
        File ending in .csv or .parquet; days as YYYY-MM-DD, an empty end while it
        lasts.

    Returns
    -------
    pl.DataFrame
        Columns symbol, valid_from, valid_to (both sessions; the last null while it
        lasts), sector and cap_class (``unknown`` where not given), sorted by symbol
        and valid_from.

    Raises
    ------
    errors.SourceError
        With every kind of fault, its count and its first example.
    """
    raw = _read(path)
    names = {name: COLUMNS.get(name.strip().lower(), "") for name in raw.columns}
    faults = _name_faults(names)
    if not faults:
        rows = _parse(raw.rename(names))
        faults = _row_faults(rows)
    if faults:
        message = f"{path} is no membership:\n- " + "\n- ".join(faults)
        message += "\nNothing was read: correct the file, then ask again"
        raise errors.SourceError(message)
    return rows.select("symbol", "valid_from", "valid_to", "sector", "cap_class")


def known(
    intervals: pl.DataFrame, as_of: dt.date, gone: pl.DataFrame = NOBODY
) -> pl.DataFrame:
    """Rows of `tables.UNIVERSE` as they could be known at the close of `as_of`.

    Parameters
    ----------
    intervals
        As `read` returns them.
    as_of
        Last day whose close is known; an interval's end is told once it has passed.
    gone
        Columns symbol and delisted_on of who trades no longer; leaving a list is no
        delisting.

    Returns
    -------
    pl.DataFrame
        Sorted by key.
    """
    has_ended = pl.col("valid_to") < as_of
    told = pl.when(has_ended).then(pl.col("valid_to"))
    words = pl.when(has_ended).then(pl.lit("listed; left the list"))
    listed = intervals.filter(pl.col("valid_from") <= as_of).with_columns(
        valid_to=told,
        reason=words.otherwise(pl.lit("listed")),
        is_point_in_time=pl.lit(value=True),
    )
    return tables.UNIVERSE.conform(listed.join(gone, on="symbol", how="left"))


def members(path: pathlib.Path, since: dt.date) -> pl.DataFrame:
    """Rows of `tables.UNIVERSE` of a file of intervals, or of symbols alone.

    Parameters
    ----------
    path
        The file.
    since
        From when on symbols belong whose file names no day.

    Raises
    ------
    errors.SourceError
        With everything that is wrong with the file.
    """
    if holds_intervals(path):
        return known(read(path), sessions.LAST_DAY)
    listed = read_list(path).select("symbol", *_TEXTS[1:])
    return tables.UNIVERSE.conform(
        listed.with_columns(
            pl.col(_TEXTS[1:]).fill_null(_UNKNOWN),
            valid_from=pl.lit(since),
            valid_to=pl.lit(None, pl.Date),
            delisted_on=pl.lit(None, pl.Date),
            reason=pl.lit("listed"),
            is_point_in_time=pl.lit(value=False),
        )
    )


def read_list(path: pathlib.Path) -> pl.DataFrame:
    """Symbols of a file that names no days.

    Parameters
    ----------
    path
        CSV with columns symbol, sector and optionally cap_class.

    Returns
    -------
    pl.DataFrame
        Columns of the file, in lower case, all text; cap_class null where not given.

    Raises
    ------
    errors.SourceError
        With everything that is wrong with the file.
    """
    try:
        raw = pl.read_csv(path, infer_schema=False)
    except schema.UNREADABLE as cause:
        message = f"{path} could not be opened as a universe CSV: {cause}"
        raise errors.SourceError(message) from cause
    listed = raw.rename(lambda name: name.strip().lower())
    faults = [
        f"no column `{name}`"
        for name in ("symbol", "sector")
        if name not in listed.columns
    ]
    if not faults:
        doubled = listed.height - listed["symbol"].n_unique()
        faults += [f"{doubled} doubled symbols"] if doubled else []
    if faults:
        message = f"{path} is no universe: {'; '.join(faults)}; correct the file"
        raise errors.SourceError(message)
    if "cap_class" in listed.columns:
        return listed
    return listed.with_columns(cap_class=pl.lit(None, pl.String))


def _read(path: pathlib.Path) -> pl.DataFrame:
    try:
        if path.suffix.lower() == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema=False)
    except schema.UNREADABLE as cause:
        message = f"{path} could not be opened as a list of members: {cause}"
        raise errors.SourceError(message) from cause


def _name_faults(names: dict[str, str]) -> list[str]:
    meanings = [meaning for meaning in names.values() if meaning]
    missing = [name for name in ("symbol", "valid_from") if name not in meanings]
    unknown = [name for name, meaning in names.items() if not meaning]
    doubled = sorted({name for name in meanings if meanings.count(name) > 1})
    ends = {"valid_to", "left_on"} & set(meanings)
    faults = [f"no column `{name}`" for name in missing]
    faults += [errors.unknown_name("column", name, COLUMNS) for name in unknown]
    faults += [f"two columns that mean `{name}`" for name in doubled]
    if len(ends) != 1:
        faults.append(f"expected one of `valid_to` and `end_date`, found {len(ends)}")
    return faults


def _parse(raw: pl.DataFrame) -> pl.DataFrame:
    """Every column of its dtype; `_unreadable` says where a day could not be read."""
    absent = [name for name in (*_TEXTS, *_DATES) if name not in raw.columns]
    texts = raw.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)
    texts = texts.with_columns(
        pl.col(name).cast(pl.String).str.strip_chars().replace("", None)
        for name in (*_TEXTS, *_DATES)
    )
    dates = [pl.col(name).str.slice(0, 10).str.to_date(strict=False) for name in _DATES]
    unread = pl.any_horizontal(
        pl.col(name).is_not_null() & day.is_null()
        for name, day in zip(_DATES, dates, strict=True)
    )
    rows = texts.with_columns(_unreadable=unread).with_columns(
        *dates,
        pl.col("symbol").str.to_uppercase(),
        pl.col("sector").fill_null(_UNKNOWN),
        pl.col("cap_class").str.to_lowercase().fill_null(_UNKNOWN),
    )
    last_inside = pl.col("left_on") - pl.duration(days=1)
    inside = rows.with_columns(valid_to=pl.coalesce("valid_to", last_inside))
    return _on_sessions(inside).sort("symbol", "valid_from")


def _on_sessions(rows: pl.DataFrame) -> pl.DataFrame:
    """Days moved inwards to sessions; what ended before the calendar is left out."""
    is_over = pl.col("valid_to") < sessions.FIRST_DAY
    within = rows.filter(~is_over.fill_null(value=False))
    return within.with_columns(
        _moved(within["valid_from"], sessions.on_or_after),
        _moved(within["valid_to"], sessions.on_or_before),
    )


def _moved(column: pl.Series, move: Callable[[dt.date], dt.date]) -> pl.Series:
    days = column.drop_nulls().unique()
    inside = days.clip(sessions.FIRST_DAY, sessions.LAST_DAY).to_list()
    found = [move(day) for day in inside]
    return column.replace_strict(days.to_list(), found, return_dtype=pl.Date())


def _row_faults(rows: pl.DataFrame) -> list[str]:
    before = pl.col("valid_to").fill_null(sessions.LAST_DAY).shift(1).over("symbol")
    tests = {
        "no symbol": pl.col("symbol").is_null(),
        "a symbol that cannot be one": ~pl.col("symbol").str.contains(
            tables.SYMBOL_PATTERN
        ),
        "a day that cannot be read": pl.col("_unreadable"),
        "no first day": pl.col("valid_from").is_null() & ~pl.col("_unreadable"),
        "an end before its beginning": pl.col("valid_to") < pl.col("valid_from"),
        "an overlap with the interval before": before >= pl.col("valid_from"),
        f"a size outside {', '.join(_CLASSES)}": ~pl.col("cap_class").is_in(_CLASSES),
    }
    faults = [] if rows.height else ["no rows"]
    for words, is_fault in tests.items():
        found = rows.filter(is_fault)
        if found.height:
            symbol, since = found.select("symbol", "valid_from").row(0)
            faults.append(f"{words}: {found.height} rows, first {symbol} {since}")
    return faults
