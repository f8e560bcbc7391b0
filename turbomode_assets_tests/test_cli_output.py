"""Machines are told as much as people: one JSON document, by every command."""

import argparse
import json
import pathlib
from collections.abc import Iterator

import pytest

from turbomode_assets import cli, tables
from turbomode_assets.notify import channels
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes
from turbomode_assets_tests.conftest import LAST, Lived
from turbomode_assets_tests.loopback import server, telegram
from turbomode_assets_tests.notify import desk

ENDLESS = {"up"}
"""Commands that serve until they are stopped."""


def leaves(
    parser: argparse.ArgumentParser, name: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command that does something, by its words."""
    if parser.get_default("command"):
        yield name, parser
    for action in parser._actions:  # noqa: SLF001 - argparse lists them nowhere else
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for word, below in action.choices.items():
                yield from leaves(below, f"{name} {word}".strip())


COMMANDS = dict(leaves(cli._parser()))  # noqa: SLF001


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - ENDLESS))
def test_every_command_that_ends_speaks_json(name: str) -> None:
    assert "--json" in COMMANDS[name].format_help()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_says_what_it_is_and_what_it_is_without_a_word(name: str) -> None:
    for action in COMMANDS[name]._actions:  # noqa: SLF001 - listed nowhere else
        said = action.help or ""
        assert said or action.dest == argparse.SUPPRESS, action.dest
        if isinstance(action.default, str | float) and action.default not in {
            *("", False),
            argparse.SUPPRESS,
        }:
            assert "(default: %(default)s)" in said, action.dest


def found(
    capsys: pytest.CaptureFixture[str], where: pathlib.Path, *words: str
) -> tuple[int, object]:
    """Exit code and document of a command about a home."""
    command, *further = words
    code = cli.main([command, "--home", str(where), *further, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_the_champions_of_a_home(
    lived: Lived, capsys: pytest.CaptureFixture[str]
) -> None:
    root, reigns = lived.where.root, lived.read(tables.CHAMPIONS)
    version = reigns["version"][-1]
    code, shown = found(capsys, root, "champion")
    assert [row["version"] for row in shown] == reigns["version"].to_list()  # type: ignore[attr-defined]
    code, pair = found(capsys, root, "champion", "compare", version, version)
    assert [card["version"] for card in pair["cards"]] == [version] * 2  # type: ignore[index]
    _, months = found(capsys, root, "champion", "rows", version)
    n_rows = lived.read(tables.OOF_PREDICTIONS).filter(version=version).height
    assert sum(month["n_own"] for month in months) == n_rows  # type: ignore[attr-defined]
    assert code == 0


def test_bars_and_an_option_before_the_word_of_a_subcommand(
    lived: Lived, capsys: pytest.CaptureFixture[str]
) -> None:
    root, rows = lived.where.root, lived.read(tables.BARS).filter(session=LAST)
    symbol = rows["symbol"][0]
    _, shown = found(capsys, root, "bars", symbol, "--from", str(LAST))
    assert shown[0]["close"] == rows["close"][0]  # type: ignore[index]
    arguments = ["--json", "compare", rows["symbol"][0]]
    assert cli.main(["champion", "--home", str(root), *arguments]) == 1
    assert "version" in capsys.readouterr().err


def test_a_test_message_and_an_exchange(
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = tmp_path / "home"
    lakes.prepare(home.Home(root), home.Settings())
    with server.led_to(telegram.Chat(desk.TOKEN)):
        monkeypatch.setenv(f"{channels.PREFIX}PHONE", f"tgram://{desk.TOKEN}/42")
        assert found(capsys, root, "notify", "test") == (0, {"phone": "sent"})
    place = str(tmp_path / "place")
    _, joined = found(capsys, root, "exchange", "join", "serve", place)
    assert joined == {"home": str(root), "role": "serve", "place": place}
    with warehouse.opened(home.Home(root).warehouse):
        pass
    code, ways = found(capsys, root, "exchange", "status")
    assert (code, ways["faults"]) == (0, [])  # type: ignore[index]
    assert found(capsys, root, "exchange", "pull")[1] == {
        "taken_over": [],
        "champion": None,
    }
