"""Mean reversion: that what is stretched comes back.

It reads the same prices as momentum and contradicts it; the weights decide.
"""

from turbomode_assets.intraday import indicators, snapshot, votes
from turbomode_assets.intraday.votes import Vote
from turbomode_assets.voter_policy import VoterPolicy


def vote(seen: snapshot.Snapshot, rules: VoterPolicy) -> Vote:
    """Three measures of stretch, against the mean and within two ranges.

    Each is scaled to one where it counts as stretched; confidence is the share of them
    that do.
    """
    chosen = rules.reversion
    bars = seen.bars(seen.symbol)
    silent = votes.too_few(seen.symbol, bars, chosen.sessions)
    if silent:
        return silent
    extreme = 0.5 - chosen.extreme_share
    n = chosen.oscillator_sessions
    stretch = indicators.z_score(bars[3], chosen.sessions) / chosen.stretched_sigmas
    range_place = (indicators.williams(bars, n) - 0.5) / extreme
    strength = (indicators.strength(bars[3], n) / 100.0 - 0.5) / extreme
    measures = (stretch, range_place, strength)
    mean = sum(measures) / len(measures)
    return Vote(
        score=-votes.squashed(mean),
        confidence=sum(abs(m) >= 1 for m in measures) / len(measures),
        staleness=seen.age(seen.symbol),
        reason=f"{stretch * chosen.stretched_sigmas:+.1f} deviations from its mean of "
        f"{chosen.sessions} sessions.",
    )
