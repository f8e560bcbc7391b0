"""Momentum: that what has risen goes on rising, in units of its own volatility."""

import math

from turbomode_assets.intraday import indicators, snapshot, votes
from turbomode_assets.intraday.votes import Vote
from turbomode_assets.voter_policy import VoterPolicy


def vote(seen: snapshot.Snapshot, rules: VoterPolicy) -> Vote:
    """Standardized returns of a week and a month, confirmed by volume.

    Confidence is a third each for a move at all, for both stretches agreeing, and for
    a busy last session.
    """
    chosen = rules.momentum
    bars = seen.bars(seen.symbol)
    silent = votes.too_few(seen.symbol, bars, chosen.long_sessions + 2)
    if silent:
        return silent
    closes = bars[3]
    vol = indicators.daily_vol(closes, chosen.long_sessions)
    if vol <= 0:
        return Vote(reason=f"{seen.symbol} did not move.")
    week, month = (
        indicators.log_return(closes, n) / (vol * math.sqrt(n))
        for n in (chosen.short_sessions, chosen.long_sessions)
    )
    volume = seen.whole(seen.symbol)[4]
    is_busy = volume[-1] > chosen.busy_ratio * volume[-chosen.long_sessions :].mean()
    return Vote(
        score=votes.squashed((week + month) / 2),
        confidence=(1 + (week * month > 0) + bool(is_busy)) / 3,
        staleness=seen.age(seen.symbol),
        reason=f"Moved {week:+.1f} deviations in {chosen.short_sessions} sessions and "
        f"{month:+.1f} in {chosen.long_sessions}.",
    )
