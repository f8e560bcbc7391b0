"""Stages 6 and 7 of the loop: the challenger, its verdict, and who is champion.

Dagster refuses cycles, so the loop closes through one door: `champion` adds a row to
``learning.champions`` and reports a runless materialization of the external asset
``learning/champion_in_force``, on which signals depend. Nothing else passes there.

The blocking check `promotion_gate` stops a run whose challenger failed. A check only
stops its own run, so `champion` looks its verdict up and refuses without one.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from turbomode_assets import errors, loop, policy, schema, sessions, tables
from turbomode_assets.defs import metadata, partitions, table_io
from turbomode_assets.defs.resources import (
    ClockResource,
    RegistryResource,
    WarehouseResource,
)
from turbomode_assets.models import card
from turbomode_assets.promotion import alias, evidence, gate
from turbomode_assets.reports import reliability_chart
from turbomode_assets.samples import label_balance
from turbomode_assets.stats import reliability
from turbomode_assets.store import warehouse as warehouses

GROUP = "learning"
"""Group of these stages."""

CHALLENGER = dg.AssetKey(["learning", "challenger"])
"""Model cards; the table is ``learning.models``."""

CHAMPION = dg.AssetKey(["learning", "champion"])
"""The champion alias; the table is ``learning.champions``."""

CHAMPION_IN_FORCE = dg.AssetKey(["learning", "champion_in_force"])
"""The door of the loop."""

PROMOTION_GATE = "promotion_gate"
"""Name of the blocking check on the challenger."""


LABEL_BALANCE = "label_balance"
"""Name of the check on the data a challenger learned from; it only warns."""


def build(grains: partitions.Grains) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Assets of these stages."""
    in_force = dg.AssetSpec(
        CHAMPION_IN_FORCE,
        group_name=GROUP,
        owners=[metadata.OWNER],
        kinds={"duckdb"},
        partitions_def=grains.monthly,
        description=(
            "The champion signals speak with: the door through which the loop closes. "
            "Reported by `learning/champion`, read by `swing/signals`; an external "
            "asset, because Dagster refuses cycles."
        ),
    )
    return [_challenger(grains), _champion(grains), in_force]


def _challenger(grains: partitions.Grains) -> dg.AssetsDefinition:
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
        warehouse: WarehouseResource,
        models: RegistryResource,
        clock: ClockResource,
    ) -> Iterator[Any]:
        month, began = partitions.parsed(context.partition_key), clock.now()
        with warehouse.opened() as store:
            samples = store.read(tables.SAMPLES, last=month)
            trained = loop.train_challenger(samples, month, progress=context.log.info)
            record = card.Record(
                desk=loop.DESK,
                trained=trained,
                known=loop.known_before(samples, month),
                month=month,
                address=models.save(trained.artifact),
            )
            verdict = loop.judge_challenger(_evidence(store, record))
            rows = _rows(record, verdict, (began, clock.now()))
            for key, (table, frame) in rows.items():
                store.append(table, frame)
                window = partitions.Window(month, month)
                check = table_io.schema_result(store, table, window, key)
                notes = _charts(trained.oof) if key == CHALLENGER else {}
                yield table_io.result(context, table, frame, [check], notes)
        yield _gate_result(verdict)
        yield _labels_result(record.known)

    return challenger


def _specs() -> list[dg.AssetSpec]:
    samples = dg.AssetDep(
        metadata.key(tables.SAMPLES), partition_mapping=partitions.known_before()
    )
    return [
        dg.AssetSpec(
            **metadata.declared(tables.MODELS, GROUP, "lightgbm", "xgboost")
            | {"key": CHALLENGER},
            deps=[samples],
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
    record: card.Record, verdict: gate.Verdict, took: card.Took
) -> dict[dg.AssetKey, tuple[schema.Table, pl.DataFrame]]:
    """What a trained challenger leaves behind, by asset."""
    found: dict[str, Any] = {c.name: c.observed for c in verdict.criteria}
    labels = label_balance.balance(record.known, policy.SWING)
    found |= {"labels": dataclasses.asdict(labels)} if labels else {}
    judged = verdict.to_frame(loop.DESK, record.version, record.month)
    return {
        CHALLENGER: (tables.MODELS, record.card(found, policy.SWING, took)),
        metadata.key(tables.OOF_PREDICTIONS): (
            tables.OOF_PREDICTIONS,
            record.predictions(),
        ),
        metadata.key(tables.VERDICTS): (tables.VERDICTS, judged),
    }


def _evidence(store: warehouses.Warehouse, record: card.Record) -> evidence.Evidence:
    """Challenger beside whoever reigned when its month began."""
    champions = store.read(tables.CHAMPIONS)
    eve = sessions.shift(record.month, -1)
    version = alias.reigning(champions, loop.DESK, eve) or ""
    fitted = store.read(tables.MODELS, match={"version": version})["labels_known_on"]
    fitted_on = fitted.max() if fitted.len() else dt.date.min
    return evidence.gather(
        record.predictions(),
        store.read(tables.OOF_PREDICTIONS, match={"version": version}),
        store.read(tables.SIGNALS, match={"champion_version": version}),
        record.known.filter(pl.col("matures_on") > fitted_on).height,
    )


def _charts(oof: pl.DataFrame) -> dict[str, Any]:
    tables_of = {
        name: reliability.reliability(oof, name, policy.SWING.gate)
        for name in ("up", "down")
    }
    chart = reliability_chart.as_markdown(reliability_chart.draw(tables_of))
    return {"calibration": dg.MetadataValue.md(chart)}


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


def _gate_result(verdict: gate.Verdict) -> dg.AssetCheckResult:
    rows = [
        f"| {c.name} | {c.observed:.4g} | {c.required:.4g} | "
        f"{'passed' if c.is_passed else '**failed**'} |"
        for c in verdict.criteria
    ]
    head = ["| criterion | observed | required | |", "|---|---|---|---|"]
    failed = [c.sentence for c in verdict.criteria if not c.is_passed]
    return dg.AssetCheckResult(
        asset_key=CHALLENGER,
        check_name=PROMOTION_GATE,
        passed=verdict.is_passed,
        description="; ".join(failed) or "Every criterion holds.",
        metadata={
            "criteria": dg.MetadataValue.md("\n".join([*head, *rows])),
            "against": verdict.against or "no champion yet",
        },
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
            history = store.read(tables.CHAMPIONS)
            if chosen["version"] not in history["version"].to_list():
                _refuse_older(store, history, month)
                rows = loop.crown(
                    loop.Crowning(
                        version=chosen["version"], month=month, decided_at=clock.now()
                    ),
                    history,
                    max(store.partitions(tables.SIGNALS), default=None),
                )
                store.append(tables.CHAMPIONS, rows)
            check = table_io.schema_result(store, tables.CHAMPIONS, None, CHAMPION)
        _open_the_door(context, chosen["version"])
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


def _refuse_older(
    store: warehouses.Warehouse, history: pl.DataFrame, month: dt.date
) -> None:
    """A challenger of an earlier month never dethrones a later one."""
    for version in history.sort("effective_from")["version"].tail(1):
        reigning = store.read(tables.MODELS, match={"version": version})
        later = reigning.filter(pl.col("month") > month)
        if later.height:
            message = (
                f"a challenger for {month} cannot follow {version}, which was trained "
                "for a later month; train one for that month or after"
            )
            raise errors.PromotionRefused(message)


def _open_the_door(context: dg.AssetExecutionContext, version: str) -> None:
    event = dg.AssetMaterialization(
        CHAMPION_IN_FORCE,
        partition=context.partition_key,
        metadata={"version": version},
    )
    context.instance.report_runless_asset_event(event)
