"""Whether a living home keeps up with the exchange.

Freshness policies show at a glance how old bars and signals are; they know no
holidays, so they only fail after the longest weekend. `up_to_date` is exact: it asks
whether the newest closed session is stored, once a night by a job, and by a sensor as
soon as the answer changes.

https://docs.dagster.io/guides/observe/asset-freshness-policies
"""

import datetime as dt
from typing import Any

import dagster as dg

from turbomode_assets import schema, sessions, tables
from turbomode_assets.defs import metadata
from turbomode_assets.defs.resources import ClockResource, WarehouseResource
from turbomode_assets.store import warehouse as warehouses

WATCHED = (tables.BARS, tables.SIGNALS)
"""Tables that a living home must keep up to date."""

CHECK = "up_to_date"
"""Name of the check of each watched table."""

POLICY = dg.FreshnessPolicy.time_window(
    fail_window=dt.timedelta(days=4, hours=3), warn_window=dt.timedelta(days=3, hours=3)
)
"""A night after a weekend, and a night after a weekend with a holiday, with three
hours to spare."""

READY_AFTER = dt.timedelta(hours=9)
"""From the close to when tonight's rows are due: 23:00 New York time, an hour for the
scan, and an hour where the exchange closes at one."""


def watch(spec: dg.AssetSpec) -> dg.AssetSpec:
    """The same asset, with the freshness policy if it is watched."""
    is_watched = spec.key in {metadata.key(table) for table in WATCHED}
    return spec.replace_attributes(freshness_policy=POLICY) if is_watched else spec


def due(now: dt.datetime) -> dt.date:
    """Newest session whose rows should be stored at `now`, a moment in UTC.

    Examples
    --------
    >>> str(due(dt.datetime(2024, 7, 4, 4, 30, tzinfo=dt.UTC)))
    '2024-07-03'
    >>> str(due(dt.datetime(2024, 7, 3, 22, 0, tzinfo=dt.UTC)))
    '2024-07-02'
    """
    return sessions.closed_by(now - READY_AFTER)


def ask(
    store: warehouses.Warehouse, table: schema.Table, now: dt.datetime
) -> tuple[bool, str]:
    """Whether a watched table is up to date, and a sentence that says so.

    Parameters
    ----------
    store
        The open warehouse.
    table
        One of `WATCHED`.
    now
        The present moment, in UTC.
    """
    if table is tables.SIGNALS and store.read(tables.CHAMPIONS).is_empty():
        return True, "No champion reigns, so nothing is signaled."
    expected, stored = due(now), store.partitions(table)
    newest = stored[-1] if stored else None
    passed = newest is not None and newest >= expected
    return passed, f"{table.name} should reach {expected}, reaches {newest}."


def watched(
    store: warehouses.Warehouse, now: dt.datetime
) -> list[dg.AssetCheckEvaluation]:
    """Check `up_to_date` of each watched table, answered outside of a run.

    Parameters
    ----------
    store
        The open warehouse.
    now
        The present moment, in UTC.
    """
    asked = ((table, *ask(store, table, now)) for table in WATCHED)
    return [
        dg.AssetCheckEvaluation(
            asset_key=metadata.key(table),
            check_name=CHECK,
            passed=passed,
            description=sentence,
        )
        for table, passed, sentence in asked
    ]


def build_checks() -> list[dg.AssetChecksDefinition]:
    """Check `up_to_date` of each watched table."""
    return [_check(table) for table in WATCHED]


def build_job() -> Any:
    """Job that asks every check of this file."""
    keys = [dg.AssetCheckKey(metadata.key(table), CHECK) for table in WATCHED]
    return dg.define_asset_job(
        "freshness",
        selection=dg.AssetSelection.checks(*keys),
        description="Whether the newest closed session is stored.",
        executor_def=dg.in_process_executor,
    )


def _check(table: schema.Table) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=metadata.key(table),
        name=CHECK,
        description="The newest session that should be stored is.",
    )
    def up_to_date(
        warehouse: WarehouseResource, clock: ClockResource
    ) -> dg.AssetCheckResult:
        with warehouse.opened() as store:
            passed, sentence = ask(store, table, clock.now())
        return dg.AssetCheckResult(passed=passed, description=sentence)

    return up_to_date
