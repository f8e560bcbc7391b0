"""A run whose process died is told from one that works and one that ended."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys

import pytest

from turbomode_assets.defs import lifeline

HOLDING = """
import pathlib, sys, time
from turbomode_assets.defs import lifeline
with lifeline.held(pathlib.Path(sys.argv[1]), "run"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path: pathlib.Path) -> subprocess.Popen[str]:
    """Process that holds a lifeline."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", HOLDING, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_killed_process_leaves_a_dead_run(
    holder: subprocess.Popen[str], tmp_path: pathlib.Path
) -> None:
    assert not lifeline.is_dead(tmp_path, "run")
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    assert lifeline.is_dead(tmp_path, "run")
    assert not lifeline.is_dead(tmp_path, "other")


def test_a_run_that_ends_in_order_leaves_nothing(tmp_path: pathlib.Path) -> None:
    with lifeline.held(tmp_path, "run"):
        assert not lifeline.is_dead(tmp_path, "run")
    assert not lifeline.is_dead(tmp_path, "run")
    assert list((tmp_path / lifeline.FOLDER).iterdir()) == []


def test_a_run_that_fails_leaves_nothing(tmp_path: pathlib.Path) -> None:
    with contextlib.suppress(ZeroDivisionError), lifeline.held(tmp_path, "run"):
        _ = 1 / 0
    assert not lifeline.is_dead(tmp_path, "run")
