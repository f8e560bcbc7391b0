"""Probes look: each is made to fail by what it is there to find."""

import datetime as dt
import fcntl
import pathlib
from collections.abc import Iterator

import dagster as dg
import polars as pl
import pytest

from turbomode_assets import report_tables, sessions, tables
from turbomode_assets.defs import health, resources, ticks
from turbomode_assets.notify import outbox
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes
from turbomode_assets_tests.conftest import Lived
from turbomode_assets_tests.defs.test_messaging import fail
from turbomode_assets_tests.store.test_warehouse import bars

NOW = resources.ClockResource().now()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster of its own."""
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def asked(
    root: pathlib.Path, instance: dg.DagsterInstance, source: str = "simulated"
) -> dict[str, bool]:
    """Name of each probe, and whether it is well."""
    where = home.Home(root)
    lakes.prepare(where, home.Settings(source=source))
    with warehouse.opened(where.warehouse) as store:
        found = health.probes(where, store, instance, NOW)
    return {probe.name: probe.is_well for probe in found}


def store_rows(root: pathlib.Path, table: object, rows: pl.DataFrame) -> None:
    """Add rows to a home's warehouse."""
    with warehouse.opened(home.Home(root).warehouse) as store:
        store.append(table, rows)  # type: ignore[arg-type]


def test_an_empty_home_lacks_bars_and_nothing_else(
    tmp_path: pathlib.Path, instance: dg.DagsterInstance
) -> None:
    found = asked(tmp_path, instance)
    assert [name for name, is_well in found.items() if not is_well] == ["bars"]


def test_a_failed_run_is_seen(
    tmp_path: pathlib.Path, instance: dg.DagsterInstance
) -> None:
    assert asked(tmp_path, instance)["runs"]
    fail(instance)
    assert not asked(tmp_path, instance)["runs"]


def test_old_bars_of_a_living_home_are_seen(
    tmp_path: pathlib.Path, instance: dg.DagsterInstance
) -> None:
    old, new = (sessions.closed_by(NOW - dt.timedelta(days=d)) for d in (20, 0))
    for day, expected in ((old, False), (new, True)):
        store_rows(tmp_path, tables.BARS, bars(day, "AAA"))
        assert asked(tmp_path, instance, "yahoo")["bars up to date"] == expected


@pytest.mark.parametrize(("hours", "amiss"), [(1, []), (3, ["messages"])])
def test_a_message_that_waits_for_long_is_seen(
    tmp_path: pathlib.Path, instance: dg.DagsterInstance, hours: int, amiss: list[str]
) -> None:
    queued = {
        "message": "test",
        "day": NOW.date(),
        "channel": "phone",
        "part": 1,
        "attempt": 0,
        "event": outbox.QUEUED,
        "receipt": "",
        "reason": "",
        "wait_seconds": 0.0,
        "is_about_note": False,
        "happened_at": NOW - dt.timedelta(hours=hours),
    }
    schema = report_tables.DELIVERIES.schema()
    store_rows(
        tmp_path, report_tables.DELIVERIES, pl.DataFrame([queued], schema=schema)
    )
    found = asked(tmp_path, instance)
    assert [name for name in ("messages",) if not found[name]] == amiss


def test_signals_that_matured_and_were_not_graded_are_counted(
    tmp_path: pathlib.Path, lived: Lived
) -> None:
    with warehouse.opened(lived.where.warehouse) as store:
        signals, known = store.read(tables.SIGNALS), store.read(tables.BARS)
        graded = store.read(tables.OUTCOMES)
    last = graded["matures_on"].max()
    late = graded.filter(matures_on=last).join(signals, on=["symbol", "session"])
    open_signals = signals.join(graded, on=["symbol", "session"], how="anti")
    kept = graded.filter(pl.col("matures_on") != last)
    with warehouse.opened(lakes.place(tmp_path / "w.duckdb")) as store:
        store.append(tables.SIGNALS, signals)
        store.append(tables.BARS, known)
        store.append(tables.OUTCOMES, kept)
        assert health.overdue(store) == (late.height, open_signals.height)
    assert late.height > 0


def test_a_home_is_lived_while_its_lock_is_held(tmp_path: pathlib.Path) -> None:
    where = home.Home(tmp_path)
    assert not health.is_lived(where)
    with (tmp_path / "up.lock").open("w") as lock:
        assert not health.is_lived(where)
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert health.is_lived(where)
    assert not health.is_lived(where)


def test_the_next_scan_is_the_evening_of_the_next_session() -> None:
    friday = dt.datetime(2024, 7, 5, 23, 30, tzinfo=ticks.NEW_YORK)
    found = dict(health.next_runs("all", friday))
    assert found["scan"] == dt.datetime(2024, 7, 8, 23, tzinfo=ticks.NEW_YORK)
    assert list(found.values()) == sorted(found.values())
