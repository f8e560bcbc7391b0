"""A proposal that is allowed, and books to propose it to."""

import dataclasses
import datetime as dt
from typing import Any

from turbomode_assets.options import book, risk
from turbomode_assets.options_policy import RiskPolicy

RULES = RiskPolicy()
DAY = dt.date(2024, 7, 1)

ALLOWED = risk.Proposal(
    symbol="RTX",
    session=DAY,
    minute=60,
    horizon="60_minutes",
    side="buy",
    expires_on=DAY + dt.timedelta(days=18),
    strike=102.0,
    right="call",
    basis="quoted",
    bid=0.85,
    ask=0.90,
    quote_age_minutes=15.0,
    conviction_rank=0.9,
    kelly_fraction=0.2,
)

AT_EASE = risk.Standing(
    cash_usd=1000.0,
    equity_usd=1000.0,
    session_loss_usd=0.0,
    n_positions=0,
    n_trades_month=0,
    losses_in_a_row=0,
    sessions_since_loss=10**6,
)


def propose(**change: Any) -> risk.Proposal:
    """The allowed proposal, changed as told."""
    return dataclasses.replace(ALLOWED, **change)


def traded(*prices: float, rules: RiskPolicy = RULES) -> book.Book:
    """A book that bought once a week and sold at each price a day later."""
    now = book.begin(rules)
    for week, price in enumerate(prices):
        session = DAY + dt.timedelta(days=7 * week)
        now, _ = book.enter(now, propose(session=session))
        sold_on = session + dt.timedelta(days=1)
        sale = book.Sale(
            opened_by=len(now.fills),
            session=sold_on,
            minute=60,
            reason="horizon",
            price_usd=price,
            basis="quoted",
        )
        now = book.leave(now, sale)
    return now
