"""What an invariant is: a name, a sentence, and a search for rows that break it.

A new one is a constant in a module of this folder; `verification.py` lists the modules,
and the contract suite asks for a planted violation that it finds. An invariant holds at
every moment, also between the steps of a night: work that is still to be done breaks
none. Nothing here writes.
"""

import dataclasses
from collections.abc import Callable, Sequence

import polars as pl

from turbomode_assets import schema
from turbomode_assets.store import home, warehouse


@dataclasses.dataclass(frozen=True)
class Place:
    """What is searched: the open warehouse of a home, and its files."""

    store: warehouse.Warehouse
    where: home.Home


Find = Callable[[Place], pl.DataFrame]
"""Search for what breaks an invariant; each row says where."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Invariant:
    """Something that holds in every home."""

    name: str
    """Unique, and a name for an asset check."""

    sentence: str
    """What holds, in words."""

    table: schema.Table
    """Table whose promise it is."""

    find: Find
    """Rows that break it; none where a table it speaks of was never written."""


def query(sql: str, *needs: schema.Table) -> Find:
    """Search by one SELECT.

    Parameters
    ----------
    sql
        Rows that break the invariant; a constant, or built from declarations.
    *needs
        Tables it reads.
    """

    def find(place: Place) -> pl.DataFrame:
        found = place.store.select(sql, needs)
        return pl.DataFrame() if found is None else found

    return find


def listed(fields: Sequence[str], rows: Sequence[Sequence[object]]) -> pl.DataFrame:
    """What a search in Python found, as text."""
    texts = [[str(value) for value in row] for row in rows]
    return pl.DataFrame(texts, dict.fromkeys(fields, pl.String), orient="row")
