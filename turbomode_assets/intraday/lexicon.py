"""How good or bad a headline sounds: a lexicon and its rules, without a network.

VADER (Hutto and Gilbert 2014) weighs words by a lexicon of valences and knows negation,
degree and contrast: "not bullish" is not "bullish". It was made for everyday language,
so the words of company news are added, by whole words, and those that mean something
else there ("shares", "engine") count for nothing. Which headlines are read, and what
their tone is worth, is not decided here.

References
----------
C. Hutto and E. Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis
of Social Media Text", ICWSM 2014.
"""

import functools

STRONG, PLAIN = 2.5, 1.7
"""Valence of a strong and of a plain word, on VADER's scale of -4 to 4, where "good"
has 1.9 and "great" 3.1."""

NEWS_WORDS = {
    STRONG: "beats tops surge surges soar soars upgrade upgrades upgraded bullish "
    "record",
    PLAIN: "raises raised wins awarded rally rallies rises gains outperform doubles "
    "jumps",
    -STRONG: "misses plunge plunges plummets downgrade downgrades downgraded bearish "
    "fraud bankruptcy halts probe bribery",
    -PLAIN: "cuts cut lawsuit recall falls drops slides slumps underperform defect "
    "delays layoffs weak warns grounds",
    0.0: "shares share engine security securities interest defense missile missiles "
    "arms fighter combat war",
}
"""Words of company news by valence; 0 takes a word out of the lexicon, such as those
that only say what a maker of arms makes."""


@functools.cache
def _analyzer() -> object:
    from vaderSentiment import vaderSentiment  # noqa: PLC0415 - reads its lexicon

    analyzer = vaderSentiment.SentimentIntensityAnalyzer()
    for valence, words in NEWS_WORDS.items():
        analyzer.lexicon.update(dict.fromkeys(words.split(), valence))
    return analyzer


@functools.lru_cache(maxsize=100_000)
def tone(title: str) -> float:
    """Tone of a headline in [-1, 1]; 0 where no word tells anything.

    Examples
    --------
    >>> tone("RTX beats estimates") > 0 > tone("RTX is not bullish on margins")
    True
    >>> tone("RTX to report on Tuesday")
    0.0
    """
    scores = _analyzer().polarity_scores(title)  # type: ignore[attr-defined]
    return float(scores["compound"])
