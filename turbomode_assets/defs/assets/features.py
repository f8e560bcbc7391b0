"""Stage 2 of the loop: what was knowable at each close."""

import dagster as dg
import polars as pl

from turbomode_assets import loop, tables
from turbomode_assets.defs import (
    accounting,
    auditing,
    metadata,
    partitions,
    table_io,
    upstream,
)
from turbomode_assets.defs.resources import MarketResource, WarehouseResource
from turbomode_assets.features import catalog

GROUP = "features"
"""Group of this stage."""


def build(grains: partitions.Grains) -> list[dg.AssetsDefinition]:
    """Assets of this stage."""

    @dg.asset(
        **metadata.declared(tables.FEATURES, GROUP, "numpy"),
        partitions_def=grains.daily,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[
            dg.AssetDep(
                metadata.key(tables.BARS),
                partition_mapping=partitions.looking_back(catalog.lookback()),
            ),
            dg.AssetDep(metadata.key(tables.UNIVERSE)),
        ],
        check_specs=[
            table_io.schema_check(tables.FEATURES),
            auditing.spec(tables.FEATURES),
        ],
        code_version=catalog.feature_version(),
        pool=metadata.POOL,
    )
    def features(
        context: dg.AssetExecutionContext,
        market: MarketResource,
        warehouse: WarehouseResource,
    ) -> table_io.Written:
        """Scale-free features at the close; one row per symbol and session."""
        window = partitions.session_window(list(context.partition_keys))
        with warehouse.opened() as store:
            needed = loop.bars_for_features(window.first)
            upstream.require_bars(store, needed, window.last, market.since())
            bars = store.read(tables.BARS, needed, window.last)
            universe = upstream.require_universe(store)
            rows = loop.compute_features(bars, universe, window.first, window.last)
            store.replace(tables.FEATURES, rows, window.first, window.last)
            check = table_io.schema_result(store, tables.FEATURES, window)
            audited = auditing.features(store, window)
        n_in = bars.filter(pl.col("session") >= window.first).height
        notes = {
            "feature_version": catalog.feature_version(),
            **accounting.account(n_in, rows.height, {}),
        }
        return table_io.result(context, tables.FEATURES, rows, [check, audited], notes)

    return [features]
