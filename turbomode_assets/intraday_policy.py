"""Every number a person chose for the intraday desk, with its reason.

Under the rules of ``policy.py``, whose numbers it leaves alone: a choice for one desk
does not change the version of the other. The voters' numbers stand in
``voter_policy.py``; the length of a round and the horizons in ``rounds.py``.
"""

import dataclasses
import hashlib
import json

from turbomode_assets import (
    errors,
    market_policy,
    policy,
    report_policy,
    voter_policy,
)

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
    """Weight at the start of the experts that are no voters together, base rate, equal
    weights and the learned model: even odds that the voters know nothing."""

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
class LearningPolicy:
    """How the learned model is made, and how its evidence is."""

    kinds: tuple[str, ...] = (
        "ranked_logistic",
        "sklearn_forest",
        "xgboost_shallow",
        "sklearn_boosting",
        "sklearn_mlp",
    )
    """Kinds that are tried, by module of `models`; for each horizon the one whose
    forecasts of earlier folds cost least. Ties go to the first."""

    max_sessions: int = 504
    """Longest window of sessions learned from: two years."""

    every_weeks: int = 1
    """Weeks from one challenger to the next."""

    n_folds: int = 7
    """Walk-forward folds; the first only teaches which kind to choose."""

    fold_sessions: int = 21
    """Sessions a fold predicts: a month, so that six of them are half a year."""

    embargo_sessions: int = 1
    """Sessions left out after the purge, which leaves a gap of one horizon already."""

    min_train_sessions: int = 63
    """Fewest sessions before the first fold: a quarter, 1,600 rounds."""

    prior_outcomes: float = 4.0
    """Information of the belief that a forecast is noise: the weight of a slope known
    to one half. Edges within a day are faint, so a kind has to earn its boldness."""

    seed: int = 20240102
    """Seed of every random draw in training."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("kinds", len(self.kinds), 1, 20)
        errors.require("max_sessions", self.max_sessions, 63, 5040)
        errors.require("every_weeks", self.every_weeks, 1, 52)
        errors.require("n_folds", self.n_folds, 2, 50)
        errors.require("fold_sessions", self.fold_sessions, 5, 252)
        errors.require("embargo_sessions", self.embargo_sessions, 1, 63)
        errors.require("min_train_sessions", self.min_train_sessions, 20, 5040)
        errors.require("prior_outcomes", self.prior_outcomes, 0.0, 1e6)


_GATE = policy.GatePolicy(
    min_sessions=126,
    min_accuracy=0.5,
    min_weighted_precision=0.5,
    min_weighted_recall=0.5,
    min_slope=0.4,
    max_slope=2.5,
    min_paired_sessions=63,
    min_block_sessions=2,
    lag_sessions=2,
    bet_block_sessions=5,
    evidence_window_sessions=504,
)
"""The gate's numbers for directions within a day. Half a year of evidence, since a
session holds many outcomes and none reaches beyond the next one; a coin as the floor of
accuracy, for no class prevails; blocks of days, since nothing overlaps for longer;
a little more room for the slope, which faint edges leave uncertain."""


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

    learning: LearningPolicy = LearningPolicy()
    """How the learned model is made."""

    gate: policy.GatePolicy = _GATE
    """What it must show before it may speak."""

    registry: report_policy.RegistryPolicy = report_policy.RegistryPolicy()
    """Which artifacts are kept."""

    @property
    def version(self) -> str:
        """Twelve hex digits that change with any chosen number."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


INTRADAY = IntradayPolicy()
"""The policy of the intraday desk in force."""
