"""Stage 1 of the loop: bars and the universe they belong to."""

import dagster as dg

from turbomode_assets import errors, loop, tables
from turbomode_assets.defs import metadata, partitions, table_io
from turbomode_assets.defs.resources import MarketResource, WarehouseResource

GROUP = "prices"
"""Group of this stage."""


def build(grains: partitions.Grains) -> list[dg.AssetsDefinition]:
    """Assets of this stage."""

    @dg.asset(
        **metadata.declared(tables.BARS, GROUP, "polars"),
        partitions_def=grains.daily,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=[table_io.schema_check(tables.BARS)],
        pool=metadata.POOL,
    )
    def bars(
        context: dg.AssetExecutionContext,
        market: MarketResource,
        warehouse: WarehouseResource,
    ) -> table_io.Written:
        """What traded; one row per symbol and session."""
        window = partitions.session_window(list(context.partition_keys))
        with warehouse.opened() as store:
            rows = loop.collect_bars(market.source(), window.first, window.last)
            store.replace(tables.BARS, rows, window.first, window.last)
            check = table_io.schema_result(store, tables.BARS, window)
        return table_io.result(context, tables.BARS, rows, check)

    @dg.asset(
        **metadata.declared(tables.UNIVERSE, GROUP, "polars"),
        deps=[dg.AssetDep(metadata.key(tables.BARS))],
        check_specs=[table_io.schema_check(tables.UNIVERSE)],
        pool=metadata.POOL,
    )
    def universe(
        context: dg.AssetExecutionContext,
        market: MarketResource,
        warehouse: WarehouseResource,
    ) -> table_io.Written:
        """Symbols eligible at a session, as known at the latest stored bar."""
        with warehouse.opened() as store:
            stored = store.partitions(tables.BARS)
            if not stored:
                message = "expected stored bars, found none; materialize market/bars"
                raise errors.MissingUpstream(message)
            rows = loop.list_universe(market.source(), stored[-1])
            store.replace(tables.UNIVERSE, rows)
            check = table_io.schema_result(store, tables.UNIVERSE, None)
        return table_io.result(context, tables.UNIVERSE, rows, check)

    return [bars, universe]
