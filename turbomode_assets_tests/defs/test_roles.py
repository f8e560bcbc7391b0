"""Two machines compute what one would, nothing twice, and each shows the whole loop."""

import pathlib
import subprocess
import sys

import dagster as dg
import pytest

from turbomode_assets.defs import assembly, automation, roles
from turbomode_assets.defs.assets import learning
from turbomode_assets.store import home

HOME = home.Home(pathlib.Path("never-written"))
DEFINITIONS = {
    role: assembly.assemble(HOME, home.Settings(role=role)) for role in home.ROLES
}
WHOLE = {spec.key for spec in DEFINITIONS["all"].resolve_all_asset_specs()}


def computed(role: str) -> set[dg.AssetKey]:
    """Assets a role can materialize."""
    graph = DEFINITIONS[role].get_repository_def().asset_graph
    return set(graph.executable_asset_keys)


def test_two_machines_compute_every_asset_once() -> None:
    assert computed("serve") & computed("train") == set()
    both = computed("serve") | computed("train")
    assert both == computed("all") - {learning.CHAMPION}


@pytest.mark.parametrize("role", home.ROLES)
def test_every_role_shows_the_whole_loop(role: str) -> None:
    shown = {spec.key for spec in DEFINITIONS[role].resolve_all_asset_specs()}
    assert shown == WHOLE


@pytest.mark.parametrize("role", home.ROLES)
def test_a_job_holds_what_its_role_computes(role: str) -> None:
    jobs = {job.name for job in DEFINITIONS[role].jobs or ()}
    for name, (keys, _) in automation.JOBS.items():
        own = set(roles.computed(role, keys))
        assert (name in jobs) == bool(own)
        if own:
            found = DEFINITIONS[role].resolve_job_def(name).asset_layer
            assert set(found.executable_asset_keys) == own


def test_who_serves_keeps_the_timetable_but_for_what_teaches() -> None:
    kept = {line.name for line in automation.timetable("serve")}
    assert kept == {"scan", "grading", "curation", "ranking", "feature_report"}
    assert list(automation.timetable("all")) == list(automation.TIMETABLE)
    assert automation.timetable("train") == []


@pytest.mark.parametrize("role", ["serve", "train"])
def test_machines_exchange_every_hour(role: str) -> None:
    repository = DEFINITIONS[role].get_repository_def()
    assert repository.get_schedule_def("exchange").cron_schedule == "45 * * * *"
    assert not DEFINITIONS["all"].get_repository_def().has_job("exchange")


LOADED = """
import pathlib, sys
from turbomode_assets.store import home
home.join(home.Home(pathlib.Path(sys.argv[1])), "serve", sys.argv[1] + "/place")
import turbomode_assets.definitions
from turbomode_assets import cli
teachers = {"lightgbm", "xgboost", "catboost", "sklearn", "arch", "statsmodels"}
print(sorted(teachers & {name.partition(".")[0] for name in sys.modules}))
"""


def test_who_serves_imports_no_library_that_trains(tmp_path: pathlib.Path) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", LOADED, str(tmp_path)],
        env={"TURBOMODE_HOME": str(tmp_path), "PATH": "", "PYTHONPATH": sys.path[0]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
