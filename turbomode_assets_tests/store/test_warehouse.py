"""Partitions are replaced whole, or not at all."""

import datetime as dt
import multiprocessing
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from turbomode_assets import errors, intraday_tables, tables
from turbomode_assets.store import warehouse
from turbomode_assets.store.address import Address

MONDAY = dt.date(2024, 7, 1)
TUESDAY = dt.date(2024, 7, 2)
KNOWN_AT = dt.datetime(2024, 7, 2, 20, tzinfo=dt.UTC)

NIGHT = """
import pathlib, sys
from turbomode_assets import sessions, tables
from turbomode_assets.store import warehouse
path, last = pathlib.Path(sys.argv[1]), sessions.on_or_before(sessions.LAST_DAY)
with warehouse.opened(path) as store:
    rows = store.read(tables.BARS)
    store.replace(tables.BARS, rows, sessions.FIRST_DAY, last)
    store.append(tables.BARS, rows)
print(sorted({"exchange_calendars", "pandas"} & set(sys.modules)))
"""


def bars(session: dt.date, *symbols: str, close: float = 10.0) -> pl.DataFrame:
    prices = dict.fromkeys(("open", "high", "low", "close"), close)
    rest = {"volume": 1e6, "dividend": 0.0, "split_ratio": 1.0, "source": "test"}
    rest["known_at"] = KNOWN_AT
    rows = [{"symbol": s, "session": session, **prices, **rest} for s in symbols]
    return pl.DataFrame(rows, schema=tables.BARS.schema())


def test_a_table_never_written_reads_as_empty(place: Address) -> None:
    with warehouse.opened(place) as store:
        assert store.read(tables.BARS).equals(tables.BARS.empty())


def test_what_is_written_is_read_back(place: Address) -> None:
    frame = bars(MONDAY, "AAA", "BBB")
    with warehouse.opened(place) as store:
        store.replace(tables.BARS, frame, MONDAY, MONDAY)
    with warehouse.opened(place) as store:
        assert store.read(tables.BARS).equals(frame)


def test_neither_writing_nor_the_calendar_imports_what_takes_long(
    tmp_path: Path,
) -> None:
    path = tmp_path / "w.duckdb"
    with warehouse.opened(path) as store:
        store.replace(tables.BARS, bars(MONDAY, "AAA"), MONDAY, MONDAY)
    command = [sys.executable, "-c", NIGHT, str(path)]
    night = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert night.stdout.strip() == "[]"


def test_some_columns_are_the_same_columns(place: Address) -> None:
    names = ("session", "symbol", "close")
    with warehouse.opened(place) as store:
        assert store.columns(tables.BARS, names).is_empty()
        store.replace(tables.BARS, bars(MONDAY, "B", "A"), MONDAY, MONDAY)
        store.replace(tables.BARS, bars(TUESDAY, "A"), TUESDAY, TUESDAY)
        chosen = store.columns(tables.BARS, names, last=MONDAY)
        assert chosen.equals(store.read(tables.BARS, last=MONDAY).select(names))


def test_replacing_a_partition_leaves_its_neighbors_alone(place: Address) -> None:
    with warehouse.opened(place) as store:
        both = pl.concat([bars(MONDAY, "AAA", "BBB"), bars(TUESDAY, "AAA")])
        store.replace(tables.BARS, both, MONDAY, TUESDAY)
        store.replace(tables.BARS, bars(MONDAY, "CCC"), MONDAY, MONDAY)
        found = store.read(tables.BARS).select("symbol", "session").rows()
    assert found == [("AAA", TUESDAY), ("CCC", MONDAY)]


def test_a_failing_write_changes_nothing(place: Address) -> None:
    before = bars(MONDAY, "AAA")
    with warehouse.opened(place) as store:
        store.replace(tables.BARS, before, MONDAY, MONDAY)
        doubled = bars(MONDAY, "BBB", "BBB")
        with pytest.raises(errors.TableError, match="doubled keys"):
            store.replace(tables.BARS, doubled, MONDAY, MONDAY)
        assert store.read(tables.BARS).equals(before)


def test_rows_outside_the_range_are_refused(place: Address) -> None:
    with (
        warehouse.opened(place) as store,
        pytest.raises(errors.TableError, match=r"2024-07-02\.\.2024-07-02"),
    ):
        store.replace(tables.BARS, bars(TUESDAY, "AAA"), MONDAY, MONDAY)


def test_swapped_columns_land_by_name(place: Address) -> None:
    frame = bars(MONDAY, "AAA").with_columns(high=pl.lit(12.0))
    with warehouse.opened(place) as store:
        store.replace(tables.BARS, frame.select(reversed(frame.columns)))
        assert store.read(tables.BARS)["high"].item() == 12.0


def test_append_keeps_the_first_row_of_a_key(place: Address) -> None:
    with warehouse.opened(place) as store:
        assert store.append(tables.BARS, bars(MONDAY, "AAA", close=1.0)) == 1
        assert store.append(tables.BARS, bars(MONDAY, "AAA", "BBB", close=2.0)) == 1
        assert store.read(tables.BARS)["close"].to_list() == [1.0, 2.0]


def test_an_open_table_grows_columns(place: Address) -> None:
    def features(symbol: str, **values: float) -> pl.DataFrame:
        row = {"symbol": symbol, "session": MONDAY, "feature_version": "v"} | values
        return pl.DataFrame(row).cast(dict.fromkeys(values, pl.Float32()))

    with warehouse.opened(place) as store:
        store.append(tables.FEATURES, features("AAA", one=1.0))
        store.append(tables.FEATURES, features("BBB", one=1.0, two=2.0))
        assert store.read(tables.FEATURES)["two"].to_list() == [None, 2.0]


def test_every_declared_dtype_can_be_stored(place: Address) -> None:
    with warehouse.opened(place) as store:
        for table in [*tables.ALL, *intraday_tables.ALL]:
            store.replace(table, table.empty())
            assert store.read(table).schema == table.empty().schema, table.name
            assert store.doubled_keys(table) == 0


def test_openings_in_one_process_share_a_connection(place: Address) -> None:
    with warehouse.opened(place) as outer, warehouse.opened(place) as inner:
        inner.append(tables.BARS, bars(MONDAY, "AAA"))
        assert outer.read(tables.BARS).height == 1


def _hold(path: Path, taken: object, let_go: object) -> None:
    with warehouse.opened(path):
        taken.set()  # type: ignore[attr-defined]
        let_go.wait(30)  # type: ignore[attr-defined]


def test_a_second_process_is_told_who_holds_the_warehouse(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    taken, let_go = context.Event(), context.Event()
    path = tmp_path / "w.duckdb"
    other = context.Process(target=_hold, args=(path, taken, let_go))
    other.start()
    assert taken.wait(60)
    with (
        pytest.raises(errors.WarehouseBusy, match=f"process {other.pid}"),
        warehouse.opened(path, wait_seconds=0.1),
    ):
        pass
    let_go.set()
    other.join()
