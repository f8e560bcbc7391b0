"""Living through history: the runs that bring a home from empty to its last session.

1. `plan` lists every step in order: history in ranges, then month by month a
   challenger and the month's sessions one by one; at the end, what came of it.
2. `Driver.live` takes the steps one after another, leaves out what is done, and runs
   the rest as Dagster jobs on the home's persistent instance, so that everything it
   did can be seen in the user interface.

A step that was interrupted is simply not done; the next run takes it up. What a job
computes stands in the assets, what is printed in ``cli_run.py``.
"""

import contextlib
import dataclasses
import datetime as dt
import enum
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from turbomode_assets import errors, market_tables, sessions, tables
from turbomode_assets.defs import automation, metadata, partitions, progress, restating
from turbomode_assets.store import home, warehouse

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Runs keep their events; the console is left to the progress bar."""


class Kind(enum.Enum):
    """What a step does; the value is the name of its job."""

    HISTORY = "history"
    CURATION = "curation"
    RANKING = "ranking"
    FEATURE_REPORT = "feature_report"
    SAMPLING = "sampling"
    RETRAINING = "retraining"
    RESTATEMENT = "restatement"
    SESSION = "session"
    LEARNING_REPORT = "learning_report"


_PERIODIC = {
    Kind.CURATION,
    Kind.RANKING,
    Kind.FEATURE_REPORT,
    Kind.LEARNING_REPORT,
}
"""Steps over one partition, which begins with the month they are taken before."""


@dataclasses.dataclass(frozen=True)
class Step:
    """One run: a job over the partitions from `first` to `last`."""

    kind: Kind
    first: dt.date
    last: dt.date
    n_sessions: int = 0

    @property
    def is_range(self) -> bool:
        """Whether the step covers more than one partition."""
        return self.first != self.last


def plan(first: dt.date, live_from: dt.date, last: dt.date) -> list[Step]:
    """Every step from the first session of history to the last one lived.

    Parameters
    ----------
    first
        First session of history.
    live_from
        First session lived one by one; the first challenger is for its month.
    last
        Last session lived.

    Returns
    -------
    list of Step
        In the order in which they must be taken.

    Raises
    ------
    errors.SettingsError
        Where the dates are not in order.
    """
    if not first < live_from <= last:
        message = (
            f"expected first < live-from <= to, found {first}, {live_from}, {last}"
        )
        raise errors.SettingsError(message)
    lived = sessions.sessions_between(live_from, last)
    return list(_history(first, live_from)) + list(_living(lived))


def _history(first: dt.date, live_from: dt.date) -> Iterator[Step]:
    past = sessions.sessions_between(first, live_from - dt.timedelta(days=1))
    for _, group in itertools.groupby(past, key=lambda session: session.year):
        year = list(group)
        yield Step(Kind.HISTORY, year[0], year[-1], len(year))
    yield Step(Kind.SAMPLING, sessions.week_start(first), sessions.week_start(past[-1]))


def _living(lived: Sequence[dt.date]) -> Iterator[Step]:
    for month, group in itertools.groupby(lived, key=sessions.month_start):
        # The week may have begun in the month before: what matured in it counts.
        yield _sampling(month - dt.timedelta(days=1))
        if month == sessions.quarter_start(month):
            yield Step(Kind.CURATION, month, month)
        yield Step(Kind.RANKING, month, month)
        yield Step(Kind.FEATURE_REPORT, month, month)
        yield Step(Kind.RETRAINING, month, month)
        for week, days in itertools.groupby(group, key=sessions.week_start):
            for session in days:
                yield Step(Kind.SESSION, session, session, 1)
            yield Step(Kind.SAMPLING, week, week)
    newest = sessions.month_start(lived[-1])
    yield Step(Kind.LEARNING_REPORT, newest, newest)


def _sampling(day: dt.date) -> Step:
    week = sessions.week_start(day)
    return Step(Kind.SAMPLING, week, week)


@dataclasses.dataclass(frozen=True)
class Taken:
    """What came of a step."""

    step: Step
    was_done: bool = False
    verdict: str = ""
    """Of a retraining: promoted, or refused and why, in a line."""


class Driver:
    """Takes steps on the persistent instance of a home.

    Parameters
    ----------
    where
        The home.
    definitions
        Its definitions.
    instance
        Its Dagster instance.
    """

    def __init__(
        self,
        where: home.Home,
        definitions: dg.Definitions,
        instance: dg.DagsterInstance,
    ) -> None:
        """Keep what the steps run on, and look up what has been done."""
        self._where = where
        names = {job.name for job in definitions.jobs or ()}
        self._jobs = {
            kind: definitions.resolve_job_def(kind.value)
            for kind in Kind
            if kind.value in names
        }
        self._instance = instance
        self._stored = {
            key: self._latest(key)
            for keys, _ in automation.JOBS.values()
            for key in keys
        }

    def possible(self, steps: Sequence[Step]) -> list[Step]:
        """Steps this machine has a job for, by its role."""
        return [step for step in steps if step.kind in self._jobs]

    def live(self, steps: Sequence[Step]) -> Iterator[Taken]:
        """Take the steps in order; yields each as it is finished.

        Raises
        ------
        errors.TurbomodeError
            As the step's own code raised it; what was done before stays done.
        """
        with warehouse.opened(self._where.warehouse):
            if self._is_between_nights():
                self._restate()  # what a run that was interrupted left undone
            for step in steps:
                yield self._take(step)

    def _take(self, step: Step) -> Taken:
        if step.kind is Kind.RETRAINING:
            return self._retrain(step)
        if self._is_done(step):
            return Taken(step, was_done=True)
        self.run(step)
        if step.kind is Kind.SESSION:
            self._restate()
        return Taken(step)

    def _is_between_nights(self) -> bool:
        """Whether the newest session taken in was lived; else its night restates."""
        with warehouse.opened(self._where.warehouse) as store:
            taken_in = store.partitions(market_tables.BAR_REVISIONS)[-1:]
        return all(self._is_done(Step(Kind.SESSION, day, day)) for day in taken_in)

    def _restate(self) -> None:
        """Make again what rests on bars that were changed or came late."""
        if Kind.RESTATEMENT not in self._jobs:
            return
        with warehouse.opened(self._where.warehouse) as store:
            stale = restating.stale(store)
        if stale is not None:
            days, weeks = stale.window, restating.weeks(stale.window)
            again = [
                Step(Kind.RESTATEMENT, days.first, days.last),
                Step(Kind.SAMPLING, weeks.first, weeks.last),
            ]
            for step in self.possible(again):
                self.run(step)

    def _retrain(self, step: Step) -> Taken:
        verdict = self._verdict(step.first)
        if verdict:
            return Taken(step, was_done=True, verdict=verdict)
        return Taken(step, verdict=self.retrain(step.first))

    def retrain(self, month: dt.date) -> str:
        """Train a challenger for a month; how it ended, empty where it only passed."""
        self.run(Step(Kind.RETRAINING, month, month))
        return self._verdict(month)

    def _verdict(self, month: dt.date) -> str:
        """How the latest challenger of a month ended; empty while it has not."""
        with warehouse.opened(self._where.warehouse) as store:
            cards = store.read(tables.MODELS, month, month)
            verdicts, champions = (
                store.read(table) for table in (tables.VERDICTS, tables.CHAMPIONS)
            )
        return progress.endings(cards, verdicts, champions).get(month, "")

    def _is_done(self, step: Step) -> bool:
        if step.kind is Kind.SAMPLING:
            return self._is_sampled(step)
        keys, _ = automation.JOBS[step.kind.value]
        if step.kind in _PERIODIC:
            return all(partitions.key(step.first) in self._stored[key] for key in keys)
        wanted = _session_keys(step.first, step.last)
        return all(
            wanted <= self._stored[key].keys()
            for key in keys
            if key != metadata.key(tables.UNIVERSE)
        )

    def _is_sampled(self, step: Step) -> bool:
        """Whether every week was sampled after the last of its outcomes was graded."""
        graded = self._stored[metadata.key(tables.OUTCOMES)]
        sampled = self._stored[metadata.key(tables.SAMPLES)]
        for week in _week_keys(step.first, step.last):
            sunday = partitions.parsed(week)
            days = _session_keys(sunday, sunday + dt.timedelta(days=6))
            if not progress.sampled_since(sampled.get(week, 0), days, graded):
                return False
        return True

    def run(self, step: Step, tags: Mapping[str, str] | None = None) -> None:
        """Run a step, done or not.

        Parameters
        ----------
        step
            The step.
        tags
            Further tags of its run.

        Raises
        ------
        errors.TurbomodeError
            As the step's own code raised it.
        """
        job = self._jobs[step.kind]
        window = partitions.range_tags(partitions.Window(step.first, step.last))
        result = job.execute_in_process(
            instance=self._instance,
            partition_key=None if step.is_range else partitions.key(step.first),
            tags={**(window if step.is_range else {}), **(tags or {})},
            run_config=_QUIET,
            raise_on_error=step.kind is not Kind.RETRAINING,
        )
        if not result.success and not self._verdict(step.first):
            failures = [e for e in result.all_events if e.is_step_failure]
            raise errors.TurbomodeError("\n".join(map(_said, failures)))
        self._note(step)

    def _note(self, step: Step) -> None:
        """Remember a finished step without asking the instance again."""
        newest = 1 + max(max(ids.values(), default=0) for ids in self._stored.values())
        if step.kind is Kind.SAMPLING:
            done = set(_week_keys(step.first, step.last))
        elif step.kind in _PERIODIC:
            done = {partitions.key(step.first)}
        else:
            done = _session_keys(step.first, step.last)
        keys, _ = automation.JOBS[step.kind.value]
        for key in keys:
            self._stored[key] |= dict.fromkeys(done, newest)

    def _latest(self, key: dg.AssetKey) -> dict[str, int]:
        """Newest materialization of each partition, by an ever-growing number."""
        return dict(
            self._instance.get_latest_storage_id_by_partition(
                key, dg.DagsterEventType.ASSET_MATERIALIZATION
            )
        )


def open_instance(where: home.Home) -> dg.DagsterInstance:
    """Persistent instance of a home, for runs in this process.

    Output is not captured per step: that starts two processes for each run, and the
    progress bar would end up in a log file.
    """
    os.environ["DAGSTER_HOME"] = str(where.root)
    silent = {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
    }
    overrides = {"compute_logs": silent}
    return dg.DagsterInstance.from_ref(
        InstanceRef.from_dir(str(where.root), overrides=overrides)
    )


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Runs that are stopped end as everything else that is.

    Raises
    ------
    KeyboardInterrupt
        Where Dagster was interrupted within a run.
    """
    try:
        yield
    except dg.DagsterExecutionInterruptedError as stopped:
        raise KeyboardInterrupt from stopped


def _session_keys(first: dt.date, last: dt.date) -> set[str]:
    return set(map(partitions.key, sessions.sessions_between(first, last)))


def _said(failure: dg.DagsterEvent) -> str:
    """Sentence of an error raised on purpose; of any other all that Dagster knows."""
    told = failure.step_failure_data
    cause = told.error.cause if told.error else None
    if cause is None or not hasattr(errors, cause.cls_name or ""):
        return told.error_display_string
    return cause.message.partition(": ")[2].strip()


def _week_keys(first: dt.date, last: dt.date) -> list[str]:
    n_weeks = (last - first).days // 7 + 1
    return [partitions.key(first + dt.timedelta(weeks=n)) for n in range(n_weeks)]
