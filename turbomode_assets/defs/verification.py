"""The invariants as asset checks: each on the asset that holds its table.

One job asks all of them, every night after the grading; the jobs that make tables ask
none, so that a night is not slowed. Whoever materializes an asset by hand has those of
that asset asked with it. What is asked stands in ``invariants``.

https://docs.dagster.io/guides/test/asset-checks
"""

import time
from collections.abc import Iterator
from typing import Any

import dagster as dg

from turbomode_assets.defs import lineage
from turbomode_assets.defs.resources import WarehouseResource
from turbomode_assets.invariants import base, verification

JOB = "verification"
"""Name of the job that asks every invariant."""


def key(invariant: base.Invariant) -> dg.AssetCheckKey:
    """Check that asks an invariant."""
    return dg.AssetCheckKey(lineage.holder(invariant.table.name), invariant.name)


def selection() -> dg.AssetSelection:
    """All of these checks, and no asset."""
    return dg.AssetSelection.checks(*map(key, verification.ALL))


def build_checks() -> dg.AssetChecksDefinition:
    """Checks of every invariant, asked together: the warehouse is opened once."""

    @dg.multi_asset_check(
        name="invariants",
        specs=[
            dg.AssetCheckSpec(
                one.name,
                asset=lineage.holder(one.table.name),
                description=one.sentence,
            )
            for one in verification.ALL
        ],
        can_subset=True,
    )
    def invariants(
        context: dg.AssetCheckExecutionContext, warehouse: WarehouseResource
    ) -> Iterator[dg.AssetCheckResult]:
        asked = context.selected_asset_check_keys
        chosen = [one for one in verification.ALL if key(one) in asked]
        with warehouse.opened() as store:
            place = base.Place(store, warehouse.home)
            for found in verification.verify(place, time.monotonic, chosen):
                yield _result(found)

    return invariants


def _result(found: verification.Finding) -> dg.AssetCheckResult:
    sentence = f"{found.n_rows} rows break it. {'; '.join(found.examples)}".strip()
    where = key(found.invariant)
    return dg.AssetCheckResult(
        check_name=where.name,
        asset_key=where.asset_key,
        passed=found.holds,
        description=sentence,
        metadata={"rows": found.n_rows, "seconds": round(found.seconds, 3)},
    )


def build_job() -> Any:
    """Job that asks every invariant."""
    return dg.define_asset_job(
        JOB,
        selection=selection(),
        description="Whether everything that must hold does: `turbomode verify`.",
        executor_def=dg.in_process_executor,
    )
