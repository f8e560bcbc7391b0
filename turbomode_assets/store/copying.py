"""A warehouse copied by DuckDB while it is open, and compared with another.

Beside ``warehouse.py`` the only module that asks DuckDB for more than declared tables:
it looks at all that is stored, whatever declared it. What a backup holds besides stands
in ``backup.py``.
"""

import contextlib
from pathlib import Path

from turbomode_assets.store import clauses, warehouse


def copy(store: warehouse.Warehouse, path: Path) -> None:
    """Write all of a warehouse, as it is now, into a new file."""
    with contextlib.closing(store.cursor()) as cursor:
        cursor.execute(f"ATTACH {clauses.literal(str(path))} AS copied")
        try:
            row = cursor.execute("SELECT current_database()").fetchone() or ("",)
            cursor.execute(f"COPY FROM DATABASE {clauses.quoted(row[0])} TO copied")
        finally:
            cursor.execute("DETACH copied")


def fingerprints(store: warehouse.Warehouse) -> dict[str, list[str]]:
    """Rows of each stored table, and a number that any change of them changes.

    The same for equal rows in any order, in one version of DuckDB.
    """
    with contextlib.closing(store.cursor()) as cursor:
        listed = cursor.execute(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_catalog = current_database() ORDER BY ALL"
        ).fetchall()
        found = {}
        for names in listed:
            stored = ".".join(map(clauses.quoted, names))
            sql = f"SELECT count(*), sum(hash(t)::HUGEINT) FROM {stored} t"  # noqa: S608
            found[".".join(names)] = list(map(str, cursor.execute(sql).fetchall()[0]))
    return found
