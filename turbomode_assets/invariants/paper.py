"""Invariants of the paper book of options."""

import polars as pl

from turbomode_assets import errors, options_tables
from turbomode_assets.invariants import base
from turbomode_assets.options import book
from turbomode_assets.options_policy import OPTIONS

_CASH = 0
"""What `options_tables.POSITIONS` calls the cash, among what opened a position."""


def _forged(place: base.Place) -> pl.DataFrame:
    fills = place.store.read(options_tables.FILLS)
    held = place.store.read(options_tables.POSITIONS)
    try:
        restored = book.restore(fills, OPTIONS.risk)
    except errors.BookBroken as broken:
        return base.listed(["fault"], [[broken]])
    newest = held.filter(pl.col("session") == pl.col("session").max())
    cash = newest.filter(opened_by=_CASH)["value_usd"]
    is_off = (cash - restored.cash_usd).abs() > book.CENT
    return base.listed(["cash_usd"], [[one] for one in cash.filter(is_off)])


RESTORABLE = base.Invariant(
    name="paper_book_within_its_limits",
    sentence="The risk engine allows every purchase again, and the cash adds up.",
    table=options_tables.FILLS,
    find=_forged,
)

ALL = (RESTORABLE,)
