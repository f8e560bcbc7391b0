"""What was missed is made up for, oldest first, in few runs, and never twice."""

import datetime as dt
import functools
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test, freeze_time

from turbomode_assets import sessions, tables
from turbomode_assets.defs import automation, catching_up, metadata, progress, resources
from turbomode_assets_tests.scenarios.simulated_time import new_york

SCAN, _ = automation.JOBS["scan"]
OUTCOMES, SAMPLES, CURATIONS = (
    metadata.key(tables.OUTCOMES),
    metadata.key(tables.SAMPLES),
    automation.JOBS["curation"][0][0],
)
RANKINGS = automation.JOBS["ranking"][0][0]
REPORTS = automation.JOBS["feature_report"][0][0]
LEARNING = automation.JOBS["learning_report"][0][0]
BEGAN, ENDED = dt.date(2024, 6, 3), dt.date(2024, 7, 12)
"""Lived from a Monday to a Friday, six weeks later, with everything done."""


class Judged(progress.Progress):
    """Progress of a home whose challengers were all refused, up to July's."""

    @functools.cached_property
    def verdicts(self) -> dict[dt.date, str]:
        """As the warehouse would tell them."""
        return {dt.date(2024, month, 1): "refused" for month in range(1, 8)}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Instance of a home that did everything until Saturday morning."""
    with dg.DagsterInstance.ephemeral() as found:
        _live(found, sessions.sessions_between(BEGAN, ENDED))
        yield found


def _live(instance: dg.DagsterInstance, days: list[dt.date]) -> None:
    for day in days:
        _make(instance, str(day), *SCAN, OUTCOMES)
    for week in sorted({str(sessions.week_start(day)) for day in days}):
        _make(instance, week, SAMPLES)
    _make(instance, "2024-05-26", SAMPLES)
    _make(instance, "2024-07-01", CURATIONS, RANKINGS, REPORTS, LEARNING)


def _make(instance: dg.DagsterInstance, partition: str, *keys: dg.AssetKey) -> None:
    for key in keys:
        event = dg.AssetMaterialization(key, partition=partition)
        instance.report_runless_asset_event(event)


def _next(instance: dg.DagsterInstance, at: str) -> str:
    """Next step at a New York time, as its job and range, or why there is none."""
    moment = new_york(at)
    done = Judged(instance, resources.WarehouseResource(database="never-opened"))
    step = catching_up.next_step(automation.TIMETABLE, done, moment, moment)
    return step if isinstance(step, str) else f"{step.job} {step.first} {step.last}"


def _fail(instance: dg.DagsterInstance, step: str, at: str) -> None:
    with freeze_time(new_york(at).astimezone(dt.UTC)):
        tags = {catching_up.STEP_TAG: step}
        run = create_run_for_test(instance, "scan", tags=tags)
        instance.report_run_failed(run)


def _take(instance: dg.DagsterInstance, step: str) -> None:
    """Do what a step asks for."""
    job, first, last = step.split(" ")
    keys, _ = automation.JOBS[job]
    span = (dt.date.fromisoformat(day) for day in (first, last))
    days = map(str, sessions.sessions_between(*span)) if first != last else [first]
    if job == "sampling":
        n_weeks = (dt.date.fromisoformat(last) - dt.date.fromisoformat(first)).days // 7
        start = dt.date.fromisoformat(first)
        days = [str(start + dt.timedelta(weeks=n)) for n in range(n_weeks + 1)]
    for day in days:
        _make(instance, day, *keys)


def test_nothing_is_due_when_everything_is_done(instance: dg.DagsterInstance) -> None:
    assert _next(instance, "2024-07-15 22:59") == catching_up.NOTHING_DUE


def test_tonight_is_due_at_eleven(instance: dg.DagsterInstance) -> None:
    assert _next(instance, "2024-07-15 23:00") == "scan 2024-07-15 2024-07-15"


def test_three_weeks_off_take_few_runs_in_the_order_they_were_due(
    instance: dg.DagsterInstance,
) -> None:
    taken: list[str] = []
    while len(taken) < 20:
        step = _next(instance, "2024-08-05 12:00")
        if step == catching_up.NOTHING_DUE or "retraining" in step:
            break
        taken.append(step)
        _take(instance, step)
    assert taken == [
        "scan 2024-07-15 2024-07-31",
        "grading 2024-07-15 2024-07-31",
        "sampling 2024-07-14 2024-07-21",
        "ranking 2024-08-01 2024-08-01",
        "sampling 2024-07-28 2024-07-28",
        "feature_report 2024-08-01 2024-08-01",
    ]
    assert step == "retraining 2024-08-01 2024-08-01"


def test_a_hole_in_the_past_is_filled_first_and_nothing_beside_it() -> None:
    days = sessions.sessions_between(BEGAN, ENDED)
    with dg.DagsterInstance.ephemeral() as instance:
        _live(instance, [day for day in days if day != dt.date(2024, 6, 20)])
        assert _next(instance, "2024-07-15 23:00") == "scan 2024-06-20 2024-06-20"


def test_one_run_at_a_time(instance: dg.DagsterInstance) -> None:
    create_run_for_test(instance, "scan", status=dg.DagsterRunStatus.STARTED)
    assert _next(instance, "2024-07-15 23:00").startswith("scan is not finished")


def test_a_replay_holds_up_no_night(instance: dg.DagsterInstance) -> None:
    create_run_for_test(instance, "replay", status=dg.DagsterRunStatus.STARTED)
    assert _next(instance, "2024-07-15 23:00") == "scan 2024-07-15 2024-07-15"


def test_a_range_that_failed_is_tried_partition_by_partition(
    instance: dg.DagsterInstance,
) -> None:
    at = "2024-07-17 23:20"
    assert _next(instance, at) == "scan 2024-07-15 2024-07-17"
    _fail(instance, "scan 2024-07-15", "2024-07-17 23:00")
    assert _next(instance, "2024-07-17 23:14").startswith("scan 2024-07-15 was tried 1")
    assert _next(instance, at) == "scan 2024-07-15 2024-07-15"


def test_no_session_is_graded_before_its_bars_are_there(
    instance: dg.DagsterInstance,
) -> None:
    at = "2024-07-18 12:00"
    _fail(instance, "scan 2024-07-15", "2024-07-18 11:00")
    _take(instance, _next(instance, at))
    assert _next(instance, at) == "grading 2024-07-15 2024-07-15"
    _take(instance, _next(instance, at))
    assert _next(instance, at) == "scan 2024-07-16 2024-07-17"


def test_bars_that_cannot_be_had_hold_up_what_is_later(
    instance: dg.DagsterInstance,
) -> None:
    for minute in range(10, 10 + catching_up.PATIENCE + 1):
        _fail(instance, "scan 2024-07-15", f"2024-07-16 23:{minute}")
    assert _next(instance, "2024-07-16 23:20").startswith("scan 2024-07-15 was tried")


def test_a_session_with_bars_stands_aside_after_some_tries(
    instance: dg.DagsterInstance,
) -> None:
    _make(instance, "2024-07-15", metadata.key(tables.BARS))
    for minute in range(10, 10 + catching_up.PATIENCE - 1):
        _fail(instance, "scan 2024-07-15", f"2024-07-16 23:{minute}")
    assert "was tried" in _next(instance, "2024-07-16 23:20")
    _fail(instance, "scan 2024-07-15", "2024-07-16 23:19")
    assert _next(instance, "2024-07-16 23:20") == "grading 2024-07-15 2024-07-15"


def test_failures_are_forgotten_after_a_day(instance: dg.DagsterInstance) -> None:
    _fail(instance, "scan 2024-07-15", "2024-07-15 23:01")
    assert _next(instance, "2024-07-17 23:00") == "scan 2024-07-15 2024-07-17"


def test_a_week_is_sampled_again_after_its_outcomes_were(
    instance: dg.DagsterInstance,
) -> None:
    _make(instance, "2024-06-27", OUTCOMES)
    assert _next(instance, "2024-07-15 12:00") == "sampling 2024-06-23 2024-06-23"


def test_a_home_that_never_lived_is_left_alone() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert _next(instance, "2024-07-15 23:00").endswith("turbomode run")


def test_a_home_that_slept_too_long_is_left_alone(
    instance: dg.DagsterInstance,
) -> None:
    assert "live on with: turbomode run" in _next(instance, "2024-11-15 23:00")


def test_a_step_asks_for_its_range_and_is_counted_by_its_first() -> None:
    step = catching_up.Step("scan", "2024-07-15", "2024-07-17")
    asked = step.request("scan")
    assert asked.tags["dagster/asset_partition_range_end"] == "2024-07-17"
    assert asked.tags[catching_up.STEP_TAG] == "scan 2024-07-15"
    assert asked.partition_key is None
    assert catching_up.Step("scan", "2024-07-15", "2024-07-15").request().partition_key
