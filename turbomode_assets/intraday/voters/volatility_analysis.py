"""Volatility analysis: whether the symbol moves more than it usually does.

A view of movement and of nothing else: its direction channel stays empty.
"""

import math

from turbomode_assets.intraday import indicators, snapshot, votes
from turbomode_assets.intraday.votes import Vote
from turbomode_assets.voter_policy import VoterPolicy

ESTIMATORS = (
    indicators.close_to_close,
    indicators.parkinson,
    indicators.garman_klass,
)
"""Three estimates of the same variance from different parts of a bar."""


def vote(seen: snapshot.Snapshot, rules: VoterPolicy) -> Vote:
    """Recent over usual volatility, by three estimators of whole sessions.

    Confidence is the share of them that agree on the side.
    """
    chosen = rules.volatility
    bars = seen.whole(seen.symbol)
    silent = votes.too_few(seen.symbol, bars, chosen.long_sessions + 1)
    if silent:
        return silent
    short = [estimate(bars, chosen.short_sessions) for estimate in ESTIMATORS]
    long = [estimate(bars, chosen.long_sessions) for estimate in ESTIMATORS]
    if min(*short, *long) <= 0:
        return Vote(reason=f"{seen.symbol} did not move within a whole session.")
    # Half the log ratio of variances is that of volatilities.
    ratios = [math.log(s / l) / 2 for s, l in zip(short, long, strict=True)]  # noqa: E741
    mean = sum(ratios) / len(ratios)
    agreeing = sum(ratio * mean > 0 for ratio in ratios)
    return Vote(
        volatility=votes.squashed(chosen.gain * mean),
        confidence=agreeing / len(ratios),
        staleness=seen.age(seen.symbol),
        reason=f"Two weeks moved {math.exp(mean):.2f} times as much as a quarter.",
    )
