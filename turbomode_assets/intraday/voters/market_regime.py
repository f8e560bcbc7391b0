"""Market regime: trend of the indices and the dollar, and how nervous the market is.

A ticker that delivers nothing is missing, never "normal": it is named, and confidence
falls with what is missing.
"""

import numpy as np

from turbomode_assets.intraday import indicators, snapshot
from turbomode_assets.intraday.votes import Vote
from turbomode_assets.voter_policy import RegimePolicy, VoterPolicy


def vote(seen: snapshot.Snapshot, rules: VoterPolicy) -> Vote:
    """Trend of the indices less that of the dollar; volatility from its index."""
    chosen = rules.regime
    desk = seen.desk
    trends = {
        name: _trend(closes, chosen)
        for name in (*desk.indices, desk.dollar_index)
        if (closes := seen.closes(name)).size >= chosen.slow_sessions
    }
    level = seen.closes(desk.volatility_index)[-1:]
    wanted = (*desk.indices, desk.dollar_index, desk.volatility_index)
    found = {*trends, *([desk.volatility_index] if level.size else [])}
    missing = [name for name in wanted if name not in found]
    if not found:
        return Vote(reason=f"No daily bars of {', '.join(wanted)}.")
    dollar = trends.pop(desk.dollar_index, None)
    return Vote(
        score=_direction(list(trends.values()), dollar, chosen),
        volatility=_nervousness(float(level[0]), chosen) if level.size else None,
        confidence=len(found) / len(wanted),
        staleness=min(seen.age(name) for name in found),
        reason=_in_words(trends, level, missing),
    )


def _trend(closes: snapshot.Floats, chosen: RegimePolicy) -> float:
    """-1, 0 or 1: price and short average over the long one, both or neither."""
    fast = indicators.average(closes, chosen.fast_sessions)
    slow = indicators.average(closes, chosen.slow_sessions)
    return float((np.sign(closes[-1] - slow) + np.sign(fast - slow)) / 2)


def _direction(
    trends: list[float], dollar: float | None, chosen: RegimePolicy
) -> float | None:
    if not trends:
        return None
    mean = sum(trends) / len(trends)
    if dollar is None:
        return mean
    return (1 - chosen.dollar_weight) * mean - chosen.dollar_weight * dollar


def _nervousness(level: float, chosen: RegimePolicy) -> float:
    bands = [chosen.calm_level, chosen.usual_level, chosen.stressed_level]
    return float(np.interp(level, bands, [-1.0, 0.0, 1.0]))


def _in_words(
    trends: dict[str, float], level: snapshot.Floats, missing: list[str]
) -> str:
    said = [f"{name} {trend:+.1f}" for name, trend in trends.items()]
    said += [f"volatility index {level[0]:.1f}"] if level.size else []
    lacking = f"; nothing of {', '.join(missing)}" if missing else ""
    return f"Trend: {', '.join(said) or 'unknown'}{lacking}."
