"""A run whose process died is told from one that works and one that ended."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys

import pytest

from turbomode_assets.defs import lifeline
from turbomode_assets.store import home

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


WRITING = """
import pathlib, sys, time
import dagster as dg
from turbomode_assets.defs import driver, metadata, resources
from turbomode_assets.store import home

@dg.op(pool=metadata.POOL, required_resource_keys={"warehouse"})
def write():
    print("writes", flush=True)
    time.sleep(float(sys.argv[2]))

@dg.job(executor_def=dg.in_process_executor)
def writing():
    write()

where = home.Home(pathlib.Path(sys.argv[1]))
stock = resources.build(where, home.read_settings(where))
settings = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
with driver.open_instance(where) as instance:
    done = writing.execute_in_process(
        settings, instance=instance, resources={"warehouse": stock["warehouse"]}
    )
    print(done.success, [run.status.value for run in instance.get_runs()])
"""


def writing(root: pathlib.Path, seconds: float) -> subprocess.Popen[str]:
    """A process that writes in the pool of the warehouse for as long as this."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", WRITING, str(root), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_what_starts_next_buries_the_dead(tmp_path: pathlib.Path) -> None:
    """Their pool slot is free again, though no daemon runs."""
    home.prepare(home.Home(tmp_path), home.Settings())
    killed = writing(tmp_path, 600.0)
    assert killed.stdout is not None
    assert killed.stdout.readline() == "writes\n"
    killed.kill()
    killed.communicate()
    next_one = writing(tmp_path, 0.0)
    said, _ = next_one.communicate(timeout=300)
    assert said.splitlines() == ["writes", "True ['SUCCESS', 'FAILURE']"]
    assert list((tmp_path / lifeline.FOLDER).iterdir()) == []
