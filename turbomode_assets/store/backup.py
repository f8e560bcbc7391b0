"""Backups: everything of a home, taken while it lives, in a folder that proves itself.

1. `write`    under the warehouse's lock: databases by their own means of copying, other
              files as they are, into a folder aside, with a manifest of SHA-256
2. `require_whole`   every file of a backup held against its manifest
3. `restore`  a backup copied into a home that does not exist yet

The live file of the warehouse is never read past DuckDB. A warehouse that lies
elsewhere, a lake too, is kept as a file, and so restored: ``turbomode migrate`` leads
back.  A folder gets its name once
everything in it has reached the disk, so that what has a name is whole. Whether the
copies can be relied on is asked in a process of its own, by whoever calls; what must
hold in a home stands in ``invariants``.
"""

import contextlib
import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb

from turbomode_assets import errors
from turbomode_assets.store import copying, home, migration, opening, warehouse
from turbomode_assets.store.home import Home

MANIFEST = "backup.json"
"""File that says what a backup holds."""

_LEFT_OUT = ("yahoo",)
"""A cache, and its cookies. Lifelines stay: nobody holds the copies, so that a run that
was under way counts as dead in what is restored, and is taken up again."""

Prints = dict[str, list[str]]
"""Fingerprints of a warehouse, by `copying.fingerprints`."""

_NO_MANIFEST = (
    *(OSError, ValueError, KeyError, TypeError),
    *(ArithmeticError, RecursionError),  # a number without end, lists without end
)
"""What comes of a file that is no manifest."""

_BLOCK = 1 << 20


@contextlib.contextmanager
def written(
    where: Home, to: Path, wait_seconds: float
) -> Iterator[tuple[Home, Prints]]:
    """Backup of a home, under its name when the context ends well, else removed.

    Parameters
    ----------
    where
        The home; runs may be under way, and wait for as long as this takes.
    to
        Folder that does not exist yet.
    wait_seconds
        How long to wait for a run to let go of the warehouse.

    Yields
    ------
    Home, dict
        The copy aside, to be looked at, and what its warehouse must be like.

    Raises
    ------
    errors.SettingsError
        Where the folder exists, or there is nothing to back up.
    """
    where.require_warehouse()
    with _aside(to) as folder:
        copy = Home(folder)
        # Nobody writes meanwhile, on a lake either.
        with (
            warehouse.opened(where.warehouse, wait_seconds) as store,
            store.transaction(),
        ):
            _copy_files(where, folder)
            copying.copy(store, copy.database)
            prints = copying.fingerprints(store)
        if where.warehouse != where.database:
            home.point(copy, "", "")
        yield copy, prints
        _tidy(folder)
        manifest = {
            "version": migration.VERSION,
            "duckdb": duckdb.__version__,
            "tables": prints,
            "files": hashes(folder),
        }
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))
        _sync_all(folder)


def _tidy(folder: Path) -> None:
    """Take away what opening a copy left beside it."""
    for left in folder.glob("*.duckdb.*"):
        left.unlink()


@contextlib.contextmanager
def _aside(to: Path) -> Iterator[Path]:
    """A folder beside `to` that becomes it at the end."""
    if to.exists():
        message = f"expected no {to}, found one; name a folder that is not there"
        raise errors.SettingsError(message)
    to.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{to.name}-", dir=to.parent))
    with contextlib.ExitStack() as undo:
        undo.callback(shutil.rmtree, folder)
        yield folder
        undo.pop_all()
    folder.rename(to)
    opening.sync(to.parent)


def _files(root: Path) -> Iterator[Path]:
    """Files of a home that belong into a backup; no links, which may lead anywhere."""
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        is_past = not path.name.endswith((".lock", ".owner", "-wal", "-shm", ".wal"))
        is_aside = any(part.startswith(".") for part in parts)
        is_wanted = parts[0] not in _LEFT_OUT and is_past and not is_aside
        if is_wanted and path.is_file() and not path.is_symlink():
            yield path


def _copy_files(where: Home, folder: Path) -> None:
    for path in _files(where.root):
        if path == where.database:
            continue
        copy = folder / path.relative_to(where.root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".db":
            _copy_sqlite(path, copy)
        else:
            shutil.copyfile(path, copy)


def _copy_sqlite(path: Path, copy: Path) -> None:
    """Copy a database of Dagster's, whoever writes it meanwhile."""
    with (
        contextlib.closing(sqlite3.connect(path)) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of a backup, by its path within."""
    return {
        str(path.relative_to(folder)): _sha256(path)
        for path in _files(folder)
        if path.name != MANIFEST
    }


def _sha256(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


def _sync_all(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        opening.sync(path)


def require_whole(folder: Path) -> Prints:
    """Fingerprints of a backup's warehouse; refuses one that was changed since.

    Raises
    ------
    errors.BackupError
        Where there is no manifest, or a file is missing, changed or one too many;
        names them. Where it is of a later version.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        kept, version = dict(manifest["files"]), int(manifest["version"])
        prints, maker = dict(manifest["tables"]), manifest["duckdb"]
    except _NO_MANIFEST as fault:
        message = f"expected a backup with {MANIFEST} at {folder}, found: {fault!r}"
        raise errors.BackupError(message) from fault
    if version > migration.VERSION:
        message = (
            f"expected a backup of version {migration.VERSION} or earlier, found "
            f"version {version}; use the turbomode that wrote it, or a later one"
        )
        raise errors.BackupError(message)
    found = hashes(folder)
    names = kept.keys() | found.keys()
    wrong = sorted(name for name in names if kept.get(name) != found.get(name))
    if wrong:
        message = f"expected {folder} as its manifest says, found otherwise: {wrong}"
        raise errors.BackupError(message)
    is_comparable = version == migration.VERSION
    return prints if is_comparable and maker == duckdb.__version__ else {}


@contextlib.contextmanager
def restored(folder: Path, where: Home) -> Iterator[tuple[Home, Prints]]:
    """Home with what a backup holds, in its place when the context ends well.

    Parameters
    ----------
    folder
        The backup.
    where
        Home that does not exist yet.

    Yields
    ------
    Home, dict
        A copy aside, brought up to date as it is opened, and what its warehouse must be
        like; empty where that takes a step, or DuckDB is another.

    Raises
    ------
    errors.BackupError
        Where the backup is not whole.
    errors.SettingsError
        Where there is a home already.
    """
    prints = require_whole(folder)
    with _aside(where.root) as aside:
        for path in _files(folder):
            copy = aside / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.name != MANIFEST:
                shutil.copyfile(path, copy)
        yield Home(aside), prints
        _tidy(aside)
        _sync_all(aside)
