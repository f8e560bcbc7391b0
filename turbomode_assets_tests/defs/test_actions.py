"""Jobs that are commands: the options they pass are those of the home."""

import datetime as dt
from pathlib import Path

import dagster as dg
import pytest

from turbomode_assets import cli, errors
from turbomode_assets.defs import actions
from turbomode_assets.store import home

SETTINGS = home.Settings(seed=3, edge=0.5, n_symbols=9, first=dt.date(2022, 1, 3))


def job(root: Path, name: str) -> dg.JobDefinition:
    """Job of a home that need not exist."""
    built = actions.build(home.Home(root), SETTINGS)
    return next(each for each in built if each.name == name)


@pytest.mark.parametrize(
    ("command", "options"),
    [("run", actions.run_options), ("replay", actions.replay_options)],
)
def test_the_command_line_understands_the_settings(
    command: str, options: actions.Options
) -> None:
    asked = options(SETTINGS, "2023-01-03", "2023-06-30")
    read = vars(cli._parser().parse_args([command, *asked]))  # noqa: SLF001
    assert read["symbols"] == 9
    assert (read.get("seed"), read.get("seeds")) in [(3, None), (None, [3])]
    assert (read.get("edge"), read.get("edges")) in [(0.5, None), (None, [0.5])]
    assert str(read["live_from"]) == "2023-01-03"
    assert str(read["last"]) == "2023-06-30"
    assert str(read["first"]) == "2022-01-03"


def test_what_is_left_open_is_left_to_the_command() -> None:
    asked = actions.run_options(SETTINGS, "", "")
    assert "--to" not in asked
    assert "" not in asked


def test_a_command_that_fails_fails_its_run(tmp_path: Path) -> None:
    backwards = {"live_from": "2023-01-03", "to": "2022-06-30"}
    config = {"ops": {"live": {"config": backwards}}}
    with pytest.raises(errors.TurbomodeError, match="`turbomode run` to end well"):
        job(tmp_path, "bootstrap").execute_in_process(run_config=config)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))
