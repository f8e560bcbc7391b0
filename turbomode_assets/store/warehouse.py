"""The warehouse: declared tables in DuckDB, replaced by whole partitions.

The only module that speaks to DuckDB. A partition, or a range of them, is replaced in
one transaction; plain SQL that runs on a file and on a lake, so no primary keys, no
upserts, no indexes. Uniqueness is enforced by the table declaration when a frame is
written. A file lets one process in at a time (``opening.py``), a lake all of them, in
turns where they write the same months (``lake.py``).
What a table means belongs to ``tables.py``, what is computed to the stages.
"""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence

import duckdb
import polars as pl

from turbomode_assets import schema
from turbomode_assets.store import clauses, holding, lake, opening, stored
from turbomode_assets.store.address import Address

WAIT_SECONDS = 60.0
"""How long a process waits for another to let go of the warehouse."""


_NOBODY_ELSE = contextlib.nullcontext()


class Warehouse:
    """Declared tables behind one connection.

    Parameters
    ----------
    connection
        An open DuckDB connection; the caller closes it.
    columns
        Stored columns by table, kept between openings.
    turns
        Of those who write; null where nobody else can.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        columns: dict[str, list[str]],
        turns: holding.Turns | None = None,
    ) -> None:
        """Keep the connection; nothing is created before it is written."""
        self._connection = connection
        self._columns = columns
        self._turns = turns
        self._is_writing = False
        connection.execute("SET TimeZone = 'UTC'")
        if turns is not None:
            connection.execute(f"USE {lake.NAME}")

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
        delete = f"DELETE FROM {clauses.relation(table)}{where}"  # noqa: S608

        def write() -> int:
            self._ensure(table, rows)
            self._connection.execute(delete)
            return stored.insert(self._connection, table, rows)

        return self._write(write, first, last)

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

        def write() -> int:
            self._ensure(table, rows)
            return stored.insert(self._connection, table, rows, only_new=True)

        return self._write(write, *clauses.span(table, rows))

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
        cursor = self._connection.cursor()
        if self._turns is not None:
            cursor.execute(f"USE {lake.NAME}")
        return cursor

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything written inside is stored together, or none of it.

        Where many processes write, nobody else does meanwhile.
        """
        with self._written(None, None):
            yield

    def _write(
        self, write: Callable[[], int], first: dt.date | None, last: dt.date | None
    ) -> int:
        """Write in the transaction that is open, else in one of its own."""

        def whole(since: dt.date | None, until: dt.date | None) -> int:
            with self._written(since, until):
                return write()

        try:
            return whole(first, last)
        except duckdb.TransactionException as fault:
            if self._is_writing or self._turns is None or not lake.is_conflict(fault):
                raise
        # Alone there is nothing to collide with, so that once more is enough.
        return whole(None, None)

    @contextlib.contextmanager
    def _written(self, first: dt.date | None, last: dt.date | None) -> Iterator[None]:
        if self._is_writing:
            yield
            return
        turn = self._turns.taken(first, last) if self._turns else _NOBODY_ELSE
        with turn, opening.explained(), contextlib.ExitStack() as undo:
            if self._turns is not None:
                self._columns.clear()
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
        """Columns once known: others may add some, and only a write asks for those."""
        if not self._columns.get(table.name):
            self._columns[table.name] = stored.columns(self._connection, table)
        return self._columns[table.name]

    def _ensure(self, table: schema.Table, rows: pl.DataFrame) -> None:
        known = self._stored_columns(table)
        if stored.make_room(self._connection, table, rows, known):
            self._columns.pop(table.name)


@contextlib.contextmanager
def opened(address: Address, wait_seconds: float = WAIT_SECONDS) -> Iterator[Warehouse]:
    """Warehouse at an address, created where it is absent.

    Within a process every opener shares one connection, so nested openings cost
    nothing. Between processes an operating-system lock beside a file lets one in at a
    time, and dies with its holder; a lake lets all of them in.

    Parameters
    ----------
    address
        A DuckDB file, or a lake.
    wait_seconds
        How long to wait for another process.

    Yields
    ------
    Warehouse

    Raises
    ------
    errors.WarehouseBusy
        Where another process keeps it longer than that; names the process of a file.
    errors.WarehouseUnusable
        Where it is damaged, of a later version, or cannot be reached or written.
    """
    with holding.shared(address, wait_seconds) as held:
        store = Warehouse(held.connection.cursor(), held.columns, held.turns)
        try:
            yield store
        finally:
            store.close()
