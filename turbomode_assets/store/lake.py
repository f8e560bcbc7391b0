"""How a lake is opened: DuckDB's own DuckLake, with its catalog in PostgreSQL.

1. `connect`       extensions from their packages; the catalog, brought up to date
2. `Turns`         who writes which months, by PostgreSQL's own advisory locks
3. `is_conflict`   a commit that DuckLake refuses because of another

DuckLake lets any number of processes write, and refuses a commit where another one has
deleted from the same table meanwhile. What it cannot see is two processes that add the
same key at the same time; hence the turns: whoever writes waits for those, and only
those, who write the same months. A refused commit is tried again when it is its turn at
everything. A turn ends with its connection, so that a killed writer leaves none behind.
What is written is decided in ``warehouse.py``.
"""

import contextlib
import datetime as dt
import importlib.resources
import os
from collections.abc import Iterator, Mapping

import duckdb

from turbomode_assets import errors
from turbomode_assets.store import clauses, migration, opening
from turbomode_assets.store.address import Lake

NAME = "lake"
"""Under which a lake is attached."""

_EXTENSIONS = ("ducklake", "postgres_scanner")
_S3 = "httpfs"
_NAMESPACE = 0x7462
_EVERYTHING, _ATTACHING = 0, 1
_ALONE = "SELECT pg_advisory_xact_lock(%s, %s)"
_SHARED = "SELECT pg_advisory_xact_lock_shared(%s, %s)"
_MONTHS = "SELECT pg_advisory_xact_lock(%s, m) FROM generate_series(%s, %s) AS m"
_SESSION = {
    # A turn lasts as long as its write, and no longer than its writer's machine.
    "idle_in_transaction_session_timeout": 0,
    "tcp_keepalives_idle": 10,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 3,
}
_RETRIES_OF_A_COMMIT = 100
_CONFLICTS = ("conflict", "could not serialize")
_loaded: set[str] = set()


def connect(lake: Lake, wait_seconds: float) -> duckdb.DuckDBPyConnection:
    """Connection to a lake, made where there is none yet.

    Parameters
    ----------
    lake
        Its address.
    wait_seconds
        How long to wait for another process that makes it.

    Raises
    ------
    errors.WarehouseUnusable
        Where the extra ``lake`` is not installed, or the catalog cannot be reached.
    """
    wanted = _wanted(lake)
    # The signature of a file is looked at when this process first loads it; to look
    # again at what is in memory by then takes longer than all the rest.
    known = {"allow_unsigned_extensions": _loaded.issuperset(wanted)}
    connection = duckdb.connect(config=opening.CONFIG | known)
    with contextlib.ExitStack() as undo:
        undo.callback(connection.close)
        _load(connection, wanted[0])
        with Turns(lake, wait_seconds).alone(_ATTACHING):
            attach(connection, lake, NAME)
            connection.execute(f"USE {NAME}")
            migration.bring_up_to_date(connection)
        undo.pop_all()
    return connection


def attach(connection: duckdb.DuckDBPyConnection, lake: Lake, name: str) -> None:
    """Attach a lake under a name.

    Raises
    ------
    errors.WarehouseUnusable
        As for `connect`.
    """
    for extension in _wanted(lake):
        _load(connection, extension)
    _let_in(connection, lake, os.environ)
    connection.execute(f"SET ducklake_max_retry_count = {_RETRIES_OF_A_COMMIT}")
    # Where small writes go into the catalog instead, names of columns are reserved.
    options = "DATA_INLINING_ROW_LIMIT 0"
    if lake.files:
        options += f", DATA_PATH {clauses.literal(lake.files)}"
    sql = f"ATTACH {clauses.literal(str(lake))} AS {name} ({options})"
    try:
        connection.execute(sql)
    except duckdb.Error as fault:
        said = str(fault).partition("\n")[0]
        message = f"expected a lake at {lake}, found: {said}"
        raise errors.WarehouseUnusable(message) from fault


def _wanted(lake: Lake) -> tuple[str, ...]:
    """Extensions a lake needs."""
    return (*_EXTENSIONS, *[_S3] * lake.files.startswith("s3:"))


def _load(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension from the package that carries it; nothing is fetched."""
    try:
        package = importlib.resources.files(f"duckdb_extension_{name}")
    except ModuleNotFoundError as fault:
        message = (
            f"expected DuckDB's extension {name} for a lake, found none; install "
            "turbomode-assets[lake]"
        )
        raise errors.WarehouseUnusable(message) from fault
    file = f"extensions/v{duckdb.__version__}/{name}.duckdb_extension"
    connection.execute(f"LOAD {clauses.literal(str(package / file))}")
    _loaded.add(name)


def _let_in(
    connection: duckdb.DuckDBPyConnection, lake: Lake, environment: Mapping[str, str]
) -> None:
    """Let DuckDB into the bucket with the words every S3 client takes."""
    if not lake.files.startswith("s3:"):
        return
    address = environment.get("AWS_ENDPOINT_URL", "")
    words = {
        "KEY_ID": environment.get("AWS_ACCESS_KEY_ID", ""),
        "SECRET": environment.get("AWS_SECRET_ACCESS_KEY", ""),
        "SESSION_TOKEN": environment.get("AWS_SESSION_TOKEN", ""),
        "REGION": environment.get("AWS_DEFAULT_REGION", ""),
        "ENDPOINT": address.partition("://")[2].rstrip("/"),
        "URL_STYLE": "path" if address else "",
        "USE_SSL": "false" if address.startswith("http://") else "",
    }
    given = [f"{name} {clauses.literal(word)}" for name, word in words.items() if word]
    connection.execute(f"CREATE OR REPLACE SECRET (TYPE s3, {', '.join(given)})")


class Turns:
    """Turns at writing the months of a lake.

    Parameters
    ----------
    lake
        Its address; one lake lives in a database.
    wait_seconds
        How long to wait for a turn.
    """

    def __init__(self, lake: Lake, wait_seconds: float) -> None:
        """Keep the address; nothing is asked before somebody writes."""
        self._lake, self._wait_seconds = lake, wait_seconds

    @contextlib.contextmanager
    def taken(self, first: dt.date | None, last: dt.date | None) -> Iterator[None]:
        """Nobody else writes these months while the context lasts.

        Parameters
        ----------
        first, last
            Days; where one is null, nobody else writes anything.

        Raises
        ------
        errors.WarehouseBusy
            Where somebody does for longer than is waited.
        """
        if first is None or last is None:
            with self.alone(_EVERYTHING):
                yield
            return
        months = [day.year * 12 + day.month for day in (first, last)]
        # In one order, month after month, nobody waits for one who waits for him.
        with self._session([(_SHARED, [_EVERYTHING]), (_MONTHS, months)]):
            yield

    @contextlib.contextmanager
    def alone(self, what: int) -> Iterator[None]:
        """Nobody else does one thing while the context lasts."""
        with self._session([(_ALONE, [what])]):
            yield

    @contextlib.contextmanager
    def _session(self, asked: list[tuple[str, list[int]]]) -> Iterator[None]:
        """Hold locks in a session of our own: they end with it, whatever ends it."""
        # Imported here: a home with a file of its own needs no PostgreSQL.
        import psycopg2.errors  # noqa: PLC0415

        try:
            session = psycopg2.connect(self._lake.catalog)
        except psycopg2.OperationalError as fault:
            message = f"expected a catalog at {self._lake}, found: {fault}".strip()
            raise errors.WarehouseUnusable(message) from fault
        with contextlib.closing(session), session.cursor() as cursor:
            for setting, value in _SESSION.items():
                cursor.execute(f"SET {setting} = {value}")
            cursor.execute(
                f"SET lock_timeout = {max(int(self._wait_seconds * 1e3), 1)}"
            )
            try:
                for sql, numbers in asked:
                    cursor.execute(sql, [_NAMESPACE, *numbers])
            except psycopg2.errors.LockNotAvailable as fault:
                message = (
                    f"expected {self._lake} to be free within {self._wait_seconds:.0f} "
                    "s, but another process writes it; wait for it to end, or stop it"
                )
                raise errors.WarehouseBusy(message) from fault
            yield


def is_conflict(fault: duckdb.Error) -> bool:
    """Whether a commit was refused because of another; nothing of it was stored."""
    return any(sign in str(fault).lower() for sign in _CONFLICTS)
