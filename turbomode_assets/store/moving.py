"""A warehouse copied into another of whatever kind, and compared row by row.

1. the source is held, so that nobody writes it, and attached beside the target
2. each stored table is made in the target, and filled
3. each is compared: what one has and the other has not, row by row

All in one transaction: the target has everything, proven, or nothing. Which warehouse a
home uses is not decided here.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import duckdb

from turbomode_assets import errors
from turbomode_assets.store import clauses, lake, opening, warehouse
from turbomode_assets.store.address import Address

_SOURCE = "moved_from"
_OWN = ("home", "version")


def migrate(source: Address, target: Address, wait_seconds: float) -> dict[str, int]:
    """Copy all of a warehouse into one that is empty; rows by table.

    Parameters
    ----------
    source, target
        Addresses; the source stays as it is.
    wait_seconds
        How long to wait for other processes.

    Raises
    ------
    errors.SettingsError
        Where there is no source, both are the same or the target holds tables.
    errors.WarehouseUnusable
        Where a table is not the same there, row by row; names them.
    """
    if isinstance(source, Path) and not source.is_file():
        message = f"expected a warehouse at {source}, found none"
        raise errors.SettingsError(message)
    if source == target:
        message = f"expected another place than {source} to migrate to"
        raise errors.SettingsError(message)
    with warehouse.opened(source, wait_seconds):
        """Bring it up to date, and fold in what a crash left."""
    with (
        warehouse.opened(target, wait_seconds) as store,
        contextlib.closing(store.cursor()) as cursor,
        _attached(cursor, source, wait_seconds),
        store.transaction(),
        contextlib.ExitStack() as undo,
    ):
        cursor.begin()
        undo.callback(cursor.rollback)
        moved = _copied(cursor, target)
        _compare(cursor, moved)
        cursor.commit()
        undo.pop_all()
    return moved


@contextlib.contextmanager
def _attached(
    cursor: duckdb.DuckDBPyConnection, source: Address, wait_seconds: float
) -> Iterator[None]:
    """Source beside the target, which stays the one in use; nobody writes it."""
    with contextlib.ExitStack() as held:
        if isinstance(source, Path):
            held.callback(opening.lock(source, wait_seconds).release)
            where = f"{clauses.literal(str(source))} AS {_SOURCE} (READ_ONLY)"
            cursor.execute(f"ATTACH {where}")
        else:
            held.enter_context(lake.Turns(source, wait_seconds).taken(None, None))
            lake.attach(cursor, source, _SOURCE)
        try:
            yield
        finally:
            cursor.execute(f"DETACH {_SOURCE}")


def _copied(cursor: duckdb.DuckDBPyConnection, target: Address) -> dict[str, int]:
    """Rows of each table of the source, after they were copied."""
    there = _tables(cursor, "current_database()")
    if there:
        message = f"expected nothing in {target}, found {', '.join(sorted(there))}"
        raise errors.SettingsError(message)
    moved = {}
    for name, columns in _tables(cursor, clauses.literal(_SOURCE)).items():
        schema_name = name.partition(".")[0]
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema_name}")
        cursor.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
        insert = f"INSERT INTO {name} BY NAME FROM {_SOURCE}.{name}"
        row = cursor.execute(insert).fetchone()
        moved[name] = int(row[0]) if row else 0
    return moved


def _tables(cursor: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, list[str]]:
    """Definitions of the columns of each table, but for the number of the version."""
    sql = (
        "SELECT table_schema, table_name, column_name, data_type, is_nullable "  # noqa: S608
        f"FROM information_schema.columns WHERE table_catalog = {catalog} "
        "ORDER BY table_schema, table_name, ordinal_position"
    )
    found: dict[str, list[str]] = {}
    for schema_name, table, column, dtype, nullable in cursor.execute(sql).fetchall():
        if (schema_name, table) != _OWN:
            name = f"{clauses.quoted(schema_name)}.{clauses.quoted(table)}"
            required = "" if nullable == "YES" else " NOT NULL"
            definition = f"{clauses.quoted(column)} {dtype}{required}"
            found.setdefault(name, []).append(definition)
    return found


def _compare(cursor: duckdb.DuckDBPyConnection, moved: dict[str, int]) -> None:
    """Refuse where a table has a row that its copy has not, or fewer rows."""
    differing = [name for name in moved if not _is_same(cursor, name)]
    if differing:
        message = f"expected the same rows there, found others in {differing}"
        raise errors.WarehouseUnusable(message)


def _is_same(cursor: duckdb.DuckDBPyConnection, name: str) -> bool:
    """With as many rows on both sides, what none lacks none has too often."""
    source = f"{_SOURCE}.{name}"
    sql = (
        f"SELECT (SELECT count(*) FROM {source}) = (SELECT count(*) FROM {name}) "  # noqa: S608
        f"AND NOT EXISTS (FROM {source} EXCEPT ALL FROM {name})"
    )
    row = cursor.execute(sql).fetchone()
    return row is not None and bool(row[0])
