"""Raw columns of a price file, and the lines in it that are no row of its table.

Turns one Parquet or CSV file into columns as they came and strays: text such as an
error message that a download wrote into the file. What a column means is not known
here; `file_panel.py` knows it.
"""

import csv
import pathlib
from collections.abc import Callable

import polars as pl

from turbomode_assets import errors, schema

Header = Callable[[list[str]], bool]
"""Whether the cells of a line name columns."""


def read(file: pathlib.Path, is_header: Header) -> tuple[pl.DataFrame, list[str]]:
    """Columns of a file and its strays.

    Parameters
    ----------
    file
        Ending in .parquet or .csv.
    is_header
        Tells the line that names the columns of a CSV; lines before it are strays.

    Returns
    -------
    columns : pl.DataFrame
        As they came; all text where the format has no types. Empty and without columns
        where no line names them.
    strays : list of str
        Lines with more or fewer cells than there are columns. Every line but the
        header and empty ones is either a row or a stray.

    Raises
    ------
    errors.SourceError
        Where the file cannot be opened.
    """
    try:
        if file.suffix.lower() == ".parquet":
            return pl.read_parquet(file), []
        lines = [line for line in _lines(file) if line.strip()]
        plain = _read_plain(file, is_header)
        if plain is not None and plain.height == len(lines) - 1:
            return plain, []
        return _read_line_by_line(lines, is_header)
    except schema.UNREADABLE as cause:
        message = f"{file} could not be opened as {file.suffix}: {cause}"
        raise errors.SourceError(message) from cause


def _lines(file: pathlib.Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="replace").splitlines()


def _read_plain(file: pathlib.Path, is_header: Header) -> pl.DataFrame | None:
    """Columns of a CSV without strays; null where it has some."""
    try:
        columns = pl.read_csv(file, infer_schema=False)
    except pl.exceptions.PolarsError:
        return None
    return columns if is_header(columns.columns) else None


def _read_line_by_line(
    lines: list[str], is_header: Header
) -> tuple[pl.DataFrame, list[str]]:
    cells = [next(csv.reader([line])) for line in lines]
    found = (i for i, names in enumerate(cells) if is_header(names))
    at = next(found, None)
    if at is None:
        return pl.DataFrame(), lines
    rows, strays = [], []
    for i, (line, values) in enumerate(zip(lines, cells, strict=True)):
        if i > at and len(values) == len(cells[at]):
            rows.append([value or None for value in values])
        elif i != at:
            strays.append(line)
    schema = dict.fromkeys(cells[at], pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row"), strays
