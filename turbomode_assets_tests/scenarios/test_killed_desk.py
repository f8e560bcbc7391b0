"""A desk that is killed again and again leaves the tables of one that never was."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from turbomode_assets import intraday_tables, market_tables
from turbomode_assets.defs.partitions import Window
from turbomode_assets_tests import lakes
from turbomode_assets_tests.defs import desk_life
from turbomode_assets_tests.defs.desk_life import EVE, HALF_DAY, Life, evening

N_KILLS = 3

STATEMENTS = range(5, 100)
"""Statements after which one dies: up to four rounds of work."""

OF_A_ROUND = range(1, 81, 2)
"""Every other statement of the first round, and the first ones of the next."""

MORTAL = """
import datetime as dt, os, pathlib, signal, sys
from turbomode_assets_tests.defs import desk_life

STATEMENTS = {"begin", "execute", "commit", "table", "sql"}
root, day, left = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def watch(frame, event, called):
    global left
    if event == "c_call" and getattr(called, "__name__", "") in STATEMENTS:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

session = dt.date.fromisoformat(day)
life = desk_life.begun(root)
if left:
    sys.setprofile(watch)
life.live(session, session)
"""
"""Lives a day, and dies before one of the statements it gives to DuckDB."""


def _one_life(root: Path, n_statements: int) -> int:
    arguments = [sys.executable, "-c", MORTAL, str(root), str(HALF_DAY)]
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [*arguments, str(n_statements)],
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode


def _begun(root: Path) -> Life:
    """A desk with an eve behind it."""
    life = desk_life.begun(root)
    life.speak(Window(EVE, EVE), evening(EVE))
    life.weigh(Window(EVE, EVE))
    return life


@pytest.mark.parametrize("seed", [1])
def test_a_day_with_kills_ends_with_the_tables_of_a_day_without(
    tmp_path: Path, seed: int
) -> None:
    calm, killed = _begun(tmp_path / "calm"), _begun(tmp_path / "killed")
    calm.live(HALF_DAY, HALF_DAY)
    dice = np.random.default_rng(seed)
    deaths = [
        _one_life(tmp_path / "killed", int(dice.choice(STATEMENTS)))
        for _ in range(N_KILLS)
    ]
    assert deaths == [-signal.SIGKILL] * N_KILLS
    assert _one_life(tmp_path / "killed", 0) == 0
    assert _differing(killed, calm) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_death_before_any_statement_of_a_round_changes_nothing(
    tmp_path: Path,
) -> None:
    _begun(tmp_path / "eve")
    lakes.copy_tree(tmp_path / "eve", tmp_path / "calm")
    calm = desk_life.begun(tmp_path / "calm")
    calm.live(HALF_DAY, HALF_DAY)
    for n in OF_A_ROUND:
        home = tmp_path / str(n)
        lakes.copy_tree(tmp_path / "eve", home)
        assert _one_life(home, n) == -signal.SIGKILL, n
        assert _one_life(home, 0) == 0, n
        assert _differing(desk_life.begun(home), calm) == [], n
        shutil.rmtree(home)


def _differing(one: Life, other: Life) -> list[str]:
    compared = (*intraday_tables.ALL, market_tables.QUARANTINE)
    return [t.name for t in compared if not one.read(t).equals(other.read(t))]
