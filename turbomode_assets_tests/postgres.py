"""A real PostgreSQL server in a folder of its own, without a port."""

import contextlib
import dataclasses
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

USER = "turbomode"
_QUICK = "-c fsync=off -c synchronous_commit=off -c max_connections=200"
_NUMBERS = itertools.count(1)


def programs() -> Path | None:
    """Folder of the server's programs; null where there are none."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    known = os.pathsep.join([*map(str, reversed(debian)), os.environ["PATH"]])
    found = shutil.which("initdb", path=known)
    return Path(found).resolve().parent if found else None


@dataclasses.dataclass(frozen=True)
class Cluster:
    """A running server."""

    folder: str

    def words(self, database: str) -> str:
        """Words of libpq that lead to a database."""
        return f"dbname={database} host={self.folder} user={USER}"

    def create(self, *options: str) -> str:
        """Make a database; its name."""
        name = f"d{next(_NUMBERS)}"
        _run("createdb", "-h", self.folder, "-U", USER, *options, name)
        return name

    def copied(self, words: str) -> str:
        """Copy a database that nobody is connected to; the name of the copy."""
        database = words.partition(" ")[0].removeprefix("dbname=")
        return self.create("--template", database)


@contextlib.contextmanager
def running() -> Iterator[Cluster]:
    """Server for as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        folder = Path(name)
        shutil.chown(folder, _owner())
        kept = str(folder / "kept")
        _run("initdb", "-D", kept, "-A", "trust", "-U", USER, "--no-sync")
        listen = f"-k {folder} -c listen_addresses='' {_QUICK}"
        log = str(folder / "log")
        _run("pg_ctl", "-D", kept, "-o", listen, "-l", log, "-w", "start")
        try:
            yield Cluster(name)
        finally:
            _run("pg_ctl", "-D", kept, "-m", "immediate", "-w", "stop")


def _owner() -> str | int:
    """Who runs the server: it refuses to be run by root."""
    return "postgres" if os.getuid() == 0 else os.getuid()


def _run(program: str, *arguments: str) -> None:
    path = programs()
    assert path is not None
    subprocess.run(  # noqa: S603 - a program of PostgreSQL
        [str(path / program), *arguments],
        check=True,
        user=_owner(),
        cwd="/",
        stdout=subprocess.DEVNULL,
    )
