"""A story told once, and every state in which a kill could have left its home.

What SIGKILL leaves behind is what has been written until then. So while a story is
lived, the files of its home are looked at before and after every statement to DuckDB
and every change of a file, and copied whenever they differ from before. Each copy is a
home whose process was killed there: it must keep every invariant, and the story resumed
in it must end with the tables of a life that was not disturbed.

Kills in the midst of a statement are left to ``kills.py``, which needs a process each.
"""

import contextlib
import dataclasses
import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from turbomode_assets.store import home

STATEMENTS = ("execute", "sql", "begin", "commit", "rollback", "table")
RECORDS = {"history", "schedules", "storage", ".telemetry", ".nux"}
FILES = ("fsync", "rename", "replace", "unlink", "mkdir")


@dataclasses.dataclass
class Sweep:
    """States of a home, as they were copied.

    Parameters
    ----------
    root
        The home that lives.
    into
        Folder of the copies.
    """

    root: Path
    into: Path
    n_boundaries: int = 0
    states: list[Path] = dataclasses.field(default_factory=list)
    _seen: set[int] = dataclasses.field(default_factory=set)
    _is_looking: bool = False

    def look(self) -> None:
        """Pass a boundary; copy the home if it is in a state not seen before."""
        if self._is_looking:
            return
        self._is_looking = True
        self.n_boundaries += 1
        state = _checksum(self.root)
        if state not in self._seen:
            self._seen.add(state)
            self.states.append(self.into / str(len(self.states)))
            shutil.copytree(self.root, self.states[-1])
        self._is_looking = False

    def bounded(self, action: Callable[..., Any]) -> Callable[..., Any]:
        """The same action with a boundary before and after it."""

        def between(*arguments: Any, **options: Any) -> Any:
            self.look()
            done = action(*arguments, **options)
            self.look()
            return done

        return between


def _is_aside(path: Path) -> bool:
    """Locks, and what Dagster records: copied with a state, but no state of its own."""
    return path.suffix in {".lock", ".owner"} or path.parts[0] in RECORDS


def _checksum(root: Path) -> int:
    found = 0
    for path in sorted(root.rglob("*")):
        if path.is_file() and not _is_aside(path.relative_to(root)):
            found = zlib.crc32(str(path).encode(), found)
            found = zlib.crc32(path.read_bytes(), found)
    return found


@contextlib.contextmanager
def _watched(sweep: Sweep) -> Iterator[None]:
    """Boundaries around statements and changes of files, for as long as this lasts."""
    places: list[tuple[Any, str]] = [
        (duckdb.DuckDBPyConnection, name) for name in STATEMENTS
    ]
    places += [(os, name) for name in FILES]
    with contextlib.ExitStack() as undo:
        for owner, name in places:
            action = getattr(owner, name)
            undo.callback(setattr, owner, name, action)
            setattr(owner, name, sweep.bounded(action))
        yield


def record(where: home.Home, live: Callable[[], None], into: Path) -> Sweep:
    """Let something happen to a home, and copy every state it passes through."""
    sweep = Sweep(where.root, into)
    into.mkdir()
    with _watched(sweep):
        live()
    return sweep
