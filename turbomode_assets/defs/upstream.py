"""Upstream: what a partition is made of must be there before it is made.

Partitions can be asked for by hand in any order. Each function compares what an asset
is about to read with what should be stored by then, and says which partitions are
missing and which asset to materialize first. Nothing is computed here.
"""

import datetime as dt
from collections.abc import Collection, Iterable

import dagster as dg
import polars as pl

from turbomode_assets import errors, loop, market_tables, schema, sessions, tables
from turbomode_assets.defs import lineage, partitions
from turbomode_assets.store import warehouse as warehouses

_DAY = dt.timedelta(days=1)

SHOWN = 3
"""Missing partitions a message names; a whole history would bury what to do."""


def require(
    table: schema.Table, wanted: Iterable[dt.date], stored: Collection[dt.date]
) -> None:
    """Refuse to go on without some partitions of a table.

    Parameters
    ----------
    table
        The table they belong to.
    wanted
        Partitions that must be stored.
    stored
        Partitions that are.

    Raises
    ------
    errors.MissingUpstream
        Counts what is missing, names the first and the range to materialize.
    """
    missing = sorted(set(wanted) - set(stored))
    if not missing:
        return
    named = ", ".join(map(str, missing[:SHOWN]))
    more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    asset = lineage.holder(table.name).to_user_string()
    message = (
        f"expected partitions of {asset} that are not stored: {named}{more}; "
        f"materialize {asset} {missing[0]}...{missing[-1]} first"
    )
    raise errors.MissingUpstream(message)


def require_made(
    instance: dg.DagsterInstance,
    table: schema.Table,
    wanted: Iterable[dt.date],
    stored: Iterable[dt.date],
) -> None:
    """Refuse partitions that hold nothing and that nobody ever made.

    One that was made and is empty is no fault: a source may have had nothing for it.

    Parameters
    ----------
    instance
        Knows what was materialized.
    table
        The table they belong to.
    wanted
        Partitions that must be there.
    stored
        Partitions with rows.
    """
    empty = set(wanted) - set(stored)
    if empty:
        made = instance.get_materialized_partitions(lineage.holder(table.name))
        require(table, empty, {partitions.parsed(key) for key in made})


def require_revisions(store: warehouses.Warehouse, window: partitions.Window) -> None:
    """Refuse without a single bar that was fetched for a window."""
    wanted = sessions.sessions_between(window.first, window.last)
    stored = store.partitions(market_tables.BAR_REVISIONS)
    if not set(wanted) & set(stored):
        require(market_tables.BAR_REVISIONS, wanted, ())


def require_bars(
    store: warehouses.Warehouse, needed: dt.date, last: dt.date, since: dt.date
) -> None:
    """Refuse without bars of every session from `needed` to `last`.

    Parameters
    ----------
    store
        The open warehouse.
    needed
        First day whose bars are read.
    last
        Last session whose bars are read.
    since
        Where the history of the home begins; nothing is expected before.
    """
    wanted = sessions.sessions_between(max(needed, since), last)
    require(tables.BARS, wanted, store.partitions(tables.BARS))


def require_universe(store: warehouses.Warehouse) -> pl.DataFrame:
    """Universe as stored; refuses an empty one."""
    universe = store.read(tables.UNIVERSE)
    if universe.is_empty():
        message = (
            "expected symbols in market/universe, found none; materialize "
            "market/universe first"
        )
        raise errors.MissingUpstream(message)
    return universe


def require_features(store: warehouses.Warehouse, wanted: list[dt.date]) -> None:
    """Refuse without features of these sessions."""
    require(tables.FEATURES, wanted, store.partitions(tables.FEATURES))


def require_outcomes(store: warehouses.Warehouse, window: partitions.Window) -> None:
    """Refuse without outcomes of the sessions of a window that have closed.

    What has closed has bars, and whatever closed before the window must have. A session
    in which no signal matures has no outcomes, and nor has one whose signals would lie
    before the first stored bar.
    """
    bars = _stored_bars(store)
    passed = sessions.sessions_between(bars[-1], window.first - _DAY)
    require(tables.BARS, passed, bars)
    closed = [day for day in bars if window.first <= day <= window.last]
    if closed:
        wanted = _maturing(bars[0], closed[0], closed[-1])
        require(tables.OUTCOMES, wanted, store.partitions(tables.OUTCOMES))


def require_samples(store: warehouses.Warehouse, until: dt.date) -> pl.DataFrame:
    """Samples before a day; refuses where a session since the first taught nothing.

    Parameters
    ----------
    store
        The open warehouse.
    until
        First day that is not learned from.
    """
    samples = store.read(tables.SAMPLES, last=until)
    matured = samples["matures_on"].unique().to_list()
    bars = store.partitions(tables.BARS)
    if matured and bars:
        last = min(bars[-1], until - _DAY)
        wanted = _maturing(bars[0], min(matured), last)
        taught = [day for day in wanted if day not in set(matured)]
        weeks = {sessions.week_start(day) for day in taught}
        require(tables.SAMPLES, weeks, ())
    return samples


def _stored_bars(store: warehouses.Warehouse) -> list[dt.date]:
    bars = store.partitions(tables.BARS)
    if not bars:
        message = "expected stored bars, found none; materialize market/bars first"
        raise errors.MissingUpstream(message)
    return bars


def _maturing(oldest: dt.date, first: dt.date, last: dt.date) -> list[dt.date]:
    """Sessions from `first` to `last` in which a signal since `oldest` matures."""
    periods = loop.maturing(first, last).filter(pl.col("session") >= oldest)
    days: list[dt.date] = periods["matures_on"].unique().sort().to_list()
    return days
