"""Technical analysis: five textbook readings of the daily chart, one vote each."""

from turbomode_assets.intraday import indicators, snapshot, votes
from turbomode_assets.intraday.votes import Vote
from turbomode_assets.voter_policy import TechnicalPolicy, VoterPolicy

FAST, SLOW, SIGNAL = 12, 26, 9
"""Sessions of Appel's moving average convergence; part of its definition."""


def vote(seen: snapshot.Snapshot, rules: VoterPolicy) -> Vote:
    """Mean of five readings of -1, 0 or 1, which look at different things.

    Trend twice (price over the short average, short over the long one), its change
    (moving average convergence), and two that expect a turn (relative strength, bands).
    """
    chosen = rules.technical
    closes = seen.closes(seen.symbol)
    silent = votes.too_few(seen.symbol, closes, chosen.slow_sessions)
    if silent:
        return silent
    readings = _readings(closes, chosen)
    speaking = [reading for reading in readings.values() if reading]
    said = ", ".join(f"{name} {reading:+d}" for name, reading in readings.items())
    return Vote(
        score=sum(speaking) / len(readings),
        confidence=abs(sum(speaking)) / max(len(speaking), 1),
        staleness=seen.age(seen.symbol),
        reason=f"Readings: {said}.",
    )


def _readings(closes: indicators.Floats, chosen: TechnicalPolicy) -> dict[str, int]:
    fast = indicators.average(closes, chosen.fast_sessions)
    slow = indicators.average(closes, chosen.slow_sessions)
    strength = indicators.strength(closes, chosen.strength_sessions)
    stretch = indicators.z_score(closes, chosen.fast_sessions)
    return {
        "price": _sign(closes[-1] - fast),
        "trend": _sign(fast - slow),
        "crossing": _sign(indicators.crossing(closes, FAST, SLOW, SIGNAL)),
        "strength": (strength < chosen.low_strength)
        - (strength > chosen.high_strength),
        "band": (stretch < -chosen.band_sigmas) - (stretch > chosen.band_sigmas),
    }


def _sign(value: float) -> int:
    return int(value > 0) - int(value < 0)
