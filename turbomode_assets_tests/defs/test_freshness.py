"""A living home is told when it falls behind the exchange."""

import datetime as dt
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from turbomode_assets import schema, tables
from turbomode_assets.defs import assembly, freshness, metadata, resources
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes
from turbomode_assets_tests.store.test_warehouse import bars

YAHOO = home.Settings(source="yahoo")
FRIDAY = dt.date(2024, 7, 5)
SATURDAY = dt.datetime(2024, 7, 6, 6, tzinfo=dt.UTC)


def ask(root: Path, now: dt.datetime) -> dict[str, bool]:
    """Whether each watched table is up to date, by asking the job."""
    where = home.Home(root)
    clock = resources.ClockResource(fixed_at=now.isoformat())
    job = assembly.assemble(where, YAHOO, {"clock": clock}).resolve_job_def("freshness")
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance)
    return {
        check.asset_key.to_user_string(): check.passed
        for check in result.get_asset_check_evaluations()
    }


def store(root: Path, table: schema.Table, rows: pl.DataFrame) -> None:
    lakes.prepare(home.Home(root), YAHOO)
    with warehouse.opened(home.Home(root).warehouse) as opened:
        opened.append(table, rows)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (SATURDAY, "fresh"),
        (SATURDAY + dt.timedelta(days=2), "fresh"),
        (dt.datetime(2024, 7, 9, 4, 30, tzinfo=dt.UTC), "fresh"),
        (dt.datetime(2024, 7, 9, 5, 0, tzinfo=dt.UTC), "late"),
    ],
)
def test_bars_are_late_once_the_next_session_is_due(
    tmp_path: Path, now: dt.datetime, said: str
) -> None:
    store(tmp_path, tables.BARS, bars(FRIDAY, "AAA"))
    found = ask(tmp_path, now)
    assert found == {"market/bars": said == "fresh", "swing/signals": True}


def test_signals_are_late_only_under_a_champion(tmp_path: Path) -> None:
    store(tmp_path, tables.BARS, bars(FRIDAY, "AAA"))
    reign = {
        "desk": "swing",
        "effective_from": dt.date(2024, 7, 1),
        "version": "v",
        "reason": "promoted",
        "decided_at": SATURDAY,
    }
    rows = pl.DataFrame([reign], schema=tables.CHAMPIONS.schema())
    store(tmp_path, tables.CHAMPIONS, rows)
    assert ask(tmp_path, SATURDAY) == {"market/bars": True, "swing/signals": False}


def test_only_a_living_home_is_watched() -> None:
    for settings, is_watched in ((YAHOO, True), (home.Settings(), False)):
        found = assembly.assemble(home.Home(Path("never-written")), settings)
        watched = {
            spec.key
            for spec in found.resolve_all_asset_specs()
            if spec.freshness_policy is not None
        }
        expected = {metadata.key(table) for table in freshness.WATCHED}
        assert watched == (expected if is_watched else set())
        names = {schedule.name for schedule in found.schedules or ()}
        assert ("freshness" in names) is is_watched
