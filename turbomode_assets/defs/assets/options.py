"""The options book behind the intraday desk: quotes, outcomes, fills and positions.

Partitions are sessions, of those the intraday desk speaks in. The book goes through
each of them once, after its close and in their order; nothing here can place an order.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from turbomode_assets import intraday_tables, options_tables
from turbomode_assets.defs import (
    desk,
    metadata,
    options_desk,
    options_report,
    partitions,
    table_io,
)
from turbomode_assets.defs.resources import ClockResource, WarehouseResource

GROUP = "options"
"""Group of the book."""

_BOOK = {
    options_tables.OUTCOMES: "What an option bought on each signal would have made.",
    options_tables.PROPOSALS: "What was proposed, and the limits that blocked it.",
    options_tables.FILLS: "Every purchase and sale of the paper book.",
    options_tables.POSITIONS: "The paper book at the end of each session, at the bid.",
}


def build(grains: partitions.Grains) -> list[dg.AssetsDefinition]:
    """Assets of the book, in the order in which they are made."""
    return [_quotes(grains), _book(grains)]


def _quotes(grains: partitions.Grains) -> dg.AssetsDefinition:
    @dg.asset(
        **metadata.declared(options_tables.QUOTES, GROUP, "quantlib"),
        partitions_def=grains.running,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[
            dg.AssetDep(metadata.key(table))
            for table in (
                intraday_tables.CHAINS,
                intraday_tables.BARS,
                intraday_tables.SIGNALS,
            )
        ],
        check_specs=[table_io.schema_check(options_tables.QUOTES)],
        pool=metadata.POOL,
    )
    def quotes(
        context: dg.AssetExecutionContext,
        warehouse: WarehouseResource,
        clock: ClockResource,
    ) -> table_io.Written:
        """Option quotes with what they imply, and what is wrong with them."""
        table, window = options_tables.QUOTES, _window(context)
        desk.require_ended(window, clock.now())
        with warehouse.opened() as store:
            added = options_desk.quote(store, window)
            rows = store.read(table, window.first, window.last)
            check = table_io.schema_result(store, table, window)
        notes = {"rows_added": added.height} | options_report.quoted(rows)
        return table_io.result(context, table, rows, [check], notes)

    return quotes


def _window(context: dg.AssetExecutionContext) -> partitions.Window:
    return partitions.session_window(list(context.partition_keys))


def _book(grains: partitions.Grains) -> dg.AssetsDefinition:
    upstream = [
        metadata.key(table)
        for table in (
            options_tables.QUOTES,
            intraday_tables.SIGNALS,
            intraday_tables.OUTCOMES,
            intraday_tables.BARS,
        )
    ]

    @dg.multi_asset(
        name="options_book",
        specs=[
            dg.AssetSpec(
                **metadata.declared(table, GROUP, "quantlib"),
                description=text,
                deps=[*upstream, *map(metadata.key, list(_BOOK)[:place])],
            )
            for place, (table, text) in enumerate(_BOOK.items())
        ],
        partitions_def=grains.running,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=list(map(table_io.schema_check, _BOOK)),
        pool=metadata.POOL,
    )
    def options_book(
        context: dg.AssetExecutionContext,
        warehouse: WarehouseResource,
        clock: ClockResource,
    ) -> Iterator[Any]:
        window = _window(context)
        desk.require_ended(window, clock.now())
        with warehouse.opened() as store:
            added = options_desk.trade(store, window)
            for table, fresh in added.items():
                rows = store.read(table, window.first, window.last)
                check = table_io.schema_result(store, table, window)
                notes = options_report.traded(store, table, window, fresh)
                shown = table_io.at_the_end(context, table, notes)
                yield table_io.result(context, table, rows, [check], shown)

    return options_book
