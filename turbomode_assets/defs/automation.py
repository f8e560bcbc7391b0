"""The timetable: when each stage runs, in New York time.

=============  ==========================  ====================================
when           job                         partition
=============  ==========================  ====================================
23:00 daily    scan                        tonight's session
01:00 daily    freshness                   none: it asks about the newest session
02:00 1st      curation                    the quarter that begins: Jan, Apr, Jul, Oct
02:30 1st      ranking                     the month that begins
02:00 daily    grading                     the session of the day before
Sunday 03:00   sampling                    the week that has ended
1st, 03:00     sampling                    the open week, for the month's turn
03:30 1st      feature_report              the month that begins
1st, 04:00     retraining                  the month that begins
1st, 05:00     learning_report             the month that begins
=============  ==========================  ====================================

Every schedule stands here and nowhere else; what a job computes does not.

https://docs.dagster.io/guides/automate/schedules
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg

from turbomode_assets import market_tables, report_tables, sessions, tables
from turbomode_assets.defs import metadata, partitions
from turbomode_assets.defs.assets import learning

TIMEZONE = "America/New_York"
"""Time zone of the timetable: the exchange's."""

_REVISIONS, _BARS, _UNIVERSE, _FEATURES, _SIGNALS, _OUTCOMES, _SAMPLES = (
    metadata.key(table)
    for table in (
        market_tables.BAR_REVISIONS,
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
        (metadata.key(market_tables.CURATIONS),),
        "Who belongs to the universe for the quarter that begins.",
    ),
    "ranking": (
        (metadata.key(market_tables.RANKINGS),),
        "Symbols by the skill of the signals on them, for the month that begins.",
    ),
    "feature_report": (
        (metadata.key(report_tables.FEATURE_REPORTS),),
        "What each feature was worth, and which drift, before the month that begins.",
    ),
    "restatement": (
        (_FEATURES, _OUTCOMES, metadata.key(market_tables.RESTATEMENTS)),
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
        (metadata.key(report_tables.LEARNING),),
        "Whether retraining did any good until the month that begins.",
    ),
}
"""Assets and description of each job, by name."""


def build_jobs() -> dict[str, Any]:
    """Jobs of the timetable and of the sensors, by name."""
    return {
        name: dg.define_asset_job(
            name,
            selection=dg.AssetSelection.assets(*keys),
            description=sentence,
            executor_def=dg.in_process_executor,
        )
        for name, (keys, sentence) in JOBS.items()
    }


@dataclasses.dataclass(frozen=True)
class Timed:
    """One line of the timetable."""

    name: str
    job: str
    cron: str
    partition_on: Callable[[dt.date], str | None]
    """Partition key for a tick on a day in New York; null where there is none."""


def _tonight(day: dt.date) -> str | None:
    return partitions.key(day) if sessions.is_session(day) else None


def _day_before(day: dt.date) -> str | None:
    return _tonight(day - dt.timedelta(days=1))


def _ended_week(day: dt.date) -> str:
    return partitions.key(sessions.week_start(day) - dt.timedelta(days=7))


def _open_week(day: dt.date) -> str:
    return partitions.key(sessions.week_start(day))


def _month(day: dt.date) -> str:
    return partitions.key(sessions.month_start(day))


def _quarter(day: dt.date) -> str:
    return partitions.key(sessions.quarter_start(day))


TIMETABLE = (
    Timed("scan", "scan", "0 23 * * *", _tonight),
    Timed("grading", "grading", "0 2 * * *", _day_before),
    Timed("curation", "curation", "0 2 1 */3 *", _quarter),
    Timed("ranking", "ranking", "30 2 1 * *", _month),
    Timed("sampling", "sampling", "0 3 * * 0", _ended_week),
    Timed("sampling_at_the_turn", "sampling", "0 3 1 * *", _open_week),
    Timed("feature_report", "feature_report", "30 3 1 * *", _month),
    Timed("retraining", "retraining", "0 4 1 * *", _month),
    Timed("learning_report", "learning_report", "0 5 1 * *", _month),
)
"""The whole timetable."""


def build_schedules() -> list[dg.ScheduleDefinition]:
    """Schedule of each line of the timetable."""
    return [_schedule(line) for line in TIMETABLE]


def build_alarm() -> dg.ScheduleDefinition:
    """Schedule that asks once a night whether a living home keeps up."""
    return dg.ScheduleDefinition(
        name="freshness",
        job_name="freshness",
        cron_schedule="0 1 * * *",
        execution_timezone=TIMEZONE,
        description="Asks whether the newest closed session is stored.",
    )


def _schedule(line: Timed) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=line.name,
        job_name=line.job,
        cron_schedule=line.cron,
        execution_timezone=TIMEZONE,
        description=JOBS[line.job][1],
    )
    def timed(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        day = context.scheduled_execution_time.date()
        key = line.partition_on(day)
        if key is None:
            return dg.SkipReason(f"The exchange was closed; nothing for {line.job}.")
        return dg.RunRequest(run_key=f"{line.name} {key}", partition_key=key)

    return timed
