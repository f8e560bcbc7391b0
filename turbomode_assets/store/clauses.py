"""Pieces of SQL, derived from the declared tables: names, types and bounds.

Identifiers come from declarations only and still are escaped; values are bound or
constants of an expression, never pasted. Nothing here runs a statement.
"""

import datetime as dt
from collections.abc import Mapping

import duckdb
import polars as pl

from turbomode_assets import errors, schema

SQL_TYPES: dict[pl.DataType, str] = {
    pl.String(): "VARCHAR",
    pl.Float64(): "DOUBLE",
    pl.Float32(): "FLOAT",
    pl.Int64(): "BIGINT",
    pl.Boolean(): "BOOLEAN",
    pl.Date(): "DATE",
    pl.Datetime("us", "UTC"): "TIMESTAMP WITH TIME ZONE",
    pl.List(pl.Float64()): "DOUBLE[]",
    pl.List(pl.Float32()): "FLOAT[]",
}


def quoted(name: str) -> str:
    """SQL identifier; names come from declarations only, and still are escaped."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """SQL text constant, escaped."""
    return "'" + text.replace("'", "''") + "'"


def relation(table: schema.Table) -> str:
    """Table in its schema, as SQL."""
    return f"{quoted(table.schema_name)}.{quoted(table.base_name)}"


def definition(table: schema.Table, name: str, dtype: pl.DataType) -> str:
    """Column of a CREATE TABLE; required unless it may be null."""
    declared = {column.name: column for column in table.columns}.get(name)
    required = "" if declared is None or declared.nullable else " NOT NULL"
    return f"{quoted(name)} {SQL_TYPES[dtype]}{required}"


def bounds(
    table: schema.Table, first: dt.date | None, last: dt.date | None
) -> list[str]:
    """Clauses on the partition column.

    Values are literals: to bind one, DuckDB imports pandas, 70 MB and a quarter of a
    second that a nightly scan has no use for.
    """
    if (first or last) and not table.partition_column:
        message = f"{table.name} has no partitions; read or replace it as a whole"
        raise errors.TableError(message)
    day = quoted(table.partition_column)
    found = [f"{day} >= DATE '{first}'"] * (first is not None)
    return found + [f"{day} <= DATE '{last}'"] * (last is not None)


def span(
    table: schema.Table, rows: pl.DataFrame
) -> tuple[dt.date, dt.date] | tuple[None, None]:
    """Partitions that hold every row with a key of `rows`; null where any may."""
    if not rows.height or table.partition_column not in table.key:
        return None, None
    days = rows[table.partition_column]
    return days.min(), days.max()  # type: ignore[return-value]


def conditions(
    table: schema.Table,
    first: dt.date | None,
    last: dt.date | None,
    match: Mapping[str, str],
) -> list[duckdb.Expression]:
    """The same for reading.

    DuckDB answers a relation with expressions twenty times as fast as one with
    places for values, which it copies row by row.
    """
    found = bounds(table, first, last)
    found += [f"{quoted(name)} = {literal(value)}" for name, value in match.items()]
    return [duckdb.SQLExpression(condition) for condition in found]


def refuse_strays(
    table: schema.Table,
    rows: pl.DataFrame,
    first: dt.date | None,
    last: dt.date | None,
) -> None:
    """Raise where rows lie outside the partitions they are to replace.

    Raises
    ------
    errors.TableError
        Names the range asked for and the range found.
    """
    if not table.partition_column or rows.is_empty():
        return
    low = rows[table.partition_column].min()
    high = rows[table.partition_column].max()
    if not isinstance(low, dt.date) or not isinstance(high, dt.date):
        return
    if (first and low < first) or (last and high > last):
        message = (
            f"{table.name}: rows must lie in {first}..{last}, found {low}..{high}; "
            "pass the range they belong to"
        )
        raise errors.TableError(message)
