"""How the file of a warehouse is opened, and what is said where that fails.

1. `lock`       one process at a time, by an operating-system lock beside the file
2. `connect`    created aside and renamed, what a crash left folded in, brought up to
                date by ``migration.py``
3. `explained`  errors of DuckDB that a person can mend, in words

DuckDB's own lock is lost as soon as its file is opened and closed once more in the same
process, so the live file is never hashed or copied here. Nothing of tables belongs
here.
"""

import contextlib
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import filelock

from turbomode_assets import errors
from turbomode_assets.store import migration

CONFIG: dict[str, str | bool | int | float | list[str]] = {
    # A file that is no database must not make it fetch a program to read it.
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
"""Of every connection."""

_ELSEWHERE = "Could not set lock on file"
_FULL = ("No space left on device", "Disk quota exceeded", "File too large")
_PAUSE_SECONDS = 0.1

SILENT_SECONDS = 2.0
"""Wait about which nothing is said: most are over before anybody wonders."""

_log = logging.getLogger(__name__)


def lock(path: Path, wait_seconds: float) -> filelock.BaseFileLock:
    """Lock on a warehouse, held by this process until it is released.

    Parameters
    ----------
    path
        The DuckDB file.
    wait_seconds
        How long to wait for another process, whose name is logged before long.

    Raises
    ------
    errors.WarehouseBusy
        Names the process that keeps it longer than that.
    errors.WarehouseUnusable
        Where the folder cannot be written.
    """
    owner = path.with_name(path.name + ".owner")
    held = filelock.FileLock(path.with_name(path.name + ".lock"))
    silent = min(wait_seconds, SILENT_SECONDS)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            held.acquire(timeout=silent)
        except filelock.Timeout:
            _say(path, _holder(owner), wait_seconds - silent)
            held.acquire(timeout=wait_seconds - silent)
        owner.write_text(f"process {os.getpid()}")
    except filelock.Timeout as timeout:
        message = _busy(path, wait_seconds, _holder(owner))
        raise errors.WarehouseBusy(message) from timeout
    except OSError as fault:
        held.release()
        message = (
            f"expected to write beside {path}, found: {fault.strerror}; make the home "
            "writable, or name another --home"
        )
        raise errors.WarehouseUnusable(message) from fault
    return held


def _holder(owner: Path) -> str:
    return owner.read_text() if owner.exists() else "an unknown process"


def _say(path: Path, holder: str, left_seconds: float) -> None:
    """Tell whoever waits for whom, and how long."""
    if left_seconds > 0:
        told = "%s holds %s; waiting for it, %.0f s at most."
        _log.warning(told, holder.capitalize(), path, left_seconds)


def _busy(path: Path, wait_seconds: float, holder: str) -> str:
    return (
        f"expected {path} to be free within {wait_seconds:.0f} s, but {holder} "
        "holds it; wait for it to end, or stop it"
    )


def connect(path: Path, wait_seconds: float) -> duckdb.DuckDBPyConnection:
    """Connection to a warehouse whose lock is held; the file is created if absent.

    Raises
    ------
    errors.WarehouseBusy
        Where a program that knows nothing of our lock has it open.
    errors.WarehouseUnusable
        Where the file is damaged, or written by a later version.
    """
    log = path.with_name(path.name + ".wal")
    if not path.exists() and not log.exists():
        _create(path)
    was_left = log.exists()
    connection = _patiently(path, time.monotonic() + wait_seconds, wait_seconds)
    with explained():
        migration.bring_up_to_date(connection)
        if was_left:
            _fold(connection)
    return connection


def _create(path: Path) -> None:
    """Make the file aside: killed in its first moments, DuckDB leaves a torn one."""
    for left in path.parent.glob(f".{path.name}-*"):
        left.unlink()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    aside = Path(name)
    aside.unlink()
    with explained(), duckdb.connect(name, config=CONFIG) as connection:
        migration.begin(connection)
    sync(aside)
    aside.rename(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, outlive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _patiently(
    path: Path, until: float, wait_seconds: float
) -> duckdb.DuckDBPyConnection:
    while True:
        try:
            with explained():
                return duckdb.connect(str(path), config=CONFIG)
        except duckdb.IOException as fault:
            if _ELSEWHERE not in str(fault):
                raise errors.WarehouseUnusable(_unreadable(path, fault)) from fault
            if time.monotonic() > until:
                holder = str(fault).partition("held in ")[2].partition(". ")[0]
                message = _busy(path, wait_seconds, holder or "another program")
                raise errors.WarehouseBusy(message) from fault
        except duckdb.Error as fault:
            raise errors.WarehouseUnusable(_unreadable(path, fault)) from fault
        time.sleep(_PAUSE_SECONDS)


def _unreadable(path: Path, fault: duckdb.Error) -> str:
    said = str(fault).partition("\n")[0]
    return f"expected a warehouse at {path}, found: {said}; restore a backup"


def _fold(connection: duckdb.DuckDBPyConnection) -> None:
    """Leave nothing of the log a crash left: with it, some versions refuse to open.

    They do after a session that writes much beside a log whose only transaction was
    torn; a small write makes the log theirs, and a checkpoint takes it away.
    """
    migration.touch(connection)
    connection.execute("CHECKPOINT")


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Say in words where DuckDB fails for want of room.

    Raises
    ------
    errors.WarehouseUnusable
        Where the disk is full; what was being written is not stored in part.
    """
    try:
        yield
    except duckdb.Error as fault:
        if not any(sign in str(fault) for sign in _FULL):
            raise
        message = (
            "expected room on the disk of the home, found none; nothing was stored in "
            "part: make room and run it again"
        )
        raise errors.WarehouseUnusable(message) from fault
