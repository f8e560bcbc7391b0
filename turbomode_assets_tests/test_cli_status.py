"""What ``turbomode status`` and ``turbomode report`` say, to people and to machines."""

import datetime as dt
import json
import pathlib

import pytest

from turbomode_assets import cli, cli_run, tables
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes
from turbomode_assets_tests.conftest import Lived


def said(
    capsys: pytest.CaptureFixture[str], where: pathlib.Path, *arguments: str
) -> tuple[int, str]:
    """Exit code and output of a command about a home."""
    command, *further = arguments
    code = cli.main([command, "--home", str(where), *further])
    return code, capsys.readouterr().out


def test_the_status_of_a_home_that_lived(
    lived: Lived, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = said(capsys, lived.where.root, "status", "--json")
    found = json.loads(text)
    with warehouse.opened(lived.where.warehouse) as store:
        version = store.read(tables.CHAMPIONS)["version"][-1]
        newest = store.partitions(tables.SIGNALS)[-1]
    assert code == int(not all(probe["is_well"] for probe in found["health"]))
    assert found["champion"]["version"] == version
    assert found["signals_reach"] == str(newest)
    assert (found["is_lived"], found["next_runs"]) == (False, {})
    assert found["asleep"]


def test_a_home_lives_on_where_it_left_off(lived: Lived) -> None:
    with warehouse.opened(lived.where.warehouse) as store:
        newest = store.partitions(tables.SIGNALS)[-1]
    later = cli_run._default_live_from(lived.where, dt.date(2030, 1, 2))  # noqa: SLF001
    assert later == newest.replace(day=1)


def test_a_person_is_told_the_same(
    lived: Lived, capsys: pytest.CaptureFixture[str]
) -> None:
    _, machine = said(capsys, lived.where.root, "status", "--json")
    _, person = said(capsys, lived.where.root, "status")
    found = json.loads(machine)
    for probe in found["health"]:
        assert probe["name"] in person
    assert found["champion"]["version"] in person
    assert "Nothing runs by itself" in person
    # Piped, as here, it is plain text.
    assert "\x1b" not in person


def test_something_amiss_is_told_by_the_exit_code(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lakes.prepare(home.Home(tmp_path), home.Settings())
    code, text = said(capsys, tmp_path, "status")
    assert code == 1
    assert "AMISS" in text


@pytest.mark.parametrize("is_intraday", [True, False])
def test_a_market_that_has_ended_has_rounds_and_no_nights(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], *, is_intraday: bool
) -> None:
    home.prepare(home.Home(tmp_path), home.Settings(is_intraday=is_intraday))
    _, text = said(capsys, tmp_path, "status")
    assert "No night is due: Nothing was lived yet" in text
    assert ("The intraday desk follows the calendar" in text) == is_intraday


def test_no_home_has_no_status(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["status", "--home", str(tmp_path / "none")]) == 1
    assert "begin with: turbomode run" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_the_report_of_a_home_that_lived(
    lived: Lived, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = said(capsys, lived.where.root, "report", "--json")
    (found,) = json.loads(text)
    page = pathlib.Path(found["page"]).read_text()
    with warehouse.opened(lived.where.warehouse) as store:
        version = store.read(tables.CHAMPIONS)["version"][-1]
    assert code == 0
    assert found["as_of"] in page
    assert version in page
    assert page.count("<tr class=why>") == page.count("<tr class=led>") > 0


def test_an_empty_home_has_no_report(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["report", "--home", str(tmp_path)]) == 1
    assert "found none" in capsys.readouterr().err
