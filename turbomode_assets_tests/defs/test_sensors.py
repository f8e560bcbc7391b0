"""What the sensors answer on their own, away from any daemon."""

import datetime as dt
import pathlib
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from turbomode_assets import errors, sessions, tables
from turbomode_assets.defs import assembly, catching_up, progress, resources
from turbomode_assets.defs.assets import learning
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes
from turbomode_assets_tests.store.test_warehouse import bars

SETTINGS = home.Settings(n_symbols=4, first=dt.date(2024, 1, 2))

NEEDED = ("clock", "warehouse")
"""Resources sensors reach for."""


@pytest.fixture
def definitions(tmp_path: pathlib.Path) -> dg.Definitions:
    """Definitions of an empty home."""
    where = home.Home(tmp_path)
    lakes.prepare(where, SETTINGS)
    return assembly.assemble(where, SETTINGS)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def _tick(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    name: str,
    cursor: str | None = None,
) -> SensorExecutionData:
    """What comes of a tick that asks for no run."""
    parts = {name: (definitions.resources or {})[name] for name in NEEDED}
    with dg.build_sensor_context(
        instance=instance, definitions=definitions, resources=parts, cursor=cursor
    ) as context:
        tick = definitions.resolve_sensor_def(name).evaluate_tick(context)
    assert not tick.run_requests
    return tick


def _answer(
    definitions: dg.Definitions, instance: dg.DagsterInstance, name: str
) -> str:
    """Why a sensor asks for nothing."""
    return str(_tick(definitions, instance, name).skip_message)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("catch_up", "begin with: turbomode run"),
        ("challenger_ahead", "First what is due"),
        ("restated_bars", "No bar changed"),
    ],
)
def test_an_empty_home_is_left_alone(
    definitions: dg.Definitions, instance: dg.DagsterInstance, name: str, answer: str
) -> None:
    assert answer in _answer(definitions, instance, name)


def test_a_new_champion_is_marked_in_the_history_of_the_signals(
    definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    learning.report_door(instance, dt.date(2024, 1, 31), "2024-01-abc")
    assert "2024-01-abc speaks" in _answer(definitions, instance, "champion_changed")
    (told,) = instance.fetch_observations(progress.SIGNALS, limit=5).records
    assert told.asset_observation is not None
    assert "2024-01-abc" in str(told.asset_observation.metadata)


def test_a_challenger_ahead_of_the_month_is_told_what_it_may_know(
    definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    job = definitions.resolve_job_def("retraining_ahead")
    with pytest.raises(errors.NotEnoughHistory, match="known before 2024-01-21"):
        job.execute_in_process(
            instance=instance,
            partition_key="2024-01-01",
            run_config=learning.known_until(dt.date(2024, 1, 21)),
        )


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({}, "retraining_ahead failed and is not tried again"),
        ({catching_up.STEP_TAG: "a step"}, "a step failed and is tried again"),
    ],
)
def test_of_a_failed_run_is_said_whether_it_is_tried_again(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    tags: dict[str, str],
    said: str,
) -> None:
    ended = definitions.resolve_job_def("retraining_ahead").execute_in_process(
        instance=instance, partition_key="2024-01-01", tags=tags, raise_on_error=False
    )
    told = dg.build_run_status_sensor_context(
        sensor_name="run_failed",
        dagster_event=ended.get_run_failure_event(),
        dagster_instance=instance,
        dagster_run=ended.dagster_run,
    ).for_run_failure()
    assert said in str(definitions.resolve_sensor_def("run_failed")(told))


def test_a_living_home_says_when_it_falls_behind_and_when_it_has_caught_up(
    tmp_path: pathlib.Path, instance: dg.DagsterInstance
) -> None:
    where, cursor, said = home.Home(tmp_path), None, []
    for day, hour in ((6, 6), (9, 6), (9, 7), (9, 8)):
        now = dt.datetime(2024, 7, day, hour, tzinfo=dt.UTC)
        clock = resources.ClockResource(fixed_at=now.isoformat())
        living = assembly.assemble(
            where, home.Settings(source="yahoo"), {"clock": clock}
        )
        if day == 6 or hour == 8:
            with warehouse.opened(where.warehouse) as store:
                store.append(tables.BARS, bars(sessions.closed_by(now), "AAA"))
        tick = _tick(living, instance, "stale_data", cursor)
        cursor = tick.cursor
        said.append([getattr(event, "passed", None) for event in tick.asset_events])
    assert said == [[True, True], [False, True], [], [True, True]]
