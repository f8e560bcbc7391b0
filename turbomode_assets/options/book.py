"""The paper book: cash and positions that follow from its fills, and from nothing else.

A book is a value: what changes it returns another one. It is bought for by `enter`
alone, which asks the risk engine itself, and sold by `leave`. `restore` builds it again
from stored fills and asks the engine about each purchase as it was then, so that fills
made, changed or removed around the engine are found. There is no function that adds
cash or takes a fill back, and none that places an order.

Contracts are only ever bought, so that nothing can be assigned; what is in the money on
its last day is exercised and the shares sold at the same close.
"""

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from turbomode_assets import errors, options_tables, sessions
from turbomode_assets.options import risk
from turbomode_assets.options_policy import SHARES, RiskPolicy

CENT = 0.005
"""USD of cash that rounding may make."""

_CONTRACT = ("symbol", "expires_on", "strike", "right", "horizon", "side")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Position:
    """Contracts that are held."""

    opened_by: int
    bought: Mapping[str, Any]
    """The fill that opened it, by column of `options_tables.FILLS`."""

    mark_usd: float
    """Bid per share it is marked to."""

    mark_basis: str

    @property
    def value_usd(self) -> float:
        """What the mark would bring."""
        return float(self.mark_usd * SHARES * self.bought["n_contracts"])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Book:
    """What the book holds, and what the engine must know of its past."""

    rules: RiskPolicy
    cash_usd: float
    positions: tuple[Position, ...] = ()
    fills: tuple[Mapping[str, Any], ...] = ()
    session: dt.date | None = None
    session_began_usd: float = 0.0
    losses_in_a_row: int = 0
    last_loss_on: dt.date | None = None

    @property
    def equity_usd(self) -> float:
        """Cash, and what the marks of all positions would bring."""
        return self.cash_usd + math.fsum(one.value_usd for one in self.positions)

    def standing(self, session: dt.date) -> risk.Standing:
        """What the engine sees of the book in a session."""
        month = (session.year, session.month)
        opened = [fill["session"] for fill in self.fills if fill["reason"] == "signal"]
        since = 10**6
        if self.last_loss_on is not None:
            since = len(sessions.sessions_between(self.last_loss_on, session)) - 1
        return risk.Standing(
            cash_usd=self.cash_usd,
            equity_usd=self.equity_usd,
            session_loss_usd=self.session_began_usd - self.equity_usd,
            n_positions=len(self.positions),
            n_trades_month=sum((day.year, day.month) == month for day in opened),
            losses_in_a_row=self.losses_in_a_row,
            sessions_since_loss=since,
        )


def begin(rules: RiskPolicy) -> Book:
    """The book before its first fill."""
    return Book(rules=rules, cash_usd=rules.capital_usd)


def in_session(book: Book, session: dt.date) -> Book:
    """The book in `session`; a new one begins with the equity there is."""
    if book.session == session:
        return book
    return dataclasses.replace(book, session=session, session_began_usd=book.equity_usd)


def enter(book: Book, proposal: risk.Proposal) -> tuple[Book, risk.Decision]:
    """Buy what the risk engine allows of a proposal.

    Returns
    -------
    tuple of Book and risk.Decision
        The same book where a limit blocks.
    """
    opened = in_session(book, proposal.session)
    standing = opened.standing(proposal.session)
    decision = risk.decide(standing, proposal, book.rules)
    if not decision.n_contracts:
        return book, decision
    evidence = {
        "equity_usd": standing.equity_usd,
        "session_loss_usd": standing.session_loss_usd,
    }
    return _bought(opened, proposal, decision.n_contracts, evidence), decision


def _bought(
    book: Book, proposal: risk.Proposal, n_contracts: int, evidence: Mapping[str, Any]
) -> Book:
    number = len(book.fills) + 1
    price = float(proposal.ask)  # type: ignore[arg-type]
    commission = book.rules.commission_usd * n_contracts
    cash = book.cash_usd - price * SHARES * n_contracts - commission
    fill = {
        **dataclasses.asdict(proposal),
        **evidence,
        "fill": number,
        "opened_by": number,
        "reason": "signal",
        "n_contracts": n_contracts,
        "price_usd": price,
        "commission_usd": commission,
        "cash_usd": cash,
    }
    held = Position(
        opened_by=number,
        bought=fill,
        mark_usd=float(proposal.bid),  # type: ignore[arg-type]
        mark_basis=proposal.basis,
    )
    return dataclasses.replace(
        book,
        cash_usd=cash,
        positions=(*book.positions, held),
        fills=(*book.fills, fill),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sale:
    """A position's end: when, why and at what price per share."""

    opened_by: int
    session: dt.date
    minute: int
    reason: str
    price_usd: float
    basis: str


def leave(book: Book, sale: Sale) -> Book:
    """Sell a whole position.

    Raises
    ------
    errors.BookBroken
        Where no such position is held.
    """
    held = {one.opened_by: one for one in book.positions}
    if sale.opened_by not in held:
        message = (
            f"fill {sale.opened_by} must have opened a position that is held, held "
            f"are {sorted(held)}: sell each only once"
        )
        raise errors.BookBroken(message)
    book = in_session(book, sale.session)
    bought = held[sale.opened_by].bought
    n_contracts = bought["n_contracts"]
    proceeds = sale.price_usd * SHARES * n_contracts
    # What is worth less than the commission is let go, not paid for.
    commission = min(book.rules.commission_usd * n_contracts, proceeds)
    cash = book.cash_usd + proceeds - commission
    fill = {
        **{name: bought[name] for name in _CONTRACT},
        **dataclasses.asdict(sale),
        "fill": len(book.fills) + 1,
        "n_contracts": n_contracts,
        "commission_usd": commission,
        "cash_usd": cash,
    }
    paid = bought["price_usd"] * SHARES * n_contracts + bought["commission_usd"]
    is_loss = proceeds - commission < paid
    rest = tuple(one for one in book.positions if one.opened_by != sale.opened_by)
    return dataclasses.replace(
        book,
        cash_usd=cash,
        positions=rest,
        fills=(*book.fills, fill),
        losses_in_a_row=book.losses_in_a_row + 1 if is_loss else 0,
        last_loss_on=sale.session if is_loss else book.last_loss_on,
    )


def mark(book: Book, bids: Mapping[int, tuple[float, str]]) -> Book:
    """The book with positions marked to bids.

    Parameters
    ----------
    book
        Any book.
    bids
        Bid per share and its basis, by the fill that opened the position; a position
        without one keeps its mark.
    """
    marked = tuple(
        dataclasses.replace(
            one,
            mark_usd=bids.get(one.opened_by, (one.mark_usd, ""))[0],
            mark_basis=bids.get(one.opened_by, (0.0, one.mark_basis))[1],
        )
        for one in book.positions
    )
    return dataclasses.replace(book, positions=marked)


def fills_of(book: Book) -> pl.DataFrame:
    """Every fill of the book; rows of `options_tables.FILLS`."""
    schema = options_tables.FILLS.schema()
    rows = [{name: fill.get(name) for name in schema} for fill in book.fills]
    return options_tables.FILLS.conform(pl.DataFrame(rows, schema=schema))


def positions_of(book: Book, session: dt.date) -> pl.DataFrame:
    """The book at the end of a session; rows of `options_tables.POSITIONS`."""
    rows: list[dict[str, Any]] = [
        {"opened_by": 0, "n_contracts": 0, "value_usd": book.cash_usd}
    ]
    rows += [
        {
            **{name: one.bought[name] for name in (*_CONTRACT[:4], "n_contracts")},
            "opened_by": one.opened_by,
            "mark_usd": one.mark_usd,
            "value_usd": one.value_usd,
            "basis": one.mark_basis,
        }
        for one in book.positions
    ]
    schema = options_tables.POSITIONS.schema()
    told = [{name: row.get(name) for name in schema} for row in rows]
    frame = pl.DataFrame(told, schema=schema).with_columns(session=pl.lit(session))
    return options_tables.POSITIONS.conform(frame)


def restore(fills: pl.DataFrame, rules: RiskPolicy) -> Book:
    """The book that made the fills, each purchase asked of the risk engine again.

    Parameters
    ----------
    fills
        Rows of `options_tables.FILLS`, all of them.
    rules
        Policy they were made under.

    Returns
    -------
    Book
        Positions are marked to the bids they were bought at: mark them anew.

    Raises
    ------
    errors.BookBroken
        Where the engine would not have allowed a fill, the cash does not add up, or a
        fill is missing.
    """
    book = begin(rules)
    for expected, fill in enumerate(fills.sort("fill").iter_rows(named=True), start=1):
        if fill["fill"] != expected:
            message = f"fill {expected} must follow, found {fill['fill']}: one is gone"
            raise errors.BookBroken(message)
        book = _again(book, fill)
        if abs(book.cash_usd - fill["cash_usd"]) > CENT:
            message = (
                f"fill {expected} must leave {book.cash_usd:.2f} USD of cash, says "
                f"{fill['cash_usd']:.2f}: restore the fills from a backup"
            )
            raise errors.BookBroken(message)
    return book


def remark(book: Book, stored: pl.DataFrame) -> Book:
    """A restored book as it stood at the end of a session.

    Parameters
    ----------
    book
        As `restore` returns it.
    stored
        Rows of `options_tables.POSITIONS` of that session.
    """
    marks = {
        opened_by: (mark_usd, basis)
        for opened_by, mark_usd, basis in stored.filter(pl.col("opened_by") > 0)
        .select("opened_by", "mark_usd", "basis")
        .iter_rows()
    }
    marked = mark(book, marks)
    return dataclasses.replace(marked, session=stored.item(0, "session"))


def _again(book: Book, fill: Mapping[str, Any]) -> Book:
    if fill["reason"] != "signal":
        names = [field.name for field in dataclasses.fields(Sale)]
        return leave(book, Sale(**{name: fill[name] for name in names}))
    names = [field.name for field in dataclasses.fields(risk.Proposal)]
    proposal = risk.Proposal(**{name: fill[name] for name in names})
    # Marks are not stored with a fill: what the engine saw of them is.
    seen = dataclasses.replace(
        book.standing(fill["session"]),
        equity_usd=fill["equity_usd"],
        session_loss_usd=fill["session_loss_usd"],
    )
    allowed = risk.decide(seen, proposal, book.rules)
    if fill["n_contracts"] > allowed.n_contracts:
        message = (
            f"fill {fill['fill']} must be of at most {allowed.n_contracts} contracts, "
            f"was of {fill['n_contracts']}; blocked by {list(allowed.blocked_by)}"
        )
        raise errors.BookBroken(message)
    evidence = {name: fill[name] for name in ("equity_usd", "session_loss_usd")}
    return _bought(book, proposal, fill["n_contracts"], evidence)
