"""Statements that make and fill the tables of a warehouse, one table at a time.

Whether they belong into a transaction, and whose turn it is, is decided in
``warehouse.py``; their pieces stand in ``clauses.py``.
"""

import duckdb
import polars as pl

from turbomode_assets import schema
from turbomode_assets.store import clauses


def columns(connection: duckdb.DuckDBPyConnection, table: schema.Table) -> list[str]:
    """Stored columns of a table, in order; none where it was never written."""
    schema_name, base_name = map(clauses.literal, (table.schema_name, table.base_name))
    sql = (
        "SELECT column_name FROM information_schema.columns "  # noqa: S608
        f"WHERE table_schema = {schema_name} AND table_name = {base_name} "
        "AND table_catalog = current_database() ORDER BY ordinal_position"
    )
    return [row[0] for row in connection.sql(sql).fetchall()]


def make_room(
    connection: duckdb.DuckDBPyConnection,
    table: schema.Table,
    rows: pl.DataFrame,
    stored: list[str],
) -> bool:
    """Create what `rows` need beside the columns that are stored; whether any was."""
    name = clauses.relation(table)
    if not stored:
        declared = ", ".join(
            clauses.definition(table, n, d) for n, d in rows.schema.items()
        )
        connection.execute(
            f"CREATE SCHEMA IF NOT EXISTS {clauses.quoted(table.schema_name)}"
        )
        connection.execute(f"CREATE TABLE {name} ({declared})")
        return True
    new = {n: dtype for n, dtype in rows.schema.items() if n not in stored}
    for column, dtype in new.items():
        added = f"{clauses.quoted(column)} {clauses.SQL_TYPES[dtype]}"
        connection.execute(f"ALTER TABLE {name} ADD COLUMN {added}")
    return bool(new)


def insert(
    connection: duckdb.DuckDBPyConnection,
    table: schema.Table,
    rows: pl.DataFrame,
    *,
    only_new: bool = False,
) -> int:
    """Add rows, or those of them whose keys are not stored; how many."""
    if rows.is_empty():
        return 0
    key = ", ".join(clauses.quoted(name) for name in table.key)
    unless = f" ANTI JOIN {clauses.relation(table)} USING ({key})" if only_new else ""
    # The bare stream: of anything else DuckDB asks pandas what it is.
    connection.register("incoming", rows.__arrow_c_stream__())
    try:
        done = connection.execute(
            f"INSERT INTO {clauses.relation(table)} BY NAME "  # noqa: S608
            f"SELECT incoming.* FROM incoming{unless}"
        ).fetchone()
    finally:
        connection.unregister("incoming")
    return int(done[0]) if done else 0
