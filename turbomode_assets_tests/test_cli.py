"""What a person reads after a mistake at the command line: what was expected."""

import dataclasses
import datetime as dt
import os
import pathlib
import signal
import subprocess
import sys

import pytest

from turbomode_assets import cli, cli_run, sessions
from turbomode_assets.defs import driver
from turbomode_assets.store import home, warehouse
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


def test_who_asks_for_help_waits_for_no_library() -> None:
    code = "import sys; from turbomode_assets import cli; cli._parser('')"
    heavy = "{'dagster', 'duckdb', 'polars', 'numpy', 'lightgbm'}"
    done = subprocess.run(  # noqa: S603 - our own line
        [sys.executable, "-c", f"{code}; print({heavy} & set(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    "command", [["champion", "rollback"], ["notify", "test"], ["exchange", "status"]]
)
def test_the_home_may_be_named_after_a_subcommand(
    command: list[str], tmp_path: pathlib.Path
) -> None:
    parser = cli._parser()  # noqa: SLF001
    before = parser.parse_args([command[0], "--home", str(tmp_path), command[1]])
    after = parser.parse_args([*command, "--home", str(tmp_path)])
    assert before.home == after.home == tmp_path
    assert parser.parse_args(command).home is None


def test_a_mistyped_option_is_answered_with_the_usage_of_its_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["champion", "rollback", "--too", "v1"])
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("usage: turbomode champion rollback ")
    assert "unrecognized arguments: --too v1" in said


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
        (["--from", "1997-01-02"], 1, "must begin on 1998-01-02 or later"),
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


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--history-from", "--history-from < --from <= --to, found 2024-01-02, "),
        ("--compare-from", "--from <= --compare-from <= --to, found 2024-01-03, "),
    ],
)
def test_the_days_of_a_replay_are_named_by_its_options(
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
    option: str,
    expected: str,
) -> None:
    begin = "2024-01-02" if option == "--history-from" else "2024-01-03"
    days = [option, "2024-01-02", "--from", begin, "--to", DAY]
    assert cli.main(["replay", "--home", str(tmp_path), *days]) == 1
    assert f"expected {expected}" in unwrapped(capsys.readouterr().err)


def test_a_home_of_another_market_is_kept(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "settings.toml").write_text("edge = 0.5\n")
    assert run(tmp_path, "--edge", "2", "--to", "2024-06-28") == 1
    said = unwrapped(capsys.readouterr().err)
    assert "set up differently: edge is 0.5, asked for 2.0. " in said
    assert (tmp_path / "settings.toml").read_text() == "edge = 0.5\n"


def test_a_history_that_is_too_short_is_told_in_a_sentence(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = ["--from", "2023-11-01", "--live-from", "2024-05-01", "--to", "2024-05-02"]
    assert run(tmp_path, "--symbols", "3", *days) == 1
    said = unwrapped(capsys.readouterr().err)
    assert said.strip().endswith("begin the history earlier")
    assert said.startswith("turbomode: the first of 5 folds must learn from")
    assert list(tmp_path.iterdir()) == []  # said before anything is made


def test_what_nobody_says_is_as_the_home_has_it(tmp_path: pathlib.Path) -> None:
    kept = home.Settings(seed=3, n_symbols=16, first=dt.date(2021, 5, 3))
    home.prepare(home.Home(tmp_path), kept)
    options = cli._parser().parse_args(["run", "--symbols", "16", "--edge", "4"])  # noqa: SLF001
    asked, _ = cli_run._settings(home.Home(tmp_path), options)  # noqa: SLF001
    assert asked == dataclasses.replace(kept, edge=4.0)


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
    found = cli_run._default_live_from(new, dt.date.fromisoformat(last))  # noqa: SLF001
    assert str(found) == expected


def test_the_last_session_of_a_demonstration_never_moves() -> None:
    assert dt.date(2024, 6, 28) == cli_run.DEFAULT_LAST
    assert sessions.is_session(cli_run.DEFAULT_LAST)


@pytest.mark.parametrize("kind", driver.Kind)
def test_every_step_has_words(kind: driver.Kind) -> None:
    step = driver.Step(kind, dt.date(2024, 1, 2), dt.date(2024, 1, 2))
    assert cli_run._doing(step)  # noqa: SLF001


def test_who_waits_for_a_warehouse_says_for_whom_and_may_stop(
    tmp_path: pathlib.Path,
) -> None:
    where = home.Home(tmp_path)
    home.prepare(where, home.Settings())
    with warehouse.opened(where.warehouse):
        asked = [*serving.COMMAND, "verify", "--home", str(tmp_path)]
        with subprocess.Popen(  # noqa: S603 - our own command line
            asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            said = process.stderr.readline()
            process.send_signal(signal.SIGINT)
            told, _ = process.communicate()
    assert said == (
        f"Process {os.getpid()} holds {where.database}; waiting for it, 58 s at most.\n"
    )
    assert told.strip() == "Stopped."
    assert process.returncode == 130


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
