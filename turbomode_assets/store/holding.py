"""The connection to a warehouse that all openers within a process share.

Taken by the first, given back by the last. Between processes a file has one holder at a
time; what a lake has instead are turns at writing. What is read and written through it
belongs to ``warehouse.py``.
"""

import contextlib
import dataclasses
import datetime as dt
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import duckdb
import filelock

from turbomode_assets.store import lake, opening
from turbomode_assets.store.address import Address


class Turns(Protocol):
    """Who may write when, where many processes do."""

    def taken(
        self, first: dt.date | None, last: dt.date | None
    ) -> contextlib.AbstractContextManager[None]:
        """Nobody else writes these days while the context lasts; null: any day."""


@dataclasses.dataclass
class Held:
    """A connection, and what is known and locked while it is open."""

    connection: duckdb.DuckDBPyConnection
    lock: filelock.BaseFileLock | None = None
    turns: Turns | None = None
    columns: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    n_users: int = 0


_held: dict[Address, Held] = {}
_guard = threading.RLock()


@contextlib.contextmanager
def shared(address: Address, wait_seconds: float) -> Iterator[Held]:
    """Connection of this process to a warehouse, for as long as the context lasts."""
    real = _real(address)
    with _guard:
        if real not in _held:
            _held[real] = _take(real, wait_seconds)
        held = _held[real]
        held.n_users += 1
    try:
        yield held
    finally:
        with _guard:
            held.n_users -= 1
            if held.n_users == 0:
                _give_back(_held.pop(real))


def _real(address: Address) -> Address:
    if isinstance(address, Path):
        return Path(os.path.realpath(address))
    return address


def _take(address: Address, wait_seconds: float) -> Held:
    if not isinstance(address, Path):
        turns = lake.Turns(address, wait_seconds)
        return Held(lake.connect(address, wait_seconds), turns=turns)
    lock = opening.lock(address, wait_seconds)
    with contextlib.ExitStack() as undo:
        undo.callback(lock.release)
        held = Held(opening.connect(address, wait_seconds), lock)
        undo.pop_all()
    return held


def _give_back(held: Held) -> None:
    held.connection.close()
    if held.lock is not None:
        held.lock.release()
