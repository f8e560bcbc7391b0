"""The warehouse: declared tables in one DuckDB file, replaced by whole partitions.

The only module that speaks to DuckDB. A partition, or a range of them, is replaced in
one transaction; plain SQL that also runs on DuckLake, so no primary keys, no upserts,
no indexes. Uniqueness is enforced by the table declaration when a frame is written.
What a table means belongs to ``tables.py``, what is computed to the stages.
"""

import contextlib
import dataclasses
import datetime as dt
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import filelock
import polars as pl

from turbomode_assets import schema
from turbomode_assets.store import clauses, opening

WAIT_SECONDS = 60.0
"""How long a process waits for another to let go of the warehouse."""


class Warehouse:
    """Declared tables behind one connection.

    Parameters
    ----------
    connection
        An open DuckDB connection; the caller closes it.
    columns
        Stored columns by table, kept between openings while nobody else can write.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, columns: dict[str, list[str]]
    ) -> None:
        """Keep the connection; nothing is created before it is written."""
        self._connection = connection
        self._columns = columns
        self._is_writing = False
        connection.execute("SET TimeZone = 'UTC'")

    def read(
        self,
        table: schema.Table,
        first: dt.date | None = None,
        last: dt.date | None = None,
        match: Mapping[str, str] | None = None,
    ) -> pl.DataFrame:
        """Rows of a table, sorted by its key.

        Parameters
        ----------
        table
            A declared table.
        first, last
            Bounds of the partition column, both included; null reads all.
        match
            Text columns and the value each must have.

        Returns
        -------
        pl.DataFrame
            Declared columns, further ones last; no rows where nothing was written.
        """
        if not self._stored_columns(table):
            return table.empty()
        frame = pl.DataFrame(self._rows(table, first, last, match or {}))
        return frame.cast(dict(table.schema()))  # type: ignore[arg-type]

    def columns(
        self,
        table: schema.Table,
        names: Sequence[str],
        first: dt.date | None = None,
        last: dt.date | None = None,
    ) -> pl.DataFrame:
        """Some declared columns of a table, sorted by its key.

        Parameters
        ----------
        table
            A declared table.
        names
            Its columns; the rest, such as the frozen features of years of signals, is
            not read.
        first, last
            As for `read`.
        """
        if not self._stored_columns(table):
            return table.empty().select(names)
        chosen = ", ".join(map(clauses.quoted, names))
        frame = pl.DataFrame(self._rows(table, first, last, {}).project(chosen))
        return frame.cast({name: table.schema()[name] for name in names})

    def _rows(
        self,
        table: schema.Table,
        first: dt.date | None,
        last: dt.date | None,
        match: Mapping[str, str],
    ) -> duckdb.DuckDBPyRelation:
        rows = self._connection.table(clauses.relation(table))
        for condition in clauses.conditions(table, first, last, match):
            rows = rows.filter(condition)
        return rows.order(", ".join(clauses.quoted(name) for name in table.key))

    def replace(
        self,
        table: schema.Table,
        frame: pl.DataFrame,
        first: dt.date | None = None,
        last: dt.date | None = None,
    ) -> int:
        """Put `frame` in the place of the partitions from `first` to `last`.

        One transaction: whoever reads sees all of the old rows or all of the new.

        Parameters
        ----------
        table
            A declared table.
        frame
            Every row these partitions shall hold; may be empty.
        first, last
            Bounds of the partition column, both included; null replaces all.

        Returns
        -------
        int
            Rows written.

        Raises
        ------
        errors.TableError
            Where the frame does not match the declaration or leaves the range.
        """
        rows = table.conform(frame)
        clauses.refuse_strays(table, rows, first, last)
        within = clauses.bounds(table, first, last)
        where = f" WHERE {' AND '.join(within)}" if within else ""
        with self.transaction():
            self._ensure(table, rows)
            self._connection.execute(
                f"DELETE FROM {clauses.relation(table)}{where}"  # noqa: S608
            )
            self._insert(table, rows)
        return rows.height

    def newest(
        self,
        table: schema.Table,
        by: str,
        column: str,
        before: dt.date = dt.date.max,
    ) -> dict[str, dt.date]:
        """Latest day in `column` for each value of `by`; empty where nothing is stored.

        Parameters
        ----------
        table
            A declared table.
        by
            Text column.
        column
            Date column.
        before
            First day that does not count.
        """
        if not self._stored_columns(table):
            return {}
        group, day = clauses.quoted(by), clauses.quoted(column)
        sql = (
            f"SELECT {group}, max({day}) FROM {clauses.relation(table)} "  # noqa: S608
            f"WHERE {day} < DATE '{before}' GROUP BY 1 ORDER BY 1"
        )
        return dict(self._connection.sql(sql).pl().iter_rows())

    def holds(self, table: schema.Table) -> bool:
        """Whether anything was ever written to a table."""
        return bool(self._stored_columns(table))

    def select(self, sql: str, needs: Sequence[schema.Table]) -> pl.DataFrame | None:
        """Answer to a query of our own; null while a table is missing.

        Parameters
        ----------
        sql
            One SELECT, a constant or built from `clauses` and declarations only.
        needs
            Tables it reads.
        """
        if not all(map(self.holds, needs)):
            return None
        return self._connection.sql(sql).pl()

    def append(self, table: schema.Table, frame: pl.DataFrame) -> int:
        """Add rows whose keys are not stored yet; stored rows never change.

        Returns
        -------
        int
            Rows added; those already stored are left alone and not counted.
        """
        rows = table.conform(frame)
        with self.transaction():
            self._ensure(table, rows)
            return self._insert(table, rows, only_new=True)

    def partitions(self, table: schema.Table) -> list[dt.date]:
        """Partitions that hold rows, ascending."""
        if not self._stored_columns(table):
            return []
        column = clauses.quoted(table.partition_column)
        sql = f"SELECT DISTINCT {column} FROM {clauses.relation(table)} ORDER BY 1"  # noqa: S608
        found: list[dt.date] = self._connection.sql(sql).pl().to_series().to_list()
        return found

    def doubled_keys(self, table: schema.Table) -> int:
        """How many stored rows repeat the key of another; 0 in a sound warehouse."""
        if not self._stored_columns(table):
            return 0
        key = ", ".join(clauses.quoted(name) for name in table.key)
        sql = (
            f"SELECT coalesce(sum(n - 1), 0)::BIGINT FROM (SELECT count(*) AS n "  # noqa: S608
            f"FROM {clauses.relation(table)} GROUP BY {key} HAVING n > 1)"
        )
        return int(self._connection.sql(sql).pl().item())

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Another connection to the same, for modules of this folder; to be closed."""
        return self._connection.cursor()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything written inside is stored together, or none of it."""
        if self._is_writing:
            yield
            return
        with opening.explained(), contextlib.ExitStack() as undo:
            self._connection.begin()
            self._is_writing = True
            undo.callback(self._abandon)
            yield
            self._connection.commit()
            undo.pop_all()
        self._is_writing = False

    def _abandon(self) -> None:
        self._is_writing = False
        self._columns.clear()
        # After a commit that failed there is nothing left to give up.
        with contextlib.suppress(duckdb.Error):
            self._connection.rollback()

    def _stored_columns(self, table: schema.Table) -> list[str]:
        if table.name not in self._columns:
            self._columns[table.name] = self._look_up_columns(table)
        return self._columns[table.name]

    def _look_up_columns(self, table: schema.Table) -> list[str]:
        schema_name, base_name = map(
            clauses.literal, (table.schema_name, table.base_name)
        )
        sql = (
            "SELECT column_name FROM information_schema.columns "  # noqa: S608
            f"WHERE table_schema = {schema_name} AND table_name = {base_name} "
            "AND table_catalog = current_database() ORDER BY ordinal_position"
        )
        return [row[0] for row in self._connection.sql(sql).fetchall()]

    def _ensure(self, table: schema.Table, rows: pl.DataFrame) -> None:
        stored = self._stored_columns(table)
        if not stored:
            columns = ", ".join(
                clauses.definition(table, n, d) for n, d in rows.schema.items()
            )
            self._connection.execute(
                f"CREATE SCHEMA IF NOT EXISTS {clauses.quoted(table.schema_name)}"
            )
            self._connection.execute(
                f"CREATE TABLE {clauses.relation(table)} ({columns})"
            )
            self._columns.pop(table.name)
            return
        for name, dtype in rows.schema.items():
            if name not in stored:
                column = f"{clauses.quoted(name)} {clauses.SQL_TYPES[dtype]}"
                self._connection.execute(
                    f"ALTER TABLE {clauses.relation(table)} ADD COLUMN {column}"
                )
                self._columns.pop(table.name, None)

    def _insert(
        self, table: schema.Table, rows: pl.DataFrame, *, only_new: bool = False
    ) -> int:
        if rows.is_empty():
            return 0
        key = ", ".join(clauses.quoted(name) for name in table.key)
        unless = (
            f" ANTI JOIN {clauses.relation(table)} USING ({key})" if only_new else ""
        )
        # The bare stream: of anything else DuckDB asks pandas what it is.
        self._connection.register("incoming", rows.__arrow_c_stream__())
        try:
            done = self._connection.execute(
                f"INSERT INTO {clauses.relation(table)} BY NAME "  # noqa: S608
                f"SELECT incoming.* FROM incoming{unless}"
            ).fetchone()
        finally:
            self._connection.unregister("incoming")
        return int(done[0]) if done else 0


@dataclasses.dataclass
class _Held:
    connection: duckdb.DuckDBPyConnection
    lock: filelock.BaseFileLock
    columns: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    n_users: int = 0


_held: dict[Path, _Held] = {}
_guard = threading.RLock()


@contextlib.contextmanager
def opened(path: Path, wait_seconds: float = WAIT_SECONDS) -> Iterator[Warehouse]:
    """Warehouse in the file at `path`, created where it is absent.

    Within a process every opener shares one connection, so nested openings cost
    nothing; between processes an operating-system lock beside the file lets one in
    at a time, and dies with its holder.

    Parameters
    ----------
    path
        The DuckDB file.
    wait_seconds
        How long to wait for another process.

    Yields
    ------
    Warehouse

    Raises
    ------
    errors.WarehouseBusy
        Where another process keeps it longer than that; names the process.
    errors.WarehouseUnusable
        Where it is damaged, of a later version, or cannot be written.
    """
    real = Path(os.path.realpath(path))
    with _guard:
        held = _held.get(real) or _take(real, wait_seconds)
        held.n_users += 1
    cursor = held.connection.cursor()
    try:
        yield Warehouse(cursor, held.columns)
    finally:
        cursor.close()
        with _guard:
            held.n_users -= 1
            if held.n_users == 0:
                _release(real)


def _take(path: Path, wait_seconds: float) -> _Held:
    lock = opening.lock(path, wait_seconds)
    with contextlib.ExitStack() as undo:
        undo.callback(lock.release)
        connection = opening.connect(path, wait_seconds)
        undo.pop_all()
    _held[path] = _Held(connection=connection, lock=lock)
    return _held[path]


def _release(path: Path) -> None:
    held = _held.pop(path)
    held.connection.close()
    held.lock.release()
