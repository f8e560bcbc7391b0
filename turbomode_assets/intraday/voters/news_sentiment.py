"""News sentiment: the tone of the headlines of the last day, the newest first.

No headline, no view: it abstains. Negation and contrast are the affair of whoever reads
them: a language model where one told a tone, else the lexicon.
"""

from turbomode_assets.intraday import lexicon, snapshot
from turbomode_assets.intraday.votes import Vote
from turbomode_assets.voter_policy import VoterPolicy


def vote(seen: snapshot.Snapshot, rules: VoterPolicy) -> Vote:
    """Mean tone of the headlines, younger ones counting more.

    A headline without any telling word counts for nothing, as if it were not there.
    """
    if not seen.headlines:
        hours = seen.desk.headline_hours
        return Vote(reason=f"No headline in the last {hours:g} hours.")
    tones = [
        lexicon.tone(headline.title) if headline.tone is None else headline.tone
        for headline in seen.headlines
    ]
    weights = [
        0.5 ** (headline.age / rules.news.half_life_minutes) if tone else 0.0
        for headline, tone in zip(seen.headlines, tones, strict=True)
    ]
    total = sum(weights)
    told = sum(w * tone for w, tone in zip(weights, tones, strict=True))
    good, bad = sum(tone > 0 for tone in tones), sum(tone < 0 for tone in tones)
    newest = seen.headlines[0]
    return Vote(
        score=told / total if total > 0 else 0.0,
        confidence=min(1.0, total / rules.news.full_headlines),
        staleness=newest.age,
        reason=f"{good} good and {bad} bad of {len(tones)} headlines; the newest: "
        f"{newest.title!r}.",
    )
