"""Stage 4 of the loop: what then happened.

A partition holds what *matured* in its session, whichever session spoke: grading
looks back only, and a late run grades the same rows from the same bars.
"""

import dagster as dg

from turbomode_assets import loop, tables
from turbomode_assets.defs import (
    auditing,
    grading,
    metadata,
    partitions,
    table_io,
    upstream,
)
from turbomode_assets.defs.resources import MarketResource, WarehouseResource

GROUP = "outcomes"
"""Group of this stage."""


def build(grains: partitions.Grains) -> list[dg.AssetsDefinition]:
    """Assets of this stage."""

    @dg.asset(
        **metadata.declared(tables.OUTCOMES, GROUP, "polars"),
        partitions_def=grains.daily,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[
            dg.AssetDep(
                metadata.key(tables.BARS),
                partition_mapping=partitions.looking_back(loop.outcome_lookback()),
            ),
            dg.AssetDep(
                metadata.key(tables.SIGNALS),
                partition_mapping=partitions.looking_back(loop.HELD_SESSIONS),
            ),
            dg.AssetDep(metadata.key(tables.UNIVERSE)),
        ],
        check_specs=[
            table_io.schema_check(tables.OUTCOMES),
            auditing.spec(tables.OUTCOMES),
        ],
        pool=metadata.POOL,
    )
    def outcomes(
        context: dg.AssetExecutionContext,
        market: MarketResource,
        warehouse: WarehouseResource,
    ) -> table_io.Written:
        """Matured signals and what each symbol earned; one row per symbol."""
        window = partitions.session_window(list(context.partition_keys))
        with warehouse.opened() as store:
            needed = loop.bars_for_outcomes(window.first)
            upstream.require_bars(store, needed, window.last, market.since())
            upstream.require_universe(store)
            rows = grading.grade(store, window)
            settled = grading.settle(store, window.first)
            check = table_io.schema_result(store, tables.OUTCOMES, window)
            audited = auditing.outcomes(store, window)
        notes = table_io.count_by(rows, "status")
        notes |= table_io.report_others(context, tables.OUTCOMES, settled)
        return table_io.result(context, tables.OUTCOMES, rows, [check, audited], notes)

    return [outcomes]
