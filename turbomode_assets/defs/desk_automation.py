"""When the intraday desk works, in New York time, and what watches it.

====================  ==========================  =====================================
schedule              when                        job and partitions
====================  ==========================  =====================================
`intraday_round`      9:01 to 17:46, every 15     the running session, with missed ones
`intraday_weights`    18:15                       sessions that were not learned from
`intraday_retraining` 18:45, on Sunday            the week that begins, once; on the
                                                  days after it where Sunday failed
====================  ==========================  =====================================

A minute after a round ends its bars are there; ticks go on after the close, for what
came late. The sensor `missed_rounds` asks the same every few minutes, also at night:
after an outage it takes up what no tick will. `matured_horizons` grades what the round
of its end did not. What comes next is decided in ``desk_due.py``.

https://docs.dagster.io/guides/automate/schedules
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from turbomode_assets import desks, intraday_tables, options_tables
from turbomode_assets.defs import desk_due, lineage, metadata, ticks
from turbomode_assets.defs.catching_up import Step
from turbomode_assets.defs.resources import (
    ClockResource,
    RoundsResource,
    WarehouseResource,
)

EVERY_SECONDS = 300
"""How often a sensor looks: a third of a round, so that a failed one is tried again
while it still is live."""

GRACE = dt.timedelta(minutes=4)
"""How long after a round the schedule is left to it."""

_INTAKE = (
    *intraday_tables.KINDS.values(),
    intraday_tables.FETCHES,
    intraday_tables.INTAKES,
)
_SPOKEN = (intraday_tables.VOTES, intraday_tables.SIGNALS, intraday_tables.OUTCOMES)
_LEARNED = (intraday_tables.WEIGHTS, intraday_tables.TRACK_RECORDS)

JOBS: dict[str, tuple[Sequence[dg.AssetKey], str]] = {
    desk_due.ROUND: (
        [metadata.key(table) for table in (*_INTAKE, *_SPOKEN)],
        "A round of the intraday desk: bars, votes, signals, and what has matured.",
    ),
    desk_due.GRADING: (
        [metadata.key(intraday_tables.OUTCOMES)],
        "Outcomes of intraday signals that have matured.",
    ),
    desk_due.WEIGHING: (
        [metadata.key(table) for table in (*_LEARNED, *options_tables.ALL)],
        "What the intraday desk learned in a session, and its options book.",
    ),
    desk_due.TEACHING: (
        [lineage.holder(table.name) for table in desks.TABLES],
        "A challenger of the learned model, its verdict, and its promotion if due.",
    ),
}
"""Assets and description of each job, by name."""

CRONS = {
    desk_due.ROUND: "1,16,31,46 9-17 * * 1-5",
    desk_due.WEIGHING: "15 18 * * 1-5",
    desk_due.TEACHING: "45 18 * * 0-5",
}
"""When each scheduled job is asked for."""


def build_schedules(status: dg.DefaultScheduleStatus) -> list[dg.ScheduleDefinition]:
    """Schedules of the desk; `status` says whether they run unless switched."""

    def declared(job: str) -> dict[str, Any]:
        return {
            "name": job,
            "job_name": job,
            "cron_schedule": CRONS[job],
            "execution_timezone": ticks.TIMEZONE,
            "description": JOBS[job][1],
            "default_status": status,
        }

    @dg.schedule(**declared(desk_due.ROUND))
    def each_round(
        context: dg.ScheduleEvaluationContext,
        rounds: RoundsResource,
        warehouse: WarehouseResource,
        clock: ClockResource,
    ) -> dg.RunRequest | dg.SkipReason:
        now = clock.now()
        return _asked(desk_due.next_round(context.instance, warehouse, rounds, now))

    @dg.schedule(**declared(desk_due.WEIGHING))
    def each_evening(
        context: dg.ScheduleEvaluationContext,
        warehouse: WarehouseResource,
        clock: ClockResource,
    ) -> dg.RunRequest | dg.SkipReason:
        now = clock.now()
        return _asked(desk_due.next_weighing(context.instance, warehouse, now))

    @dg.schedule(**declared(desk_due.TEACHING))
    def each_week(
        context: dg.ScheduleEvaluationContext,
        rounds: RoundsResource,
        clock: ClockResource,
    ) -> dg.RunRequest | dg.SkipReason:
        return _asked(desk_due.next_teaching(context.instance, rounds, clock.now()))

    return [each_round, each_evening, each_week]


def build_sensors(
    jobs: Mapping[str, Any], status: dg.DefaultSensorStatus
) -> list[dg.SensorDefinition]:
    """Sensors of the desk; `status` says whether they run unless switched."""

    @dg.sensor(
        job=jobs[desk_due.ROUND],
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=status,
        description="Speaks in rounds that were missed, oldest first.",
    )
    def missed_rounds(
        context: dg.SensorEvaluationContext,
        rounds: RoundsResource,
        warehouse: WarehouseResource,
        clock: ClockResource,
    ) -> dg.RunRequest | dg.SkipReason:
        overdue = clock.now() - GRACE
        return _asked(desk_due.next_round(context.instance, warehouse, rounds, overdue))

    @dg.sensor(
        job=jobs[desk_due.GRADING],
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=status,
        description="Grades intraday signals that have matured and were not graded.",
    )
    def matured_horizons(
        context: dg.SensorEvaluationContext,
        warehouse: WarehouseResource,
        clock: ClockResource,
    ) -> dg.RunRequest | dg.SkipReason:
        now = clock.now()
        return _asked(desk_due.next_grading(context.instance, warehouse, now))

    return [missed_rounds, matured_horizons]


def _asked(step: Step | str) -> dg.RunRequest | dg.SkipReason:
    return dg.SkipReason(step) if isinstance(step, str) else step.request()
