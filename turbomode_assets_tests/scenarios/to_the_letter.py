"""The timetable to the letter: a home on a machine to which nothing ever happens.

`live` makes every asset of every tick at its very time, and at once makes again what a
changed bar reaches: no daemon, no queue and no catch-up. What a machine in trouble ends
with is held against it.
"""

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

import dagster as dg
import polars as pl
from dagster._core.test_utils import freeze_time

from turbomode_assets import schema, tables
from turbomode_assets.defs import (
    ahead,
    automation,
    metadata,
    partitions,
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
        with warehouse.opened(self.where.warehouse) as store:
            return store.read(table).drop(table.wall_clock_columns)

    def live(self, since: dt.datetime, until: dt.datetime) -> None:
        """Follow the ticks from `since` to `until`."""
        with self._warehouse.opened():
            for tick in ticks.due(automation.TIMETABLE, since, until):
                with freeze_time(tick.at.astimezone(dt.UTC)):
                    self.follow(tick)
                    self._be_sure_that_the_month_can_wait(tick.at)

    def follow(self, tick: ticks.Tick) -> None:
        """Make what a tick asks for, and again what a changed bar reaches."""
        day = partitions.parsed(tick.key)
        if tick.line.job == "retraining":
            self._run(tick.line.job, partitions.Window(day, day))
        else:
            self._make(automation.JOBS[tick.line.job][0], tick.key)
        if tick.line.job == "curation":
            self._make([UNIVERSE], tick.key)
        stale = restating.found(self._warehouse)
        if stale is not None:
            self._run("restatement", stale.window)
            self._run("sampling", self._sampled(stale.window))

    def _make(self, keys: Sequence[dg.AssetKey], partition: str) -> None:
        """Call assets, one after another, for one partition."""
        known = self.definitions.resources or {}
        for asset in map(self._holders.__getitem__, keys):
            names = asset.required_resource_keys & known.keys()
            context = dg.build_asset_context(
                instance=self.instance,
                partition_key=partition if asset.partitions_def else None,
            )
            asset(context, **{name: known[name] for name in names})

    def _run(self, job: str, window: partitions.Window) -> None:
        """A run: only there can a gate stop what follows, or a range be asked for."""
        is_one = window.first == window.last
        self.definitions.resolve_job_def(job).execute_in_process(
            QUIET,
            instance=self.instance,
            partition_key=partitions.key(window.first) if is_one else None,
            tags={} if is_one else partitions.range_tags(window),
            raise_on_error=job != "retraining",
        )

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
        return resources.stored(self.where)


def begin(
    past: Past,
    root: Path,
    instance: dg.DagsterInstance,
    troubles: Mapping[str, list[list[str]]],
) -> Life:
    """A copy of a home, as `simulated_time.copied` makes it, to be lived on."""
    return Life(*simulated_time.copied(past, root, troubles), instance)
