"""What the options book shows in Dagster: findings, refusals, figures, equity.

Turns rows into metadata. Nothing is decided or stored here.
"""

import datetime as dt
from typing import Any

import dagster as dg
import polars as pl

from turbomode_assets import intraday_tables, options_tables, schema
from turbomode_assets.defs import gate_report, metadata, table_io
from turbomode_assets.defs.partitions import Window
from turbomode_assets.options import metrics, selection
from turbomode_assets.options_policy import OPTIONS
from turbomode_assets.reports import line_chart
from turbomode_assets.store.warehouse import Warehouse

SHOWN = dt.timedelta(days=365)
"""Time that figures are told of: a year, in which thousands of signals overlap."""

_MOMENT = ["symbol", "session", "minute", "side"]


def quoted(rows: pl.DataFrame) -> dict[str, int]:
    """Quotes by basis, and those that cannot be acted on by reason."""
    wrong = rows.filter(pl.col("finding").is_not_null())
    return table_io.count_by(rows, "basis") | table_io.count_by(wrong, "finding")


def traded(
    store: Warehouse, table: schema.Table, window: Window, fresh: pl.DataFrame
) -> dict[str, Any]:
    """What the book did in a window, and what came of a year of it, by table."""
    rows = store.read(table, window.first, window.last)
    year = store.read(table, window.last - SHOWN, window.last)
    notes: dict[str, Any] = {"rows_added": fresh.height}
    if table is options_tables.OUTCOMES:
        figures = metrics.of_returns(year, ["horizon", "side"])
        return notes | _feasible(rows) | {"figures": _table(figures)}
    if table is options_tables.FILLS:
        return notes | table_io.count_by(rows, "reason")
    if table is options_tables.PROPOSALS:
        ends = store.read(intraday_tables.OUTCOMES, window.last - SHOWN, window.last)
        limits = metrics.refusals(rows)
        told = limits.with_columns(pl.col("limit").replace("", "none"))
        notes |= {f"rows_blocked_by_{_word(one)}": n for one, n, _ in told.rows()}
        return notes | {"accuracy": _table(metrics.accuracy(ends, year))}
    if rows.is_empty():
        return notes
    equity = metrics.equity(year)
    notes |= {"equity_usd": equity["equity_usd"][-1], "chart": _drawn(equity)}
    return notes | {"drawdown": _table(metrics.drawdown(year))}


def _drawn(equity: pl.DataFrame) -> dg.MarkdownMetadataValue:
    usd, begun = equity["equity_usd"], OPTIONS.risk.capital_usd
    line = line_chart.Line(name="equity", days=equity["session"], values=usd)
    low, high = line_chart.bounds([line], begun)
    scale = line_chart.Scale(low=low, high=high, level=begun)
    return gate_report.as_image(line_chart.draw("Paper book, USD", [line], scale))


def _feasible(rows: pl.DataFrame) -> dict[str, Any]:
    """Share of the moments and sides with a contract, and the reasons of the others."""
    if rows.is_empty():
        return {}
    moments = rows.unique(_MOMENT)
    share = moments.select(pl.col("refusal").is_null().mean()).item()
    return {
        "feasible_share": share,
        "feasibility": _table(selection.feasibility(moments)),
    }


def _table(rows: pl.DataFrame) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md(metadata.markdown_table(rows.columns, rows.rows()))


def _word(limit: str) -> str:
    return limit.replace(": ", "_").replace(" ", "_")
