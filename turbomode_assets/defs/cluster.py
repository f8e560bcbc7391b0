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
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

from turbomode_assets.defs import lifeline
from turbomode_assets.store import home


class WatchedCeleryRunLauncher(CeleryRunLauncher):
    """Dagster's launcher, told which runs died with their worker."""

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Failed where every process of the run is gone, or Celery says so.

        A worker may begin a run before its task is noted there, and what Celery does
        not know, or has forgotten, is no reason to call a run dead.
        """
        root = Path(os.environ.get(home.VARIABLE, self._instance.root_directory))
        if lifeline.is_dead(root, run.run_id):
            return CheckRunHealthResult(WorkerStatus.FAILED, lifeline.GONE)
        if DAGSTER_CELERY_TASK_ID_TAG not in run.tags:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        said = super().check_run_worker_health(run)
        is_unknown = said.status is WorkerStatus.UNKNOWN
        return CheckRunHealthResult(WorkerStatus.RUNNING) if is_unknown else said
