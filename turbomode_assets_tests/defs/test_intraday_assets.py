"""The intraday desk as Dagster runs it: jobs, ranges, refusals, schedules, the door."""

import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from turbomode_assets import errors, intraday_tables
from turbomode_assets.defs import (
    assembly,
    desk_automation,
    desk_due,
    metadata,
    partitions,
    resources,
)
from turbomode_assets.defs.assets import intraday
from turbomode_assets.defs.partitions import Window
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes
from turbomode_assets_tests.defs import desk_life
from turbomode_assets_tests.defs.desk_life import EVE, HALF_DAY, evening

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
NIGHT = evening(HALF_DAY)
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclasses.dataclass(frozen=True)
class Run:
    """A home whose clock stands where one likes."""

    where: home.Home
    instance: dg.DagsterInstance

    def definitions(self, now: dt.datetime) -> dg.Definitions:
        """Definitions with a clock that stands."""
        clock = resources.ClockResource(fixed_at=now.isoformat())
        return assembly.assemble(self.where, desk_life.SETTINGS, {"clock": clock})

    def job(
        self, name: str, window: Window, now: dt.datetime = NIGHT
    ) -> Mapping[str, dict[str, Any]]:
        """Metadata of what a job of the desk materialized last, by asset."""
        is_one = window.first == window.last
        found = (
            self.definitions(now)
            .resolve_job_def(name)
            .execute_in_process(
                instance=self.instance,
                partition_key=str(window.first) if is_one else None,
                tags={} if is_one else partitions.range_tags(window),
                run_config=QUIET,
            )
        )
        return {
            event.asset_key.to_user_string(): {  # type: ignore[union-attr]
                name: one.value for name, one in event.materialization.metadata.items()
            }
            for event in found.get_asset_materialization_events()
        }

    def resources(self, now: dt.datetime) -> dict[str, Any]:
        """What schedules and sensors are given."""
        return {
            name: resource
            for name, resource in (self.definitions(now).resources or {}).items()
            if name in {"rounds", "warehouse", "clock"}
        }


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A home in which the desk lived two sessions in one range."""
    where = home.Home(tmp_path_factory.mktemp("desk"))
    lakes.prepare(where, desk_life.SETTINGS)
    with dg.DagsterInstance.ephemeral() as instance:
        made = Run(where, instance)
        made.job(desk_due.ROUND, Window(EVE, HALF_DAY))
        yield made


@pytest.fixture(scope="module")
def weighed(run: Run) -> Run:
    """The same, after what it said was learned from."""
    run.job(desk_due.WEIGHING, Window(EVE, HALF_DAY))
    return run


def test_a_range_of_sessions_is_one_run_and_every_session_is_made(run: Run) -> None:
    for name in ("bars", "headlines", "chains", "votes", "signals", "outcomes"):
        key = dg.AssetKey(["intraday", name])
        made = run.instance.get_materialized_partitions(key)
        assert made == {str(EVE), str(HALF_DAY)}


def test_a_second_materialization_changes_nothing_and_says_so(run: Run) -> None:
    with warehouse.opened(run.where.warehouse) as store:
        before = {table: store.read(table) for table in intraday_tables.ALL}
    notes = run.job(desk_due.ROUND, Window(HALF_DAY, HALF_DAY))
    assert notes["intraday/bars"]["rows_added"] == 0
    for asset, n_rows in (("intraday/votes", 14 * 8), ("intraday/signals", 14 * 3)):
        assert notes[asset]["rows_emitted"] == 0
        assert notes[asset]["rows_kept"] == n_rows
    with warehouse.opened(run.where.warehouse) as store:
        assert all(store.read(t).equals(rows) for t, rows in before.items())


def test_what_people_look_for_is_shown(weighed: Run) -> None:
    notes = weighed.job(desk_due.ROUND, Window(HALF_DAY, HALF_DAY))
    bars, signals = notes["intraday/bars"], notes["intraday/signals"]
    assert bars["rows_delivered"] == bars["rows_used"] == bars["dagster/row_count"]
    assert (signals["rounds_ended"], signals["rounds_silent"]) == (14, 0)
    assert "| SIM | 210 | 60_minutes |" in signals["latest"]
    assert "| options_flow |" in notes["intraday/votes"]["voters"]
    learned = weighed.job(desk_due.WEIGHING, Window(HALF_DAY, HALF_DAY))
    shown = learned["intraday/weights"]
    assert "| SIM | base_rate |" in shown["weights"]
    assert "| bound |" in shown["regret"]
    assert "](data:image/svg+xml;base64," in shown["chart"]


def test_the_door_opens_with_new_weights(weighed: Run) -> None:
    event = weighed.instance.get_latest_materialization_event(intraday.WEIGHTS_IN_FORCE)
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["after"].value == str(HALF_DAY)


def test_a_session_that_has_not_begun_is_refused(run: Run) -> None:
    with pytest.raises(errors.MissingUpstream, match="a round of 2024-07-05 that has"):
        run.job(desk_due.ROUND, Window(dt.date(2024, 7, 5), dt.date(2024, 7, 5)))


def test_a_day_without_a_session_is_no_partition(run: Run) -> None:
    day = dt.date(2024, 7, 4)
    with pytest.raises(dg.DagsterUnknownPartitionError, match="2024-07-04"):
        run.job(desk_due.ROUND, Window(day, day))


@pytest.mark.parametrize(
    ("moment", "newest"),
    [
        ("2024-07-03 09:46", "2024-07-03"),
        ("2024-03-11 09:46", "2024-03-11"),
        ("2024-11-04 09:46", "2024-11-04"),
        ("2024-11-29 13:01", "2024-11-29"),
        ("2024-07-04 12:00", "2024-07-05"),
        ("2024-07-06 12:00", "2024-07-08"),
    ],
)
def test_the_partition_of_a_session_is_there_while_it_runs(
    moment: str, newest: str
) -> None:
    now = dt.datetime.fromisoformat(moment).replace(tzinfo=NEW_YORK)
    running = partitions.grains(desk_life.SETTINGS.first).running
    assert running.get_partition_keys(now)[-1] == newest


@pytest.mark.parametrize(
    ("name", "now", "expected"),
    [
        (desk_due.ROUND, "2024-07-05 09:46", "2024-07-05"),
        (desk_due.ROUND, "2024-07-05 09:31", None),
        (desk_due.ROUND, "2024-07-04 12:01", None),
    ],
)
def test_a_schedule_asks_for_the_running_session(
    run: Run, tmp_path: Path, name: str, now: str, expected: str | None
) -> None:
    moment = dt.datetime.fromisoformat(now).replace(tzinfo=NEW_YORK)
    definitions = run.definitions(moment.astimezone(dt.UTC))
    schedule = definitions.resolve_schedule_def(name)
    instance = dg.DagsterInstance.local_temp(str(tmp_path))
    with (
        instance,
        dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=moment,
            repository_def=definitions.get_repository_def(),
            resources=run.resources(moment.astimezone(dt.UTC)),
        ) as context,
    ):
        asked = schedule.evaluate_tick(context).run_requests or []
    assert [one.partition_key for one in asked] == ([expected] if expected else [])


@pytest.mark.parametrize("name", ["missed_rounds", "matured_horizons"])
def test_sensors_ask_for_what_is_missing_and_else_for_nothing(
    run: Run, tmp_path: Path, name: str
) -> None:
    behind = desk_life.begun(tmp_path)
    later = NIGHT + desk_automation.GRACE
    if name == "matured_horizons":
        behind.speak(Window(HALF_DAY, HALF_DAY), NIGHT)
        with warehouse.opened(behind.where.warehouse) as store:
            store.replace(intraday_tables.OUTCOMES, intraday_tables.OUTCOMES.empty())
    empty = {"warehouse": resources.stored(behind.where)}
    definitions = run.definitions(later)
    sensor = definitions.resolve_sensor_def(name)
    for further, expected in ((empty, [str(HALF_DAY)]), ({}, [])):
        given = run.resources(later) | further
        with dg.build_sensor_context(
            instance=run.instance,
            repository_def=definitions.get_repository_def(),
            resources=given,
        ) as context:
            asked = sensor.evaluate_tick(context).run_requests or []
        assert [one.partition_key for one in asked] == expected


def test_every_job_of_the_desk_makes_sessions_but_one_that_makes_weeks() -> None:
    definitions = assembly.assemble(home.Home(Path("never-written")), home.Settings())
    grains = partitions.grains(home.Settings().first)
    for name, (keys, _) in desk_automation.JOBS.items():
        job = definitions.resolve_job_def(name)
        grain = grains.weekly if name == desk_due.TEACHING else grains.running
        assert job.partitions_def == grain
        assert set(keys) == job.asset_layer.executable_asset_keys
    assert (
        metadata.key(intraday_tables.BARS) in desk_automation.JOBS["intraday_round"][0]
    )
