"""Sensors: what time alone cannot know.

===================  ========================================================
sensor               watches
===================  ========================================================
`catch_up`           what was due and is not done: missed runs, matured signals
`restated_bars`      bars that a source changed or posted late
`challenger_ahead`   reasons to train before the month turns (``ahead.py``)
`champion_changed`   the door of the loop
`run_failed`         runs that ended badly
`stale_data`         whether a living home keeps up (``freshness.py``)
`missed_rounds`      rounds of the intraday desk (``desk_automation.py``)
`matured_horizons`   outcomes of its signals (``desk_automation.py``)
`made_again`         what rests on something made again (``conditions.py``)
`messages`           what people should be told (``messaging.py``)
`pages`              whether the desks' pages are as new as the home (``pages.py``)
===================  ========================================================

What is due stands in ``automation.py``, what comes first in ``catching_up.py``.

https://docs.dagster.io/guides/automate/sensors
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from turbomode_assets import errors
from turbomode_assets.defs import (
    ahead,
    catching_up,
    conditions,
    desk_automation,
    freshness,
    partitions,
    progress,
    restating,
    ticks,
)
from turbomode_assets.defs.assets import learning
from turbomode_assets.defs.resources import ClockResource, WarehouseResource

EVERY_SECONDS = 60
"""How often a sensor looks: a missed run is then taken up within minutes."""

RESTATED_EVERY_SECONDS = 300
"""How often bars are looked at: a nightly fetch is soon enough made again."""

AHEAD_EVERY_SECONDS = 3600
"""How often reasons to train ahead are looked for: they come with the samples."""

STALE_EVERY_SECONDS = 300
"""How often a living home is held against the exchange."""

GRACE = dt.timedelta(minutes=5)
"""How long a schedule is left to follow its own tick."""


@dataclasses.dataclass(frozen=True)
class Parts:
    """What sensors are built of: the role, its jobs by name, its timetable, status."""

    role: str
    jobs: Mapping[str, Any]
    timetable: Sequence[ticks.Line]
    status: dg.DefaultSensorStatus


def build(parts: Parts) -> list[dg.SensorDefinition]:
    """Every sensor of a home, by its role."""
    if parts.role == "train":
        return [_run_failed(parts)]
    return [
        _catch_up(parts),
        _restated_bars(parts),
        *([_challenger_ahead(parts)] if parts.role == "all" else []),
        _champion_changed(parts),
        _run_failed(parts),
        conditions.build_sensor(parts.role, parts.status),
        *desk_automation.build_sensors(parts.jobs, parts.status),
    ]


def _catch_up(parts: Parts) -> dg.SensorDefinition:
    taken = {line.job for line in parts.timetable}

    @dg.sensor(
        jobs=[parts.jobs[name] for name in sorted(taken)],
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=parts.status,
        description="Makes what was due and is not done, oldest first.",
    )
    def catch_up(
        context: dg.SensorEvaluationContext,
        warehouse: WarehouseResource,
        clock: ClockResource,
    ) -> dg.RunRequest | dg.SkipReason:
        now, done = clock.now(), progress.Progress(context.instance, warehouse)
        try:
            step = catching_up.next_step(parts.timetable, done, now - GRACE, now)
            if isinstance(step, str):
                return dg.SkipReason(step)
            if restating.is_pending(context.instance, warehouse, now):
                return dg.SkipReason("Restated bars come first.")
        except errors.WarehouseBusy as busy:
            return dg.SkipReason(str(busy))
        return step.request(step.job)

    return catch_up


def _restated_bars(parts: Parts) -> dg.SensorDefinition:
    @dg.sensor(
        job=parts.jobs["restatement"],
        minimum_interval_seconds=RESTATED_EVERY_SECONDS,
        default_status=parts.status,
        description="Makes again what rests on bars that changed or came late.",
    )
    def restated_bars(
        context: dg.SensorEvaluationContext,
        warehouse: WarehouseResource,
        clock: ClockResource,
    ) -> dg.RunRequest | dg.SkipReason:
        try:
            stale = restating.found(warehouse)
        except errors.WarehouseBusy as busy:
            return dg.SkipReason(str(busy))
        if stale is None:
            return dg.SkipReason("No bar changed or came late.")
        reason = catching_up.why_wait(context.instance, stale.name, clock.now())
        if reason:
            return dg.SkipReason(reason)
        tag = {catching_up.STEP_TAG: stale.name}
        return dg.RunRequest(tags=tag | partitions.range_tags(stale.window))

    return restated_bars


def _challenger_ahead(parts: Parts) -> dg.SensorDefinition:
    @dg.sensor(
        job=parts.jobs["retraining_ahead"],
        minimum_interval_seconds=AHEAD_EVERY_SECONDS,
        default_status=parts.status,
        description="Trains a challenger before the month turns, where that is due.",
    )
    def challenger_ahead(
        context: dg.SensorEvaluationContext,
        warehouse: WarehouseResource,
        clock: ClockResource,
    ) -> dg.RunRequest | dg.SkipReason:
        now, done = clock.now(), progress.Progress(context.instance, warehouse)
        try:
            step = catching_up.next_step(parts.timetable, done, now, now)
            if step != catching_up.NOTHING_DUE:
                return dg.SkipReason("First what is due; this can wait.")
            with warehouse.opened(restating.BUSY_SECONDS) as store:
                found = ahead.occasion(store, now)
        except errors.WarehouseBusy as busy:
            return dg.SkipReason(str(busy))
        if isinstance(found, str):
            return dg.SkipReason(found)
        return dg.RunRequest(
            run_key=f"ahead {found.until}",
            partition_key=partitions.key(found.month),
            run_config=learning.known_until(found.until),
            tags={"turbomode/reason": found.reason},
        )

    return challenger_ahead


def _champion_changed(parts: Parts) -> dg.SensorDefinition:
    @dg.asset_sensor(
        asset_key=learning.CHAMPION_IN_FORCE,
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=parts.status,
        description="Marks in the history of the signals who speaks from now on.",
    )
    def champion_changed(
        context: dg.SensorEvaluationContext, asset_event: dg.EventLogEntry
    ) -> dg.SkipReason:
        told = asset_event.asset_materialization
        version = str(told.metadata["version"].value) if told else "nobody"
        mark = dg.AssetObservation(
            progress.SIGNALS, metadata={"champion from the next session on": version}
        )
        context.instance.report_runless_asset_event(mark)
        return dg.SkipReason(f"From the next session on {version} speaks.")

    return champion_changed


def _run_failed(parts: Parts) -> dg.SensorDefinition:
    @dg.run_failure_sensor(
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=parts.status,
        description="Says of each failed run what failed, and when it is tried again.",
    )
    def run_failed(context: dg.RunFailureSensorContext) -> dg.SkipReason:
        run = context.dagster_run
        step = run.tags.get(catching_up.STEP_TAG)
        again = "is tried again" if step else "is not tried again by itself"
        why = context.failure_event.message
        return dg.SkipReason(f"{step or run.job_name} failed and {again}: {why}")

    return run_failed


def build_alarm(status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """Sensor that says when a living home falls behind, and when it has caught up.

    Parameters
    ----------
    status
        Whether it runs where nobody has switched it.
    """

    @dg.sensor(
        minimum_interval_seconds=STALE_EVERY_SECONDS,
        default_status=status,
        description="Says at once when bars or signals fall behind the exchange.",
    )
    def stale_data(
        context: dg.SensorEvaluationContext,
        warehouse: WarehouseResource,
        clock: ClockResource,
    ) -> dg.SensorResult | dg.SkipReason:
        try:
            with warehouse.opened(restating.BUSY_SECONDS) as store:
                found = freshness.watched(store, clock.now())
        except errors.WarehouseBusy as busy:
            return dg.SkipReason(str(busy))
        behind = [str(one.description) for one in found if not one.passed]
        told = " ".join(behind) or "Bars and signals are up to date."
        news = [] if told == context.cursor else found
        return dg.SensorResult(skip_reason=told, cursor=told, asset_events=news)

    return stale_data
