"""The options book between its tables and its stage: read, call, append.

1. `quote`   chains and bars of a session   -> quotes
2. `trade`   signals, outcomes and quotes   -> outcomes, proposals, fills, positions

The book is walked once per session, after its close and in the order of sessions: it is
restored from every fill there is, which asks the risk engine again, and goes on from
there. What was stored is never written again. Outcomes of horizons that end in the next
session are added with it. What is computed stands in ``options/``.
"""

import datetime as dt

import polars as pl

from turbomode_assets import (
    errors,
    intraday_tables,
    options_policy,
    options_tables,
    rounds,
    schema,
    sessions,
    tables,
)
from turbomode_assets.defs import upstream
from turbomode_assets.defs.partitions import Window
from turbomode_assets.options import (
    book,
    marks,
    outcomes,
    proposals,
    quotes,
    selection,
    walk,
)
from turbomode_assets.options_policy import OPTIONS, OptionsPolicy
from turbomode_assets.store.warehouse import Warehouse

A_YEAR = dt.timedelta(days=370)
"""How far back dividends are read: each is expected again after a year."""

_SAID = (*intraday_tables.SIGNALS.key, "side", "conviction")
_PAID = ("symbol", "session", "dividend")


def quote(
    store: Warehouse, window: Window, rules: OptionsPolicy = OPTIONS
) -> pl.DataFrame:
    """Store what the quotes of some sessions imply; of the model where there are none.

    Returns
    -------
    pl.DataFrame
        Rows of `options_tables.QUOTES` that were added.

    Raises
    ------
    errors.MissingUpstream
        Where nothing was signaled in the sessions.
    """
    symbols = _signaled(store, window)
    since = sessions.shift(window.first, -2 * rules.model.vol_sessions)
    is_own = pl.col("symbol").is_in(symbols)
    chains = store.read(intraday_tables.CHAINS, window.first, window.last)
    bars = store.read(intraday_tables.BARS, since, window.last).filter(is_own)
    daily = store.read(intraday_tables.DAILY_BARS, since, window.last).filter(is_own)
    own, paid = chains.filter(is_own), _paid(store, window)
    expected = quotes.realized_vol(bars, daily, rules.model)
    unquoted = expected.filter(pl.col("session") >= window.first).join(
        own, on=["symbol", "session"], how="anti"
    )
    found = pl.concat(
        [
            quotes.of_chains(own, bars, paid, rules),
            quotes.modeled(unquoted, paid, rules),
        ]
    )
    stored = store.read(options_tables.QUOTES, window.first, window.last)
    added = found.join(stored, on=options_tables.QUOTES.key, how="anti")
    store.append(options_tables.QUOTES, added)
    return added


def _signaled(store: Warehouse, window: Window) -> list[str]:
    said = store.columns(intraday_tables.SIGNALS, ["symbol"], window.first, window.last)
    if said.is_empty():
        message = (
            f"expected signals of {window.first} to {window.last}, found none; "
            "materialize intraday/signals first"
        )
        raise errors.MissingUpstream(message)
    return said["symbol"].unique().to_list()


def _paid(store: Warehouse, window: Window) -> pl.DataFrame:
    """Dividends that either desk knows of."""
    span = (window.first - A_YEAR, window.last)
    both = [
        store.columns(table, _PAID, *span)
        for table in (tables.BARS, intraday_tables.DAILY_BARS)
    ]
    paid = pl.concat(both).filter(pl.col("dividend") > 0)
    return paid.unique(["symbol", "session"], keep="first", maintain_order=True)


def trade(
    store: Warehouse, window: Window, rules: OptionsPolicy = OPTIONS
) -> dict[schema.Table, pl.DataFrame]:
    """Walk the book through those sessions of a window it has not been walked through.

    Returns
    -------
    dict of schema.Table to pl.DataFrame
        Rows added to each table.

    Raises
    ------
    errors.MissingUpstream
        Where nothing was signaled in the window, an earlier session was signaled in
        and not walked through, or one has no quotes or no outcomes.
    errors.PolicyError
        Where trading is enabled: there is nothing here that could trade.
    """
    if options_policy.TRADING:
        message = (
            "TRADING must be off, was on: the book is on paper and places no order"
        )
        raise errors.PolicyError(message)
    _signaled(store, window)
    added = {
        table: [table.empty()]
        for table in options_tables.ALL
        if table is not options_tables.QUOTES
    }
    with store.transaction():
        for day in store.partitions(intraday_tables.SIGNALS):
            if _is_next(store, day, window):
                for table, rows in _session(store, day, rules).items():
                    store.append(table, rows)
                    added[table].append(rows)
    return {table: pl.concat(parts) for table, parts in added.items()}


def _is_next(store: Warehouse, day: dt.date, window: Window) -> bool:
    """Whether the book is to be walked through a session now."""
    walked = store.partitions(options_tables.POSITIONS)
    is_open = not walked or walked[-1] < day
    if is_open and walked and day < window.first:
        message = (
            f"expected the book to have been walked through {day}, the last session "
            f"is {walked[-1]}; materialize options/fills of {day} first"
        )
        raise errors.MissingUpstream(message)
    return is_open and window.first <= day <= window.last


def _session(
    store: Warehouse, day: dt.date, rules: OptionsPolicy
) -> dict[schema.Table, pl.DataFrame]:
    """What the book does in one session, and what ended in it."""
    # What an option made is written once: what it is made of must be there by then.
    for table in (options_tables.QUOTES, intraday_tables.OUTCOMES):
        upstream.require(table, [day], store.partitions(table))
    now = _restored(store, rules)
    since = sessions.shift(day, -rounds.HORIZON_SESSIONS)
    quoted = store.read(options_tables.QUOTES, since, day)
    said = store.columns(intraday_tables.SIGNALS, _SAID, last=day)
    # Also where a later session is stored already: nobody knew it in this evening.
    is_known = pl.col("exit_on") <= day
    ends = store.read(intraday_tables.OUTCOMES, since, day).with_columns(
        pl.when(is_known).then("exit").alias("exit")
    )
    chosen = selection.choose(said.filter(pl.col("session") >= since), quoted, rules)
    paid = _paid(store, Window(since, day))
    made = outcomes.of_signals(chosen, ends, quoted, paid, rules)
    stored = store.read(options_tables.OUTCOMES, last=day)
    known = stored.join(made, on=stored.columns[:4], how="anti")
    proposed = proposals.of_signals(said, chosen, pl.concat([known, made]), rules)
    marker = _marker(store, now, day, rules)
    own = proposed.filter(pl.col("session") == day)
    walked = walk.through(now, own, marker, day, day)
    is_told = pl.col("option_return").is_not_null() | pl.col("refusal").is_not_null()
    return {
        options_tables.OUTCOMES: made.filter(is_told).join(
            stored, on=options_tables.OUTCOMES.key, how="anti"
        ),
        options_tables.PROPOSALS: walked.proposals,
        options_tables.FILLS: walked.fills.filter(pl.col("fill") > len(now.fills)),
        options_tables.POSITIONS: walked.positions,
    }


def _restored(store: Warehouse, rules: OptionsPolicy) -> book.Book:
    """The book as it stood at the end of the last session it was walked through."""
    now = book.restore(store.read(options_tables.FILLS), rules.risk)
    walked = store.partitions(options_tables.POSITIONS)
    if not walked:
        return now
    stored = store.read(options_tables.POSITIONS, walked[-1], walked[-1])
    return book.remark(now, stored)


def _marker(
    store: Warehouse, now: book.Book, day: dt.date, rules: OptionsPolicy
) -> marks.Marker:
    """Prices and chains since the oldest position that is held."""
    since = min([day, *(one.bought["session"] for one in now.positions)])
    bars = store.read(intraday_tables.BARS, since, day)
    quoted = store.read(options_tables.QUOTES, since, day)
    return marks.Marker(bars, quoted, _paid(store, Window(since, day)), rules)
