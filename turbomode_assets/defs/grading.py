"""Outcomes read together, resolved and stored; and what was left pending, settled.

An outcome whose exit bar is missing waits: the bar may come late, or the symbol may
turn out to be delisted. Each night looks once more at those of the last weeks.
"""

import datetime as dt

import polars as pl

from turbomode_assets import loop, sessions, tables
from turbomode_assets.defs import partitions
from turbomode_assets.store import warehouse

PENDING_SESSIONS = 42
"""Sessions for which a pending outcome is looked at again: two months, twice what a
source was ever seen to need for a lost session."""


def grade(store: warehouse.Warehouse, window: partitions.Window) -> pl.DataFrame:
    """Resolve and store what matured in a window.

    Parameters
    ----------
    store
        The open warehouse; its bars reach the end of the window.
    window
        Sessions of maturity.

    Returns
    -------
    pl.DataFrame
        Rows of `tables.OUTCOMES`.
    """
    since = loop.signals_maturing_from(window.first)
    rows = loop.resolve_outcomes(
        store.read(tables.BARS, loop.bars_for_outcomes(window.first), window.last),
        store.read(tables.UNIVERSE),
        store.read(tables.SIGNALS, since, window.last),
        loop.maturing(window.first, window.last),
    )
    store.replace(tables.OUTCOMES, rows, window.first, window.last)
    return rows


def settle(store: warehouse.Warehouse, before: dt.date) -> list[dt.date]:
    """Grade again the sessions before a day that left outcomes pending.

    Parameters
    ----------
    store
        The open warehouse.
    before
        First session that is not looked at.

    Returns
    -------
    list of dt.date
        Sessions in which something was settled.
    """
    since = sessions.shift(before, -PENDING_SESSIONS)
    stored = store.read(tables.OUTCOMES, since, sessions.shift(before, -1))
    waiting = stored.filter(pl.col("status") == "pending")
    days = waiting["matures_on"].unique().sort().to_list()
    return [day for day in days if _is_settled(store, day, waiting)]


def _is_settled(
    store: warehouse.Warehouse, day: dt.date, waiting: pl.DataFrame
) -> bool:
    rows = grade(store, partitions.Window(day, day))
    n_waiting = waiting.filter(pl.col("matures_on") == day).height
    return rows.filter(pl.col("status") == "pending").height < n_waiting
