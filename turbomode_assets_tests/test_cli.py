"""What a person reads after a mistake at the command line: what was expected."""

import datetime as dt
import pathlib
import signal
import subprocess

import pytest

from turbomode_assets import cli, sessions
from turbomode_assets.defs import driver
from turbomode_assets.store import home
from turbomode_assets_tests import serving, verifying

DAY = "2024-06-28"


def run(home: pathlib.Path, *options: str) -> int:
    """Exit code of ``turbomode run`` in a home of its own."""
    try:
        return cli.main(["run", "--home", str(home), *options])
    except SystemExit as left:
        return int(left.code or 0)


def unwrapped(text: str) -> str:
    """Text as it was before it was broken into lines."""
    return " ".join(text.split())


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"], ["up", "--help"]])
def test_help_is_no_error(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(command)
    assert left.value.code == 0
    assert "usage: turbomode" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command",
    [["champion"], ["report"], ["status"], ["verify"], ["bars", "A", "--from", DAY]],
    ids=lambda words: words[0],
)
def test_who_only_looks_makes_no_home(
    command: list[str], tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = tmp_path / "mistyped"
    assert cli.main([*command, "--home", str(nowhere)]) == 1
    assert "found none" in unwrapped(capsys.readouterr().err)
    assert not nowhere.exists()


def test_a_command_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main([])
    assert left.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "code", "expected"),
    [
        (["--source", "simulatd"], 2, "'simulatd' (choose from"),
        (["--to", "28.06.2024"], 2, "expected a day such as 2024-06-28"),
        (["--symbols", "many"], 2, "invalid int value: 'many'"),
        (["--source", "files", "--path", "nowhere.csv"], 1, "found nothing"),
        (["--from", "1990-01-02"], 1, "dates must lie in 1996-01-02..2040-12-31"),
        (["--from", "1997-01-02"], 1, "must be 1998-01-02 or later"),
        (["--to", "2019-12-31"], 1, "expected first < live-from <= to"),
        (["--to", "2039-12-30"], 1, "or earlier, which has closed, found 2039-12-30"),
        (["--symbols", "-3"], 1, "`n_symbols` must lie in [1, 100000], was -3"),
        (
            ["--live-from", "2024-06-28", "--to", "2024-06-27"],
            1,
            "found 2020-01-02, 2024-06-28, 2024-06-27",
        ),
    ],
)
def test_a_mistake_is_answered_with_what_was_expected(
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    code: int,
    expected: str,
) -> None:
    home = tmp_path / "home"
    assert run(home, *options) == code
    assert expected in unwrapped(capsys.readouterr().err)
    assert not home.exists()


def test_a_home_of_another_market_is_kept(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "settings.toml").write_text("edge = 0.5\n")
    assert run(tmp_path) == 1
    assert "edge is 0.5, asked for 2.0" in unwrapped(capsys.readouterr().err)
    assert (tmp_path / "settings.toml").read_text() == "edge = 0.5\n"


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("2024-06-28", "2024-01-01"),
        ("2023-12-29", "2023-07-01"),
        ("2024-03-15", "2023-10-01"),
    ],
)
def test_six_months_are_lived_where_nobody_says(
    tmp_path: pathlib.Path, last: str, expected: str
) -> None:
    new = home.Home(tmp_path)
    found = cli._default_live_from(new, dt.date.fromisoformat(last))  # noqa: SLF001
    assert str(found) == expected


def test_the_last_session_of_a_demonstration_never_moves() -> None:
    assert dt.date(2024, 6, 28) == cli.DEFAULT_LAST
    assert sessions.is_session(cli.DEFAULT_LAST)


@pytest.mark.parametrize("kind", driver.Kind)
def test_every_step_has_words(kind: driver.Kind) -> None:
    step = driver.Step(kind, dt.date(2024, 1, 2), dt.date(2024, 1, 2))
    assert cli._doing(step)  # noqa: SLF001


def test_a_service_manager_ends_a_run_in_order(tmp_path: pathlib.Path) -> None:
    options = ["run", "--home", str(tmp_path), "--symbols", "4", "--to", "2024-06-28"]
    in_a_script = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh"]
    with subprocess.Popen(  # noqa: S603 - our own command line
        [*in_a_script, *serving.COMMAND, *options], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        said = process.stdout.read()
    assert process.returncode == 130
    assert "The same command continues from here." in said
    assert verifying.broken(home.Home(tmp_path)) == {}
