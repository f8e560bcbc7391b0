"""The intraday desk: bars and context, votes, signals, outcomes, weights.

A partition is a session, the running one included, and its rounds are rows: every
quarter of an hour the partition of the day is materialized again and grows by what has
ended since. So all that was missed in a session is one run and one write, and what goes
by sessions, from weights to the report, depends on it by its key. Partitions of fifteen
minutes were tried in three ways; what they cost is in ``docs/intraday.md``. What a
round is stays with the calendar (``rounds.py``), where half days and changes of clocks
are exact. Which rounds were spoken is on every materialization, as ``rounds_ended`` and
``rounds_silent``.

The loop of the desk closes through the external asset ``intraday/weights_in_force``,
whose events only ``intraday/weights`` reports; signals depend on it and begin with the
newest weights of an earlier session.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from turbomode_assets import desks, intraday_tables, market_tables, schema, sessions
from turbomode_assets.defs import (
    desk,
    desk_learning,
    desk_report,
    metadata,
    model_card,
    partitions,
    table_io,
    upstream,
)
from turbomode_assets.defs.assets import intraday_learning
from turbomode_assets.defs.resources import (
    ClockResource,
    RegistryResource,
    RoundsResource,
    WarehouseResource,
)
from turbomode_assets.store.warehouse import Warehouse

GROUP = "intraday"
"""Group of the desk."""

ACCOUNTED = "all_rows_accounted"
"""Check that every delivered row is used, refused or waiting."""

WEIGHTS_IN_FORCE = dg.AssetKey(["intraday", "weights_in_force"])
"""The door through which the desk's loop closes."""

_TAKEN_IN = {
    intraday_tables.BARS: "What traded in each round, as each fetch knew it.",
    intraday_tables.DAILY_BARS: "Sessions whose rounds the source has no longer.",
    intraday_tables.HEADLINES: "Headlines, by the first round that could know them.",
    intraday_tables.CHAINS: "Option quotes as they stood at the end of a round.",
    intraday_tables.FETCHES: "Questions to the source, and how each ended.",
    intraday_tables.INTAKES: "Each intake, and what became of its rows.",
}
_SEEN = tuple(intraday_tables.KINDS.values())
"""What voters look at."""

_LEARNED = {
    intraday_tables.WEIGHTS: "What each expert weighs after a session.",
    intraday_tables.TRACK_RECORDS: "What has followed when a voter spoke like this.",
}


def build(grains: partitions.Grains) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Assets of the desk, in the order of its loop."""
    # Dependencies are those of a session on itself: snapshots and walks look back on
    # earlier ones as well, and what they read they ask the warehouse for, so that a
    # session by hand does not ask Dagster for the ninety after it.
    return [_intake(grains), _votes(grains), *_spoken(grains), _weights(grains)]


def _intake(grains: partitions.Grains) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="intraday_intake",
        specs=[
            dg.AssetSpec(**metadata.declared(table, GROUP, "polars"), description=text)
            for table, text in _TAKEN_IN.items()
        ],
        partitions_def=grains.running,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=[
            *map(table_io.schema_check, _TAKEN_IN),
            dg.AssetCheckSpec(
                ACCOUNTED,
                asset=metadata.key(intraday_tables.BARS),
                blocking=True,
                description="Every row delivered is used, refused or waiting.",
            ),
        ],
        pool=metadata.POOL,
    )
    def intake(
        context: dg.AssetExecutionContext,
        rounds: RoundsResource,
        warehouse: WarehouseResource,
        clock: ClockResource,
    ) -> Iterator[Any]:
        window, now, rules = _window(context), clock.now(), rounds.rules()
        desk.require_begun(window, now)
        with warehouse.opened() as store:
            since = desk.fetched_from(store, window, rules)
        # A source may take minutes; meanwhile the warehouse is free.
        delivery = rounds.fetch(since, window.last, now)
        with warehouse.opened() as store:
            taken = desk.keep(store, delivery, window, now, rules)
            for table in _TAKEN_IN:
                rows = store.read(table, window.first, window.last)
                check = table_io.schema_result(store, table, window)
                notes = desk_report.taken(taken, table)
                yield table_io.result(context, table, rows, [check], notes)
        yield _accounted(taken)
        _report_refused(context, taken)

    return intake


def _window(context: dg.AssetExecutionContext) -> partitions.Window:
    return partitions.session_window(list(context.partition_keys))


def _require_made(
    context: dg.AssetExecutionContext, store: Warehouse, table: schema.Table
) -> None:
    """Refuse sessions of the run that another asset was to be asked for first."""
    window = _window(context)
    wanted = sessions.sessions_between(window.first, window.last)
    upstream.require_made(context.instance, table, wanted, store.partitions(table))


def _accounted(taken: desk.Taken) -> dg.AssetCheckResult:
    fates = pl.sum_horizontal("n_used", "n_refused", "n_waiting")
    kinds = taken.account.group_by("about").agg(pl.sum("n_rows"), n_kept=fates.sum())
    return dg.AssetCheckResult(
        check_name=ACCOUNTED,
        asset_key=metadata.key(intraday_tables.BARS),
        passed=bool((kinds["n_rows"] == kinds["n_kept"]).all()),
        description=(
            f"{kinds['n_rows'].sum()} rows came, {kinds['n_kept'].sum()} are "
            "accounted for."
        ),
    )


def _report_refused(context: dg.AssetExecutionContext, taken: desk.Taken) -> None:
    n_rows = taken.added[market_tables.QUARANTINE.name]
    if n_rows:
        key, notes = metadata.key(market_tables.QUARANTINE), {"rows_added": n_rows}
        context.log_event(dg.AssetMaterialization(key, metadata=notes))


def _votes(grains: partitions.Grains) -> dg.AssetsDefinition:
    @dg.asset(
        **metadata.declared(intraday_tables.VOTES, GROUP, "numpy"),
        partitions_def=grains.running,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[dg.AssetDep(metadata.key(table)) for table in _SEEN],
        check_specs=[table_io.schema_check(intraday_tables.VOTES)],
        pool=metadata.POOL,
    )
    def votes(
        context: dg.AssetExecutionContext,
        rounds: RoundsResource,
        warehouse: WarehouseResource,
    ) -> table_io.Written:
        """What each voter said at the end of each round, and why; written once."""
        table, window = intraday_tables.VOTES, _window(context)
        with warehouse.opened() as store:
            _require_made(context, store, intraday_tables.BARS)
            added = desk.vote(store, window, rounds.rules())
            rows = store.read(table, window.first, window.last)
            check = table_io.schema_result(store, table, window)
        notes = desk_report.added(rows, added) | {"voters": desk_report.health(rows)}
        return table_io.result(context, table, rows, [check], notes)

    return votes


def _spoken(
    grains: partitions.Grains,
) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    in_force = dg.AssetSpec(
        WEIGHTS_IN_FORCE,
        group_name=GROUP,
        owners=[metadata.OWNER],
        kinds={"duckdb"},
        description=(
            "The weights signals begin a session with: the door through which the "
            "desk's loop closes. Reported by `intraday/weights`, read by "
            "`intraday/signals`; an external asset, because Dagster refuses cycles."
        ),
    )
    return [in_force, _signals(grains), _outcomes(grains)]


def _signals(grains: partitions.Grains) -> dg.AssetsDefinition:
    @dg.asset(
        **metadata.declared(intraday_tables.SIGNALS, GROUP, "numpy"),
        partitions_def=grains.running,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[
            dg.AssetDep(metadata.key(intraday_tables.VOTES)),
            dg.AssetDep(metadata.key(intraday_tables.BARS)),
            dg.AssetDep(WEIGHTS_IN_FORCE),
            dg.AssetDep(intraday_learning.CHAMPION_IN_FORCE),
        ],
        check_specs=[table_io.schema_check(intraday_tables.SIGNALS)],
        pool=metadata.POOL,
    )
    def signals(
        context: dg.AssetExecutionContext,
        rounds: RoundsResource,
        warehouse: WarehouseResource,
        models: RegistryResource,
        clock: ClockResource,
    ) -> table_io.Written:
        """What the desk said at the end of each round; written once."""
        table, window, now = intraday_tables.SIGNALS, _window(context), clock.now()
        with warehouse.opened() as store:
            _require_made(context, store, intraday_tables.VOTES)
            champions = desk_learning.Champions(store, models, rounds.rules())
            added = desk.speak(store, window, now, rounds.rules(), champions.ask)
            rows = store.read(table, window.first, window.last)
            check = table_io.schema_result(store, table, window)
            spoke = champions.reigning(rows["session"].unique())
            links = model_card.links(store, spoke, desks.INTRADAY)
        notes = (
            desk_report.added(rows, added)
            | desk_report.spoken(rows, window, now)
            | table_io.count_by(rows, "side")
            | {"latest": desk_report.latest(rows), "champions": links}
        )
        return table_io.result(context, table, rows, [check], notes)

    return signals


def _outcomes(grains: partitions.Grains) -> dg.AssetsDefinition:
    @dg.asset(
        **metadata.declared(intraday_tables.OUTCOMES, GROUP, "polars"),
        partitions_def=grains.running,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[
            dg.AssetDep(metadata.key(intraday_tables.SIGNALS)),
            dg.AssetDep(metadata.key(intraday_tables.BARS)),
        ],
        check_specs=[table_io.schema_check(intraday_tables.OUTCOMES)],
        pool=metadata.POOL,
    )
    def outcomes(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> table_io.Written:
        """What became of each signal after 1 hour, 4 hours and a session."""
        table, window = intraday_tables.OUTCOMES, _window(context)
        with warehouse.opened() as store:
            changed = desk.grade(store, window)
            rows = store.read(table, window.first, window.last)
            if rows.is_empty() and not changed:
                _require_made(context, store, intraday_tables.SIGNALS)
            check = table_io.schema_result(store, table, window)
        others = [day for day in changed if day < window.first]
        notes = table_io.count_by(rows, "maturity")
        notes |= table_io.report_others(context, table, others)
        return table_io.result(context, table, rows, [check], notes)

    return outcomes


def _weights(grains: partitions.Grains) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="intraday_memory",
        specs=[
            dg.AssetSpec(
                **metadata.declared(table, GROUP, "numpy"),
                description=text,
                deps=[
                    metadata.key(intraday_tables.SIGNALS),
                    metadata.key(intraday_tables.VOTES),
                    metadata.key(intraday_tables.BARS),
                ],
            )
            for table, text in _LEARNED.items()
        ],
        partitions_def=grains.running,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=list(map(table_io.schema_check, _LEARNED)),
        pool=metadata.POOL,
    )
    def weights(
        context: dg.AssetExecutionContext,
        rounds: RoundsResource,
        warehouse: WarehouseResource,
        clock: ClockResource,
    ) -> Iterator[Any]:
        window, rules = _window(context), rounds.rules()
        desk.require_ended(window, clock.now())
        with warehouse.opened() as store:
            learned = desk.weigh(store, window, rules)
            notes = desk_report.learned(store, window, learned, rules.consensus)
            for table, rows in zip(_LEARNED, learned, strict=True):
                check = table_io.schema_result(store, table, window)
                shown = table_io.at_the_end(context, table, notes.get(table, {}))
                yield table_io.result(context, table, rows, [check], shown)
        _open_the_door(context, window)

    return weights


def _open_the_door(
    context: dg.AssetExecutionContext, window: partitions.Window
) -> None:
    event = dg.AssetMaterialization(
        WEIGHTS_IN_FORCE, metadata={"after": partitions.key(window.last)}
    )
    context.instance.report_runless_asset_event(event)
