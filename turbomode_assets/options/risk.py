"""The risk engine: the one place that says whether and how much the book may buy.

A pure function of what the book stands at, a proposal and the policy. Every limit that
blocks is told, not only the first. The book asks it on every purchase and again when it
is restored (``book.py``), so that there is no way around it. The stop is a limit twice:
here no contract is bought that is at its stop already, and the book sells at it.

No price is made here, and nothing is bought.
"""

import dataclasses
import datetime as dt

from turbomode_assets.options_policy import SHARES, RiskPolicy

LIMITS = {
    "quote": "There is no fresh two-sided quote.",
    "conviction": "Too many earlier signals were as convinced, or there are too few.",
    "expectancy": "What has paid so far does not carry one contract.",
    "trade_usd": "One contract costs more than a trade may.",
    "trade_share": "One contract costs more than that share of the equity.",
    "capital": "One contract costs more than the cash there is.",
    "stop": "It could only be sold at the stop, or below.",
    "trades_month": "As many trades as a month may have were opened in it.",
    "positions": "As many positions as may be are held.",
    "daily_loss": "The session has lost what it may.",
    "pause": "Too many losses in a row, too little ago.",
}
"""Every reason for which a proposal is blocked."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Proposal:
    """What might be bought, with all the engine may know of it; null is unknown."""

    symbol: str
    session: dt.date
    minute: int
    horizon: str
    side: str
    expires_on: dt.date
    strike: float
    right: str
    basis: str
    bid: float | None
    ask: float | None
    quote_age_minutes: float | None
    conviction_rank: float | None
    kelly_fraction: float | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Standing:
    """What the book stands at when a proposal is made."""

    cash_usd: float
    equity_usd: float
    session_loss_usd: float
    """Equity lost since the session began; below zero where it gained."""

    n_positions: int
    n_trades_month: int
    losses_in_a_row: int
    sessions_since_loss: int


@dataclasses.dataclass(frozen=True)
class Decision:
    """Contracts allowed, and the limits that block; one of them is empty."""

    n_contracts: int
    blocked_by: tuple[str, ...]


def decide(standing: Standing, proposal: Proposal, rules: RiskPolicy) -> Decision:
    """Whether a proposal is allowed, and for how many contracts.

    Parameters
    ----------
    standing
        What the book stands at.
    proposal
        What might be bought.
    rules
        Policy in force.

    Returns
    -------
    Decision
        No contract where any limit of `LIMITS` blocks.
    """
    blocked = [*_of_quote(proposal, rules), *_of_book(standing, rules)]
    rank = proposal.conviction_rank
    if rank is None or rank < rules.conviction_quantile:
        blocked.append("conviction")
    budgets = _budgets(standing, proposal, rules)
    cost = cost_of_one(proposal, rules)
    blocked += [name for name, usd in budgets.items() if cost is None or cost > usd]
    if blocked or cost is None:
        return Decision(0, tuple(name for name in LIMITS if name in blocked))
    return Decision(int(min(budgets.values()) // cost), ())


def cost_of_one(proposal: Proposal, rules: RiskPolicy) -> float | None:
    """Cost of a contract in USD, commission included; None where nothing is asked."""
    if proposal.ask is None:
        return None
    return proposal.ask * SHARES + rules.commission_usd


def _budgets(
    standing: Standing, proposal: Proposal, rules: RiskPolicy
) -> dict[str, float]:
    """USD that each limit on size allows for a trade."""
    budgets = {
        "trade_usd": rules.max_trade_usd,
        "trade_share": rules.max_trade_share * standing.equity_usd,
        "capital": standing.cash_usd,
    }
    if rules.is_expectancy_asked:
        fraction = proposal.kelly_fraction or 0.0
        budgets["expectancy"] = fraction * standing.equity_usd
    return budgets


def _of_quote(proposal: Proposal, rules: RiskPolicy) -> list[str]:
    bid, ask, age = proposal.bid, proposal.ask, proposal.quote_age_minutes
    if bid is None or ask is None or age is None:
        return ["quote"]
    is_fresh = age <= rules.max_quote_age_minutes
    if not (0 < bid <= ask and is_fresh):
        return ["quote"]
    return ["stop"] if bid <= stop_price(ask, rules) else []


def _of_book(standing: Standing, rules: RiskPolicy) -> list[str]:
    is_paused = (
        standing.losses_in_a_row >= rules.max_losses
        and standing.sessions_since_loss <= rules.pause_sessions
    )
    tests = {
        "trades_month": standing.n_trades_month >= rules.max_trades_month,
        "positions": standing.n_positions >= rules.max_positions,
        "daily_loss": standing.session_loss_usd >= rules.daily_loss_usd,
        "pause": is_paused,
    }
    return [name for name, is_hit in tests.items() if is_hit]


def stop_price(paid_usd: float, rules: RiskPolicy) -> float:
    """Bid per share at which a position bought at `paid_usd` is sold."""
    return paid_usd * (1 - rules.stop_share)
