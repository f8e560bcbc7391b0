"""Runs on whichever worker of a cluster is free: Dagster's Celery launcher, watched.

Celery goes on saying that a task has started when its worker was killed. Here a run is
dead, too, where the lifelines say so, see ``lifeline.py``; the home, which all workers
share, holds them.

Named by ``deploy/cluster/dagster.yaml``; needs turbomode-assets[cluster].

https://docs.dagster.io/deployment/oss/deployment-options/celery
"""

import os
from pathlib import Path

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster_celery.launcher import CeleryRunLauncher

from turbomode_assets.defs import lifeline
from turbomode_assets.store import home


class WatchedCeleryRunLauncher(CeleryRunLauncher):
    """Dagster's launcher, told which runs died with their worker."""

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Failed where every process of the run is gone, else what Celery says."""
        root = Path(os.environ.get(home.VARIABLE, self._instance.root_directory))
        if lifeline.is_dead(root, run.run_id):
            return CheckRunHealthResult(WorkerStatus.FAILED, lifeline.GONE)
        return super().check_run_worker_health(run)
