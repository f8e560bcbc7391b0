"""Sensors: what time cannot know.

`restated_bars` watches for bars that a source changed or posted late, and has
everything made again that rests on them; `restated_samples` follows with the samples.
Schedules stand in ``automation.py``.

https://docs.dagster.io/guides/automate/sensors
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from turbomode_assets import errors
from turbomode_assets.defs import partitions, restating
from turbomode_assets.defs.resources import WarehouseResource

EVERY_SECONDS = 300
"""How often bars are looked at: a nightly fetch is soon enough made again."""

BUSY_SECONDS = 1.0
"""How long a tick waits for the warehouse; while a run writes, there is no news."""


def build(
    jobs: Mapping[str, Any],
) -> list[dg.SensorDefinition]:
    """Sensors of the prices stage.

    Parameters
    ----------
    jobs
        Jobs of ``automation.py`` by name.
    """

    @dg.sensor(
        job=jobs["restatement"],
        minimum_interval_seconds=EVERY_SECONDS,
        description="Makes again what rests on bars that changed or came late.",
    )
    def restated_bars(
        warehouse: WarehouseResource,
    ) -> dg.RunRequest | dg.SkipReason:
        try:
            with warehouse.opened(BUSY_SECONDS) as store:
                stale = restating.stale(store)
        except errors.WarehouseBusy as busy:
            return dg.SkipReason(str(busy))
        if stale is None:
            return dg.SkipReason("No bar changed or came late.")
        return dg.RunRequest(
            run_key=f"restated {stale.known_at.isoformat()}",
            tags=partitions.range_tags(stale.window),
        )

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[jobs["restatement"]],
        request_job=jobs["sampling"],
        description="Makes the samples of restated outcomes again.",
    )
    def restated_samples(context: dg.RunStatusSensorContext) -> dg.RunRequest:
        window = partitions.tagged_window(context.dagster_run.tags)
        return dg.RunRequest(
            run_key=f"resampled {context.dagster_run.run_id}",
            tags=partitions.range_tags(restating.weeks(window)),
        )

    return [restated_bars, restated_samples]
