"""Somebody who materializes single partitions and ranges by hand, as they like."""

import dataclasses
import datetime as dt
import pathlib
from collections.abc import Iterator

import dagster as dg
import polars as pl

from turbomode_assets import schema
from turbomode_assets.defs import assembly, driver, partitions
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes


@dataclasses.dataclass(frozen=True)
class Hands:
    """An empty home and somebody who materializes as they like."""

    where: home.Home
    job: dg.JobDefinition
    instance: dg.DagsterInstance

    def make(self, first: str, last: str, *assets: str) -> None:
        """Materialize assets over a range, or one partition where the ends agree."""
        keys = [dg.AssetKey(asset.split("/")) for asset in assets]
        span = partitions.Window(*map(dt.date.fromisoformat, (first, last)))
        self.job.execute_in_process(
            instance=self.instance,
            asset_selection=keys,
            partition_key=first if first == last else None,
            tags=partitions.range_tags(span) if first != last else {},
        )

    def read(self, table: schema.Table) -> pl.DataFrame:
        """Rows of a table without the columns that say when something ran."""
        with warehouse.opened(self.where.warehouse) as store:
            return store.read(table).drop(table.wall_clock_columns)

    def stored(self, table: schema.Table) -> list[dt.date]:
        """Partitions with rows."""
        with warehouse.opened(self.where.warehouse) as store:
            return store.partitions(table)


def before(root: pathlib.Path, settings: home.Settings) -> Iterator[Hands]:
    """Hands before an empty home; ``DAGSTER_HOME`` must name its folder."""
    where = home.Home(root)
    lakes.prepare(where, settings)
    definitions = assembly.assemble(where, settings)
    job = definitions.resolve_implicit_global_asset_job_def()
    with driver.open_instance(where) as instance:
        yield Hands(where, job, instance)
