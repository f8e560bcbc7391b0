"""Stage 1 of the loop: what a source delivered, and the bars it makes.

Deliveries become revisions, which are only ever added to, or go to quarantine; bars
are what the newest revisions say.
"""

import dagster as dg

from turbomode_assets import market_tables, tables
from turbomode_assets.defs import (
    accounting,
    charts,
    intake,
    metadata,
    partitions,
    restating,
    table_io,
    upstream,
)
from turbomode_assets.defs.resources import (
    ClockResource,
    MarketResource,
    RegistryResource,
    WarehouseResource,
)
from turbomode_assets.store import warehouse as warehouses

GROUP = "prices"
"""Group of this stage."""


def build(grains: partitions.Grains) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Assets of this stage."""
    return [
        _bar_revisions(grains),
        _bars(grains),
        _restatements(),
        *_written_beside(),
    ]


def _bar_revisions(grains: partitions.Grains) -> dg.AssetsDefinition:
    @dg.asset(
        **metadata.declared(market_tables.BAR_REVISIONS, GROUP, "polars"),
        partitions_def=grains.daily,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=[
            table_io.schema_check(market_tables.BAR_REVISIONS),
            *intake.CHECKS,
        ],
        pool=metadata.POOL,
    )
    def bar_revisions(
        context: dg.AssetExecutionContext,
        market: MarketResource,
        warehouse: WarehouseResource,
        clock: ClockResource,
    ) -> table_io.Written:
        """Every bar as each fetch that saw something new knew it; append-only."""
        window = partitions.session_window(list(context.partition_keys))
        with warehouse.opened() as store:
            request = intake.request(store, window, market.since(), clock.now())
            taken = intake.take_in(store, market.source(), request, context.log.info)
            check = table_io.schema_result(store, market_tables.BAR_REVISIONS, window)
        intake.report(context, taken)
        return intake.result(taken, check)

    return bar_revisions


def _bars(grains: partitions.Grains) -> dg.AssetsDefinition:
    @dg.asset(
        **metadata.declared(tables.BARS, GROUP, "polars"),
        partitions_def=grains.daily,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[dg.AssetDep(metadata.key(market_tables.BAR_REVISIONS))],
        check_specs=[table_io.schema_check(tables.BARS), *intake.BAR_CHECKS],
        pool=metadata.POOL,
    )
    def bars(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> table_io.Written:
        """What traded, as now known; one row per symbol and session."""
        window = partitions.session_window(list(context.partition_keys))
        with warehouse.opened() as store:
            upstream.require_revisions(store, window)
            rows, others = intake.refresh(store, window)
            check = table_io.schema_result(store, tables.BARS, window)
            found = intake.bar_checks(store, window)
            drawn = charts.coverage(store, window)
            account = _account(store, window, rows.height)
        notes = {
            **account,
            **table_io.at_the_end(context, tables.BARS, drawn),
            **table_io.report_others(context, tables.BARS, others),
        }
        return table_io.result(context, tables.BARS, rows, [check, *found], notes)

    return bars


def _account(
    store: warehouses.Warehouse, window: partitions.Window, n_bars: int
) -> dict[str, int]:
    """Revisions that a later one replaced make no bar of their own."""
    revisions = store.columns(
        market_tables.BAR_REVISIONS, ("symbol", "session"), window.first, window.last
    )
    lost = {"superseded": revisions.height - revisions.n_unique()}
    return accounting.account(revisions.height, n_bars, lost)


def _restatements() -> dg.AssetsDefinition:
    @dg.asset(
        **metadata.declared(market_tables.RESTATEMENTS, metadata.REPORTS, "polars"),
        # Without partitions, but part of ranges: Dagster asks for a policy even so.
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[
            dg.AssetDep(metadata.key(tables.BARS)),
            dg.AssetDep(metadata.key(tables.FEATURES)),
            dg.AssetDep(metadata.key(tables.SIGNALS)),
            dg.AssetDep(metadata.key(tables.OUTCOMES)),
        ],
        check_specs=[table_io.schema_check(market_tables.RESTATEMENTS)],
        pool=metadata.POOL,
    )
    def restatements(
        context: dg.AssetExecutionContext,
        warehouse: WarehouseResource,
        models: RegistryResource,
    ) -> table_io.Written:
        """Bars that changed or came late, and what they would have flipped."""
        with warehouse.opened() as store:
            rows = restating.measured(store, models)
            store.append(market_tables.RESTATEMENTS, rows)
            check = table_io.schema_result(store, market_tables.RESTATEMENTS, None)
        notes = restating.notes(rows)
        return table_io.result(
            context, market_tables.RESTATEMENTS, rows, [check], notes
        )

    return restatements


def _written_beside() -> list[dg.AssetSpec]:
    """Tables the intake of revisions writes in the same transaction."""
    written = {
        market_tables.QUARANTINE: "Rows that were refused, as they came.",
        market_tables.FETCHES: "Attempts to fetch a symbol, and how each ended.",
    }
    return [
        dg.AssetSpec(
            **metadata.declared(table, GROUP, "polars"),
            description=sentence,
            deps=[metadata.key(market_tables.BAR_REVISIONS)],
        )
        for table, sentence in written.items()
    ]
