"""Nights by Dagster's own daemons, with trouble and without.

A young home, in which nobody reigns yet, lives through Juneteenth 2024. Everything but
learning happens as in any home. Slow: each run is one of Dagster's.
"""

import datetime as dt
import signal

import polars as pl
import pytest

from turbomode_assets import market_tables, schema, sessions, tables
from turbomode_assets.defs import verification
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import verifying
from turbomode_assets_tests.scenarios import simulated_time
from turbomode_assets_tests.scenarios.simulated_time import Machine, Past, new_york

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("nights"),
    pytest.mark.timeout(1800),
]

SETTINGS = home.Settings(n_symbols=6, first=dt.date(2024, 3, 1), is_intraday=False)
BEGIN = new_york("2024-06-14 12:00")
END = new_york("2024-06-25 12:00")
HOLIDAY = dt.date(2024, 6, 19)
LIVED = sessions.sessions_between(dt.date(2024, 6, 14), dt.date(2024, 6, 24))
OUTAGE = (new_york("2024-06-14 22:00"), new_york("2024-06-18 09:00"))
DOWN = (new_york("2024-06-19 12:00"), new_york("2024-06-23 10:00"))
CORRECTED_AT = new_york("2024-06-18 20:00")
CORRECTED_ON = dt.date(2024, 6, 5)
KILLED_ON = "2024-06-24"

PAST = (
    ("history", "2024-03-01", "2024-06-10"),
    ("session", "2024-06-11", "2024-06-13"),
    ("sampling", "2024-02-25", "2024-06-02"),
)
"""Runs that made the home: job, first and last partition."""

CORRECTIONS = [[str(CORRECTED_ON), "SIM003", "1.5", CORRECTED_AT.isoformat()]]
"""What the source corrects, in every world."""


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    return simulated_time.young(tmp_path_factory.mktemp("young"), SETTINGS, PAST)


@pytest.fixture(scope="module")
def calm(past: Past, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Nothing goes wrong."""
    root = tmp_path_factory.mktemp("calm") / "home"
    machine = simulated_time.wake(past, root, BEGIN, {"corrections": CORRECTIONS})
    machine.live(END)
    return machine


@pytest.fixture(scope="module")
def troubled(past: Past, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Off for days, a source down for four, a power cut in a nightly run."""
    root = tmp_path_factory.mktemp("troubled") / "home"
    down = [[moment.isoformat() for moment in DOWN]]
    machine = simulated_time.wake(
        past, root, BEGIN, {"corrections": CORRECTIONS, "down": down}
    )
    machine.live(OUTAGE[0])
    machine.sleep(OUTAGE[1])
    machine.live(new_york(f"{KILLED_ON} 22:40"))
    died = simulated_time.die(machine.where, KILLED_ON)
    assert died.returncode == -signal.SIGKILL
    machine.live(END)
    return machine


def _runs(machine: Machine, job: str) -> list[str]:
    return [run for run in machine.runs() if run.startswith(f"{job} ")]


def test_every_session_is_scanned_once_and_no_holiday(calm: Machine) -> None:
    assert HOLIDAY not in LIVED
    assert _runs(calm, "scan") == [f"scan {day} SUCCESS" for day in LIVED]


def test_every_session_is_graded_once(calm: Machine) -> None:
    # A restatement makes outcomes up to its night, so that one is graded by then.
    others = [day for day in LIVED if day != CORRECTED_AT.date()]
    assert _runs(calm, "grading") == [f"grading {day} SUCCESS" for day in others]


def test_weeks_are_sampled_when_they_end(calm: Machine) -> None:
    asked = _runs(calm, "sampling")
    assert asked[0] == "sampling 2024-06-09 SUCCESS"
    assert asked[-1] == "sampling 2024-06-16 SUCCESS"


def test_a_restated_bar_is_followed_by_features_outcomes_and_samples(
    calm: Machine,
) -> None:
    runs = [run for run in calm.runs() if not run.startswith(verification.JOB)]
    place = next(n for n, run in enumerate(runs) if run.startswith("restatement"))
    assert runs[place - 1] == "scan 2024-06-18 SUCCESS"
    restated = calm.read(market_tables.RESTATEMENTS)
    assert restated["session"].to_list() == [CORRECTED_ON]
    samples, outcomes = calm.read(tables.SAMPLES), calm.read(tables.OUTCOMES)
    both = samples.join(outcomes, on=["symbol", "session"], suffix="_graded")
    assert both.filter(pl.col("label") != pl.col("label_symmetric_10pct")).is_empty()


@pytest.mark.parametrize("table", tables.ALL, ids=lambda table: table.name)
def test_trouble_ends_with_the_same_tables(
    calm: Machine, troubled: Machine, table: schema.Table
) -> None:
    assert troubled.read(table).equals(calm.read(table))


def test_days_off_are_one_run_oldest_first(troubled: Machine) -> None:
    asked = _runs(troubled, "scan")
    assert asked[:2] == ["scan 2024-06-14 SUCCESS", "scan 2024-06-18 SUCCESS"]
    assert _runs(troubled, "grading")[0] == "grading 2024-06-14 SUCCESS"


def test_a_source_that_is_down_is_not_hammered_and_then_caught_up_with(
    troubled: Machine,
) -> None:
    asked = _runs(troubled, "scan")
    assert 6 <= asked.count("scan 2024-06-20 FAILURE") <= 30
    assert asked.count("scan 2024-06-20 SUCCESS") == 1
    assert "scan 2024-06-21 FAILURE" not in asked


def test_a_run_that_died_with_its_machine_is_found_and_taken_up(
    troubled: Machine,
) -> None:
    asked = _runs(troubled, "scan")
    assert asked[-2:] == ["scan FAILURE", f"scan {KILLED_ON} SUCCESS"]


def test_nothing_is_doubled(troubled: Machine) -> None:
    with warehouse.opened(troubled.where.warehouse) as store:
        doubled = {table.name: store.doubled_keys(table) for table in tables.ALL}
    assert set(doubled.values()) == {0}


def test_what_must_hold_holds(troubled: Machine) -> None:
    assert verifying.broken(troubled.where) == {}
