"""The desk's page of a home: read, computed, written beside the warehouse.

What it shows is decided in ``reports/desk_sheet.py``; here is only what it reads, as
far as it was known at a moment.
"""

import datetime as dt
from pathlib import Path

import polars as pl

from turbomode_assets import market_tables, policy, tables
from turbomode_assets.reports import desk_page, desk_sheet, scorecard
from turbomode_assets.store import warehouse

FOLDER = "reports"
"""Folder of a home that keeps its pages."""

_SIGNALS = (
    *("symbol", "session", "mode", "side", "p_up", "p_flat", "p_down", "edge"),
    *("rank", "champion_version"),
)
"""All but the frozen features, which are nine tenths of the table."""

_OOF = tuple(name for name in tables.OOF_PREDICTIONS.column_names if name != "fold")


def read(store: warehouse.Warehouse, as_of: dt.date) -> desk_sheet.Tables:
    """Tables of the swing desk, up to a day.

    Parameters
    ----------
    store
        The open warehouse.
    as_of
        Last day anything was known of.
    """
    champions = store.read(tables.CHAMPIONS)
    ledger = scorecard.Ledger(
        outcomes=store.read(tables.OUTCOMES, last=as_of),
        signals=store.columns(tables.SIGNALS, _SIGNALS, last=as_of),
        oof=store.columns(tables.OOF_PREDICTIONS, _OOF, last=as_of),
        verdicts=store.read(tables.VERDICTS, last=as_of),
        champions=champions.filter(pl.col("effective_from") <= as_of),
        universe=store.read(tables.UNIVERSE),
    )
    refused = store.columns(market_tables.QUARANTINE, ("seen_on", "reason"), last=as_of)
    newest = [
        (
            table.name,
            max((d for d in store.partitions(table) if d <= as_of), default=None),
        )
        for table in (tables.BARS, tables.SIGNALS, tables.OUTCOMES)
    ]
    return desk_sheet.Tables(
        ledger=ledger,
        rankings=store.read(market_tables.RANKINGS, last=as_of),
        quarantine=refused,
        newest=newest,
    )


def newest_day(store: warehouse.Warehouse) -> dt.date | None:
    """Last session anything was signaled or graded in; null in an empty home."""
    days = [store.partitions(table)[-1:] for table in (tables.SIGNALS, tables.OUTCOMES)]
    return max((day for found in days for day in found), default=None)


def write(root: Path, store: warehouse.Warehouse, as_of: dt.date) -> Path:
    """Write the page of a day, in one step; its path.

    Parameters
    ----------
    root
        Folder of the home.
    store
        Its open warehouse.
    as_of
        Day of the page.
    """
    numbers = desk_sheet.sheet(read(store, as_of), as_of, policy.SWING)
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    beside, page = folder / ".swing.html", folder / "swing.html"
    beside.write_text(desk_page.render(numbers), encoding="utf-8")
    return beside.replace(page)
