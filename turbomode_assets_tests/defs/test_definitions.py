"""The asset graph is the loop, the timetable is New York's, and both load."""

import datetime as dt
import itertools
import os
import pathlib
import subprocess
import sys
import zoneinfo

import dagster as dg
import pytest
from dagster._utils import schedules

from turbomode_assets import sessions
from turbomode_assets.defs import assembly, automation, conditions, ticks
from turbomode_assets.defs.assets import intraday, intraday_learning, learning
from turbomode_assets.store import home

ROOT = pathlib.Path(__file__).parents[2]
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")

UPSTREAM = {
    "market/bar_revisions": [],
    "market/quarantine": ["market/bar_revisions"],
    "market/fetches": ["market/bar_revisions"],
    "market/bars": ["market/bar_revisions"],
    "market/curations": ["market/bars", "market/curations"],
    "market/universe": ["market/bars", "market/curations"],
    "swing/features": ["market/bars", "market/universe"],
    "swing/signals": [
        "learning/champion_in_force",
        "market/universe",
        "swing/features",
    ],
    "swing/signal_chain": ["swing/signals"],
    "swing/outcomes": ["market/bars", "market/universe", "swing/signals"],
    "swing/samples": ["swing/features", "swing/outcomes", "swing/signals"],
    "learning/standings": ["swing/outcomes", "swing/samples", "swing/signals"],
    "learning/challenger": ["learning/standings", "swing/samples"],
    "learning/oof_predictions": ["learning/challenger"],
    "learning/verdicts": ["learning/challenger", "learning/oof_predictions"],
    "learning/champion": ["learning/challenger", "learning/verdicts"],
    "learning/champion_in_force": [],
    "market/rankings": ["swing/outcomes", "swing/signals"],
    "market/restatements": [
        "market/bars",
        "swing/features",
        "swing/outcomes",
        "swing/signals",
    ],
    "swing/feature_reports": [
        "learning/challenger",
        "market/bars",
        "market/universe",
        "swing/features",
        "swing/outcomes",
    ],
    "intraday/bars": [],
    "intraday/daily_bars": [],
    "intraday/headlines": [],
    "intraday/chains": [],
    "intraday/fetches": [],
    "intraday/intakes": [],
    "intraday/votes": [
        "intraday/bars",
        "intraday/chains",
        "intraday/daily_bars",
        "intraday/headlines",
    ],
    "intraday/weights_in_force": [],
    "intraday/champion_in_force": [],
    "intraday/signals": [
        "intraday/bars",
        "intraday/champion_in_force",
        "intraday/votes",
        "intraday/weights_in_force",
    ],
    "intraday/outcomes": ["intraday/bars", "intraday/signals"],
    "intraday/weights": ["intraday/bars", "intraday/signals", "intraday/votes"],
    "intraday/track_records": [
        "intraday/bars",
        "intraday/signals",
        "intraday/votes",
    ],
    "intraday/challenger": ["intraday/bars", "intraday/outcomes", "intraday/votes"],
    "intraday/oof_predictions": ["intraday/challenger"],
    "intraday/verdicts": ["intraday/challenger", "intraday/oof_predictions"],
    "intraday/champion": ["intraday/challenger", "intraday/verdicts"],
    "options/quotes": [
        "intraday/bars",
        "intraday/chains",
        "intraday/signals",
    ],
    "options/outcomes": [
        "intraday/bars",
        "intraday/outcomes",
        "intraday/signals",
        "options/quotes",
    ],
    "options/proposals": [
        "intraday/bars",
        "intraday/outcomes",
        "intraday/signals",
        "options/outcomes",
        "options/quotes",
    ],
    "options/fills": [
        "intraday/bars",
        "intraday/outcomes",
        "intraday/signals",
        "options/outcomes",
        "options/proposals",
        "options/quotes",
    ],
    "options/positions": [
        "intraday/bars",
        "intraday/outcomes",
        "intraday/signals",
        "options/fills",
        "options/outcomes",
        "options/proposals",
        "options/quotes",
    ],
    "reports/learning": [
        "learning/standings",
        "swing/outcomes",
        "swing/samples",
        "swing/signals",
    ],
    "reports/messages": [
        "learning/champion",
        "learning/verdicts",
        "swing/feature_reports",
    ],
    "reports/deliveries": ["reports/messages"],
}
"""Every asset with what it depends on, in the order of the loop."""

CRONS = {
    "scan": ("scan", "0 23 * * *"),
    "grading": ("grading", "0 2 * * *"),
    "curation": ("curation", "15 2 1 */3 *"),
    "ranking": ("ranking", "30 2 1 * *"),
    "feature_report": ("feature_report", "30 3 1 * *"),
    "sampling": ("sampling", "0 3 * * 0"),
    "sampling_at_the_turn": ("sampling", "15 3 1 * *"),
    "retraining": ("retraining", "0 4 1 * *"),
    "learning_report": ("learning_report", "0 5 1 * *"),
    "verification": ("verification", "45 2 * * *"),
    "intraday_round": ("intraday_round", "1,16,31,46 9-17 * * 1-5"),
    "intraday_weights": ("intraday_weights", "15 18 * * 1-5"),
    "intraday_retraining": ("intraday_retraining", "45 18 * * 0-5"),
}

JOBS = {
    "history": [
        "market/bar_revisions",
        "market/bars",
        "market/universe",
        "swing/features",
        "swing/outcomes",
    ],
    "scan": [
        "market/bar_revisions",
        "market/bars",
        "market/universe",
        "swing/features",
        "swing/signals",
    ],
    "grading": ["swing/outcomes"],
    "session": [
        "market/bar_revisions",
        "market/bars",
        "market/universe",
        "swing/features",
        "swing/outcomes",
        "swing/signals",
    ],
    "curation": ["market/curations"],
    "ranking": ["market/rankings"],
    "feature_report": ["swing/feature_reports"],
    "restatement": ["market/restatements", "swing/features", "swing/outcomes"],
    "sampling": ["swing/samples"],
    "retraining": [
        "learning/challenger",
        "learning/champion",
        "learning/oof_predictions",
        "learning/standings",
        "learning/verdicts",
    ],
    "learning_report": ["reports/learning"],
    "retraining_ahead": [
        "learning/challenger",
        "learning/champion",
        "learning/oof_predictions",
        "learning/verdicts",
    ],
    "intraday_round": [
        "intraday/bars",
        "intraday/chains",
        "intraday/daily_bars",
        "intraday/fetches",
        "intraday/headlines",
        "intraday/intakes",
        "intraday/outcomes",
        "intraday/signals",
        "intraday/votes",
    ],
    "intraday_grading": ["intraday/outcomes"],
    "intraday_weights": [
        "intraday/track_records",
        "intraday/weights",
        "options/fills",
        "options/outcomes",
        "options/positions",
        "options/proposals",
        "options/quotes",
    ],
    "intraday_retraining": [
        "intraday/challenger",
        "intraday/champion",
        "intraday/oof_predictions",
        "intraday/verdicts",
    ],
}

TICKS = [
    ("scan", "2024-07-03 23:00", "2024-07-03"),
    ("scan", "2024-07-04 23:00", None),
    ("scan", "2024-07-06 23:00", None),
    ("scan", "2024-07-07 23:00", None),
    ("scan", "2024-07-08 23:00", "2024-07-08"),
    ("scan", "2024-03-08 23:00", "2024-03-08"),
    ("scan", "2024-03-10 23:00", None),
    ("scan", "2024-03-11 23:00", "2024-03-11"),
    ("scan", "2024-11-01 23:00", "2024-11-01"),
    ("scan", "2024-11-03 23:00", None),
    ("scan", "2024-11-04 23:00", "2024-11-04"),
    ("grading", "2024-07-04 02:00", "2024-07-03"),
    ("grading", "2024-07-05 02:00", None),
    ("grading", "2024-07-06 02:00", "2024-07-05"),
    ("grading", "2024-07-07 02:00", None),
    # At 02:00 on the second Sunday of March the clock jumps to 03:00.
    ("grading", "2024-03-10 03:00", None),
    ("grading", "2024-03-12 02:00", "2024-03-11"),
    ("grading", "2024-11-05 02:00", "2024-11-04"),
    ("curation", "2024-07-01 02:15", "2024-07-01"),
    ("ranking", "2024-09-01 02:30", "2024-09-01"),
    ("feature_report", "2024-09-01 03:30", "2024-09-01"),
    ("sampling", "2024-07-07 03:00", "2024-06-30"),
    ("sampling", "2024-03-10 03:00", "2024-03-03"),
    ("sampling", "2024-11-03 03:00", "2024-10-27"),
    ("sampling_at_the_turn", "2024-08-01 03:15", "2024-07-28"),
    ("sampling_at_the_turn", "2024-09-01 03:15", "2024-08-25"),
    ("retraining", "2024-07-01 04:00", "2024-07-01"),
    ("retraining", "2024-09-01 04:00", "2024-09-01"),
    ("retraining", "2024-01-01 04:00", "2024-01-01"),
    ("learning_report", "2024-09-01 05:00", "2024-09-01"),
]
"""Schedule, New York time and the partition it asks for, if any."""

# Assembling opens and writes nothing; the folder only has to be named.
DEFINITIONS = assembly.assemble(
    home.Home(pathlib.Path("never-written")), home.Settings()
)


def test_the_asset_graph_is_the_loop() -> None:
    found = {
        spec.key.to_user_string(): sorted(
            dep.asset_key.to_user_string() for dep in spec.deps
        )
        for spec in DEFINITIONS.resolve_all_asset_specs()
    }
    assert found == UPSTREAM


def test_everything_comes_after_what_it_is_made_of() -> None:
    graph = DEFINITIONS.resolve_asset_graph()
    order = [key.to_user_string() for key in graph.toposorted_asset_keys]
    assert sorted(order) == sorted(UPSTREAM)
    for key, upstream in UPSTREAM.items():
        others = [other for other in upstream if other != key]
        assert all(order.index(other) < order.index(key) for other in others)


DOORS = {
    learning.CHAMPION_IN_FORCE: "swing/signals",
    intraday.WEIGHTS_IN_FORCE: "intraday/signals",
    intraday_learning.CHAMPION_IN_FORCE: "intraday/signals",
}
"""External assets, and the one asset each opens for."""


def test_each_loop_closes_through_an_external_asset_alone() -> None:
    graph = DEFINITIONS.resolve_asset_graph()
    roots = {key for key in graph.external_asset_keys if not graph.get(key).parent_keys}
    assert roots == DOORS.keys()
    for door, child in DOORS.items():
        assert graph.get(door).child_keys == {dg.AssetKey(child.split("/"))}


def test_the_promotion_gate_blocks_month_by_month() -> None:
    graph = DEFINITIONS.resolve_asset_graph()
    key = dg.AssetCheckKey(learning.CHALLENGER, learning.PROMOTION_GATE)
    gate = graph.get_check_spec(key)
    assert gate.blocking
    assert gate.partitions_def == graph.get(learning.CHALLENGER).partitions_def


def test_jobs_hold_the_assets_they_are_named_for() -> None:
    found = {
        name: sorted(
            key.to_user_string()
            for key in DEFINITIONS.resolve_job_def(
                name
            ).asset_layer.executable_asset_keys
        )
        for name in automation.JOBS
    }
    assert found == JOBS


def _schedule(name: str) -> dg.ScheduleDefinition:
    return DEFINITIONS.resolve_schedule_def(name)


def test_no_schedule_is_missing_or_new() -> None:
    named = [schedule.name for schedule in DEFINITIONS.schedules or ()]
    assert sorted(named) == sorted(CRONS)


@pytest.mark.parametrize("name", CRONS)
def test_the_timetable_is_kept_in_new_york(name: str) -> None:
    schedule = _schedule(name)
    assert (schedule.job_name, schedule.cron_schedule) == CRONS[name]
    assert schedule.execution_timezone == "America/New_York"


def _ticked(name: str, at: dt.datetime) -> list[str]:
    """Partitions a line of the timetable asks for at a moment."""
    lines = [line for line in automation.TIMETABLE if line.name == name]
    return [tick.key for tick in ticks.due(lines, at, at)]


@pytest.mark.parametrize(("name", "at", "expected"), TICKS)
def test_a_tick_asks_for_its_partition(
    name: str, at: str, expected: str | None
) -> None:
    moment = dt.datetime.fromisoformat(at).replace(tzinfo=NEW_YORK)
    assert _ticked(name, moment) == ([] if expected is None else [expected])


@pytest.mark.parametrize(("name", "at", "expected"), TICKS)
def test_every_partition_asked_for_exists_by_then(
    name: str, at: str, expected: str | None
) -> None:
    moment = dt.datetime.fromisoformat(at).replace(tzinfo=NEW_YORK)
    job = DEFINITIONS.resolve_job_def(_schedule(name).job_name)
    assert job.partitions_def is not None
    keys = job.partitions_def.get_partition_keys(current_time=moment)
    assert expected is None or expected in keys


@pytest.mark.parametrize(("name", "days_ago"), [("scan", 0), ("grading", 1)])
@pytest.mark.parametrize("month", [3, 11])
def test_clock_changes_neither_drop_nor_double_a_session(
    name: str, days_ago: int, month: int
) -> None:
    first, last = dt.date(2024, month, 1), dt.date(2024, month, 20)
    midnight = dt.datetime.combine(first, dt.time(), NEW_YORK)
    moments = schedules.schedule_execution_time_iterator(
        midnight.timestamp(), CRONS[name][1], ticks.TIMEZONE
    )
    lived = itertools.takewhile(lambda at: at.date() <= last, moments)
    back = dt.timedelta(days=days_ago)
    expected = sessions.sessions_between(first - back, last - back)
    found = [key for at in lived for key in _ticked(name, at)]
    assert found == [str(session) for session in expected]


@pytest.mark.xdist_group("validate")
@pytest.mark.parametrize(
    "route", [["-w", "workspace.yaml"], ["-m", "turbomode_assets.definitions"]]
)
def test_dagster_loads_the_definitions(
    tmp_path: pathlib.Path, route: list[str]
) -> None:
    home.prepare(home.Home(tmp_path), home.Settings())
    folder = {home.VARIABLE: str(tmp_path), "DAGSTER_HOME": str(tmp_path)}
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "dagster", "definitions", "validate", *route],
        cwd=ROOT,
        env=os.environ | folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_everything_runs_from_the_start_unless_paused() -> None:
    paused = assembly.assemble(
        home.Home(pathlib.Path("never-written")), home.Settings(), is_paused=True
    )
    for definitions, status in ((DEFINITIONS, "RUNNING"), (paused, "STOPPED")):
        timed, watching = definitions.schedules or (), definitions.sensors or ()
        found = {one.default_status.value for one in (*timed, *watching)}
        assert found == {status}


def test_conditions_are_named() -> None:
    graph = DEFINITIONS.resolve_asset_graph()
    for key, condition in conditions.CONDITIONS.items():
        assert graph.get(key).automation_condition == condition
        assert str(condition.get_label()).startswith("again after")


def test_a_backfill_is_cut_into_runs_where_settings_say_so(
    tmp_path: pathlib.Path,
) -> None:
    settings = home.Settings(partitions_per_run=252, is_intraday=False)
    definitions = assembly.assemble(home.Home(tmp_path), settings)
    features = definitions.resolve_assets_def(dg.AssetKey(["swing", "features"]))
    challenger = definitions.resolve_assets_def(learning.CHALLENGER)
    assert features.backfill_policy == dg.BackfillPolicy.multi_run(252)
    assert challenger.backfill_policy != features.backfill_policy
