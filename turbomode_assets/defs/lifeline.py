"""Lifelines: how a run whose process died is told from one that works.

After a power cut a run goes on saying that it has started, and whatever waits for it
would wait for ever. Here every run holds an operating-system lock on a file of its own
for as long as its process lives, and takes the file away when it ends in order. A file
whose lock is free was left by the dead. Whatever starts next buries them: it marks the
run as failed and frees its pool slots. Where nothing starts, Dagster's run monitoring
does, asking the launcher of this module.

Named by the ``dagster.yaml`` of a home. Trying the run again is the business of
``catching_up.py``.

https://docs.dagster.io/deployment/execution/run-monitoring
"""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import filelock
from dagster._core.launcher import CheckRunHealthResult, RunLauncher, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher

FOLDER = "lifelines"
"""Folder in the home that holds the files."""

GONE = "its process ended without a word, as in a power cut"
"""Said of a run that is dead."""


@contextlib.contextmanager
def held(root: Path, run_id: str) -> Iterator[None]:
    """Hold the lifeline of a run for as long as the context lasts.

    Parameters
    ----------
    root
        The home.
    run_id
        The run; several processes of one run, on whatever machine, hold a file each.
    """
    path = root / FOLDER / f"{run_id}.{socket.gethostname()}.{os.getpid()}"
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}")
    with filelock.FileLock(aside):
        # Named when it is held: a free lock is left by the dead alone.
        aside.rename(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def is_dead(root: Path, run_id: str) -> bool:
    """Whether every process that worked on a run is gone without having ended it."""
    left = sorted((root / FOLDER).glob(f"{run_id}.*"))
    return bool(left) and all(map(_is_free, left))


def bury(instance: dg.DagsterInstance, root: Path) -> None:
    """Mark the dead runs of a home as failed, and free the pool slots they hold.

    Nothing else would where no daemon runs, as under ``turbomode run``: what waits for
    a slot would wait for ever.
    """
    names = {path.name for path in (root / FOLDER).glob("[!.]*")}
    for run_id in sorted({name.partition(".")[0] for name in names}):
        run = instance.get_run_by_id(run_id)
        if run is None or not is_dead(root, run_id):
            continue
        if not run.is_finished:
            instance.report_run_failed(run, GONE)
        if instance.event_log_storage.supports_global_concurrency_limits:
            instance.event_log_storage.free_concurrency_slots_for_run(run_id)
        for path in (root / FOLDER).glob(f"{run_id}.*"):
            path.unlink(missing_ok=True)


def _is_free(path: Path) -> bool:
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return False
    lock.release()
    return True


class Watched(RunLauncher):
    """A launcher that knows by their lifelines which of its runs are dead."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes: that is what lifelines are for."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Failed where the run's process is gone, running otherwise."""
        if is_dead(Path(self._instance.root_directory), run.run_id):
            return CheckRunHealthResult(WorkerStatus.FAILED, GONE)
        return CheckRunHealthResult(WorkerStatus.RUNNING)


class WatchedRunLauncher(Watched, DefaultRunLauncher):
    """Dagster's own launcher, watched."""
