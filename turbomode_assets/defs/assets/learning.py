"""Stages 6 and 7 of the loop: the challenger, its verdict, and who is champion.

Dagster refuses cycles, so the loop closes through one door: `champion`, or `standings`
where a champion failed, adds a row to ``learning.champions`` and reports a runless
materialization of the external asset
``learning/champion_in_force``, on which signals depend. Nothing else passes there.

The blocking check `promotion_gate` stops a run whose challenger failed. A check only
stops its own run, so `champion` looks its verdict up and refuses without one.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from turbomode_assets import (
    errors,
    judging,
    loop,
    policy,
    schema,
    sessions,
    succession,
    tables,
)
from turbomode_assets.defs import (
    charts,
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
    WarehouseResource,
)
from turbomode_assets.models import card, scoring
from turbomode_assets.promotion import alias, gate
from turbomode_assets.samples import label_balance
from turbomode_assets.store import warehouse as warehouses

GROUP = "learning"
"""Group of these stages."""

DOOR = "in_force"
"""Group of the door of the loop; it precedes the signals, and learning follows them."""

CHALLENGER = dg.AssetKey(["learning", "challenger"])
"""Model cards; the table is ``learning.models``."""

CHAMPION = dg.AssetKey(["learning", "champion"])
"""The champion alias; the table is ``learning.champions``."""

CHAMPION_IN_FORCE = dg.AssetKey(["learning", "champion_in_force"])
"""The door of the loop."""

CHAMPION_STANDS = "champion_stands"
"""Name of the check that fails when a champion is demoted."""

PROMOTION_GATE = "promotion_gate"
"""Name of the blocking check on the challenger."""


LABEL_BALANCE = "label_balance"
"""Name of the check on the data a challenger learned from; it only warns."""


def build(
    grains: partitions.Grains,
    rules: policy.Policy = policy.SWING,
    *,
    moves_alias: bool = True,
) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Assets of these stages.

    Parameters
    ----------
    grains
        Partitions of the home.
    rules
        Policy challengers are trained by.
    moves_alias
        Whether a fallen champion is unseated here; else whoever serves does it.
    """
    in_force = dg.AssetSpec(
        CHAMPION_IN_FORCE,
        group_name=DOOR,
        owners=[metadata.OWNER],
        kinds={"duckdb"},
        partitions_def=grains.monthly,
        description=(
            "The champion signals speak with: the door through which the loop closes. "
            "Reported by `learning/champion`, read by `swing/signals`; an external "
            "asset, because Dagster refuses cycles."
        ),
    )
    trained = _challenger(grains, rules)
    return [
        _standings(grains, moves_alias=moves_alias),
        trained,
        _champion(grains),
        in_force,
    ]


def _standings(grains: partitions.Grains, *, moves_alias: bool) -> dg.AssetsDefinition:
    @dg.asset(
        **metadata.declared(tables.STANDINGS, GROUP, "polars"),
        partitions_def=grains.monthly,
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=1),
        deps=[
            dg.AssetDep(
                metadata.key(table), partition_mapping=partitions.known_before()
            )
            for table in (tables.OUTCOMES, tables.SAMPLES, tables.SIGNALS)
        ],
        check_specs=[
            table_io.schema_check(tables.STANDINGS),
            dg.AssetCheckSpec(
                CHAMPION_STANDS,
                asset=metadata.key(tables.STANDINGS),
                description="The champion's own signals are not worse than the base "
                "rate, or than volatility alone; where this fails it has lost its "
                "seat.",
            ),
        ],
        pool=metadata.POOL,
    )
    def standings(
        context: dg.AssetExecutionContext,
        warehouse: WarehouseResource,
        models: RegistryResource,
        clock: ClockResource,
    ) -> table_io.Written:
        """What the champion's signals were worth before the month; one row."""
        month = partitions.parsed(context.partition_key)
        with warehouse.opened() as store:
            rows = succession.assess_champion(store, month)
            fallen = rows if moves_alias else rows.clear()
            followers = succession.unseat(store, fallen, clock.now())
            for address in succession.artifacts(store, followers):
                models.load(address)
            with store.transaction():
                store.append(tables.STANDINGS, rows)
                store.append(tables.CHAMPIONS, followers)
            window = partitions.Window(month, month)
            check = table_io.schema_result(store, tables.STANDINGS, window)
            stands = gate_report.stands(rows, CHAMPION_STANDS)
            notes = charts.track(store, month)
        for version in followers["version"]:
            context.log.error(stands.description)
            _open_the_door(context, version)
        return table_io.result(context, tables.STANDINGS, rows, [check, stands], notes)

    return standings


class Knowledge(dg.Config):
    """How much a challenger may know; empty: all labels before its month."""

    until: str = ""
    """First day whose labels it does not know, where that lies in the month."""


def known_until(day: dt.date) -> dg.RunConfig:
    """Configuration of a run whose challenger knows every label before a day."""
    return dg.RunConfig({"challenger": Knowledge(until=partitions.key(day))})


def _challenger(grains: partitions.Grains, rules: policy.Policy) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="challenger",
        specs=_specs(),
        partitions_def=grains.monthly,
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=1),
        check_specs=_checks(grains),
        pool=metadata.POOL,
    )
    def challenger(
        context: dg.AssetExecutionContext,
        config: Knowledge,
        warehouse: WarehouseResource,
        models: RegistryResource,
        clock: ClockResource,
    ) -> Iterator[Any]:
        month, began = partitions.parsed(context.partition_key), clock.now()
        until = partitions.parsed(config.until or context.partition_key)
        with warehouse.opened() as store:
            samples = upstream.require_samples(store, until)
            trained = loop.train_challenger(samples, until, rules, context.log.info)
            record = card.Record(
                desk=loop.DESK,
                trained=trained,
                known=loop.known_before(samples, until),
                month=month,
                asked_on=until,
                address=models.save(trained.artifact),
            )
            verdict = judging.judge(store, record, _scorers(models), rules)
            rows = _rows(record, verdict, rules, (began, clock.now()))
            with store.transaction():
                for table, frame in rows.values():
                    store.append(table, frame)
            pruned = models.prune(succession.superseded(store))
            context.log.info("%s artifacts of old challengers pruned", len(pruned))
            judged = gate_report.result(verdict, CHALLENGER, PROMOTION_GATE)
            kept = store.read(tables.MODELS, match={"version": record.version})
            notes = {
                CHALLENGER: model_card.notes(kept, trained.oof),
                metadata.key(tables.VERDICTS): judged.metadata,
            }
            for key, (table, frame) in rows.items():
                window = partitions.Window(month, month)
                check = table_io.schema_result(store, table, window, key)
                yield table_io.result(context, table, frame, [check], notes.get(key))
        yield judged
        yield _labels_result(record.known)

    return challenger


def _scorers(models: RegistryResource) -> succession.ScorerOf:
    def load(address: str) -> scoring.Scorer:
        return scoring.load(models.load(address))

    return load


def _specs() -> list[dg.AssetSpec]:
    samples = dg.AssetDep(
        metadata.key(tables.SAMPLES), partition_mapping=partitions.known_before()
    )
    return [
        dg.AssetSpec(
            **metadata.declared(tables.MODELS, GROUP, "lightgbm", "xgboost")
            | {"key": CHALLENGER},
            deps=[samples, metadata.key(tables.STANDINGS)],
            description="Model cards; one row per trained challenger.",
        ),
        dg.AssetSpec(
            **metadata.declared(tables.OOF_PREDICTIONS, GROUP),
            deps=[CHALLENGER],
            description=tables.OOF_PREDICTIONS.sentence,
        ),
        dg.AssetSpec(
            **metadata.declared(tables.VERDICTS, GROUP),
            deps=[CHALLENGER, metadata.key(tables.OOF_PREDICTIONS)],
            description=tables.VERDICTS.sentence,
        ),
    ]


def _checks(grains: partitions.Grains) -> list[dg.AssetCheckSpec]:
    gate_check = dg.AssetCheckSpec(
        PROMOTION_GATE,
        asset=CHALLENGER,
        blocking=True,
        partitions_def=grains.monthly,
        description="Every criterion of the gate holds; else no promotion.",
    )
    labels_check = dg.AssetCheckSpec(
        LABEL_BALANCE,
        asset=CHALLENGER,
        partitions_def=grains.monthly,
        description="Labels are about as frequent as volatility implies.",
    )
    return [
        gate_check,
        labels_check,
        table_io.schema_check(tables.MODELS, CHALLENGER),
        table_io.schema_check(tables.OOF_PREDICTIONS),
        table_io.schema_check(tables.VERDICTS),
    ]


def _rows(
    record: card.Record, verdict: gate.Verdict, rules: policy.Policy, took: card.Took
) -> dict[dg.AssetKey, tuple[schema.Table, pl.DataFrame]]:
    """What a trained challenger leaves behind, by asset."""
    found = judging.measured(record, verdict)
    judged = verdict.to_frame(loop.DESK, record.version, record.month)
    return {
        CHALLENGER: (tables.MODELS, record.card(found, rules, took)),
        metadata.key(tables.OOF_PREDICTIONS): (
            tables.OOF_PREDICTIONS,
            record.predictions(),
        ),
        metadata.key(tables.VERDICTS): (tables.VERDICTS, judged),
    }


def _labels_result(known: pl.DataFrame) -> dg.AssetCheckResult:
    labels = label_balance.balance(known, policy.SWING)
    most = policy.SWING.training.max_label_ratio
    found = "no expectation for this label"
    if labels is not None:
        found = f"large moves are {labels.ratio:.2f} times as frequent as implied"
    return dg.AssetCheckResult(
        asset_key=CHALLENGER,
        check_name=LABEL_BALANCE,
        passed=labels is None or labels.is_plausible(most),
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{found}; expected 1/{most:g} to {most:g} times",
    )


def _champion(grains: partitions.Grains) -> dg.AssetsDefinition:
    @dg.asset(
        **metadata.declared(tables.CHAMPIONS, GROUP) | {"key": CHAMPION},
        partitions_def=grains.monthly,
        backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=1),
        deps=[CHALLENGER, metadata.key(tables.VERDICTS)],
        check_specs=[table_io.schema_check(tables.CHAMPIONS, CHAMPION)],
        pool=metadata.POOL,
    )
    def champion(
        context: dg.AssetExecutionContext,
        warehouse: WarehouseResource,
        models: RegistryResource,
        clock: ClockResource,
    ) -> table_io.Written:
        """Who reigns from when; append-only, moved by a passing verdict alone."""
        month = partitions.parsed(context.partition_key)
        with warehouse.opened() as store:
            chosen = _approved(store, month)
            models.load(chosen["artifact_sha256"])
            to = loop.Crowning(
                version=chosen["version"], month=month, decided_at=clock.now()
            )
            store.append(tables.CHAMPIONS, succession.crown(store, to))
            reigns = alias.history(store.read(tables.CHAMPIONS), loop.DESK)
            check = table_io.schema_result(store, tables.CHAMPIONS, None, CHAMPION)
        _open_the_door(context, reigns["version"][-1])
        return dg.MaterializeResult(
            metadata={"version": chosen["version"]}, check_results=[check]
        )

    return champion


def _approved(store: warehouses.Warehouse, month: dt.date) -> dict[str, str]:
    """Card of the month's latest challenger, if its verdict lets it pass."""
    cards = store.read(tables.MODELS, month, month).sort("trained_at")
    if cards.is_empty():
        message = f"expected a challenger for {month}, found none; train one first"
        raise errors.MissingUpstream(message)
    latest = cards.row(-1, named=True)
    verdict = store.read(tables.VERDICTS, match={"version": latest["version"]})
    failed = verdict.filter(~pl.col("is_passed")).sort("position")
    if verdict.is_empty() or failed.height:
        found = "; ".join(failed["sentence"]) or "none"
        message = f"{latest['version']} needs a passing verdict, found: {found}"
        raise errors.PromotionRefused(message)
    return latest


def _open_the_door(context: dg.AssetExecutionContext, version: str) -> None:
    report_door(context.instance, partitions.parsed(context.partition_key), version)


def report_door(instance: dg.DagsterInstance, day: dt.date, version: str) -> None:
    """Report that another version reigns from the month of a day: the door opens.

    Parameters
    ----------
    instance
        Instance of the home.
    day
        A day of the month.
    version
        Who reigns; empty for nobody.
    """
    event = dg.AssetMaterialization(
        CHAMPION_IN_FORCE,
        partition=partitions.key(sessions.month_start(day)),
        metadata={"version": version or "nobody"},
    )
    instance.report_runless_asset_event(event)
