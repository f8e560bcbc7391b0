"""``turbomode exchange`` and ``turbomode train``: what they do, say and return."""

import datetime as dt
import pathlib

import pytest

from turbomode_assets import cli, tables
from turbomode_assets.store import home
from turbomode_assets_tests import lakes
from turbomode_assets_tests.store import exchanged

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def place(tmp_path: pathlib.Path) -> pathlib.Path:
    """Place of two homes that have joined; the one that serves has bars."""
    for role in home.ROLES[1:]:
        words = ["join", role, str(tmp_path / "place"), "--first", "2024-07-01"]
        assert exchange(tmp_path, role, *words) == 0
    for day in exchanged.DAYS[:2]:
        where = home.Home(tmp_path / "serve")
        exchanged.put(where, tables.BARS, exchanged.bars(day))
    return tmp_path


def exchange(root: pathlib.Path, role: str, *words: str) -> int:
    return cli.main(["exchange", "--home", str(root / role), *words])


def test_joining_writes_role_and_place_and_keeps_the_rest(place: pathlib.Path) -> None:
    kept = home.read_settings(home.Home(place / "train"))
    assert (kept.role, kept.exchange) == ("train", str(place / "place"))
    assert kept.first == dt.date(2024, 7, 1)
    assert exchange(place, "train", "join", "serve", "s3://bucket/x") == 0
    moved = home.read_settings(home.Home(place / "train"))
    assert (moved.role, moved.exchange) == ("serve", "s3://bucket/x")
    assert moved.first == kept.first


def test_a_joined_home_lives_on_with_its_market(place: pathlib.Path) -> None:
    where = home.Home(place / "serve")
    lakes.prepare(where, home.Settings(first=dt.date(2024, 7, 1)))
    assert home.read_settings(where).role == "serve"


def test_what_is_pushed_is_pulled_once(place: pathlib.Path, capsys: Captured) -> None:
    assert exchange(place, "serve", "push") == 0
    assert "ledger 1: 6 rows sent." in capsys.readouterr().out
    assert exchange(place, "train", "pull") == 0
    assert "ledger 1: 6 rows taken over." in capsys.readouterr().out
    assert exchange(place, "train", "pull") == 0
    assert "Nothing to be taken over." in capsys.readouterr().out


def test_status_shows_both_ways(place: pathlib.Path, capsys: Captured) -> None:
    exchange(place, "serve", "push")
    capsys.readouterr()
    assert exchange(place, "train", "status") == 0
    lines = [line.split("│") for line in capsys.readouterr().out.splitlines()]
    rows = [[cell.strip() for cell in line[1:-1]] for line in lines if len(line) > 2]
    assert rows == [
        ["models", "sent", "0", "-", "nothing yet", "0"],
        ["ledger", "received", "0", "-", "nothing yet", "1"],
    ]


def test_whatever_is_wrong_is_said_and_the_exit_code_tells(
    place: pathlib.Path, capsys: Captured
) -> None:
    exchange(place, "serve", "push")
    for file in (place / "place" / "ledger").iterdir():
        file.write_bytes(b"torn")
    capsys.readouterr()
    assert exchange(place, "train", "pull") == 1
    assert "is torn" in capsys.readouterr().err
    for file in (place / "place" / "ledger").iterdir():
        file.rename(file.with_name(file.name.replace("00000001", "00000003")))
    assert exchange(place, "train", "status") == 1
    assert "found [3]" in capsys.readouterr().out


def test_nothing_is_learned_before_anything_came(
    place: pathlib.Path, capsys: Captured
) -> None:
    assert cli.main(["train", "--home", str(place / "train")]) == 0
    assert "has sent nothing yet" in capsys.readouterr().out


def test_only_who_trains_for_another_is_told_to(
    place: pathlib.Path, capsys: Captured
) -> None:
    assert cli.main(["train", "--home", str(place / "serve")]) == 1
    assert "found role 'serve'" in capsys.readouterr().err


def test_a_home_of_its_own_is_told_how_to_join(
    tmp_path: pathlib.Path, capsys: Captured
) -> None:
    assert exchange(tmp_path, "alone", "push") == 1
    assert "turbomode exchange join" in capsys.readouterr().err
