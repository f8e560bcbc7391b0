"""What the options book shows in Dagster: findings, refusals, equity.

Turns rows into metadata. Nothing is decided or stored here.
"""

from typing import Any

import polars as pl

from turbomode_assets import options_tables, schema
from turbomode_assets.defs import table_io
from turbomode_assets.options import metrics


def quoted(rows: pl.DataFrame) -> dict[str, int]:
    """Quotes by basis, and those that cannot be acted on by reason."""
    wrong = rows.filter(pl.col("finding").is_not_null())
    return table_io.count_by(rows, "basis") | table_io.count_by(wrong, "finding")


def _word(limit: str) -> str:
    return limit.replace(": ", "_").replace(" ", "_")


def traded(
    table: schema.Table, rows: pl.DataFrame, fresh: pl.DataFrame
) -> dict[str, Any]:
    """What the book did, by table."""
    notes: dict[str, Any] = {"rows_added": fresh.height}
    if table is options_tables.FILLS:
        return notes | table_io.count_by(rows, "reason")
    if table is options_tables.PROPOSALS:
        limits = metrics.refusals(rows)
        told = limits.with_columns(pl.col("limit").replace("", "none"))
        return notes | {f"rows_blocked_by_{_word(one)}": n for one, n, _ in told.rows()}
    if table is options_tables.POSITIONS and rows.height:
        return notes | {"equity_usd": metrics.equity(rows)["equity_usd"][-1]}
    return notes
