"""Reads price files into rows as they came, typed and as traded.

Turns a Parquet or CSV panel, or a folder of them, into the columns of
`market_tables.DELIVERED`. In order:

1. `file_text.read`   a file to columns, and to lines that are none
2. `_map_columns`     names to the convention of `COLUMNS`
3. `_parse`           text and numbers to dates and reals; what is neither is a fault
4. `_apply_actions`   missing dividends and splits, and prices back to what traded

No row is dropped and none is repaired: judging belongs to the prices stage. What a
symbol belongs to is not known here; `files.py` knows it.
"""

import pathlib

import polars as pl

from turbomode_assets import errors, sessions, tables
from turbomode_assets.sources import file_text

COLUMNS = {
    "symbol": ("symbol", "ticker"),
    "session": ("session", "date", "datetime", "timestamp"),
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
    "close": ("close",),
    "adj_close": ("adjclose", "adjustedclose"),
    "volume": ("volume",),
    "dividend": ("dividend", "dividends", "exdividend"),
    "split_ratio": ("splitratio", "stocksplits", "split", "splits"),
}
"""Accepted spellings of each column; case, blanks, hyphens and underscores do not
count. Further columns are ignored. Where there is no symbol, the file's name without
its ending, in capitals, is the symbol."""

OPTIONAL = frozenset({"symbol", "adj_close", "dividend", "split_ratio"})
"""Columns a file may lack."""

ROUNDING_NOISE = 0.5e-4
"""Change of adj_close / close below which no dividend is read into it: half a basis
point, above the noise of six decimals and below any dividend paid."""

LARGE_SPLIT = 0.25
"""Log split ratio from which a split must show in the close as traded: five for four
or more, beyond what a price moves on a usual day."""

MIN_NAMES = 2
"""Column names a line must hold to be the header of a CSV."""

_PRICES = ("open", "high", "low", "close")
_NEEDED = ("symbol", "session", *_PRICES, "volume", "adj_close")
_ENDINGS = (".parquet", ".csv")
_REALS = tuple(name for name in COLUMNS if name not in ("symbol", "session"))
_NO_ROWS = pl.DataFrame(
    schema={
        "symbol": pl.String,
        "session": pl.Date,
        **dict.fromkeys(_REALS, pl.Float64),
        "row": pl.String,
        "fault": pl.String,
    }
)


def read_panel(path: pathlib.Path) -> tuple[pl.DataFrame, dict[str, int]]:
    """Every row of a file or folder, and the indices left out.

    Parameters
    ----------
    path
        File ending in .parquet or .csv, or a folder that holds such files.

    Returns
    -------
    rows : pl.DataFrame
        Columns of `market_tables.DELIVERED` but `known_at` and `source`; null where a
        cell is missing or no number.
    indices : dict of str to int
        Rows left out by symbol: symbols that start with ^ are indices.

    Raises
    ------
    errors.SourceError
        Where a file cannot be opened, a table lacks columns, or nothing is a table;
        lists every file concerned and what to do. A file of text among tables is no
        error: its lines are rows with a fault.
    """
    frames, faults, n_tables = [_NO_ROWS], [], 0
    for file in _list_files(path):
        raw, strays = file_text.read(file, _is_header)
        names, missing = _map_columns(raw.columns) if raw.width else ({}, [])
        faults += [f"{file.name}: {fault}" for fault in missing]
        n_tables += bool(raw.width)
        if names and not missing:
            frames.append(_parse(raw, names, file.stem.upper()))
        frames.append(_stray(strays, file.stem.upper()))
    if not n_tables:
        faults.append("no file has a line that names columns: put one first")
    if faults:
        message = (
            f"{path} cannot be read as bars:\n- " + "\n- ".join(faults) + "\n"
            "Nothing was loaded: correct or remove these files, then ask again"
        )
        raise errors.SourceError(message)
    panel = pl.concat(frames)
    is_index = pl.col("symbol").str.starts_with("^").fill_null(value=False)
    indices = dict(panel.filter(is_index)["symbol"].value_counts(sort=True).iter_rows())
    rows = panel.filter(~is_index).sort("symbol", "session", maintain_order=True)
    return _apply_actions(rows).drop("adj_close"), indices


def sound(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that can stand as bars by themselves, the first of each session.

    Parameters
    ----------
    rows
        As `read_panel` returns them, with `source`.

    Returns
    -------
    pl.DataFrame
        Columns of `tables.BARS` but `known_at`. Their neighbors may still make them
        doubtful.
    """
    days = rows["session"].drop_nulls()
    low, high = sessions.FIRST_DAY, sessions.LAST_DAY
    inside = days.filter(days.is_between(low, high)).sort()
    known = sessions.sessions_between(inside[0], inside[-1]) if len(inside) else []
    readable = rows.filter(
        pl.col("fault").is_null(),
        pl.col("symbol").str.contains(tables.SYMBOL_PATTERN),
        pl.col("session").is_in(known),
        pl.min_horizontal(*_PRICES, "split_ratio", "later_splits") > 0,
        pl.min_horizontal("volume", "dividend") >= 0,
        pl.col("high") >= pl.col("low"),
    ).drop("row", "fault", "later_splits")
    return readable.unique(["symbol", "session"], keep="first", maintain_order=True)


def _list_files(path: pathlib.Path) -> list[pathlib.Path]:
    candidates = sorted(path.iterdir()) if path.is_dir() else [path]
    files = [file for file in candidates if file.suffix.lower() in _ENDINGS]
    if not files or not path.exists():
        kinds = " or ".join(_ENDINGS)
        message = f"expected a {kinds} file or a folder of them at {path}, found none"
        raise errors.SourceError(message)
    return files


def _map_columns(raw: list[str]) -> tuple[dict[str, str], list[str]]:
    """Raw name of each column of the convention, and what is wrong with the names."""
    matches = {
        name: [column for column in raw if _plain(column) in spellings]
        for name, spellings in COLUMNS.items()
    }
    faults = [
        f"no column for `{name}` (accepted: {', '.join(COLUMNS[name])})"
        for name, found in matches.items()
        if not found and name not in OPTIONAL
    ]
    faults += [
        f"columns {found} all mean `{name}`: keep one"
        for name, found in matches.items()
        if len(found) > 1
    ]
    return {name: found[0] for name, found in matches.items() if found}, faults


def _plain(column: str) -> str:
    return "".join(letter for letter in column.lower() if letter not in " -_")


def _is_header(cells: list[str]) -> bool:
    spellings = {spelling for known in COLUMNS.values() for spelling in known}
    return sum(_plain(cell) in spellings for cell in cells) >= MIN_NAMES


def _stray(lines: list[str], stem: str) -> pl.DataFrame:
    """Rows of nothing but text."""
    text = pl.DataFrame({"row": lines}, schema={"row": pl.String}).with_columns(
        symbol=pl.lit(stem), fault=pl.lit("text where a row of prices should stand")
    )
    return pl.concat([_NO_ROWS, text], how="diagonal")


def _parse(raw: pl.DataFrame, names: dict[str, str], stem: str) -> pl.DataFrame:
    """Columns of the convention with their types, and what could not be read.

    Where dividends are given, adj_close is not needed and not read; where they are
    not, each row needs it.
    """
    wanted = {name: names[name] for name in COLUMNS if name in names}
    if "dividend" in wanted:
        wanted.pop("adj_close", None)
    parsed = {name: _to_real(raw, wanted[name]) for name in _REALS if name in wanted}
    if "adj_close" in parsed:  # a factor that is not positive says nothing
        parsed["adj_close"] = pl.when(parsed["adj_close"] > 0).then(parsed["adj_close"])
    symbol = pl.col(wanted["symbol"]) if "symbol" in wanted else pl.lit(stem)
    typed = raw.select(
        symbol=symbol.cast(pl.String),
        session=_to_date(raw, wanted["session"]),
        **parsed,
    )
    lost = pl.DataFrame(
        typed[name].is_null() & (raw[column].is_not_null() | (name in _NEEDED))
        for name, column in wanted.items()
    )
    is_whole = ~lost.select(pl.any_horizontal(pl.all())).to_series()
    faulty = typed.filter(~is_whole).with_columns(
        row=_as_it_came(raw.filter(~is_whole)), fault=_name(lost.filter(~is_whole))
    )
    return pl.concat([_NO_ROWS, typed.filter(is_whole), faulty], how="diagonal")


def _as_it_came(raw: pl.DataFrame) -> pl.Series:
    text = pl.struct(pl.all().cast(pl.String, strict=False))
    return raw.select(text.struct.json_encode()).to_series()


def _name(lost: pl.DataFrame) -> pl.Series:
    names = (pl.when(name).then(pl.lit(f"`{name}`")) for name in lost.columns)
    listed = pl.concat_str(names, separator=", ", ignore_nulls=True)
    return lost.select(pl.format("missing or unreadable: {}", listed)).to_series()


def _to_date(raw: pl.DataFrame, name: str) -> pl.Expr:
    """Day of an ISO text, a date or a time in its own zone."""
    dtype = raw.schema[name]
    if dtype == pl.String:
        return pl.col(name).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    if isinstance(dtype, pl.Date | pl.Datetime):
        return pl.col(name).dt.date()
    return pl.lit(None, pl.Date)


def _to_real(raw: pl.DataFrame, name: str) -> pl.Expr:
    """Finite number; null where something else stands."""
    dtype = raw.schema[name]
    if dtype.is_numeric() or dtype == pl.String:
        number = pl.col(name).cast(pl.Float64, strict=False)
        return pl.when(number.is_finite()).then(number)
    return pl.lit(None, pl.Float64)


def _apply_actions(rows: pl.DataFrame) -> pl.DataFrame:
    """Dividends and splits where none are given, and prices as traded.

    Where most splits left no trace in the close, the file had divided its prices by
    later splits; then they, volumes and dividends are multiplied back.
    """
    # yfinance writes 0 where no split fell
    ratio = pl.col("split_ratio").replace(0.0, 1.0).fill_null(1.0)
    rows = rows.with_columns(split_ratio=ratio)
    is_chained = pl.col("fault").is_null() & (pl.col("close") > 0)
    chained = rows.filter(is_chained)
    is_divided = _is_split_adjusted(chained)
    later = _later_splits() if is_divided else pl.lit(1.0)
    shown = pl.lit(1.0) if is_divided else pl.col("split_ratio")
    paid = pl.col("dividend").fill_null(0.0)
    if chained["adj_close"].count():
        paid = pl.coalesce("dividend", _implied_dividend(shown), pl.lit(0.0))
    others = rows.filter(~is_chained).with_columns(
        pl.col("dividend").fill_null(0.0), later_splits=1.0
    )
    return pl.concat(
        [chained.with_columns(dividend=paid, later_splits=later), others],
        how="diagonal",
    ).with_columns(
        pl.col(*_PRICES, "dividend") * pl.col("later_splits"),
        pl.col("volume") / pl.col("later_splits"),
    )


def _implied_dividend(ratio: pl.Expr) -> pl.Expr:
    """Dividend from adj_close, null where that is unknown.

    With f = adj_close / close and a split ratio r that shows in the close, a dividend
    is D_t = close_{t-1} (1 - r_t f_{t-1} / f_t).
    """
    factor = pl.col("adj_close") / pl.col("close")
    change = ratio * _session_before(factor) / factor
    implied = _session_before(pl.col("close")) * (1.0 - change)
    is_noise = (change - 1.0).abs() < ROUNDING_NOISE
    return pl.when(is_noise).then(0.0).otherwise(implied)


def _session_before(value: pl.Expr) -> pl.Expr:
    """Value in the symbol's session before; rows of one session see the same."""
    before = pl.when(_is_first()).then(value.shift(1))
    return before.forward_fill().over("symbol")


def _is_first() -> pl.Expr:
    return pl.col("session").is_first_distinct()


def _later_splits() -> pl.Expr:
    once = pl.when(_is_first().over("symbol")).then("split_ratio").otherwise(1.0)
    return once.product().over("symbol") / once.cum_prod().over("symbol")


def _is_split_adjusted(rows: pl.DataFrame) -> bool:
    """Whether most splits left no trace in the close: prices are adjusted already.

    Most, not all: a single split may come with a spin-off that hides it.
    """
    move = (pl.col("close") / pl.col("close").shift(1).over("symbol")).log()
    split = pl.col("split_ratio").log()
    is_large = split.abs() > LARGE_SPLIT
    is_hidden = is_large & (move.abs() < (move + split).abs())
    large, hidden = rows.select(is_large.sum(), hidden=is_hidden.sum()).row(0)
    return bool(2 * hidden > large)
