"""The page for operators knows every view, group, schedule, sensor and job there is."""

import pathlib
import re

import pytest

from turbomode_assets.defs import assembly, automation, sensors, views
from turbomode_assets.store import home

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "operations.md").read_text()

# Assembling opens and writes nothing; the folder only has to be named.
EVERY = [
    assembly.assemble(
        home.Home(pathlib.Path("never-written")),
        home.Settings(source="yahoo", role=role),
    )
    for role in home.ROLES
]
SCHEDULED = {
    one.job_name for each in EVERY for one in each.get_repository_def().schedule_defs
}
SENSORS = {one.name for each in EVERY for one in each.sensors or ()}
JOBS = {
    job.name
    for each in EVERY
    for job in each.get_repository_def().get_all_jobs()
    if not job.name.startswith("__")
}
SPECS = {
    spec.key.to_user_string(): spec
    for each in EVERY
    for spec in each.resolve_all_asset_specs()
}


def section(title: str) -> str:
    """What stands under a heading."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def named(text: str) -> set[str]:
    """Inline code of a text."""
    return set(re.findall(r"`([^`\n]+)`", text))


@pytest.mark.parametrize("view", views.ALL, ids=lambda view: view.name)
def test_every_view_has_its_link(view: views.View) -> None:
    assert f"| {view.name} |" in section("Where to look")
    assert view.path in named(section("Where to look"))


def test_every_group_is_explained() -> None:
    groups = {str(spec.group_name) for spec in SPECS.values()}
    assert groups <= named(section("Where to look"))


def test_every_asset_named_exists() -> None:
    folders = {name.partition("/")[0] for name in SPECS}
    found = {each for each in named(PAGE) if each.partition("/")[0] in folders}
    assert {each for each in found if "/" in each} <= SPECS.keys()


def test_everything_that_runs_by_itself_is_told() -> None:
    told = named(section("What runs by itself"))
    assert told >= SCHEDULED | SENSORS


def test_the_timetable_names_every_schedule_and_sensor() -> None:
    lines = (automation.__doc__ or "").splitlines()
    told = {word for line in lines for word in line.split()}
    assert told >= SCHEDULED
    assert named(sensors.__doc__ or "") >= SENSORS


def test_every_job_is_told() -> None:
    told = named(section("What to press")) | named(section("What runs by itself"))
    assert told >= JOBS
