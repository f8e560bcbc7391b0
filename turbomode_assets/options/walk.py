"""The paper book over the rounds: proposals in, fills and positions out.

Of each round, in this order:

1. what was signaled at the end of the round before is proposed, at the ask of the open;
2. a position whose bid was at the stop or below, at the worst price of the share in the
   round, is sold at that worst bid: between two marks nobody knows when the stop would
   have been hit, and a gap is never sold at the stop's own price;
3. one whose horizon ends, or whose contract expires, is sold at the close;
4. the others are marked to the bid of the close.

A walk may go on from a restored book at the beginning of a session, and gives what one
long walk gives.
"""

import dataclasses
import datetime as dt
from typing import Any

import polars as pl

from turbomode_assets import options_tables, rounds
from turbomode_assets.options import book, marks, risk

_KEY = options_tables.PROPOSALS.key


@dataclasses.dataclass(frozen=True, kw_only=True)
class Walked:
    """What came of a walk."""

    book: book.Book
    fills: pl.DataFrame
    """Every fill of the book, earlier ones too; rows of `options_tables.FILLS`."""

    positions: pl.DataFrame
    """At the end of each session walked; rows of `options_tables.POSITIONS`."""

    proposals: pl.DataFrame
    """Rows of `options_tables.PROPOSALS`."""


def through(
    started: book.Book,
    proposed: pl.DataFrame,
    marker: marks.Marker,
    first: dt.date,
    last: dt.date,
) -> Walked:
    """Walk of a book through the sessions from `first` to `last`.

    Parameters
    ----------
    started
        The book before the first of them, marked to the session before.
    proposed
        As `proposals.of_signals` returns them.
    marker
        What positions would fetch.
    first, last
        Days; they need not be sessions.

    Returns
    -------
    Walked
        Proposals are those whose entry lies in the sessions walked.
    """
    by_round: dict[int, list[dict[str, Any]]] = {}
    for row in proposed.iter_rows(named=True):
        by_round.setdefault(row["number"] + 1, []).append(row)
    now, told, held = started, [], []
    for session, minute, number in rounds.between(first, last).drop("ends_at").rows():
        if minute == rounds.MINUTES:
            held += [book.positions_of(now, now.session)] if now.session else []
            now = book.in_session(now, session)
        for row in by_round.get(number, []):
            now, judged = _propose(now, row)
            told.append(judged)
        now = _after_round(now, marker, (session, minute, number))
    if now.session:
        held.append(book.positions_of(now, now.session))
    own = [frame for frame in held if frame["session"][0] >= first]
    empty = options_tables.POSITIONS.empty()
    return Walked(
        book=now,
        fills=book.fills_of(now),
        positions=options_tables.POSITIONS.conform(pl.concat([empty, *own])),
        proposals=_as_proposals(told),
    )


def _propose(now: book.Book, row: dict[str, Any]) -> tuple[book.Book, dict[str, Any]]:
    """The book after a proposal, and the row that tells what was decided."""
    if row["refusal"] is not None or row["strike"] is None:
        reason = f"no contract: {row['refusal'] or 'no_outcome'}"
        return now, row | {"n_contracts": 0, "blocked_by": reason}
    names = [field.name for field in dataclasses.fields(risk.Proposal)]
    proposal = risk.Proposal(**{name: row[name] for name in names})
    standing = now.standing(proposal.session)
    after, decision = book.enter(now, proposal)
    return after, row | {
        "n_contracts": decision.n_contracts,
        "blocked_by": ",".join(decision.blocked_by),
        "equity_usd": standing.equity_usd,
        "session_loss_usd": standing.session_loss_usd,
    }


def _after_round(
    now: book.Book, marker: marks.Marker, moment: tuple[dt.date, int, int]
) -> book.Book:
    """The book after stops, exits and marks of a round."""
    session, minute, number = moment
    marked: dict[int, tuple[float, str]] = {}
    for position in now.positions:
        if not marker.has_bar(position.bought["symbol"], number):
            continue
        bids = marker.bids(position, number)
        ending = _ending(position, bids, number, now)
        if ending is None:
            marked[position.opened_by] = (bids.close, bids.basis)
            continue
        reason, price, basis = ending
        sale = book.Sale(
            opened_by=position.opened_by,
            session=session,
            minute=minute,
            reason=reason,
            price_usd=price,
            basis=basis,
        )
        now = book.leave(now, sale)
    return book.mark(now, marked)


def _ending(
    position: book.Position, bids: marks.Bids, number: int, now: book.Book
) -> tuple[str, float, str] | None:
    """Why, for how much and on which basis a position is sold; None if it is not."""
    bought = position.bought
    if bids.is_expired:
        return "expiry", bids.close, bids.basis
    if bids.worst <= risk.stop_price(bought["price_usd"], now.rules):
        return "stop", bids.worst, "model"
    moment = pl.DataFrame([{name: bought[name] for name in ("session", "minute")}])
    ends = rounds.exits(rounds.numbers(moment), bought["horizon"])[0]
    return ("horizon", bids.close, bids.basis) if number >= ends else None


def _as_proposals(told: list[dict[str, Any]]) -> pl.DataFrame:
    schema = options_tables.PROPOSALS.schema()
    rows = [{name: row.get(name) for name in schema} for row in told]
    return options_tables.PROPOSALS.conform(pl.DataFrame(rows, schema=schema))
