"""Options flow: who pays up for options, and what movement their prices expect.

Volume alone has no side. A trade near the ask was a buyer in a hurry, one near the bid
a seller, so the last price within the spread signs the volume. Contracts in their last
days are left out.
"""

import math

import numpy as np

from turbomode_assets.intraday import indicators, snapshot, votes
from turbomode_assets.intraday.votes import Vote
from turbomode_assets.voter_policy import FlowPolicy, VoterPolicy


def vote(seen: snapshot.Snapshot, rules: VoterPolicy) -> Vote:
    """Bought calls and sold puts against sold calls and bought puts.

    The volatility channel is the implied volatility against the realized one.
    """
    chosen = rules.flow
    chain = seen.chain
    if chain is None:
        return Vote(reason="No option quotes.")
    if chain.age > chosen.max_age_minutes:
        return Vote(reason=f"The option quotes are {chain.age:g} session minutes old.")
    side, traded = _signed(chain, chosen)
    total = float(traded.sum())
    if total < chosen.min_traded:
        needed = f"{chosen.min_traded:g} are needed"
        return Vote(reason=f"{total:g} contracts traded within a spread, {needed}.")
    bullish = float((side * traded).sum()) / total
    return Vote(
        score=bullish,
        volatility=_expected(chain, seen.closes(seen.symbol), chosen),
        confidence=min(1.0, total / chosen.full_traded),
        staleness=chain.age,
        reason=f"{bullish:+.0%} net of {total:g} contracts were bought for a rise.",
    )


def _signed(
    chain: snapshot.Chain, chosen: FlowPolicy
) -> tuple[snapshot.Floats, snapshot.Floats]:
    """Side in [-1, 1] and contracts traded, of the contracts that can be signed."""
    half = (chain.ask - chain.bid) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        lies = (chain.last - chain.bid - half) / half
        is_telling = (half > 0) & (chain.traded > 0) & np.isfinite(lies)
    is_telling &= chain.days >= chosen.min_days
    side = np.where(chain.is_call, 1.0, -1.0) * np.clip(lies, -1.0, 1.0)
    return side[is_telling], chain.traded[is_telling]


def _expected(
    chain: snapshot.Chain, closes: snapshot.Floats, chosen: FlowPolicy
) -> float | None:
    """Implied over realized volatility as a score; null where either is unknown."""
    is_quoted = (chain.implied_vol > 0) & (chain.days >= chosen.min_days)
    if closes.size <= chosen.vol_sessions or not is_quoted.any():
        return None
    realized = indicators.daily_vol(closes, chosen.vol_sessions) * math.sqrt(252.0)
    distance = np.abs(chain.strike[is_quoted] - closes[-1])
    near = chain.implied_vol[is_quoted][distance == distance.min()]
    if realized <= 0:
        return None
    return votes.squashed(math.log(float(near.mean()) / realized))
