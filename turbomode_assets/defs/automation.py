"""The timetable: when each stage runs, in New York time.

=============  ==========================  ====================================
when           job                         partition
=============  ==========================  ====================================
23:00 daily    scan                        tonight's session
01:00 daily    freshness                   none: it asks about the newest session
02:00 daily    grading                     the session of the day before
02:45 daily    verification                none: it asks what must hold everywhere
02:15 1st      curation                    the quarter that begins: Jan, Apr, Jul, Oct
02:30 1st      ranking                     the month that begins
Sunday 03:00   sampling                    the week that has ended
03:15 1st      sampling                    the week of the eve, for the month's turn
03:30 1st      feature_report              the month that begins
04:00 1st      retraining                  the month that begins
05:00 1st      learning_report             the month that begins
every 15 min   intraday_round              the running session, from 9:01 to 17:46
18:15          intraday_weights            sessions that were not learned from
Sunday 18:45   intraday_retraining         the week that begins
every hour     exchange                    none: two machines exchange, at :45
=============  ==========================  ====================================

Schedules of the nightly desk are declared here, those of the other in
``desk_automation.py``, the exchange in ``actions.py``; the daily report at 17:00 is the
sensor `messages`. What a job computes does not stand here. Three mechanisms share the
work, each where it is exact:

* schedules make a partition for the first time, at its time;
* the sensor `catch_up` makes what a schedule missed, in the order it was due
  (``catching_up.py``): an order across sessions, weeks and months that conditions on
  single assets cannot express;
* conditions (``conditions.py``) make again what lies downstream of what was.

https://docs.dagster.io/guides/automate/schedules
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import dagster as dg

from turbomode_assets import market_tables, report_tables, sessions, tables
from turbomode_assets.defs import (
    catching_up,
    desk_automation,
    metadata,
    partitions,
    progress,
    roles,
    ticks,
    verification,
)
from turbomode_assets.defs.assets import learning
from turbomode_assets.defs.resources import ClockResource, WarehouseResource
from turbomode_assets.defs.ticks import Line

_REVISIONS, _CURATIONS, _RANKINGS, _RESTATEMENTS, _FEATURE_REPORTS, _LEARNING = (
    metadata.key(table)
    for table in (
        market_tables.BAR_REVISIONS,
        market_tables.CURATIONS,
        market_tables.RANKINGS,
        market_tables.RESTATEMENTS,
        report_tables.FEATURE_REPORTS,
        report_tables.LEARNING,
    )
)
_BARS, _UNIVERSE, _FEATURES, _SIGNALS, _OUTCOMES, _SAMPLES = (
    metadata.key(table)
    for table in (
        tables.BARS,
        tables.UNIVERSE,
        tables.FEATURES,
        tables.SIGNALS,
        tables.OUTCOMES,
        tables.SAMPLES,
    )
)

JOBS: dict[str, tuple[Sequence[dg.AssetKey], str]] = {
    "history": (
        (_REVISIONS, _BARS, _UNIVERSE, _FEATURES, _OUTCOMES),
        "Bars, features and outcomes of past sessions, before anything was signaled.",
    ),
    "scan": (
        (_REVISIONS, _BARS, _UNIVERSE, _FEATURES, _SIGNALS),
        "Tonight's bars, features and signals.",
    ),
    "grading": ((_OUTCOMES,), "Outcomes of what has matured."),
    "session": (
        (_REVISIONS, _BARS, _UNIVERSE, _FEATURES, _SIGNALS, _OUTCOMES),
        "A whole session: scan and grading in one run.",
    ),
    "curation": (
        (_CURATIONS,),
        "Who belongs to the universe for the quarter that begins.",
    ),
    "ranking": (
        (_RANKINGS,),
        "Symbols by the skill of the signals on them, for the month that begins.",
    ),
    "feature_report": (
        (_FEATURE_REPORTS,),
        "What each feature was worth, and which drift, before the month that begins.",
    ),
    "restatement": (
        (_FEATURES, _OUTCOMES, _RESTATEMENTS),
        "Features and outcomes again, where bars changed or came late.",
    ),
    "sampling": ((_SAMPLES,), "Samples of what matured in a week."),
    "retraining": (
        (
            metadata.key(tables.STANDINGS),
            learning.CHALLENGER,
            metadata.key(tables.OOF_PREDICTIONS),
            metadata.key(tables.VERDICTS),
            learning.CHAMPION,
        ),
        "The champion's standing, a challenger, its verdict, and its promotion if due.",
    ),
    "learning_report": (
        (_LEARNING,),
        "Whether retraining did any good until the month that begins.",
    ),
    "retraining_ahead": (
        (
            learning.CHALLENGER,
            metadata.key(tables.OOF_PREDICTIONS),
            metadata.key(tables.VERDICTS),
            learning.CHAMPION,
        ),
        "A challenger before the month turns, on what is known by then.",
    ),
    **desk_automation.JOBS,
}
"""Assets and description of each job, by name."""


def build_jobs(role: str) -> dict[str, Any]:
    """Jobs of the timetable and of the sensors that a role has work in, by name."""
    own = {name: roles.computed(role, keys) for name, (keys, _) in JOBS.items()}
    return {
        name: dg.define_asset_job(
            name,
            selection=dg.AssetSelection.assets(*keys) - verification.selection(),
            description=JOBS[name][1],
            executor_def=dg.in_process_executor,
        )
        for name, keys in own.items()
        if keys
    }


def _tonight(day: dt.date) -> str | None:
    return partitions.key(day) if sessions.is_session(day) else None


def _day_before(day: dt.date) -> str | None:
    return _tonight(day - dt.timedelta(days=1))


def _ended_week(day: dt.date) -> str:
    return partitions.key(sessions.week_start(day) - dt.timedelta(days=7))


def _week_of_eve(day: dt.date) -> str:
    return partitions.key(sessions.week_start(day - dt.timedelta(days=1)))


def _month(day: dt.date) -> str:
    return partitions.key(sessions.month_start(day))


def _quarter(day: dt.date) -> str:
    return partitions.key(sessions.quarter_start(day))


TIMETABLE = (
    Line(
        name="scan",
        job="scan",
        cron="0 23 * * *",
        partition_on=_tonight,
        is_done=progress.is_made(_REVISIONS, _BARS, _FEATURES, _SIGNALS),
        is_ranged=True,
        needed=_BARS,
    ),
    Line(
        name="grading",
        job="grading",
        cron="0 2 * * *",
        partition_on=_day_before,
        is_done=progress.is_made(_OUTCOMES),
        is_ranged=True,
    ),
    Line(
        name="curation",
        job="curation",
        cron="15 2 1 */3 *",
        partition_on=_quarter,
        is_done=progress.is_made(_CURATIONS),
        is_turn=True,
    ),
    Line(
        name="ranking",
        job="ranking",
        cron="30 2 1 * *",
        partition_on=_month,
        is_done=progress.is_made(_RANKINGS),
    ),
    Line(
        name="sampling",
        job="sampling",
        cron="0 3 * * 0",
        partition_on=_ended_week,
        is_done=progress.is_sampled,
        is_ranged=True,
    ),
    Line(
        name="sampling_at_the_turn",
        job="sampling",
        cron="15 3 1 * *",
        partition_on=_week_of_eve,
        is_done=progress.is_sampled,
        is_ranged=True,
    ),
    Line(
        name="feature_report",
        job="feature_report",
        cron="30 3 1 * *",
        partition_on=_month,
        is_done=progress.is_made(_FEATURE_REPORTS),
    ),
    Line(
        name="retraining",
        job="retraining",
        cron="0 4 1 * *",
        partition_on=_month,
        is_done=progress.is_retrained,
        is_turn=True,
    ),
    Line(
        name="learning_report",
        job="learning_report",
        cron="0 5 1 * *",
        partition_on=_month,
        is_done=progress.is_made(_LEARNING),
    ),
)
"""The whole timetable; of what is due at one time, the upper line comes first."""


def timetable(role: str) -> list[Line]:
    """Lines of the timetable that a role follows; who only learns follows the ledger.

    Parameters
    ----------
    role
        One of `home.ROLES`.
    """
    jobs = build_jobs(role)
    return [] if role == "train" else [line for line in TIMETABLE if line.job in jobs]


def build_schedules(
    lines: Sequence[Line], status: dg.DefaultScheduleStatus
) -> list[dg.ScheduleDefinition]:
    """Schedule of each line of a timetable, and those of the intraday desk.

    Parameters
    ----------
    lines
        The timetable; where there is none, the desk does not work either.
    status
        Whether they run where nobody has switched them.
    """
    desk = desk_automation.build_schedules(status) if lines else []
    return [*(_schedule(line, lines, status) for line in lines), *desk]


def build_alarm(status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    """Schedule that asks once a night whether a living home keeps up."""
    return dg.ScheduleDefinition(
        name="freshness",
        job_name="freshness",
        cron_schedule="0 1 * * *",
        execution_timezone=ticks.TIMEZONE,
        description="Asks whether the newest closed session is stored.",
        default_status=status,
    )


def build_proof(status: dg.DefaultScheduleStatus) -> dg.ScheduleDefinition:
    """Schedule that asks once a night whether everything that must hold does."""
    return dg.ScheduleDefinition(
        name=verification.JOB,
        job_name=verification.JOB,
        cron_schedule="45 2 * * *",
        execution_timezone=ticks.TIMEZONE,
        description="Holds every invariant against the home.",
        default_status=status,
    )


def _schedule(
    line: Line, lines: Sequence[Line], status: dg.DefaultScheduleStatus
) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=line.name,
        job_name=line.job,
        cron_schedule=line.cron,
        execution_timezone=ticks.TIMEZONE,
        description=JOBS[line.job][1],
        default_status=status,
    )
    def timed(
        context: dg.ScheduleEvaluationContext,
        warehouse: WarehouseResource,
        clock: ClockResource,
    ) -> dg.RunRequest | dg.SkipReason:
        at = context.scheduled_execution_time
        key = line.partition_on(at.date())
        if key is None:
            return dg.SkipReason(f"The exchange was closed; nothing for {line.job}.")
        done = progress.Progress(context.instance, warehouse)
        step = catching_up.next_step(lines, done, at, clock.now())
        if isinstance(step, str):
            return dg.SkipReason(step)
        if step.job != line.job:
            return dg.SkipReason(f"{step.name} comes first; `catch_up` takes them.")
        return step.request()

    return timed
