"""Whatever keeps a warehouse from being opened or written is said in words."""

import contextlib
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from turbomode_assets import errors, market_tables, tables
from turbomode_assets.store import migration, warehouse
from turbomode_assets_tests.store.test_warehouse import MONDAY, TUESDAY, bars

NAME = "w.duckdb"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of its own, soon full."""
    folder.mkdir()
    size = f"size={megabytes}m"
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:  # noqa: S603
        pytest.skip("may not mount a disk here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S603, S607


@contextlib.contextmanager
def no_handles_left() -> Iterator[None]:
    """Every file handle this process may have is taken."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limits[0], 1024), limits[1]))
    taken = []
    with contextlib.suppress(OSError):
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    try:
        yield
    finally:
        for handle in taken:
            os.close(handle)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def stored(path: Path) -> list[tuple[str, str]]:
    with warehouse.opened(path) as store:
        rows = store.read(tables.BARS).select("symbol", "session").rows()
    return [(symbol, str(session)) for symbol, session in rows]


@needs_root
@pytest.mark.parametrize("room", [0, 4, 64, 300, 500])
def test_a_full_disk_stores_nothing_in_part(tmp_path: Path, room: int) -> None:
    many = bars(TUESDAY, *(f"S{n}" for n in range(40_000)))
    with small_disk(tmp_path / "disk", 2) as disk:
        path = disk / NAME
        with warehouse.opened(path) as store:
            store.append(tables.BARS, bars(MONDAY, "AAA"))
        usable = os.statvfs(disk)
        filler = usable.f_bavail * usable.f_frsize - room * 1024
        (disk / "filler").write_bytes(b"\0" * filler)
        with (
            pytest.raises(errors.WarehouseUnusable, match="found none; nothing was"),
            warehouse.opened(path) as store,
        ):
            store.replace(tables.BARS, many, TUESDAY, TUESDAY)
        (disk / "filler").unlink()
        assert stored(path) == [("AAA", str(MONDAY))]


def test_a_disk_is_full_for_a_new_home(tmp_path: Path) -> None:
    code = (
        "import pathlib, resource, sys\n"
        "from turbomode_assets import errors\n"
        "from turbomode_assets.store import warehouse\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    with warehouse.opened(pathlib.Path(sys.argv[1])): pass\n"
        "except errors.WarehouseUnusable as fault: print(fault)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / NAME)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert "found none" in done.stdout
    assert stored(tmp_path / NAME) == []


def test_no_file_handles(tmp_path: Path) -> None:
    with warehouse.opened(tmp_path / NAME) as store:
        store.append(tables.BARS, bars(MONDAY, "AAA"))
    with (
        no_handles_left(),
        pytest.raises(errors.WarehouseUnusable, match="Too many open files"),
        warehouse.opened(tmp_path / NAME),
    ):
        pass
    assert stored(tmp_path / NAME) == [("AAA", str(MONDAY))]


@needs_root
def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2) as disk:
        with warehouse.opened(disk / NAME) as store:
            store.append(tables.BARS, bars(MONDAY, "AAA"))
        remount = ["mount", "-o", "remount,ro", str(disk)]
        subprocess.run(remount, check=True)  # noqa: S603
        with (
            pytest.raises(errors.WarehouseUnusable, match="Read-only file system"),
            warehouse.opened(disk / NAME),
        ):
            pass


def test_a_program_that_knows_no_lock_of_ours_is_named(tmp_path: Path) -> None:
    path = tmp_path / NAME
    assert stored(path) == []
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(); input()"
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with (
            pytest.raises(errors.WarehouseBusy, match=f"PID {other.pid}"),
            warehouse.opened(path, wait_seconds=0.3),
        ):
            pass
        other.communicate(b"\n")
    assert stored(path) == []


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"no database at all"])
def test_a_torn_file_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    with (
        pytest.raises(errors.WarehouseUnusable, match="restore a backup"),
        warehouse.opened(tmp_path / NAME),
    ):
        pass


def test_what_a_crash_left_is_folded_in(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys\n"
        "from turbomode_assets import tables\n"
        "from turbomode_assets.store import warehouse\n"
        "from turbomode_assets_tests.store.test_warehouse import MONDAY, bars\n"
        "with warehouse.opened(pathlib.Path(sys.argv[1])) as store:\n"
        "    store.append(tables.BARS, bars(MONDAY, 'AAA'))\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    path = tmp_path / NAME
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)  # noqa: S603
    log = path.with_name(f"{NAME}.wal")
    assert log.exists()
    with warehouse.opened(path) as store:
        assert not log.exists()
        assert store.read(tables.BARS).height == 1


def test_a_new_warehouse_has_a_number(tmp_path: Path) -> None:
    assert stored(tmp_path / NAME) == []
    with duckdb.connect(str(tmp_path / NAME)) as connection:
        assert migration.found(connection) == migration.VERSION


def test_a_home_of_a_later_version_is_refused(tmp_path: Path) -> None:
    assert stored(tmp_path / NAME) == []
    with duckdb.connect(str(tmp_path / NAME)) as connection:
        connection.execute("UPDATE home.version SET number = 99")
    with (
        pytest.raises(errors.WarehouseUnusable, match="found version 99"),
        warehouse.opened(tmp_path / NAME),
    ):
        pass


def test_a_home_without_a_number_is_brought_up_to_date(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / NAME)) as connection:
        connection.execute("CREATE SCHEMA learning")
        columns = ", ".join(
            f"{column.name} {kind} NOT NULL"
            for column in tables.STANDINGS.columns
            if column.name != "against"
            for kind in [OLD_TYPES[str(column.dtype)]]
        )
        connection.execute(f"CREATE TABLE learning.standings ({columns})")
        connection.execute(
            "INSERT INTO learning.standings VALUES ('swing', DATE '2024-01-01', 'v1',"
            " 21, 0.1, 1.0, 20.0, true, '')"
        )
    for _ in range(2):
        with warehouse.opened(tmp_path / NAME) as store:
            assert store.read(tables.STANDINGS)["against"].to_list() == [
                "the base rate"
            ]


def test_fetches_whose_rows_nobody_counted_stay_so(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / NAME)) as connection:
        connection.execute("CREATE SCHEMA market")
        connection.execute(
            "CREATE TABLE market.fetches AS SELECT 'yahoo' AS source, 'AAA' AS symbol,"
            " DATE '2024-01-02' AS session, now() AS asked_at, 1::BIGINT AS attempt,"
            " now() AS ended_at, 'complete' AS result, '' AS detail,"
            " 5::BIGINT AS n_rows"
        )
    with warehouse.opened(tmp_path / NAME) as store:
        row = store.read(market_tables.FETCHES).row(0, named=True)
        told = store.select("SELECT n_new FROM market.fetches", [market_tables.FETCHES])
    assert (row["n_rows"], row["n_new"], row["n_quarantined"]) == (5, None, None)
    assert told is not None
    assert told["n_new"].to_list() == [None]


OLD_TYPES = {
    "String": "VARCHAR",
    "Date": "DATE",
    "Int64": "BIGINT",
    "Float64": "DOUBLE",
    "Boolean": "BOOLEAN",
}
"""How dtypes were stored before warehouses had a number."""
