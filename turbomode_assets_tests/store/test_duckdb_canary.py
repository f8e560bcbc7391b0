"""What any DuckDB must survive before the lock may name it.

Storage is killed at the system calls it is made of: by ``strace``, as a process enters
a call, and by a limit to the size of files, in the midst of one. Each time the
warehouse must open, with all of a transaction or none of it, and with every transaction
that was acknowledged. Some places are tried in every run of the tests, all of them by
``make test-slow``.
"""

import collections
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from turbomode_assets.store import warehouse
from turbomode_assets_tests.store import canary

CALLS = ("pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink")
"""System calls that change what is stored."""

LIMITS = (20_000, 300_000, 1_000, 5_000, 100_000, 270_000, 280_000, 290_000)
"""Bytes past which a write kills."""

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="kills at system calls, by strace"
)


def written(path: Path, first: int, *limit: int, by: tuple[str, ...] = ()) -> int:
    """Last round a process acknowledged, -1 for none; it may have been killed."""
    rounds = [str(path), str(first), str(first + 1), *map(str, limit)]
    command = [*by, sys.executable, "-B", "-m", canary.__name__, *rounds]
    done = subprocess.run(  # noqa: S603 - our own interpreter
        command, capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, -signal.SIGKILL, -signal.SIGXFSZ}, done.stderr
    return max(map(int, done.stdout.split()), default=-1)


def survives(path: Path, first: int, acknowledged: int) -> int:
    """The round that is stored after a kill; nothing acknowledged may be lost."""
    found = canary.stored(path)
    last = max(acknowledged, first - 1)
    assert found in {last, last + 1}
    return found


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int]]:
    """Every system call that two rounds are made of, by name and number."""
    folder = tmp_path_factory.mktemp("calls")
    trace = ("strace", "-f", "-qq", "-o", str(folder / "log"))
    asked = ("-e", f"trace={','.join(CALLS)}")
    canary.write(folder / "w.duckdb", 0)
    assert written(folder / "w.duckdb", 1, by=(*trace, *asked)) == 2
    lines = (folder / "log").read_text().splitlines()
    names = [line.split(maxsplit=1)[1].partition("(")[0] for line in lines]
    counted = collections.Counter(name for name in names if name in CALLS)
    return [(name, n + 1) for name in CALLS for n in range(counted[name])]


def kill_at(path: Path, places: list[tuple[str, int]]) -> None:
    """Die at one call after another, in a home that goes on."""
    canary.write(path, 0)
    found = 0
    for name, n in places:
        inject = f"inject={name}:signal=SIGKILL:when={n}"
        by = ("strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={name}")
        acknowledged = written(path, found + 1, by=(*by, "-e", inject))
        found = survives(path, found + 1, acknowledged)


@needs_strace
def test_kills_at_some_system_calls_lose_nothing(
    calls: list[tuple[str, int]], tmp_path: Path
) -> None:
    assert len(calls) > 12
    kill_at(tmp_path / "w.duckdb", calls[:: len(calls) // 6])


@needs_strace
@pytest.mark.slow
def test_kills_at_every_system_call_lose_nothing(
    calls: list[tuple[str, int]], tmp_path: Path
) -> None:
    kill_at(tmp_path / "w.duckdb", calls)


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param(limit, marks=[pytest.mark.slow] * (place > 1))
        for place, limit in enumerate(LIMITS)
    ],
)
def test_a_kill_in_the_midst_of_a_write_loses_nothing(
    tmp_path: Path, limit: int
) -> None:
    path = tmp_path / "w.duckdb"
    canary.write(path, 0)
    survives(path, 1, written(path, 1, limit))


CRASH = """
import os, pathlib, signal, sys
from turbomode_assets.store import warehouse
from turbomode_assets_tests.store import canary
with warehouse.opened(pathlib.Path(sys.argv[1])):
    canary.write(pathlib.Path(sys.argv[1]), 1)
    os.kill(os.getpid(), signal.SIGKILL)
"""
"""A process that dies with its transaction in the log."""


@pytest.fixture
def torn(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A warehouse beside a log whose only transaction was torn."""
    path = tmp_path / "w.duckdb"
    canary.write(path, 0)
    subprocess.run([sys.executable, "-c", CRASH, str(path)], check=False)  # noqa: S603
    log = logged(path)
    log.write_bytes(log.read_bytes()[: request.param])
    return path


def logged(path: Path) -> Path:
    """The log beside a warehouse."""
    return path.with_name(f"{path.name}.wal")


TORN = pytest.mark.parametrize("torn", [1, -1], indirect=True)


@TORN
def test_a_torn_log_is_gone_once_it_was_opened(torn: Path) -> None:
    assert canary.stored(torn) == 0
    assert not logged(torn).exists()


@TORN
def test_a_torn_log_beside_a_large_write_is_no_trap(torn: Path) -> None:
    """Two crashes some versions do not open after: a torn commit, then a large one."""
    canary.write(torn, 2, canary.MANY)
    assert canary.stored(torn) == 2
    assert canary.stored(torn) == 2


def test_whoever_reads_the_file_here_leaves_it_locked(tmp_path: Path) -> None:
    """DuckDB's own lock goes as soon as the process closes the file once more."""
    path = tmp_path / "w.duckdb"
    canary.write(path, 0)
    code = (
        "import pathlib, sys\n"
        "from turbomode_assets import errors\n"
        "from turbomode_assets.store import warehouse\n"
        "try:\n"
        "    with warehouse.opened(pathlib.Path(sys.argv[1]), 0.2): pass\n"
        "except errors.WarehouseBusy: print('busy')\n"
    )
    with warehouse.opened(path):
        path.read_bytes()
        other = subprocess.run(  # noqa: S603
            [sys.executable, "-c", code, str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
    assert other.stdout == "busy\n"
