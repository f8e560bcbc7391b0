"""Sector: that a company which outpaces its peers goes on doing so."""

import numpy as np

from turbomode_assets.intraday import indicators, snapshot, votes
from turbomode_assets.intraday.votes import Vote
from turbomode_assets.voter_policy import SectorPolicy, VoterPolicy


def vote(seen: snapshot.Snapshot, rules: VoterPolicy) -> Vote:
    """Return beyond the peers' in three neighboring stretches, each once.

    Confidence is cut where the symbol hardly differs from its peers or the market.
    """
    chosen = rules.sector
    needed = max(sum(chosen.windows), chosen.correlation_sessions) + 1
    pairs = [seen.together(seen.symbol, peer) for peer in seen.desk.peers]
    known = [pair for pair in pairs if pair.shape[1] >= needed]
    if len(known) < chosen.min_peers:
        found = f"{len(known)} peers have {needed} daily bars in common with it"
        return Vote(reason=f"{found}, {chosen.min_peers} are needed.")
    beyond = np.array([indicators.outpacing(pair, chosen.windows) for pair in known])
    mean = float(beyond.mean())
    return Vote(
        score=votes.squashed(mean),
        confidence=_haircut(seen, known, chosen),
        staleness=seen.age(seen.symbol),
        reason=f"{mean:+.1f} deviations beyond {len(known)} peers, in three stretches.",
    )


def _haircut(
    seen: snapshot.Snapshot, known: list[snapshot.Floats], chosen: SectorPolicy
) -> float:
    n = chosen.correlation_sessions
    with_peers = np.mean([indicators.correlation(pair, n) for pair in known])
    left = chosen.peer_haircut if with_peers > chosen.high_peer_correlation else 1.0
    market = seen.together(seen.symbol, seen.desk.indices[0])
    if market.shape[1] > n:
        is_high = indicators.correlation(market, n) > chosen.high_market_correlation
        left *= chosen.market_haircut if is_high else 1.0
    return left
