"""The timetable to the letter: a home on a machine to which nothing ever happens.

`live` calls every asset of every tick at its very time, and at once makes again what a
changed bar reaches: no daemon, no run, no queue and no catch-up. What a machine in
trouble ends with is held against it.
"""

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
from dagster._core.test_utils import freeze_time

from turbomode_assets import schema, tables
from turbomode_assets.defs import (
    ahead,
    automation,
    metadata,
    partitions,
    progress,
    resources,
    restating,
    ticks,
)
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests.scenarios import simulated_time
from turbomode_assets_tests.scenarios.simulated_time import QUIET, Past

UNIVERSE = metadata.key(tables.UNIVERSE)


@dataclasses.dataclass
class Life:
    """A home whose timetable is followed to the letter."""

    where: home.Home
    definitions: dg.Definitions
    instance: dg.DagsterInstance

    def read(self, table: schema.Table) -> pl.DataFrame:
        """Rows of a table without the columns that say when something ran."""
        with warehouse.opened(self.where.database) as store:
            return store.read(table).drop(table.wall_clock_columns)

    def live(self, since: dt.datetime, until: dt.datetime) -> None:
        """Follow the ticks from `since` to `until`."""
        with self._warehouse.opened():
            for tick in ticks.due(automation.TIMETABLE, since, until):
                with freeze_time(tick.at.astimezone(dt.UTC)):
                    self._follow(tick)

    def _follow(self, tick: ticks.Tick) -> None:
        day = partitions.parsed(tick.key)
        self._take(tick.line.job, partitions.Window(day, day))
        if tick.line.job == "curation":
            self._make(UNIVERSE, partitions.Window(day, day))
        stale = restating.found(self._warehouse)
        if stale is not None:
            self._take("restatement", stale.window)
            self._make(progress.SAMPLES, self._sampled(stale.window))
        self._be_sure_that_the_month_can_wait(tick.at)

    def _take(self, job: str, window: partitions.Window) -> None:
        """Make the assets of a job; only a gate needs a run that it can stop."""
        if job == "retraining":
            self.definitions.resolve_job_def(job).execute_in_process(
                QUIET,
                instance=self.instance,
                partition_key=partitions.key(window.first),
                raise_on_error=False,
            )
            return
        for key in automation.JOBS[job][0]:
            self._make(key, window)

    def _make(self, key: dg.AssetKey, window: partitions.Window) -> None:
        """Call an asset for a partition or a range."""
        asset = self._holders[key]
        first, last = map(partitions.key, (window.first, window.last))
        span: dict[str, Any] = {
            "partition_key_range": dg.PartitionKeyRange(first, last)
        }
        if first == last:
            span = {"partition_key": first}
        if asset.partitions_def is None:
            span = {}
        known = self.definitions.resources or {}
        given = {name: known[name] for name in asset.required_resource_keys & {*known}}
        asset(dg.build_asset_context(instance=self.instance, **span), **given)

    @functools.cached_property
    def _holders(self) -> dict[dg.AssetKey, dg.AssetsDefinition]:
        return {
            key: asset
            for asset in self.definitions.assets or ()
            if isinstance(asset, dg.AssetsDefinition)
            for key in asset.keys
        }

    def _sampled(self, window: partitions.Window) -> partitions.Window:
        """Weeks with samples of the outcomes of a window."""
        weeks = restating.weeks(window)
        with self._warehouse.opened() as store:
            last = store.partitions(tables.SAMPLES)[-1]
        return partitions.Window(weeks.first, min(weeks.last, last))

    def _be_sure_that_the_month_can_wait(self, now: dt.datetime) -> None:
        """Refuse a world with a challenger ahead of its month: none makes up for it."""
        with self._warehouse.opened() as store:
            found = ahead.occasion(store, now)
        assert isinstance(found, str), f"{now}: {found}"

    @property
    def _warehouse(self) -> resources.WarehouseResource:
        return resources.WarehouseResource(database=str(self.where.database))


def begin(
    past: Past,
    root: Path,
    instance: dg.DagsterInstance,
    troubles: Mapping[str, list[list[str]]],
) -> Life:
    """A copy of a home, as `simulated_time.copied` makes it, to be lived on."""
    return Life(*simulated_time.copied(past, root, troubles), instance)
