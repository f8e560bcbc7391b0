"""A replay of the intraday desk at the command line: what is printed, what refused."""

from pathlib import Path

import pytest

from turbomode_assets import cli, cli_replay_intraday, rounds
from turbomode_assets.intraday import ballot, consensus
from turbomode_assets.sources import intraday_files


def replayed(root: Path, *options: str) -> int:
    """Exit code of a replay in a home of its own."""
    desk = ["replay", "--desk", "intraday", "--home", str(root)]
    return cli.main([*desk, *options])


@pytest.fixture
def panel(tmp_path: Path) -> str:
    intraday_files.IntradayFiles.example(tmp_path)
    return str(tmp_path)


def test_every_number_of_a_market_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    span = ("--from", "2018-06-01", "--to", "2018-06-15")
    assert replayed(tmp_path, *span, "--edges", "0", "4", "--learned") == 0
    told = capsys.readouterr().out
    assert "simulated market, edge 0, seed 7" in told
    assert "simulated market, edge 4, seed 7" in told
    assert "2018-06-11: challenger not trained" in told
    for name in (*rounds.HORIZONS, *consensus.experts(tuple(ballot.discover()))):
        assert name in told
    for title in ("base rate", "bound", "Weights", "Voters"):
        assert title in told
    assert told.rstrip().endswith(cli_replay_intraday.MEANING)
    assert list(tmp_path.iterdir()) == []


def test_bars_of_a_file_are_replayed(
    tmp_path: Path, panel: str, capsys: pytest.CaptureFixture[str]
) -> None:
    span = ("--from", "2024-03-01", "--to", "2024-03-12", "--source", "files")
    assert replayed(tmp_path, *span, "--path", panel, "--intraday-symbols", "abc") == 0
    told = capsys.readouterr().out
    assert "No headline in the last 24 hours." in told
    assert "ABC" in told
    asked = (*span, "--path", panel, "--intraday-symbols", "abc", "--weights", "fixed")
    assert replayed(tmp_path, *asked) == 0
    told = capsys.readouterr().out
    assert told.count("0.150") == 4 * len(rounds.HORIZONS)


def test_days_without_a_bar_are_an_error_that_says_what_to_do(
    tmp_path: Path, panel: str, capsys: pytest.CaptureFixture[str]
) -> None:
    span = ("--from", "2024-07-01", "--to", "2024-07-12", "--source", "files")
    asked = (*span, "--path", panel, "--intraday-symbols", "ABC,XYZ")
    assert replayed(tmp_path, *asked) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "expected bars of" in said
    assert "found none" in said
