"""Many processes write one lake, and end with the tables of one."""

import dataclasses
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path

import polars as pl
import pytest

from turbomode_assets import errors, tables
from turbomode_assets.store import address, backup, copying, home, warehouse
from turbomode_assets_tests import postgres
from turbomode_assets_tests.store import lake_writer
from turbomode_assets_tests.store.test_warehouse import MONDAY, TUESDAY, bars

YEARS = (2020, 2021, 2022)
N_SYMBOLS = 40
MONTHS = lake_writer.months(YEARS[:1])


@pytest.fixture
def place(cluster: postgres.Cluster, tmp_path: Path) -> address.Lake:
    """Lake that does not exist yet."""
    return address.Lake(cluster.words(cluster.create()), str(tmp_path / "lake"))


def from_afar(place: address.Lake, n_machines: int) -> Iterator[address.Lake]:
    """The same lake under other words: nothing is shared within this process."""
    for number in range(n_machines):
        catalog = f"{place.catalog} application_name=machine{number}"
        yield dataclasses.replace(place, catalog=catalog)


def at_once(
    place: address.Lake, n: int, write: Callable[[int, warehouse.Warehouse], None]
) -> None:
    """Write from some connections at the same time."""

    def one(number: int, where: address.Lake) -> None:
        with warehouse.opened(where) as store:
            write(number, store)

    with futures.ThreadPoolExecutor(n) as pool:
        list(pool.map(one, range(n), from_afar(place, n)))


def read(place: address.Address) -> pl.DataFrame:
    with warehouse.opened(place) as store:
        assert store.doubled_keys(tables.BARS) == 0
        return store.read(tables.BARS)


def begun(place: address.Lake, year: int) -> subprocess.Popen[bytes]:
    """Process that fills a year."""
    command = [sys.executable, "-m", lake_writer.__name__, place.catalog, place.files]
    return subprocess.Popen([*command, str(N_SYMBOLS), str(year)])  # noqa: S603


def test_processes_fill_what_one_fills_and_a_killed_one_leaves_nothing(
    place: address.Lake, tmp_path: Path
) -> None:
    lake_writer.fill(tmp_path / "alone.duckdb", YEARS, N_SYMBOLS)
    working = {year: begun(place, year) for year in YEARS}
    while not read(place).height:
        time.sleep(0.05)
    working[YEARS[0]].kill()
    working[YEARS[0]].wait()
    month = pl.col("session").dt.truncate("1mo")
    torn = read(place).group_by(month).len()
    whole = read(tmp_path / "alone.duckdb").group_by(month).len()
    assert torn.join(whole, on=["session", "len"], how="anti").is_empty()
    working[YEARS[0]] = begun(place, YEARS[0])
    assert [one.wait() for one in working.values()] == [0, 0, 0]
    with (
        warehouse.opened(place) as many,
        warehouse.opened(tmp_path / "alone.duckdb") as one,
    ):
        assert copying.fingerprints(many) == copying.fingerprints(one)


def test_the_same_partition_written_at_once_is_there_once(place: address.Lake) -> None:
    def write(number: int, store: warehouse.Warehouse) -> None:
        close = number + 1.0
        for _ in range(3):
            store.replace(tables.BARS, bars(MONDAY, "A", close=close), MONDAY, MONDAY)

    at_once(place, 3, write)
    assert read(place).height == 1


def test_the_same_key_appended_at_once_is_there_once(place: address.Lake) -> None:
    new: list[int] = []

    def write(number: int, store: warehouse.Warehouse) -> None:
        new.append(store.append(tables.BARS, bars(MONDAY, "A", "B", close=number + 1)))

    at_once(place, 4, write)
    assert sorted(new) == [0, 0, 0, 2]
    assert read(place).height == 2


def test_writes_that_meet_in_one_file_are_begun_anew(place: address.Lake) -> None:
    """Each month was written by one: DuckLake refuses two deletions from its file."""
    whole = lake_writer.rows(MONTHS[0][0], MONTHS[-1][1], 3)
    with warehouse.opened(place) as store:
        store.replace(tables.BARS, whole)

    def write(number: int, store: warehouse.Warehouse) -> None:
        for first, last in MONTHS[number::4]:
            store.replace(tables.BARS, lake_writer.rows(first, last, 3), first, last)

    at_once(place, 4, write)
    assert read(place).equals(whole.sort(tables.BARS.key))


def test_a_transaction_of_many_tables_has_the_lake_for_itself(
    place: address.Lake,
) -> None:
    def write(number: int, store: warehouse.Warehouse) -> None:
        with store.transaction():
            n_known = store.read(tables.BARS).height
            store.append(tables.BARS, bars(MONDAY, f"S{n_known}", close=number + 1))

    at_once(place, 4, write)
    assert read(place)["symbol"].to_list() == ["S0", "S1", "S2", "S3"]


def test_who_waits_too_long_for_his_turn_is_told(place: address.Lake) -> None:
    near, far = from_afar(place, 2)
    with (
        warehouse.opened(near) as store,
        store.transaction(),
        warehouse.opened(far, wait_seconds=0.1) as other,
        pytest.raises(errors.WarehouseBusy, match="another process writes it"),
    ):
        other.replace(tables.BARS, bars(MONDAY, "A"), MONDAY, MONDAY)


def test_a_reader_waits_for_nobody(place: address.Lake) -> None:
    near, far = from_afar(place, 2)
    with warehouse.opened(near) as store, warehouse.opened(far) as other:
        store.replace(tables.BARS, bars(MONDAY, "A"), MONDAY, MONDAY)
        with store.transaction():
            store.replace(tables.BARS, bars(TUESDAY, "A"), TUESDAY, TUESDAY)
            assert other.partitions(tables.BARS) == [MONDAY]
        assert other.partitions(tables.BARS) == [MONDAY, TUESDAY]


def test_a_catalog_out_of_reach_is_named_without_a_trace(tmp_path: Path) -> None:
    nowhere = address.Lake(f"dbname=lake host={tmp_path}", str(tmp_path))
    with (
        pytest.raises(errors.WarehouseUnusable, match="expected a catalog at ducklake"),
        warehouse.opened(nowhere),
    ):
        pass


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ducklake:postgres:dbname=lake password=x", "without a password"),
        ("ducklake:postgres:postgresql://me:x@db/lake", "without a password"),
        ("duckdb://relative", "expected duckdb:///path"),
        ("mysql:lake", "expected duckdb:///path"),
    ],
)
def test_an_address_of_neither_kind_is_refused(url: str, said: str) -> None:
    with pytest.raises(errors.SettingsError, match=said):
        address.parse(url, "", Path("w.duckdb"))


def test_the_files_of_a_lake_lie_in_a_bucket_as_well(
    cluster: postgres.Cluster, s3: str
) -> None:
    place = address.Lake(cluster.words(cluster.create()), f"{s3}/lake")
    with warehouse.opened(place) as store:
        store.replace(tables.BARS, bars(MONDAY, "AAA", "BBB"), MONDAY, MONDAY)
        store.replace(tables.BARS, bars(MONDAY, "CCC"), MONDAY, MONDAY)
    assert read(place).equals(bars(MONDAY, "CCC"))


def test_a_backup_keeps_a_lake_as_a_file(place: address.Lake, tmp_path: Path) -> None:
    where = home.Home(tmp_path / "home")
    home.prepare(where, home.Settings())
    home.point(where, str(place), place.files)
    with warehouse.opened(where.warehouse) as store:
        store.replace(tables.BARS, bars(MONDAY, "AAA"), MONDAY, MONDAY)
    with backup.written(where, tmp_path / "kept", wait_seconds=60.0) as (copy, prints):
        assert copy.warehouse == copy.database
        with warehouse.opened(copy.warehouse) as kept:
            assert copying.fingerprints(kept) == prints
