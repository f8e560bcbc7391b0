"""What becomes of the rows of an intake, counted by source and kind beside the rows.

1. `_uncounted`   rows that a source had in a home before any were counted
2. `_stored`      rows that are new, into the tables of the desk and into quarantine
3. `_judged`      rows delivered: used, refused or waiting
4. `_account`     all of it, as rows of `intraday_tables.INTAKES`

``invariants/market.py`` holds the counts against what is kept. Nothing is judged here.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from turbomode_assets import intraday_tables, market_tables
from turbomode_assets.intraday import bars, context
from turbomode_assets.prices import quality
from turbomode_assets.store.warehouse import Warehouse

_INTAKES = intraday_tables.INTAKES
_COUNTS = [name for name in _INTAKES.column_names if name.startswith("n_")]
_ROWS = pl.len()

Judged = bars.Inspection | quality.Inspection | context.Inspection


@dataclasses.dataclass(frozen=True)
class Lot:
    """Rows of one kind: as they came, as they were judged, and what is news of them.

    Parameters
    ----------
    about
        A name of `intraday_tables.KINDS`.
    delivered
        Every row as it came.
    judged
        What became of them.
    news
        Those of the accepted to be stored; of them, what is stored already stays.
    """

    about: str
    delivered: pl.DataFrame
    judged: Judged
    news: pl.DataFrame


def keep(
    store: Warehouse, lots: Sequence[Lot], session: dt.date, asked_at: dt.datetime
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Store what is new in an intake, and the account of it.

    An intake that repeats one of the same moment and adds nothing leaves no account:
    made again after a kill, it is counted once.

    Parameters
    ----------
    store
        The open warehouse.
    lots
        What was delivered, a lot of each kind.
    session
        Last session asked for.
    asked_at
        Moment of the intake, UTC.

    Returns
    -------
    account : pl.DataFrame
        Rows of `intraday_tables.INTAKES`: what became of every row delivered.
    added : dict of str to int
        Rows added, by name of the table.
    """
    moment = {"session": session, "asked_at": asked_at}
    with store.transaction():
        n_before = _last_attempt(store, session, asked_at)
        opening = _account(_uncounted(store, lots), moment | {"attempt": 0})
        tallies = [one for lot in lots for one in _stored(store, lot, session)]
        tallies += [one for lot in lots for one in _judged(lot)]
        account = _account(tallies, moment | {"attempt": n_before + 1})
        added = _added(account)
        told = pl.concat([opening, account])
        if n_before and not any(added.values()):
            told = told.clear()
        added[_INTAKES.name] = store.append(_INTAKES, told)
    return account, added


def _added(account: pl.DataFrame) -> dict[str, int]:
    """Rows of each table that were new."""
    n_new = {
        table.name: int(account.filter(about=about)["n_new"].sum())
        for about, table in intraday_tables.KINDS.items()
    }
    return n_new | {market_tables.QUARANTINE.name: int(account["n_quarantined"].sum())}


def _last_attempt(store: Warehouse, session: dt.date, asked_at: dt.datetime) -> int:
    """Number of the last intake of a moment; 0 where there was none."""
    names = ["asked_at", "attempt"]
    known = store.columns(_INTAKES, names, session, session)
    return max(known.filter(asked_at=asked_at)["attempt"], default=0)


def _uncounted(store: Warehouse, lots: Sequence[Lot]) -> Iterator[pl.DataFrame]:
    """Tallies of what is stored of sources that were never counted."""
    counted = store.newest(_INTAKES, "source", "session")
    came = pl.concat(lot.delivered["source"] for lot in lots).unique()
    fresh = pl.col("source").is_in(came.filter(~came.is_in(list(counted))).implode())
    # The quarantine does not tell kinds apart: what it holds stands with one of them.
    stored = [(about, "n_new", table) for about, table in intraday_tables.KINDS.items()]
    stored.append(("rounds", "n_quarantined", market_tables.QUARANTINE))
    for about, name, table in stored:
        yield _tally(about, name, store.columns(table, ["source"]).filter(fresh))


def _stored(store: Warehouse, lot: Lot, session: dt.date) -> Iterator[pl.DataFrame]:
    """Tallies of the rows that are new, which are stored."""
    refused = lot.judged.refused.with_columns(seen_on=pl.lit(session))
    kept = {
        "n_new": (intraday_tables.KINDS[lot.about], lot.news),
        "n_quarantined": (market_tables.QUARANTINE, refused),
    }
    for name, (table, rows) in kept.items():
        # Source by source, for the store says of a frame how many of it were new.
        for own in rows.partition_by("source") or [rows]:
            n = pl.lit(store.append(table, own), dtype=pl.Int64)
            yield _tally(lot.about, name, own, n)


def _judged(lot: Lot) -> Iterator[pl.DataFrame]:
    """Tallies of the rows delivered."""
    accepted, n_used = lot.judged.accepted, _ROWS
    if isinstance(lot.judged, bars.Inspection):
        n_used = pl.col("n_parts").sum()
        yield _tally(lot.about, "n_waiting", lot.judged.waiting)
    yield _tally(lot.about, "n_rows", lot.delivered)
    yield _tally(lot.about, "n_used", accepted, n_used)
    yield _tally(lot.about, "n_refused", lot.judged.refused)


def _tally(
    about: str, name: str, rows: pl.DataFrame, n_rows: pl.Expr = _ROWS
) -> pl.DataFrame:
    """Rows of each source under the name of a count."""
    found = rows.group_by("source").agg(n=n_rows)
    labels = {"about": pl.lit(about), "count": pl.lit(name)}
    return found.with_columns(pl.col("n").cast(pl.Int64), **labels)


def _account(
    tallies: Iterable[pl.DataFrame], labels: Mapping[str, dt.date | int]
) -> pl.DataFrame:
    """Tallies as rows of the table, a column for each count."""
    of_kind = pl.concat(tallies).group_by("source", "about")
    counts = of_kind.agg(
        pl.col("n").filter(pl.col("count") == name).sum().alias(name)
        for name in _COUNTS
    )
    types = _INTAKES.schema()
    told = [pl.lit(value, types[name]).alias(name) for name, value in labels.items()]
    return _INTAKES.conform(counts.with_columns(told))
