"""Which version a warehouse has, and how an older one is brought up to date.

The version is a number in the file. A change of ``tables.py`` that rows stored before
it do not fit adds a step here; a home is brought up to date when it is opened next, in
one transaction, and a home of a later version is refused. Columns that may be null need
no step, unless a query in SQL names them.
"""

import duckdb

from turbomode_assets import errors

STEPS: tuple[tuple[str, ...], ...] = (
    (
        # Standings came to be held against two baselines; before, there was one.
        """
        ALTER TABLE IF EXISTS learning.standings
        ADD COLUMN IF NOT EXISTS against VARCHAR DEFAULT 'the base rate'
        """,
    ),
    tuple(
        # What became of the rows of a fetch; of earlier ones nobody counted it.
        f"ALTER TABLE IF EXISTS market.fetches ADD COLUMN IF NOT EXISTS {name} BIGINT"
        for name in ("n_new", "n_known", "n_refused", "n_quarantined")
    ),
)
"""Statements of each step; the first leads from version 0, which had no number, to 1.
Each may run where its table was never written, or is as it should be."""

VERSION = len(STEPS)
"""Version of this code."""

_CREATE = (
    "CREATE SCHEMA IF NOT EXISTS home",
    "CREATE TABLE IF NOT EXISTS home.version (number BIGINT NOT NULL)",
)


def begin(connection: duckdb.DuckDBPyConnection) -> None:
    """Number a warehouse that was just made."""
    for statement in _CREATE:
        connection.execute(statement)
    connection.execute("INSERT INTO home.version VALUES (?)", [VERSION])


def found(connection: duckdb.DuckDBPyConnection) -> int:
    """Version of a warehouse; 0 where it has no number."""
    known = connection.execute(
        "SELECT 1 FROM information_schema.tables WHERE table_schema = 'home' "
        "AND table_name = 'version' AND table_catalog = current_database()"
    ).fetchone()
    if known is None:
        return 0
    row = connection.execute("SELECT max(number) FROM home.version").fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def bring_up_to_date(connection: duckdb.DuckDBPyConnection) -> None:
    """Take the steps a warehouse has not taken, all or none.

    Raises
    ------
    errors.WarehouseUnusable
        Where it was written by a later version.
    """
    version = found(connection)
    if version > VERSION:
        message = (
            f"expected a home of version {VERSION} or earlier, found version "
            f"{version}; use the turbomode that wrote it, or a later one"
        )
        raise errors.WarehouseUnusable(message)
    if version == VERSION:
        return
    connection.begin()
    for step in STEPS[version:]:
        for statement in step:
            connection.execute(statement)
    begin(connection)
    connection.commit()


def touch(connection: duckdb.DuckDBPyConnection) -> None:
    """Write something that changes nothing.

    An update to the same value is none: DuckDB leaves it out of its log.
    """
    connection.begin()
    connection.execute("DELETE FROM home.version")
    connection.execute("INSERT INTO home.version VALUES (?)", [VERSION])
    connection.commit()
