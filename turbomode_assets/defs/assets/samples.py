"""Stage 5 of the loop: what matured sessions teach."""

import dagster as dg
import polars as pl

from turbomode_assets import loop, tables
from turbomode_assets.defs import accounting, metadata, partitions, table_io, upstream
from turbomode_assets.defs.resources import WarehouseResource

GROUP = "samples"
"""Group of this stage."""


def build(grains: partitions.Grains) -> list[dg.AssetsDefinition]:
    """Assets of this stage."""

    @dg.asset(
        **metadata.declared(tables.SAMPLES, GROUP, "polars"),
        partitions_def=grains.weekly,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[
            dg.AssetDep(metadata.key(tables.OUTCOMES)),
            dg.AssetDep(
                metadata.key(tables.FEATURES),
                partition_mapping=partitions.looking_back(loop.SAMPLE_WEEKS),
            ),
            dg.AssetDep(
                metadata.key(tables.SIGNALS),
                partition_mapping=partitions.looking_back(loop.SAMPLE_WEEKS),
            ),
        ],
        check_specs=[table_io.schema_check(tables.SAMPLES)],
        pool=metadata.POOL,
    )
    def samples(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> table_io.Written:
        """Frozen features, label and weight of what matured in the week."""
        window = partitions.week_window(list(context.partition_keys))
        with warehouse.opened() as store:
            upstream.require_outcomes(store, window)
            outcomes = store.read(tables.OUTCOMES, window.first, window.last)
            spoken_from = loop.signals_maturing_from(window.first)
            rows = loop.gather_samples(
                outcomes,
                store.read(tables.FEATURES, spoken_from, window.last),
                store.read(tables.SIGNALS, spoken_from, window.last),
            )
            store.replace(tables.SAMPLES, rows, window.first, window.last)
            check = table_io.schema_result(store, tables.SAMPLES, window)
        notes = (
            _account(outcomes, rows)
            | table_io.count_by(rows, "label")
            | table_io.count_by(rows, "origin")
        )
        return table_io.result(context, tables.SAMPLES, rows, [check], notes)

    return [samples]


def _account(outcomes: pl.DataFrame, rows: pl.DataFrame) -> dict[str, int]:
    """Outcomes without a return teach nothing, nor do those without features."""
    priced = outcomes.filter(pl.col("realized_return").is_not_null())
    waiting = outcomes.filter(pl.col("status") == "pending").height
    lost = {
        "pending": waiting,
        "unavailable": outcomes.height - priced.height - waiting,
        "without_features": priced.join(
            rows, on=["symbol", "session"], how="anti"
        ).height,
    }
    return accounting.account(outcomes.height, rows.height, lost)
