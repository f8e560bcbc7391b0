"""Beside stage 1 and stage 4: who belongs, and whom signals got right.

Curation reads the candidates from the source as of its eve, never the curated
universe, and its own previous quarter, which is why it depends on itself. A partition
looks at what was known before it and at nothing else, however late it runs.
"""

import dataclasses
import datetime as dt
import functools

import dagster as dg
import polars as pl

from turbomode_assets import (
    errors,
    loop,
    market_loop,
    market_tables,
    policy,
    sessions,
    tables,
)
from turbomode_assets.defs import auditing, metadata, partitions, table_io
from turbomode_assets.defs.resources import MarketResource, WarehouseResource
from turbomode_assets.sources import base
from turbomode_assets.store import warehouse as warehouses
from turbomode_assets.universe import ranking_value

GROUP = "universe"
"""Group of these assets."""

LOOK_BACK_QUARTERS = 2
"""Quarters that hold the look-back of a curation: one has as few as 61 sessions."""

LOOKED_BACK = 60
"""Sessions of fetches in which a symbol that was denied night after night shows."""

LOOK_BACK_MONTHS = 16
"""Months that hold the 455 days a ranking looks at, and the signals that matured in
them."""


def build(grains: partitions.Grains) -> list[dg.AssetsDefinition]:
    """Assets of these stages."""
    return [_curations(grains), _universe(), _rankings(grains)]


def _curations(grains: partitions.Grains) -> dg.AssetsDefinition:
    @dg.asset(
        **metadata.declared(market_tables.CURATIONS, GROUP, "polars"),
        partitions_def=grains.quarterly,
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=1),
        deps=[
            dg.AssetDep(
                metadata.key(tables.BARS),
                partition_mapping=partitions.before(LOOK_BACK_QUARTERS),
            ),
            dg.AssetDep(
                metadata.key(market_tables.CURATIONS),
                partition_mapping=partitions.before(1),
            ),
        ],
        check_specs=[table_io.schema_check(market_tables.CURATIONS)],
        pool=metadata.POOL,
    )
    def curations(
        context: dg.AssetExecutionContext,
        market: MarketResource,
        warehouse: WarehouseResource,
    ) -> table_io.Written:
        """Who belongs for the quarter and why; one row per candidate."""
        table = market_tables.CURATIONS
        quarter = partitions.parsed(context.partition_key)
        window = partitions.Window(quarter, quarter)
        with warehouse.opened() as store:
            rows = _decided(store, market, quarter)
            store.replace(table, rows, quarter, quarter)
            check = table_io.schema_result(store, table, window)
        notes = table_io.count_by(rows, "decision") | {"log": _log(rows)}
        return table_io.result(context, table, rows, [check], notes)

    return curations


def _decided(
    store: warehouses.Warehouse, market: MarketResource, quarter: dt.date
) -> pl.DataFrame:
    eve = sessions.shift(quarter, -1)
    bars = store.read(tables.BARS, market_loop.bars_for_curation(quarter), eve)
    if bars.is_empty():
        # A source need not know who belonged before its first bar.
        return market_tables.CURATIONS.empty()
    candidates = market_loop.list_universe(market.source(), eve)
    previous = store.read(market_tables.CURATIONS, last=eve)
    return market_loop.curate_universe(bars, candidates, previous, quarter)


def _log(rows: pl.DataFrame) -> dg.MarkdownMetadataValue:
    """Who was added and dropped, with the reasons."""
    moved = rows.filter(pl.col("decision").is_in(["added", "dropped"]))
    shown = moved.select("symbol", "decision", "reason")
    return dg.MetadataValue.md(
        metadata.markdown_table(shown.columns, shown.iter_rows())
    )


def _universe() -> dg.AssetsDefinition:
    @dg.asset(
        **metadata.declared(tables.UNIVERSE, GROUP, "polars"),
        # Without partitions, but part of ranges: Dagster asks for a policy even so.
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[metadata.key(tables.BARS), metadata.key(market_tables.CURATIONS)],
        check_specs=[
            table_io.schema_check(tables.UNIVERSE),
            auditing.spec(tables.UNIVERSE),
        ],
        pool=metadata.POOL,
    )
    def universe(
        context: dg.AssetExecutionContext,
        market: MarketResource,
        warehouse: WarehouseResource,
    ) -> table_io.Written:
        """Symbols eligible at a session, as known at the latest stored bar."""
        with warehouse.opened() as store:
            as_known = functools.partial(_eligible, store, market.source())
            rows = as_known(_newest(store))
            store.replace(tables.UNIVERSE, rows)
            check = table_io.schema_result(store, tables.UNIVERSE, None)
            audited = auditing.universe(store, as_known)
        return table_io.result(context, tables.UNIVERSE, rows, [check, audited])

    return universe


def _newest(store: warehouses.Warehouse) -> dt.date:
    stored = store.newest(tables.BARS, "symbol", "session").values()
    if not stored:
        message = "expected stored bars, found none; materialize market/bars"
        raise errors.MissingUpstream(message)
    return max(stored)


def _eligible(
    store: warehouses.Warehouse, source: base.Source, as_of: dt.date
) -> pl.DataFrame:
    """Candidates that the source has not forgotten and curation has let in."""
    newest = store.newest(tables.BARS, "symbol", "session")
    until = {symbol: min(day, as_of) for symbol, day in newest.items()}
    candidates = market_loop.list_universe(source, as_of)
    since = sessions.shift(as_of, -LOOKED_BACK)
    fetches = store.read(market_tables.FETCHES, since, as_of)
    known = market_loop.depart(candidates, fetches, until)
    return market_loop.admit(known, store.read(market_tables.CURATIONS), as_of)


def _rankings(grains: partitions.Grains) -> dg.AssetsDefinition:
    mapping = partitions.before(LOOK_BACK_MONTHS)

    @dg.asset(
        **metadata.declared(market_tables.RANKINGS, metadata.REPORTS, "polars"),
        partitions_def=grains.monthly,
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=1),
        deps=[
            dg.AssetDep(metadata.key(tables.OUTCOMES), partition_mapping=mapping),
            dg.AssetDep(metadata.key(tables.SIGNALS), partition_mapping=mapping),
        ],
        check_specs=[table_io.schema_check(market_tables.RANKINGS)],
        pool=metadata.POOL,
    )
    def rankings(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> table_io.Written:
        """Symbols by the skill of the signals on them; one row per ranked symbol."""
        table = market_tables.RANKINGS
        month = partitions.parsed(context.partition_key)
        window = partitions.Window(month, month)
        since, eve = market_loop.outcomes_for_ranking(month), sessions.shift(month, -1)
        with warehouse.opened() as store:
            outcomes = store.read(tables.OUTCOMES, since, eve)
            signals = store.read(tables.SIGNALS, loop.signals_maturing_from(since), eve)
            rows = market_loop.rank_symbols(outcomes, signals, month)
            store.replace(table, rows, month, month)
            earlier = store.read(table, since, eve)
            check = table_io.schema_result(store, table, window)
        values = market_loop.value_rankings(earlier, outcomes, signals, month)
        return table_io.result(context, table, rows, [check], _notes(rows, values))

    return rankings


def _notes(
    rows: pl.DataFrame, values: tuple[ranking_value.Value, ...]
) -> dict[str, float | dg.MarkdownMetadataValue]:
    alarms = rows.filter(pl.col("trend") != "steady").height
    return {
        "trends": alarms,
        "trends_by_chance_at_most": policy.SWING.ranking.alarm_rate * rows.height,
        "top": _top(rows),
        "worth_of_earlier_rankings": dg.MetadataValue.md(
            "\n\n".join(map(_worth, values)) or "No earlier ranking can be judged yet."
        ),
    }


def _top(rows: pl.DataFrame) -> dg.MarkdownMetadataValue:
    shown = rows.filter("is_top").sort("mode", "rank").drop("month", "is_top")
    return dg.MetadataValue.md(
        metadata.markdown_table(shown.columns, shown.iter_rows())
    )


def _worth(value: ranking_value.Value) -> str:
    """One mode's months as a table, under a sentence that holds them against chance."""
    sentence = (
        f"**{value.mode}**: mean rank correlation with the hits of the month that "
        f"followed {value.rank_ic:.3f}; random orders lie in "
        f"{value.random_low:.3f} to {value.random_high:.3f} "
        f"(as good or better: {value.p_random:.1%})."
    )
    months = [dataclasses.asdict(month) for month in value.months]
    table = metadata.markdown_table(months[0], (row.values() for row in months))
    return f"{sentence}\n\n{table}"
