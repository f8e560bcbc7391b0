"""Reads price files into rows as they came, typed and as traded.

Turns a Parquet or CSV panel, or a folder of them, into the columns of
`market_tables.DELIVERED`. In order:

1. `file_text.read`   a file to columns, and to lines that are none
2. `_map_columns`     names to the convention of `COLUMNS`
3. `_parse`           text and numbers to dates and reals; what is neither is a fault
4. `_split_up`        into parts of whole symbols, sorted
5. `file_actions`     missing dividends and splits, and prices back to what traded

No row is dropped and none is repaired: judging belongs to the prices stage. What a
symbol belongs to is not known here; `files.py` knows it.
"""

import pathlib

import polars as pl

from turbomode_assets import errors, sessions, tables
from turbomode_assets.sources import file_actions, file_text

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

SYMBOLS_IN_PART = 250
"""Symbols kept, delivered and judged together: twenty years of them take a tenth of a
gigabyte, and a few times that while they are judged."""

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
        **dict.fromkeys((*_REALS, "later_splits"), pl.Float64),
        "row": pl.String,
        "fault": pl.String,
    }
)


def read_panel(path: pathlib.Path) -> tuple[list[pl.DataFrame], dict[str, int]]:
    """Every row of a file or folder, and the indices left out.

    Parameters
    ----------
    path
        File ending in .parquet or .csv, or a folder that holds such files.

    Returns
    -------
    parts : list of pl.DataFrame
        Columns of `market_tables.DELIVERED` but `known_at` and `source`, and without
        those that are null in the whole part, which `complete` adds again; null where
        a cell is missing or no number. Each holds `SYMBOLS_IN_PART` whole symbols.
    indices : dict of str to int
        Rows left out by symbol: symbols that start with ^ are indices.

    Raises
    ------
    errors.SourceError
        Where a file cannot be opened, a table lacks columns, or nothing is a table;
        lists every file concerned and what to do. A file of text among tables is no
        error: its lines are rows with a fault.
    """
    panel = pl.concat(_read_tables(path), how="diagonal")
    is_index = pl.col("symbol").str.starts_with("^")
    indices = panel.select(pl.col("symbol").filter(is_index).value_counts(sort=True))
    parts = _split_up(panel)
    del panel  # a large one does not fit twice
    counts = [file_actions.count_hidden_splits(complete(part)) for part in parts]
    n_large, n_hidden = (sum(n) for n in zip(*counts, strict=True))
    for i, part in enumerate(parts):
        traded = file_actions.apply(complete(part), is_divided=2 * n_hidden > n_large)
        parts[i] = _without_empty(traded)
    return parts, {row["symbol"]: row["count"] for row in indices.to_series()}


def complete(part: pl.DataFrame) -> pl.DataFrame:
    """Part with all its columns; null where it had none."""
    return pl.concat([_NO_ROWS, part], how="diagonal")


def _without_empty(part: pl.DataFrame) -> pl.DataFrame:
    kept = ("symbol", "session")
    return part.select(
        values
        for values in part
        if values.name in kept or values.null_count() < part.height
    )


def _read_tables(path: pathlib.Path) -> list[pl.DataFrame]:
    frames, faults, n_tables = [_NO_ROWS.select("symbol", "session")], [], 0
    for file in _list_files(path):
        raw, strays = file_text.read(file, _is_header)
        names, missing = _map_columns(raw.columns) if raw.width else ({}, [])
        faults += [f"{file.name}: {fault}" for fault in missing]
        n_tables += bool(raw.width)
        if names and not missing:
            frames.append(_parse(raw, names, file.stem.upper()))
        if strays:
            frames.append(_stray(strays, file.stem.upper()))
    if not n_tables:
        faults.append("no file has a line that names columns: put one first")
    if faults:
        message = (
            f"{path} cannot be read as bars:\n- " + "\n- ".join(faults) + "\n"
            "Nothing was loaded: correct or remove these files, then ask again"
        )
        raise errors.SourceError(message)
    return frames


def _split_up(panel: pl.DataFrame) -> list[pl.DataFrame]:
    is_index = pl.col("symbol").str.starts_with("^").fill_null(value=False)
    symbols = panel.select(pl.col("symbol").filter(~is_index).unique()).to_series()
    names = symbols.sort().to_frame()
    blocks = list(names.iter_slices(SYMBOLS_IN_PART)) or [names]
    return [
        _without_empty(
            panel.filter(
                pl.col("symbol").is_in(block["symbol"].implode(), nulls_equal=True)
            ).sort("symbol", "session", maintain_order=True)
        )
        for block in blocks
    ]


def sound(part: pl.DataFrame) -> pl.DataFrame:
    """Rows that can stand as bars by themselves, the first of each session.

    Parameters
    ----------
    part
        One of those `read_panel` returns.

    Returns
    -------
    pl.DataFrame
        Columns of `tables.BARS` but `known_at` and `source`. Their neighbors may still
        make them doubtful.
    """
    rows = complete(part)
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
    ).drop("row", "fault", "later_splits", "adj_close")
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
    return pl.DataFrame({"row": lines}).with_columns(
        symbol=pl.lit(stem), fault=pl.lit("text where a row of prices should stand")
    )


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
    if is_whole.all():
        return typed
    faulty = typed.filter(~is_whole).with_columns(
        row=_as_it_came(raw.filter(~is_whole)), fault=_name(lost.filter(~is_whole))
    )
    return pl.concat([typed.filter(is_whole), faulty], how="diagonal")


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
