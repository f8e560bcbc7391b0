"""Questions about when a bar was known, asked where the rows lie.

The same answers as ``prices/revisions.py``, for tables too large to read whole. What
follows from a changed bar is not decided here.
"""

import datetime as dt
import re

import polars as pl

from turbomode_assets import market_tables, tables
from turbomode_assets.store import clauses
from turbomode_assets.store.warehouse import Warehouse

_REVISIONS = clauses.relation(market_tables.BAR_REVISIONS)
_BARS = clauses.relation(tables.BARS)
_NEEDS = [market_tables.BAR_REVISIONS]
_RESTATEMENTS = clauses.relation(market_tables.RESTATEMENTS)


def outdated_sessions(store: Warehouse) -> list[dt.date]:
    """Sessions with a revision newer than the stored bar, or without one."""
    sql = (
        f"SELECT DISTINCT n.session FROM {_REVISIONS} n "  # noqa: S608
        f"LEFT JOIN {_BARS} o USING (symbol, session) "
        "WHERE o.known_at IS NULL OR o.known_at < n.known_at ORDER BY 1"
    )
    found = store.select(sql, [market_tables.BAR_REVISIONS, tables.BARS])
    return (
        store.partitions(market_tables.BAR_REVISIONS)
        if found is None
        else list(found["session"])
    )


def as_of(
    store: Warehouse, moment: dt.datetime, first: dt.date, last: dt.date
) -> pl.DataFrame:
    """Bars from `first` to `last` as they were known at `moment`.

    Parameters
    ----------
    store
        The open warehouse.
    moment
        In UTC.
    first, last
        Sessions.

    Returns
    -------
    pl.DataFrame
        Rows of `tables.BARS`, sorted by its key.
    """
    columns = ", ".join(map(clauses.quoted, tables.BARS.column_names))
    sql = (
        f"SELECT {columns} FROM {_REVISIONS} "  # noqa: S608
        f"WHERE known_at <= TIMESTAMPTZ '{moment.astimezone(dt.UTC).isoformat()}' "
        f"AND session BETWEEN DATE '{first.isoformat()}' AND DATE '{last.isoformat()}' "
        "QUALIFY row_number() OVER (PARTITION BY symbol, session "
        "ORDER BY known_at DESC) = 1 ORDER BY symbol, session"
    )
    found = store.select(sql, [market_tables.BAR_REVISIONS])
    return tables.BARS.empty() if found is None else tables.BARS.conform(found)


def known_since(store: Warehouse, symbols: list[str], since: dt.date) -> pl.DataFrame:
    """Bars of some symbols from a day on, as the newest revisions have them.

    Parameters
    ----------
    store
        The open warehouse.
    symbols
        Whose bars; what is no symbol has none.
    since
        First day.

    Returns
    -------
    pl.DataFrame
        Rows of `tables.BARS`, sorted by key.
    """
    sql = _newest(symbols, f"session >= DATE '{since.isoformat()}'")
    found = store.select(f"{sql} ORDER BY symbol, session", _NEEDS)
    return tables.BARS.empty() if found is None else tables.BARS.conform(found)


def last_known(
    store: Warehouse, symbols: list[str], before: dt.date, n_bars: int
) -> pl.DataFrame:
    """Last bars of some symbols before a day, however old they are.

    Parameters
    ----------
    store
        The open warehouse.
    symbols
        Whose bars; what is no symbol has none.
    before
        First day that does not count.
    n_bars
        Bars of each symbol.

    Returns
    -------
    pl.DataFrame
        Rows of `tables.BARS` as the newest revisions have them, sorted by key.
    """
    newest = _newest(symbols, f"session < DATE '{before.isoformat()}'")
    sql = (
        f"SELECT * FROM ({newest}) QUALIFY row_number() OVER "  # noqa: S608
        f"(PARTITION BY symbol ORDER BY session DESC) <= {int(n_bars)} "
        "ORDER BY symbol, session"
    )
    found = store.select(sql, _NEEDS)
    return tables.BARS.empty() if found is None else tables.BARS.conform(found)


def _newest(symbols: list[str], condition: str) -> str:
    """SELECT of the newest revision of each bar of some symbols."""
    columns = ", ".join(map(clauses.quoted, tables.BARS.column_names))
    listed = ", ".join(clauses.literal(each) for each in symbols if _is_symbol(each))
    return (
        f"SELECT {columns} FROM {_REVISIONS} WHERE {condition} "  # noqa: S608
        f"AND symbol IN ({listed or 'NULL'}) QUALIFY row_number() OVER "
        "(PARTITION BY symbol, session ORDER BY known_at DESC) = 1"
    )


def _is_symbol(text: str) -> bool:
    return re.fullmatch(tables.SYMBOL_PATTERN, text) is not None


def surprises(store: Warehouse) -> pl.DataFrame:
    """Revisions that came after a later session was known, and are not yet measured.

    Left out are those that the stored bar does not follow yet: what rests on a bar
    cannot be made again before the bar is there.

    Returns
    -------
    pl.DataFrame
        Rows of `market_tables.BAR_REVISIONS`: bars that were changed, and bars that
        came late. None where each session became known after the one before it.
    """
    none = market_tables.BAR_REVISIONS.empty()
    measured = (
        f"ANTI JOIN {_RESTATEMENTS} USING (symbol, known_at)"
        if store.holds(market_tables.RESTATEMENTS)
        else ""
    )
    sql = (
        "WITH fetches AS (SELECT known_at, max(session) AS reached "  # noqa: S608
        f"FROM {_REVISIONS} GROUP BY 1), "
        "past AS (SELECT known_at, max(reached) OVER (ORDER BY known_at "
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS known_to FROM fetches) "
        f"SELECT r.* FROM {_REVISIONS} r JOIN past USING (known_at) {measured} "
        f"SEMI JOIN {_BARS} b ON b.symbol = r.symbol AND b.session = r.session "
        "AND b.known_at >= r.known_at "
        "WHERE r.session <= known_to ORDER BY symbol, session, known_at"
    )
    found = store.select(sql, [market_tables.BAR_REVISIONS, tables.BARS])
    return none if found is None else market_tables.BAR_REVISIONS.conform(found)
