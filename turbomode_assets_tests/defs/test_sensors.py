"""What the sensors answer on their own, away from any daemon."""

import datetime as dt
import pathlib
from collections.abc import Iterator

import dagster as dg
import pytest

from turbomode_assets import errors
from turbomode_assets.defs import assembly, progress
from turbomode_assets.defs.assets import learning
from turbomode_assets.store import home

SETTINGS = home.Settings(n_symbols=4, first=dt.date(2024, 1, 2))

NEEDED = ("clock", "warehouse")
"""Resources sensors reach for."""


@pytest.fixture
def definitions(tmp_path: pathlib.Path) -> dg.Definitions:
    """Definitions of an empty home."""
    where = home.Home(tmp_path)
    home.prepare(where, SETTINGS)
    return assembly.assemble(where, SETTINGS)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def _answer(
    definitions: dg.Definitions, instance: dg.DagsterInstance, name: str
) -> str:
    """Why a sensor asks for nothing."""
    parts = {name: (definitions.resources or {})[name] for name in NEEDED}
    with dg.build_sensor_context(
        instance=instance, definitions=definitions, resources=parts
    ) as context:
        tick = definitions.resolve_sensor_def(name).evaluate_tick(context)
    assert not tick.run_requests
    return str(tick.skip_message)


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
