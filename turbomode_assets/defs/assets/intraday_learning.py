"""The learned model of the intraday desk: its challenger, verdict and champion.

A partition is the week a challenger would be in force, by its Sunday. The blocking
check `promotion_gate` stops a run whose challenger failed, and `champion` looks the
verdict up itself, as on the other desk (``learning.py``). Where too little has been
graded there is no challenger yet: that is said, and is no failure.

The desk's second loop closes through the external asset
``intraday/champion_in_force``, whose events only ``intraday/champion`` reports.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from turbomode_assets import desks, intraday_tables, schema, succession
from turbomode_assets.defs import (
    desk_learning,
    gate_report,
    metadata,
    model_card,
    partitions,
    table_io,
    upstream,
)
from turbomode_assets.defs.resources import (
    ClockResource,
    RegistryResource,
    RoundsResource,
    WarehouseResource,
)
from turbomode_assets.promotion import alias

GROUP = "intraday"
"""Group of the desk."""

DESK = desks.INTRADAY

CHALLENGER = dg.AssetKey(["intraday", "challenger"])
"""Model cards; the table is ``intraday.models``."""

CHAMPION = dg.AssetKey(["intraday", "champion"])
"""The champion alias; the table is ``intraday.champions``."""

CHAMPION_IN_FORCE = dg.AssetKey(["intraday", "champion_in_force"])
"""The door through which what was learned comes back to the signals."""

PROMOTION_GATE = "promotion_gate"
"""Name of the blocking check on the challenger."""

_HELD = {
    DESK.models: CHALLENGER,
    DESK.predictions: metadata.key(DESK.predictions),
    DESK.verdicts: metadata.key(DESK.verdicts),
}


def build(grains: partitions.Grains) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Assets of the learned model."""
    in_force = dg.AssetSpec(
        CHAMPION_IN_FORCE,
        group_name=GROUP,
        owners=[metadata.OWNER],
        kinds={"duckdb"},
        description=(
            "The learned model that speaks beside the voters: the second door of the "
            "desk's loop. Reported by `intraday/champion`, read by `intraday/signals`."
        ),
    )
    return [in_force, _challenger(grains), _champion(grains)]


def _challenger(grains: partitions.Grains) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="intraday_challenger",
        specs=_specs(),
        partitions_def=grains.weekly,
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=1),
        check_specs=[
            *(table_io.schema_check(table, key) for table, key in _HELD.items()),
            dg.AssetCheckSpec(
                PROMOTION_GATE,
                asset=CHALLENGER,
                blocking=True,
                partitions_def=grains.weekly,
                description="Every criterion of the gate holds; else no promotion.",
            ),
        ],
        pool=metadata.POOL,
    )
    def challenger(
        context: dg.AssetExecutionContext,
        warehouse: WarehouseResource,
        models: RegistryResource,
        rounds: RoundsResource,
        clock: ClockResource,
    ) -> Iterator[Any]:
        week, rules = partitions.parsed(context.partition_key), rounds.rules()
        window = partitions.Window(week, week)
        with warehouse.opened() as store:
            judged = desk_learning.teach(store, models, week, clock.now, rules)
            with store.transaction():
                for table, rows in judged.rows.items():
                    store.append(table, rows)
            models.prune(succession.superseded(store, rules.registry, DESK))
            for table, rows in judged.rows.items():
                check = table_io.schema_result(store, table, window, _HELD[table])
                yield table_io.result(
                    context, table, rows, [check], _notes(judged, table)
                )
        yield _gate(judged)

    return challenger


def _notes(judged: desk_learning.Judged, table: schema.Table) -> dict[str, Any]:
    if judged.verdict is None or table is not DESK.models:
        return {}
    return model_card.notes(judged.rows[table], judged.rows[DESK.predictions])


def _gate(judged: desk_learning.Judged) -> dg.AssetCheckResult:
    if judged.verdict is not None:
        return gate_report.result(judged.verdict, CHALLENGER, PROMOTION_GATE)
    return dg.AssetCheckResult(
        asset_key=CHALLENGER,
        check_name=PROMOTION_GATE,
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"No challenger yet: {judged.lacking}",
    )


def _specs() -> list[dg.AssetSpec]:
    learned_from = [
        dg.AssetDep(metadata.key(table), partition_mapping=partitions.known_before())
        for table in (
            intraday_tables.BARS,
            intraday_tables.VOTES,
            intraday_tables.OUTCOMES,
        )
    ]
    deps: dict[schema.Table, list[Any]] = {
        DESK.models: learned_from,
        DESK.predictions: [CHALLENGER],
        DESK.verdicts: [CHALLENGER, metadata.key(DESK.predictions)],
    }
    return [
        dg.AssetSpec(
            **metadata.declared(table, GROUP, "xgboost") | {"key": key},
            deps=deps[table],
            description=table.sentence,
        )
        for table, key in _HELD.items()
    ]


def _champion(grains: partitions.Grains) -> dg.AssetsDefinition:
    @dg.asset(
        **metadata.declared(DESK.champions, GROUP) | {"key": CHAMPION},
        partitions_def=grains.weekly,
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=1),
        deps=[CHALLENGER, metadata.key(DESK.verdicts)],
        check_specs=[table_io.schema_check(DESK.champions, CHAMPION)],
        pool=metadata.POOL,
    )
    def champion(
        context: dg.AssetExecutionContext,
        warehouse: WarehouseResource,
        models: RegistryResource,
        clock: ClockResource,
    ) -> table_io.Written:
        """Which learned model speaks from when; moved by a passing verdict alone."""
        week = partitions.parsed(context.partition_key)
        with warehouse.opened() as store:
            stored = store.partitions(DESK.models)
            upstream.require_made(context.instance, DESK.models, [week], stored)
            rows = desk_learning.seat(store, week, clock.now())
            for address in desk_learning.addresses(store, rows):
                models.load(address)
            store.append(DESK.champions, rows)
            reigns = alias.history(store.read(DESK.champions), DESK.name)
            check = table_io.schema_result(store, DESK.champions, None, CHAMPION)
        if rows.height:
            _open_the_door(context, rows["version"][0])
        newest = reigns["version"].tail(1).to_list()
        return dg.MaterializeResult(
            metadata={"reigning": newest[0] if newest else "nobody"},
            check_results=[check],
        )

    return champion


def _open_the_door(context: dg.AssetExecutionContext, version: str) -> None:
    event = dg.AssetMaterialization(CHAMPION_IN_FORCE, metadata={"version": version})
    context.instance.report_runless_asset_event(event)
