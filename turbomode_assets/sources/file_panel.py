"""Reads price files into one checked panel, or says everything that is wrong at once.

Turns a Parquet or CSV panel, or a folder of them, into the columns of `tables.BARS`.
In order:

1. `_map_columns`     names to the convention of `COLUMNS`
2. `_parse`           text and numbers to dates and reals
3. `_apply_actions`   missing dividends and splits
4. `find_faults`      every kind of fault, its count and first example

Rows are refused, never repaired: repair belongs to the prices stage. What a symbol
belongs to is not known here; `files.py` knows it.
"""

import datetime as dt
import pathlib

import polars as pl

from turbomode_assets import errors, sessions, tables

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

_PRICES = ("open", "high", "low", "close")
_ENDINGS = (".parquet", ".csv")
_REALS = tuple(name for name in COLUMNS if name not in ("symbol", "session"))
_NO_ROWS = pl.DataFrame(
    schema={
        "symbol": pl.String,
        "session": pl.Date,
        **dict.fromkeys(_REALS, pl.Float64),
    }
)


def read_panel(path: pathlib.Path) -> tuple[pl.DataFrame, dict[str, int]]:
    """Checked bars of a file or folder, and the indices left out.

    Parameters
    ----------
    path
        File ending in .parquet or .csv, or a folder that holds such files.

    Returns
    -------
    bars : pl.DataFrame
        Columns of `tables.BARS` but `source`, in no particular order of rows.
    indices : dict of str to int
        Rows left out by symbol: symbols that start with ^ are indices.

    Raises
    ------
    errors.SourceError
        With every kind of fault, its count, its first example and what to do.
    """
    frames: list[pl.DataFrame] = []
    faults: list[str] = []
    for file in _list_files(path):
        raw = _read(file)
        names, file_faults = _map_columns(raw.columns)
        faults += [f"{file.name}: {fault}" for fault in file_faults]
        if not file_faults:
            frames.append(_parse(raw, names, file.stem.upper()))
    panel = pl.concat([_NO_ROWS, *frames])
    is_index = pl.col("symbol").str.starts_with("^").fill_null(value=False)
    indices = dict(panel.filter(is_index)["symbol"].value_counts(sort=True).iter_rows())
    bars = _apply_actions(panel.filter(~is_index))
    faults += find_faults(bars)
    if faults:
        message = (
            f"{path} cannot be read as bars:\n- " + "\n- ".join(faults) + "\n"
            "Nothing was loaded: correct or drop these columns and rows, then ask again"
        )
        raise errors.SourceError(message)
    return bars.drop("adj_close"), indices


def find_faults(bars: pl.DataFrame) -> list[str]:
    """Every kind of fault in the rows of a panel, with count and first example.

    Parameters
    ----------
    bars
        Columns of `tables.BARS` but `source`, and `adj_close` (null where unknown).

    Returns
    -------
    list of str
        Empty where every row is a bar. Zero volume is no fault.
    """
    rules = _rules(bars)
    counts = bars.select(rule.sum().alias(name) for name, rule in rules.items())
    found = counts.row(0, named=True) if bars.height else {}
    faults = []
    for name, count in found.items():
        if count:
            row = bars.filter(rules[name]).row(0, named=True)
            first = f"{row['symbol']} {row['session']}"
            faults.append(f"{name}: {count} of {bars.height} rows, first {first}")
    return faults


def _rules(bars: pl.DataFrame) -> dict[str, pl.Expr]:
    """What makes a row no bar, in words, and the expression that finds it."""
    empty = {
        f"`{name}` empty or unreadable": pl.col(name).is_null()
        for name in ("symbol", "session", *_PRICES, "volume")
    }
    not_positive = {
        f"`{name}` no finite positive number": _is_broken(name, pl.col(name) <= 0.0)
        for name in (*_PRICES, "adj_close", "split_ratio")
    }
    negative = {
        f"`{name}` negative or no number": _is_broken(name, pl.col(name) < 0.0)
        for name in ("volume", "dividend")
    }
    pattern = tables.SYMBOL_PATTERN
    period = f"{sessions.FIRST_DAY}..{sessions.LAST_DAY}"
    is_session = pl.col("session").is_in(_known_sessions(bars))
    return {
        **empty,
        **not_positive,
        **negative,
        "`split_ratio` of prices adjusted for splits (drop the column)": (
            _is_split_adjusted()
        ),
        "high below low": pl.col("high") < pl.col("low"),
        f"symbol does not match {pattern}": ~pl.col("symbol").str.contains(pattern),
        "symbol and session doubled": pl.struct("symbol", "session").is_duplicated(),
        f"not a session of {sessions.EXCHANGE} in {period}": ~is_session,
    }


def _is_broken(name: str, is_outside: pl.Expr) -> pl.Expr:
    return is_outside | ~pl.col(name).is_finite()


def _known_sessions(bars: pl.DataFrame) -> list[dt.date]:
    days = bars["session"].drop_nulls()
    low, high = sessions.FIRST_DAY, sessions.LAST_DAY
    inside = days.filter(days.is_between(low, high)).sort()
    return sessions.sessions_between(inside[0], inside[-1]) if len(inside) else []


def _list_files(path: pathlib.Path) -> list[pathlib.Path]:
    candidates = sorted(path.iterdir()) if path.is_dir() else [path]
    files = [file for file in candidates if file.suffix.lower() in _ENDINGS]
    if not files or not path.exists():
        kinds = " or ".join(_ENDINGS)
        message = f"expected a {kinds} file or a folder of them at {path}, found none"
        raise errors.SourceError(message)
    return files


def _read(file: pathlib.Path) -> pl.DataFrame:
    """Raw columns; all text where the format has no types."""
    try:
        if file.suffix.lower() == ".parquet":
            return pl.read_parquet(file)
        return pl.read_csv(file, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as cause:
        message = f"{file} could not be opened as {file.suffix}: {cause}"
        raise errors.SourceError(message) from cause


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


def _parse(raw: pl.DataFrame, names: dict[str, str], stem: str) -> pl.DataFrame:
    """Columns of the convention with their types; null where empty or absent.

    Where dividends are given, adj_close is not needed and not read; where they are
    not, each row needs it.
    """
    symbol = pl.col(names["symbol"]) if "symbol" in names else pl.lit(stem)
    reals = {name: pl.lit(None, pl.Float64) for name in _REALS}
    reals |= {name: _to_real(raw, names[name]) for name in _REALS if name in names}
    if "dividend" in names:
        reals["adj_close"] = pl.lit(None, pl.Float64)
    elif "adj_close" in names:
        reals["adj_close"] = reals["adj_close"].fill_null(float("nan"))
    session = _to_date(raw, names["session"])
    return raw.select(symbol=symbol.cast(pl.String), session=session, **reals)


def _to_date(raw: pl.DataFrame, name: str) -> pl.Expr:
    """Day of an ISO text, a date or a time in its own zone."""
    dtype = raw.schema[name]
    if dtype == pl.String:
        return pl.col(name).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    if isinstance(dtype, pl.Date | pl.Datetime):
        return pl.col(name).dt.date()
    return pl.lit(None, pl.Date)


def _to_real(raw: pl.DataFrame, name: str) -> pl.Expr:
    """Number, null where empty, and not a number where something else stands."""
    dtype, value = raw.schema[name], pl.col(name)
    nan = pl.lit(float("nan"))
    if dtype.is_numeric() or dtype == pl.String:
        number = value.cast(pl.Float64, strict=False)
        return pl.when(value.is_null()).then(None).otherwise(number.fill_null(nan))
    return pl.when(value.is_null()).then(None).otherwise(nan)


def _apply_actions(panel: pl.DataFrame) -> pl.DataFrame:
    """Dividends from adj_close where there are none, and no split where none is said.

    With f = adj_close / close and a split ratio r, usually 1, a dividend is
    D_t = close_{t-1} (1 - r_t f_{t-1} / f_t).
    """
    # yfinance writes 0 where no split fell
    ratio = pl.col("split_ratio").replace(0.0, 1.0).fill_null(1.0)
    factor = pl.col("adj_close") / pl.col("close")
    change = ratio * factor.shift(1).over("symbol") / factor
    implied = pl.col("close").shift(1).over("symbol") * (1.0 - change)
    is_noise = (change - 1.0).abs() < ROUNDING_NOISE
    known = pl.when(is_noise).then(0.0).otherwise(implied)
    return panel.sort("symbol", "session").with_columns(
        dividend=pl.coalesce("dividend", known, pl.lit(0.0)), split_ratio=ratio
    )


def _is_split_adjusted() -> pl.Expr:
    """Whether a split left no trace in the close: then prices are adjusted already.

    Only where that holds for most splits of the panel: a single split may come with a
    spin-off that hides it.
    """
    move = (pl.col("close") / pl.col("close").shift(1).over("symbol")).log()
    split = pl.col("split_ratio").log()
    is_large = split.abs() > LARGE_SPLIT
    is_hidden = is_large & (move.abs() < (move + split).abs())
    return is_hidden & (2 * is_hidden.sum() > is_large.sum())
