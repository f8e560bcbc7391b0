"""Every number a person chose for the intraday desk, with its reason.

Under the rules of ``policy.py``, whose numbers it leaves alone: a choice for one desk
does not change the version of the other. The voters' numbers stand in
``voter_policy.py``; the length of a round and the horizons in ``rounds.py``.
"""

import dataclasses
import hashlib
import json

from turbomode_assets import errors, market_policy, voter_policy

METHODS = ("learned", "fixed")
"""How experts are weighted: by what their forecasts cost so far, or for good by their
start weights, as the predecessor did."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeskPolicy:
    """What the desk predicts, what it looks at beside, and how far back."""

    symbols: tuple[str, ...] = ("RTX",)
    """Symbols predicted: the predecessor's."""

    peers: tuple[str, ...] = ("LMT", "NOC", "GD", "BA", "TXT")
    """Companies of the same sector: the predecessor's."""

    indices: tuple[str, ...] = ("SPY", "QQQ", "DIA")
    """Funds on the market; the first stands for it."""

    volatility_index: str = "^VIX"
    """Expected volatility of the market in percent a year."""

    dollar_index: str = "DX-Y.NYB"
    """Value of the dollar, by its name at Yahoo."""

    lookback_sessions: int = 91
    """Sessions a snapshot reaches back, with the one it stands in: the longest look of
    a voter is a quarter and one move, the predecessor's 90 leave room."""

    headline_hours: float = 24.0
    """Age at which a headline is no news: the predecessor's."""

    n_headlines: int = 10
    """Newest headlines looked at: the predecessor's."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("symbols", len(self.symbols), 1, 1000)
        errors.require("lookback_sessions", self.lookback_sessions, 91, 1000)
        errors.require("headline_hours", self.headline_hours, 0.25, 1000.0)
        errors.require("n_headlines", self.n_headlines, 1, 1000)

    @property
    def names(self) -> tuple[str, ...]:
        """Every symbol looked at, each once."""
        shared = (*self.indices, self.volatility_index, self.dollar_index)
        return tuple(dict.fromkeys((*self.symbols, *self.peers, *shared)))


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConsensusPolicy:
    """From votes to a probability, and from that to a side.

    Adaptation is slow on purpose: 26 signals a session overlap, and four hours hold
    six or seven independent outcomes a session at the most.
    """

    method: str = "learned"
    """How experts are weighted: one of `METHODS`."""

    start_weights: tuple[tuple[str, float], ...] = (
        ("market_regime", 0.10),
        ("mean_reversion", 0.10),
        ("momentum", 0.10),
        ("news_sentiment", 0.15),
        ("options_flow", 0.15),
        ("sector_correlation", 0.10),
        ("technical_analysis", 0.15),
        ("volatility_analysis", 0.15),
    )
    """Weight of each voter before anything was learned: the predecessor's."""

    newcomer_weight: float = 0.10
    """Weight of a voter that is not listed: the predecessor's smallest."""

    baseline_share: float = 0.50
    """Weight at the start of the two baselines together, base rate and equal weights:
    even odds that the voters know nothing."""

    shift_sessions: float = 126.0
    """Sessions after which, on average, another expert is the best: half a year. Of
    the weight, as much is shared out again as that means a round."""

    half_life_sessions: float = 126.0
    """Sessions after which what followed a vote counts half."""

    shrink_outcomes: float = 100.0
    """Independent outcomes that the base rate is worth against what followed a vote:
    the error of a share of 100 is 5 points, as large as an edge can be hoped to be."""

    level_edges: tuple[float, ...] = (-0.35, -0.05, 0.05, 0.35)
    """Bounds of score x confidence between the levels of a vote: strongly down, down,
    neutral, up, strongly up."""

    min_probability: float = 0.02
    """Floor of an expert's probability; its mirror is the ceiling. Bounds what a single
    round can cost to 3.9 nats."""

    min_edge: float = 0.02
    """Distance of p_up from one half from which a side is taken; nearer, the desk
    abstains. Two points are about the cost of a spread."""

    min_agreeing: int = 3
    """Voters that must lean to the side taken: the predecessor's."""

    min_conviction: float = 0.55
    """Probability of the side taken from which a signal counts as convinced. The
    predecessor's 0.85 could never be reached; this one is, by test."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        if self.method not in METHODS:
            message = errors.unknown_name("method", self.method, METHODS)
            raise errors.PolicyError(message)
        for name, weight in self.start_weights:
            errors.require(f"start_weights: {name}", weight, 0.0001, 1.0)
        errors.require("newcomer_weight", self.newcomer_weight, 0.0001, 1.0)
        errors.require("baseline_share", self.baseline_share, 0.01, 0.99)
        errors.require("shift_sessions", self.shift_sessions, 2.0, 1e6)
        errors.require("half_life_sessions", self.half_life_sessions, 1.0, 1e6)
        errors.require("shrink_outcomes", self.shrink_outcomes, 1.0, 1e6)
        errors.require("min_probability", self.min_probability, 1e-4, 0.49)
        errors.require("min_edge", self.min_edge, 0.0, 0.5)
        errors.require("min_agreeing", self.min_agreeing, 0, 100)
        errors.require("min_conviction", self.min_conviction, 0.5, 1.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class IntradayPolicy:
    """All choices of the intraday desk in force together."""

    desk: DeskPolicy = DeskPolicy()
    """What it predicts and looks at."""

    quality: market_policy.QualityPolicy = market_policy.QualityPolicy()
    """When a delivered row is refused."""

    voters: voter_policy.VoterPolicy = voter_policy.VoterPolicy()
    """The voters' own numbers."""

    consensus: ConsensusPolicy = ConsensusPolicy()
    """From votes to a side."""

    @property
    def version(self) -> str:
        """Twelve hex digits that change with any chosen number."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


INTRADAY = IntradayPolicy()
"""The policy of the intraday desk in force."""
