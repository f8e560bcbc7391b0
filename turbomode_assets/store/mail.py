"""Messages and what became of them, in the warehouse.

Each call opens the warehouse for a moment, so that nobody waits for it while a channel
is asked. What is sent, and when again, is decided in ``notify/outbox.py``.
"""

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import filelock
import polars as pl

from turbomode_assets import report_tables
from turbomode_assets.store import warehouse
from turbomode_assets.store.address import Address


@dataclasses.dataclass(frozen=True)
class Mail:
    """The ledger of the outbox.

    Parameters
    ----------
    address
        Of the warehouse.
    root
        The home.
    wait_seconds
        How long to wait for another process.
    """

    address: Address
    root: Path
    wait_seconds: float = warehouse.WAIT_SECONDS

    def log(self, channel: str) -> pl.DataFrame:
        """Rows of `report_tables.DELIVERIES` of a channel."""
        with self._opened() as store:
            return store.read(report_tables.DELIVERIES, match={"channel": channel})

    def messages(self, first: dt.date) -> pl.DataFrame:
        """Rows of `report_tables.MESSAGES` from a day on."""
        with self._opened() as store:
            return store.read(report_tables.MESSAGES, first)

    def record(self, rows: pl.DataFrame) -> None:
        """Add rows of `report_tables.DELIVERIES`, for good."""
        with self._opened() as store:
            store.append(report_tables.DELIVERIES, rows)

    @contextlib.contextmanager
    def delivering(self) -> Iterator[bool]:
        """Whether nobody else delivers; then nobody does while the context lasts."""
        lock = filelock.FileLock(self.root / "notify.lock", blocking=False)
        try:
            lock.acquire()
        except filelock.Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    @contextlib.contextmanager
    def _opened(self) -> Iterator[warehouse.Warehouse]:
        with warehouse.opened(self.address, self.wait_seconds) as store:
            yield store


def write(
    store: warehouse.Warehouse, message: pl.DataFrame, queued: pl.DataFrame
) -> bool:
    """Keep a message and whom it is for, unless it was written before.

    Parameters
    ----------
    store
        The open warehouse.
    message
        One row of `report_tables.MESSAGES`.
    queued
        Its rows of `report_tables.DELIVERIES`.

    Returns
    -------
    bool
        Whether it is new.
    """
    with store.transaction():
        is_new = bool(store.append(report_tables.MESSAGES, message))
        if is_new and queued.height:
            store.append(report_tables.DELIVERIES, queued)
    return is_new
