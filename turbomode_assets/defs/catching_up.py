"""Catching up: the oldest thing that was due and is not done.

Every schedule and the sensor `catch_up` ask here, so that a night like any other and
the end of an outage go the same way:

1. `outstanding`   ticks of the timetable that were not followed, oldest first
2. `next_step`     the first of them that may be tried now, as one run: with those of
   the same line right after it, up to bars that are still missing, and up to the next
   turn at which a champion or the universe may change, so that each session speaks
   with whoever would have reigned without the outage

One run at a time, and never beside another: nothing is asked for twice, and nothing
before what it is made of. A run that failed is tried again, ever more rarely, and its
partitions one by one; what goes on failing stands aside, so that one bad session does
not silence those after it. Only bars that cannot be had hold everything up.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence

import dagster as dg

from turbomode_assets.defs import partitions, ticks
from turbomode_assets.defs.progress import SIGNALS, Progress

REACH = dt.timedelta(days=92)
"""How far back missed ticks are made up for: a quarter. A home that slept longer is
lived on with ``turbomode run``, which shows how far it is."""

FIRST_WAIT = dt.timedelta(minutes=15)
"""From a first failure to the next try; doubles with each further one."""

LONGEST_WAIT = dt.timedelta(hours=4)
"""Longest wait: a source that is back in the morning is heard before the open."""

REMEMBERED = dt.timedelta(hours=24)
"""For how long a failure counts."""

PATIENCE = 5
"""Tries after which a step stands aside: the waits between them sum to four hours, so
that a step due at 23:00 is out of the way long before the next night."""

NOTHING_DUE = "Everything due is done."
"""Answer where there is nothing to do."""

STEP_TAG = "turbomode/step"
"""Tag of a run: job and first partition, by which failures are counted."""

BESIDE = {
    "replay",
    "intraday_round",
    "intraday_grading",
    "intraday_weights",
    "intraday_retraining",
}
"""Jobs that hold up nobody's night: a history of its own, and the other desk."""

_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_FINISHED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]


@dataclasses.dataclass(frozen=True)
class Step:
    """One run that is due: a job over neighboring partitions."""

    job: str
    first: str
    last: str

    @property
    def name(self) -> str:
        """Job and first partition: what its failures are counted by."""
        return f"{self.job} {self.first}"

    def request(self, job: str | None = None) -> dg.RunRequest:
        """Run that takes the step; names its job where the asker has several."""
        tag = {STEP_TAG: self.name}
        if self.first == self.last:
            return dg.RunRequest(job_name=job, partition_key=self.first, tags=tag)
        window = partitions.session_window([self.first, self.last])
        return dg.RunRequest(job_name=job, tags=tag | partitions.range_tags(window))


def next_step(
    timetable: Sequence[ticks.Line],
    progress: Progress,
    until: dt.datetime,
    now: dt.datetime,
) -> Step | str:
    """Step to take now, or why there is none, in words.

    Parameters
    ----------
    timetable
        Lines of the timetable.
    progress
        What the home has done.
    until
        Moment up to which ticks count.
    now
        The present moment, by which failed runs are tried again.
    """
    obstacle = why_busy(progress.instance) or why_asleep(progress, until)
    if obstacle:
        return obstacle
    missing = outstanding(timetable, progress, until)
    tries = (_try(progress, missing[place:], now) for place in range(len(missing)))
    return next((found for found in tries if found), NOTHING_DUE)


def _try(
    progress: Progress, missing: Sequence[ticks.Tick], now: dt.datetime
) -> Step | str | None:
    """First tick as a step, or a sentence; null where it stands aside."""
    tick = missing[0]
    tried = attempts(progress.instance, tick.name, now)
    if not tried:
        return _step(progress, missing)
    if tried[0] + wait(len(tried)) <= now:
        return Step(tick.line.job, tick.key, tick.key)
    is_aside = len(tried) >= PATIENCE and not _is_in_the_way(progress, tick)
    return None if is_aside else _patience(tick.name, tried)


def outstanding(
    timetable: Sequence[ticks.Line], progress: Progress, until: dt.datetime
) -> list[ticks.Tick]:
    """Ticks of the last `REACH` that were not followed since life began, oldest first.

    Parameters
    ----------
    timetable
        Lines of the timetable.
    progress
        What the home has done.
    until
        Moment up to which ticks count.
    """
    began = dt.datetime.combine(
        partitions.parsed(min(progress.made(SIGNALS))), dt.time(), ticks.NEW_YORK
    )
    return [
        tick
        for tick in ticks.due(timetable, max(began, until - REACH), until)
        if not tick.line.is_done(progress, tick)
    ]


def _step(progress: Progress, missing: Sequence[ticks.Tick]) -> Step:
    """First tick, with its neighbors that follow before anything they wait for."""
    first, *others = missing
    last = first
    for tick in others:
        is_own = tick.line is first.line
        if tick.line.is_turn or (not is_own and _is_in_the_way(progress, tick)):
            break
        if first.line.is_ranged and is_own and tick.place == last.place + 1:
            last = tick
    return Step(first.line.job, first.key, last.key)


def _is_in_the_way(progress: Progress, tick: ticks.Tick) -> bool:
    needed = tick.line.needed
    return needed is not None and tick.key not in progress.made(needed)


def why_asleep(progress: Progress, until: dt.datetime) -> str:
    """Sentence about a home without a life to go on with; empty where it has one."""
    lived = progress.made(SIGNALS)
    if not lived:
        return "Nothing was lived yet; begin with: turbomode run"
    if partitions.parsed(max(lived)) >= (until - REACH).date():
        return ""
    return (
        f"The last session lived is {max(lived)}, more than {REACH.days} days ago; "
        "live on with: turbomode run --to DAY"
    )


def why_busy(instance: dg.DagsterInstance) -> str:
    """Sentence about a run that is not finished; empty where there is none."""
    busy = [name for name in unfinished(instance) if name not in BESIDE]
    return f"{busy[0]} is not finished; one run at a time." if busy else ""


def unfinished(instance: dg.DagsterInstance) -> list[str]:
    """Jobs of the runs that are not finished, newest first."""
    running = instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED))
    return [run.job_name for run in running]


def why_wait(instance: dg.DagsterInstance, step: str, now: dt.datetime) -> str:
    """Sentence about what must pass before a step is tried; empty where nothing."""
    tried = attempts(instance, step, now)
    is_early = bool(tried) and tried[0] + wait(len(tried)) > now
    return why_busy(instance) or (_patience(step, tried) if is_early else "")


def _patience(step: str, tried: Sequence[dt.datetime]) -> str:
    again = (tried[0] + wait(len(tried))).astimezone(ticks.NEW_YORK)
    return f"{step} was tried {len(tried)} times; again {again:%a %H:%M}."


def wait(n_tries: int) -> dt.timedelta:
    """Time from the last of `n_tries` to the next.

    Examples
    --------
    >>> [str(wait(n)) for n in (1, 2, 5, 50)]
    ['0:15:00', '0:30:00', '4:00:00', '4:00:00']
    """
    return min(FIRST_WAIT * 2 ** min(n_tries - 1, 10), LONGEST_WAIT)


def attempts(
    instance: dg.DagsterInstance, step: str, now: dt.datetime
) -> list[dt.datetime]:
    """When runs of a step ended within `REMEMBERED`, newest first.

    A step that is asked for again was not done by any of them, whatever they say.
    """
    records = instance.get_run_records(
        dg.RunsFilter(tags={STEP_TAG: step}, statuses=_FINISHED), limit=2 * PATIENCE
    )
    ended = (record.end_time for record in records if record.end_time)
    moments = [dt.datetime.fromtimestamp(end, dt.UTC) for end in ended]
    return sorted((m for m in moments if m > now - REMEMBERED), reverse=True)


def is_refusal(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a failed run only refused a challenger: the gate did its duty."""
    if "retraining" not in run.job_name:
        return False
    failed = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    found = [
        entry.dagster_event.step_failure_data.error
        for entry in failed
        if entry.dagster_event
    ]
    names = {error.cls_name for error in found if error is not None}
    return names == {"DagsterAssetCheckFailedError"}  # which Dagster does not export
