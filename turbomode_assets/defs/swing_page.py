"""The desk's page of a home: read, computed, written beside the warehouse.

What it shows is decided in ``reports/desk_sheet.py``; here is only what it reads, as
far as it was known at a moment.
"""

import dataclasses
import datetime as dt
from pathlib import Path

import polars as pl

from turbomode_assets import market_tables, policy, reasons, schema, tables
from turbomode_assets.models import scoring
from turbomode_assets.reports import desk_page, desk_sheet, scorecard
from turbomode_assets.store import home, registry, warehouse

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
        (table.name, max(known(store, table, as_of), default=None))
        for table in (tables.BARS, tables.SIGNALS, tables.OUTCOMES)
    ]
    return desk_sheet.Tables(
        ledger=ledger,
        rankings=store.read(market_tables.RANKINGS, last=as_of),
        quarantine=refused,
        newest=newest,
    )


def known(
    store: warehouse.Warehouse, table: schema.Table, as_of: dt.date
) -> list[dt.date]:
    """Partitions of a table up to a day, ascending."""
    return [day for day in store.partitions(table) if day <= as_of]


def newest_day(store: warehouse.Warehouse) -> dt.date | None:
    """Last session anything was signaled or graded in; null in an empty home."""
    days = [store.partitions(table)[-1:] for table in (tables.SIGNALS, tables.OUTCOMES)]
    return max((day for found in days for day in found), default=None)


def write(where: home.Home, store: warehouse.Warehouse, as_of: dt.date) -> Path:
    """Write the page of a day, in one step; its path.

    Parameters
    ----------
    where
        The home.
    store
        Its open warehouse.
    as_of
        Day of the page.
    """
    found = read(store, as_of)
    numbers = desk_sheet.sheet(found, as_of, policy.SWING)
    told = explained(where, store, numbers.tonight)
    drawn = desk_page.render(dataclasses.replace(numbers, reasons=told))
    return kept(where, "swing", drawn)


def explained(
    where: home.Home, store: warehouse.Warehouse, tonight: pl.DataFrame
) -> dict[str, str]:
    """Why each symbol is among the largest edges, as far as its champion is kept.

    Parameters
    ----------
    where
        The home.
    store
        Its open warehouse.
    tonight
        As `desk_sheet.tonight` returns them.
    """
    if tonight.is_empty():
        return {}
    session = tonight["session"][0]
    signals = store.read(tables.SIGNALS, session, session)
    version = signals["champion_version"][0]
    cards = store.read(tables.MODELS, match={"version": version})
    kept_ones = [
        address
        for address in cards["artifact_sha256"]
        if registry.state(where.models, address) == "kept"
    ]
    if not kept_ones:
        return {}
    scorer = scoring.load(registry.load(where.models, kept_ones[0]))
    return reasons.reasons(signals, tonight["symbol"].to_list(), scorer)


def kept(where: home.Home, name: str, page: str) -> Path:
    """Keep a page in a home, in one step; its path.

    Parameters
    ----------
    where
        The home.
    name
        Of the desk.
    page
        The document.
    """
    folder = where.root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f".{name}.html"
    beside.write_text(page, encoding="utf-8")
    return beside.replace(folder / f"{name}.html")
