"""Dagster's own SQLite event log, with connections that stay open.

The stock storage makes a new SQLAlchemy engine for every event: statements are
compiled anew, and the write-ahead log is synced and folded back each time. Keeping a
few engines open halves what a partition costs. Tables, files and everything that is
written stay Dagster's; a home opens with the stock storage as well.

Named by the ``dagster.yaml`` of a home. Nothing of the loop belongs here.
"""

import collections
import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from dagster._core.storage.event_log import SqliteEventLogStorage

MAX_ENGINES = 8
"""Run files kept open; one run writes to its own file and the shared index."""


class PooledSqliteEventLog(SqliteEventLogStorage):
    """Event log whose files stay open between events.

    A commit reaches the operating system at once and the disk at the next checkpoint:
    a killed process loses nothing, a power cut at most the last events, and what they
    stood for is then made again.
    """

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        """Open nothing yet; files are opened as they are written."""
        self._engines: collections.OrderedDict[str, sa.Engine]
        self._engines = collections.OrderedDict()
        self._engine_lock = threading.RLock()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """No settings: the files lie where the stock storage keeps them."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: Any, config_value: Any
    ) -> "PooledSqliteEventLog":
        """Storage below ``DAGSTER_HOME``, as Dagster builds it from its settings."""
        base_dir = Path(os.environ["DAGSTER_HOME"]) / "history" / "runs"
        return cls(str(base_dir), inst_data, **config_value)

    @contextlib.contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        with self._engine_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> sa.Engine:
        if shard not in self._engines:
            engine = sa.create_engine(
                self.conn_string_for_shard(shard), connect_args={"timeout": 60}
            )
            sa.event.listen(engine, "connect", _relax)
            self._engines[shard] = engine
        self._engines.move_to_end(shard)
        if len(self._engines) > MAX_ENGINES:
            self._engines.popitem(last=False)[1].dispose()
        return self._engines[shard]

    def dispose(self) -> None:
        """Close every file."""
        with self._engine_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()
        super().dispose()


def _relax(connection: Any, record: Any) -> None:
    """Sync at checkpoints only; with a write-ahead log nothing can be torn."""
    del record
    connection.execute("PRAGMA synchronous = NORMAL")
