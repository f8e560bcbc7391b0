"""Simulated time: a home, Dagster's own daemons and a clock that is moved by hand.

`Machine.live` visits the moments at which anything can happen, one after another, and
at each lets every daemon of ``dagster dev`` do one round on the home's instance on
disk: schedules, sensors, conditions, backfills, the run queue and run monitoring. Only
two things differ from a machine that stands somewhere: time, and that runs are executed
within the round that launches them. Faults are given to the market and to the machine,
never to the code under test.
"""

import dataclasses
import datetime as dt
import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import dagster as dg
import polars as pl
from dagster._core.instance.ref import InstanceRef
from dagster._core.launcher.sync_in_memory_run_launcher import SyncInMemoryRunLauncher
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import freeze_time
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.asset_daemon import AssetDaemon
from dagster._daemon.backfill import execute_backfill_iteration
from dagster._daemon.monitoring import (
    execute_concurrency_slots_iteration,
    execute_run_monitoring_iteration,
)
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import (
    QueuedRunCoordinatorDaemon,
)
from dagster._daemon.sensor import execute_sensor_iteration
from dagster._scheduler.scheduler import launch_scheduled_runs
from dagster._time import get_current_datetime

from turbomode_assets import policy, schema
from turbomode_assets.defs import (
    assembly,
    automation,
    catching_up,
    lifeline,
    partitions,
    progress,
    resources,
    ticks,
)
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes
from turbomode_assets_tests.scenarios.troubled_market import TroubledMarket

LOGGER = logging.getLogger("simulated time")

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Configuration of a run whose events are kept, and not printed."""

ROUND = dt.timedelta(seconds=301)
"""From one round of the daemons to the next: every sensor but one looks in each, and
what a schedule did not follow is overdue in the second."""

MOST_ROUNDS = 40
"""Rounds in which a moment must come to rest."""

RETRY = dt.timedelta(minutes=16)
"""How soon the machine is visited again while something is due; twice as long each
time nothing comes of it."""

LONGEST = dt.timedelta(hours=4)
"""Longest time between two such visits."""

DYING = """
import os, pathlib, signal, sys
from turbomode_assets.defs import assembly, resources
from turbomode_assets.store import home
from turbomode_assets_tests.scenarios import simulated_time

class Dying(resources.MarketResource):
    def source(self):
        source = super().source()
        source.universe = lambda day: os.kill(os.getpid(), signal.SIGKILL)
        return source

root, key = sys.argv[1:]
where = home.Home(pathlib.Path(root))
settings = home.read_settings(where)
market = Dying(**resources.market(where, settings).model_dump())
definitions = assembly.assemble(where, settings, {"market": market})
with simulated_time.open_instance(where) as instance:
    job = definitions.resolve_job_def("scan")
    job.execute_in_process(instance=instance, partition_key=key)
"""
"""A nightly run that loses its machine once the bars are stored."""

_loaded: dict[str, dg.Definitions] = {}


def definitions() -> dg.Definitions:
    """Definitions of the machine that lives at present: its code location."""
    return _loaded["present"]


class Inline(lifeline.Watched, SyncInMemoryRunLauncher):
    """Runs are executed where they are launched; the dead are told by lifelines."""


class SimulatedClock(resources.ClockResource):
    """The clock of the daemons."""

    def now(self) -> dt.datetime:
        """The moment the machine stands at."""
        return get_current_datetime().astimezone(dt.UTC)


def new_york(text: str) -> dt.datetime:
    """Moment of a New York wall clock, such as ``2024-03-08 23:00``."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=ticks.NEW_YORK)


def open_instance(where: home.Home) -> dg.DagsterInstance:
    """Instance of a home as its ``dagster.yaml`` says, with runs executed inline."""
    silent = {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
    inline = {"module": __name__, "class": "Inline"}
    overrides = {"compute_logs": silent, "run_launcher": inline}
    os.environ["DAGSTER_HOME"] = str(where.root)
    return dg.DagsterInstance.from_ref(
        InstanceRef.from_dir(str(where.root), overrides=overrides)
    )


@dataclasses.dataclass(frozen=True)
class Past:
    """A home that was lived in, and the partitions that were made of each asset."""

    root: Path
    settings: home.Settings
    made: dict[dg.AssetKey, set[str]]
    rules: policy.Policy = policy.SWING


def young(
    root: Path,
    settings: home.Settings,
    runs: Iterable[tuple[str, str, str]],
    rules: policy.Policy = policy.SWING,
) -> Past:
    """A home that has a history and a present, and has learned nothing yet.

    Parameters
    ----------
    root
        Folder of the home.
    settings
        Its settings.
    runs
        What made it: job, first and last partition.
    rules
        Policy it learns by.
    """
    where = home.Home(root)
    lakes.prepare(where, settings)
    definitions = assembly.assemble(where, settings)
    with dg.DagsterInstance.ephemeral() as instance:
        for name, first, last in runs:
            window = partitions.Window(*map(partitions.parsed, (first, last)))
            tags = partitions.range_tags(window)
            job = definitions.resolve_job_def(name)
            job.execute_in_process(QUIET, instance=instance, tags=tags)
        keys = [key for keys, _ in automation.JOBS.values() for key in keys]
        # A week counts as sampled only after its sessions were graded.
        keys.sort(key=lambda key: key == progress.SAMPLES)
        made = {key: set(instance.get_materialized_partitions(key)) for key in keys}
    return Past(root, settings, made, rules)


def copied(
    past: Past, root: Path, troubles: Mapping[str, list[list[str]]]
) -> tuple[home.Home, dg.Definitions]:
    """A copy of a home with a market and a clock of its own.

    Parameters
    ----------
    past
        The home to copy.
    root
        Folder of the copy.
    troubles
        Fields of `TroubledMarket`: what goes wrong with its source.
    """
    lakes.copy_tree(past.root, root)
    where = home.Home(root)
    stock = resources.market(where, past.settings).model_dump()
    market = TroubledMarket(**(stock | dict(troubles)))
    parts = {"market": market, "clock": SimulatedClock()}
    return where, assembly.assemble(where, past.settings, parts, rules=past.rules)


def wake(
    past: Past, root: Path, now: dt.datetime, troubles: Mapping[str, list[list[str]]]
) -> "Machine":
    """A copy of a home, as `copied` makes it, on a machine that runs from `now` on."""
    machine = Machine(*copied(past, root, troubles), now)
    since = (now - catching_up.REACH).date().isoformat()
    for key, made in past.made.items():
        for partition in sorted(key for key in made if key >= since):
            event = dg.AssetMaterialization(key, partition=partition)
            machine.instance.report_runless_asset_event(event)
    return machine


def die(where: home.Home, key: str) -> subprocess.CompletedProcess[bytes]:
    """A scan of a session in a process of its own, killed in the midst of it."""
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", DYING, str(where.root), key], check=False
    )


class Machine:
    """A home on a machine whose clock stands at `now`."""

    def __init__(
        self, where: home.Home, defined: dg.Definitions, now: dt.datetime
    ) -> None:
        self.where, self.now = where, now
        self.instance = open_instance(where)
        self._defined, self._pause = defined, RETRY
        self._assets = AssetDaemon(settings={}, pre_sensor_interval_seconds=30)
        self._queue = QueuedRunCoordinatorDaemon(interval_seconds=1)

    def read(self, table: schema.Table) -> pl.DataFrame:
        """Rows of a table without the columns that say when something ran."""
        with warehouse.opened(self.where.warehouse) as store:
            return store.read(table).drop(table.wall_clock_columns)

    def runs(self) -> list[str]:
        """Step and end of every run, oldest first."""
        records = self.instance.get_run_records(ascending=True)
        runs = [record.dagster_run for record in records]
        return [
            f"{run.tags.get(catching_up.STEP_TAG, run.job_name)} {run.status.value}"
            for run in runs
        ]

    def live(self, until: dt.datetime) -> None:
        """Visit every moment up to `until` at which something is due or tried again."""
        _loaded["present"] = self._defined
        target = InProcessWorkspaceLoadTarget(
            InProcessCodeLocationOrigin(
                LoadableTargetOrigin(module_name=__name__, attribute="definitions")
            )
        )
        with WorkspaceProcessContext(self.instance, target) as workspace:
            while self.now < until:
                self._settle(workspace)
                self.now = min(self._next(), until)
            self._settle(workspace)

    def sleep(self, until: dt.datetime) -> None:
        """Stand still until a moment: no daemon runs."""
        self.now = until

    def _settle(self, workspace: WorkspaceProcessContext) -> None:
        """Rounds until one launches nothing."""
        n_runs = self.instance.get_runs_count()
        self._pause = min(2 * self._pause, LONGEST)
        for _ in range(MOST_ROUNDS):
            with freeze_time(self.now):
                self._round(workspace)
            self.now += ROUND
            n_before, n_runs = n_runs, self.instance.get_runs_count()
            is_quiet = n_runs == n_before
            self._pause = self._pause if is_quiet else RETRY
            if is_quiet:
                return
        message = f"{self.now}: not at rest after {MOST_ROUNDS} rounds: {self.runs()}"
        raise AssertionError(message)

    def _round(self, workspace: WorkspaceProcessContext) -> None:
        """One round of every daemon."""
        _exhaust(
            launch_scheduled_runs(workspace, LOGGER, get_current_datetime(), {}),
            execute_sensor_iteration(workspace, LOGGER, None, None),
        )
        self._assets._run_iteration_impl(workspace, None, {}, {})  # noqa: SLF001
        _exhaust(
            execute_backfill_iteration(workspace, LOGGER),
            self._queue.run_iteration(workspace),
            execute_run_monitoring_iteration(workspace, LOGGER),
            execute_concurrency_slots_iteration(workspace, LOGGER),
        )

    def _next(self) -> dt.datetime:
        """Next moment of the timetable, or soon where something is due."""
        week = self.now + dt.timedelta(days=7)
        moments = [tick.at for tick in ticks.due(automation.TIMETABLE, self.now, week)]
        with freeze_time(self.now):
            done = progress.Progress(self.instance, self._warehouse)
            step = catching_up.next_step(automation.TIMETABLE, done, self.now, self.now)
        waiting = step != catching_up.NOTHING_DUE
        soon = [self.now + self._pause] if waiting else []
        return min([*moments, *soon])

    @property
    def _warehouse(self) -> resources.WarehouseResource:
        return resources.stored(self.where)


def _exhaust(*daemons: Iterable[object]) -> None:
    """Let daemons go through a round; what they could not do is an error here."""
    for daemon in daemons:
        faults = [fault for fault in daemon if hasattr(fault, "to_string")]
        assert not faults, "\n".join(str(fault) for fault in faults)
