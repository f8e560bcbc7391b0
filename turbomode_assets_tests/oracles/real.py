"""Real price files: where they lie, and how they are taken in."""

import datetime as dt
import os
import pathlib

import polars as pl
import pytest

from turbomode_assets import policy, sessions, tables
from turbomode_assets.prices import quality
from turbomode_assets.sources import base, files

FOLDER = pathlib.Path(os.environ.get("TURBOMODE_SHARED_DATA", "../shared/data"))
DOCS = pathlib.Path(__file__).parents[2] / "docs"

needed = pytest.mark.skipif(
    not (FOLDER / "dirty").exists(), reason=f"no real prices in {FOLDER}"
)

REQUEST = base.Request(
    first=sessions.FIRST_DAY,
    last=dt.date(2026, 12, 31),
    now=dt.datetime(2027, 1, 1, tzinfo=dt.UTC),
    since=sessions.FIRST_DAY,
)
"""Everything there is."""


def deliver(path: pathlib.Path) -> pl.DataFrame:
    """Every row of a file or folder since 1996, through the file source."""
    parts = [delivery.rows for delivery in files.Files(path).fetch(REQUEST)]
    return pl.concat(parts)


def inspect(rows: pl.DataFrame, *, is_revising: bool = False) -> quality.Inspection:
    """Rows judged with nothing known before and the policy in force."""
    rules = policy.SWING.quality
    return quality.inspect(rows, tables.BARS.empty(), rules, is_revising=is_revising)


def bars(found: quality.Inspection) -> pl.DataFrame:
    """Accepted rows as bars."""
    return tables.BARS.conform(found.accepted.select(tables.BARS.column_names))


def gain(name: str) -> pl.Expr:
    """Return from each symbol's row before, in a frame sorted by symbol and session."""
    return pl.col(name) / pl.col(name).shift(1).over("symbol") - 1


def as_table(rows: pl.DataFrame) -> str:
    """Rows as a Markdown table."""
    with pl.Config(
        tbl_formatting="ASCII_MARKDOWN",
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
        tbl_rows=-1,
        tbl_cols=-1,
        tbl_width_chars=1000,
        fmt_str_lengths=300,
        set_float_precision=5,
    ):
        return str(rows)
