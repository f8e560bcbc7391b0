"""Between assets and the warehouse: write a window, count it, check it, report it.

Knows Dagster contexts and declared tables; knows no SQL and computes nothing.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import numpy as np
import polars as pl

from turbomode_assets import schema
from turbomode_assets.defs import metadata, partitions
from turbomode_assets.defs.resources import STOPWATCH
from turbomode_assets.store import warehouse

Written = dg.MaterializeResult
"""What an asset returns; Dagster does not understand the parametrized type."""

SCHEMA_CHECK = "schema"
"""Name of the check each table has: stored rows are what ``tables.py`` declares."""


def schema_check(
    table: schema.Table, key: dg.AssetKey | None = None
) -> dg.AssetCheckSpec:
    """Blocking check that a table's stored rows match its declaration.

    The asset is the one named as the table, unless `key` says otherwise.
    """
    return dg.AssetCheckSpec(
        SCHEMA_CHECK,
        asset=key or metadata.key(table),
        blocking=True,
        description="Stored rows have the declared columns, dtypes, bounds and keys.",
    )


def schema_result(
    store: warehouse.Warehouse,
    table: schema.Table,
    window: partitions.Window | None,
    key: dg.AssetKey | None = None,
) -> dg.AssetCheckResult:
    """Outcome of `schema_check` on the rows just stored, read back.

    Parameters
    ----------
    store
        The open warehouse.
    table
        The table.
    window
        Partitions to look at; null looks at all.
    key
        Asset that holds the table, where it is not named as the table.

    Returns
    -------
    dg.AssetCheckResult
        Lists every departure in its description.
    """
    bounds = (window.first, window.last) if window else (None, None)
    rows = store.read(table, *bounds)
    faults = table.violations(rows)
    return dg.AssetCheckResult(
        check_name=SCHEMA_CHECK,
        asset_key=key or metadata.key(table),
        passed=not faults,
        description="; ".join(faults) or f"{rows.height} rows are as declared.",
        metadata={"rows": rows.height, "faults": len(faults)},
    )


def result(
    context: dg.AssetExecutionContext,
    table: schema.Table,
    rows: pl.DataFrame,
    checks: Sequence[dg.AssetCheckResult],
    notes: Mapping[str, Any] | None = None,
) -> Written:
    """What an asset reports after a write: rows in all and in each partition.

    Parameters
    ----------
    context
        Of the running asset.
    table
        The table written.
    rows
        The rows written.
    checks
        Outcomes of the asset's checks.
    notes
        Further metadata, such as rows lost by reason.

    Returns
    -------
    dg.MaterializeResult
    """
    if table.partition_column and context.has_partition_key_range:
        for start, n in _counts(context, table, rows).items():
            context.add_asset_metadata(
                {"dagster/partition_row_count": n}, checks[0].asset_key, start
            )
    return dg.MaterializeResult(
        asset_key=checks[0].asset_key,
        metadata={
            "dagster/row_count": rows.height,
            "seconds": STOPWATCH.lap(),
            **(notes or {}),
        },
        check_results=list(checks),
    )


def at_the_end(
    context: dg.AssetExecutionContext, table: schema.Table, notes: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Notes for the last partition of a range alone; of a single one, as they are.

    Dagster copies what an asset returns to every partition of a range, and a chart is
    too much to be kept a thousand times.
    """
    if not context.has_partition_key_range:
        return notes
    last = max(context.partition_keys)
    context.add_asset_metadata(notes, metadata.key(table), last)
    return {}


def report_others(
    context: dg.AssetExecutionContext, table: schema.Table, days: Sequence[dt.date]
) -> dict[str, int]:
    """Materializations of partitions made again beside the window; notes of them.

    Parameters
    ----------
    context
        Of the running asset.
    table
        The table written.
    days
        Partitions outside the window that were replaced too.
    """
    for day in days:
        event = dg.AssetMaterialization(metadata.key(table), partition=str(day))
        context.log_event(event)
    return {"partitions_made_again": len(days)}


def _counts(
    context: dg.AssetExecutionContext, table: schema.Table, rows: pl.DataFrame
) -> dict[str, int]:
    """Rows by partition key."""
    keys = sorted(context.partition_keys)
    place = np.searchsorted(
        np.array(keys, dtype="datetime64[D]"),
        rows[table.partition_column].to_numpy().astype("datetime64[D]"),
        side="right",
    )
    counts = np.bincount(place, minlength=len(keys) + 1)[1:]
    return dict(zip(keys, counts.tolist(), strict=True))


def count_by(rows: pl.DataFrame, column: str) -> dict[str, int]:
    """Rows by the value of a column, as metadata.

    Examples
    --------
    >>> count_by(pl.DataFrame({"side": ["buy", "hold", "buy"]}), "side")
    {'rows_buy': 2, 'rows_hold': 1}
    """
    counts = rows[column].value_counts().sort(column)
    return {f"rows_{value}": n for value, n in counts.iter_rows()}
