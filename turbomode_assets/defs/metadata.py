"""What the user interface shows beside an asset, derived from ``tables.py``.

Names, columns, units and sentences are declared with the table; nothing is written a
second time here, and nothing is read or computed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg

from turbomode_assets import schema
from turbomode_assets.defs import lineage, views

OWNER = "team:turbomode"
"""Owner of every asset, as the user interface shows it."""

POOL = "warehouse"
"""Concurrency pool that queues writers where one can see it."""


REPORTS = "reports"
"""Group of what is read off the loop and feeds nothing in it. A stage would do, but
the user interface draws groups in the order of the loop only where none of them both
precedes and follows another."""


def column_schema(table: schema.Table) -> dg.TableSchema:
    """Columns of a table with types, sentences, units and constraints."""
    columns = [*table.columns, *([table.further] if table.further else [])]
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=str(column.dtype),
                description=_described(column),
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for column in columns
        ]
    )


def _described(column: schema.Column) -> str:
    return f"{column.sentence} [{column.unit}]" if column.unit else column.sentence


def asset_metadata(table: schema.Table) -> Mapping[str, Any]:
    """Metadata of the asset that holds a table."""
    return {
        "dagster/table_name": table.name,
        "dagster/column_schema": column_schema(table),
        "grain": table.grain,
        "key": ", ".join(table.key),
        **lineage.column_lineage(table),
    }


def declared(table: schema.Table, group: str, *kinds: str) -> dict[str, Any]:
    """Keyword arguments every asset of a table shares.

    Parameters
    ----------
    table
        The table the asset holds; its name is the asset key.
    group
        Stage of the loop.
    *kinds
        What the stage is made with, beside DuckDB.

    Returns
    -------
    dict
        For `dg.asset` or `dg.AssetSpec`.
    """
    return {
        "key": dg.AssetKey([table.schema_name, table.base_name]),
        "group_name": group,
        "kinds": {"duckdb", *kinds},
        "owners": [OWNER],
        "metadata": asset_metadata(table),
        "tags": views.tags(table),
    }


def key(table: schema.Table) -> dg.AssetKey:
    """Asset key of a table."""
    return dg.AssetKey([table.schema_name, table.base_name])


def markdown_table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Markdown table; a dash stands for null.

    Examples
    --------
    >>> print(markdown_table(["symbol", "skill"], [["A", 0.12345], ["B", None]]))
    | symbol | skill |
    | --- | --- |
    | A | 0.123 |
    | B | - |
    """
    names = list(head)
    lines = [names, ["---"] * len(names), *(map(_cell, row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return "-" if value is None else str(value)
