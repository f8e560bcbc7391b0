"""What the user interface shows of a model: its card, its calibration, links to both.

Turns rows of ``learning.models`` into metadata; computes and decides nothing.
"""

import json
from collections.abc import Iterable
from typing import Any

import dagster as dg
import polars as pl

from turbomode_assets import desks, policy, schema, tables
from turbomode_assets.defs import lineage, partitions
from turbomode_assets.reports import reliability_chart
from turbomode_assets.stats import reliability
from turbomode_assets.store import warehouse

JSON_COLUMNS = ("parameters", "metrics", "importance")
"""Columns of a card that are JSON; shown apart, where they can be unfolded."""


def notes(card: pl.DataFrame, oof: pl.DataFrame) -> dict[str, Any]:
    """Metadata of a trained challenger: its card as a table, and its calibration.

    Parameters
    ----------
    card
        One row of `tables.MODELS`.
    oof
        Its out-of-fold predictions.
    """
    row = card.row(0, named=True)
    unfolded = {
        name: dg.MetadataValue.json(json.loads(row[name])) for name in JSON_COLUMNS
    }
    return {
        "version": row["version"],
        "card": dg.MetadataValue.md(_table(row)),
        **unfolded,
        "calibration": dg.MetadataValue.md(_calibration(oof)),
    }


def _table(row: dict[str, Any]) -> str:
    declared = {column.name: column.sentence for column in tables.MODELS.columns}
    lines = [
        f"| {name} | `{value}` | {declared[name]} |"
        for name, value in row.items()
        if name not in JSON_COLUMNS
    ]
    return "\n".join(["| | | |", "|---|---|---|", *lines])


def _calibration(oof: pl.DataFrame) -> str:
    tables_of = {
        name: reliability.reliability(oof, name, policy.SWING.gate)
        for name in ("up", "down")
    }
    return reliability_chart.as_markdown(reliability_chart.draw(tables_of))


def links(
    store: warehouse.Warehouse, versions: Iterable[str], desk: desks.Desk = desks.SWING
) -> dg.MarkdownMetadataValue:
    """Champions, each with links to its card and its verdict.

    Parameters
    ----------
    store
        The open warehouse.
    versions
        Who spoke; may be nobody.
    desk
        The desk they spoke on.
    """
    lines = []
    for version in sorted(versions):
        card = store.read(desk.models, match={"version": version})
        month = partitions.key(card["month"][0])
        lines.append(
            f"{version}: [model card]({_place(desk.models, month)}), "
            f"[verdict]({_place(desk.verdicts, month)})"
        )
    return dg.MetadataValue.md("\n\n".join(lines) or "Nobody reigned.")


def _place(table: schema.Table, month: str) -> str:
    """Page of a partition in the user interface."""
    asset = "/".join(lineage.holder(table.name).path)
    return f"/assets/{asset}?view=partitions&partition={month}"
