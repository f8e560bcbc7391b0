"""Every number a person chose, with its reason.

Frozen, keyword-only records; one per stage. Where a thing runs (paths, hosts, pool
sizes) is not policy and lives with the settings in `store` and `defs`.
"""

import dataclasses
import hashlib
import json

from turbomode_assets import errors

LABELS = ("symmetric_10pct", "seed_10pct", "triple_barrier_vol")
"""Label versions by name; each is a column ``label_<name>`` of `swing.outcomes`."""


def _require(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        message = f"`{name}` must lie in [{low}, {high}], was {value}"
        raise errors.PolicyError(message)


@dataclasses.dataclass(frozen=True, kw_only=True)
class HorizonPolicy:
    """When a swing signal is judged, and from which move on it counts as large.

    Fourteen calendar days and ten percent are the predecessor's, kept so that its
    published figures stay comparable.
    """

    calendar_days: int = 14
    """Days from the entry session to maturity."""

    large_move: float = 0.10
    """Total return, as a fraction, from which a move is up; its negative is down."""

    barrier_sigmas: float = 1.0
    """Width of the volatility barriers in standard deviations of the whole horizon:
    one sigma leaves about a third of the labels flat."""

    barrier_vol_sessions: int = 20
    """Sessions behind the daily volatility of the barriers: one trading month."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        _require("calendar_days", self.calendar_days, 1, 365)
        _require("large_move", self.large_move, 0.001, 1.0)
        _require("barrier_sigmas", self.barrier_sigmas, 0.1, 10.0)
        _require("barrier_vol_sessions", self.barrier_vol_sessions, 2, 252)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SidePolicy:
    """From probabilities to buy, hold or sell.

    A large move in fourteen days has a base rate near 6 %, so a threshold of one
    half would never fire; a side is taken where a large move is at least twice as
    likely as usual and clearly more likely in one direction.
    """

    min_probability: float = 0.12
    """Smallest p_up of a buy and p_down of a sell: twice the 6 % base rate."""

    min_edge: float = 0.03
    """Smallest |p_up - p_down|: half the base rate, beyond calibration error."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        _require("min_probability", self.min_probability, 0.0, 1.0)
        _require("min_edge", self.min_edge, 0.0, 1.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingPolicy:
    """What a challenger learns from, and how its evidence is made out of sample."""

    label: str = "symmetric_10pct"
    """Label version that is learned."""

    line_up: str = "diverse_eight"
    """Named set of base models, see `models.base.LINE_UPS`."""

    max_years: int = 7
    """Longest window of sessions a challenger learns from: the predecessor's."""

    stride_sessions: int = 3
    """Every third session is trained on: with horizons that overlap by nine tenths
    the others add time and no measurable accuracy."""

    n_folds: int = 5
    """Walk-forward folds; the first only teaches the meta-learner."""

    fold_sessions: int = 63
    """Sessions a fold predicts: a quarter, so that the four folds with a stacked
    prediction hold 252 sessions."""

    embargo_sessions: int = 5
    """Sessions left out after the purge: a trading week for what bars share beyond
    the label interval."""

    min_train_sessions: int = 250
    """Fewest sessions before the first fold: about one year."""

    seed: int = 20240102
    """Seed of every random draw in training."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        if self.label not in LABELS:
            raise errors.PolicyError(errors.unknown_name("label", self.label, LABELS))
        _require("max_years", self.max_years, 1, 50)
        _require("stride_sessions", self.stride_sessions, 1, 63)
        _require("n_folds", self.n_folds, 2, 50)
        _require("fold_sessions", self.fold_sessions, 5, 504)
        _require("embargo_sessions", self.embargo_sessions, 0, 252)
        _require("min_train_sessions", self.min_train_sessions, 20, 5040)


@dataclasses.dataclass(frozen=True, kw_only=True)
class GatePolicy:
    """What a challenger must show before it may become champion."""

    min_sessions: int = 252
    """Fewest matured out-of-sample sessions: tests at a nominal 5 % on 21 sessions
    promote a no-better model 21-34 % of the time, on 252 about 9 %."""

    min_new_samples: int = 100
    """Fewest samples matured since the champion was fitted: the predecessor's."""

    min_accuracy: float = 0.60
    """Predecessor's floor on the share of right classes."""

    min_weighted_precision: float = 0.55
    """Predecessor's floor on precision, averaged by class frequency."""

    min_weighted_recall: float = 0.55
    """Predecessor's floor on recall, averaged by class frequency."""

    skill_confidence: float = 0.99
    """One-sided confidence of skill over a baseline. Nominal 95 % let a model without
    any edge pass 10.8 % of the time on 252 overlapping sessions, and a year has twelve
    challengers."""

    confidence: float = 0.95
    """One-sided confidence of the comparison with the champion, and of intervals."""

    non_inferiority_margin: float = 0.002
    """Log-loss, in nats, the champion may be ahead within the bound: about half a
    percent of the loss of the base rate."""

    n_resamples: int = 2000
    """Bootstrap resamples: a 5 % quantile is then known to about half a point."""

    min_paired_sessions: int = 126
    """Fewest sessions challenger and champion must both have scored: half of those
    demanded, since between the last label a champion learned from and its first signal
    it said nothing."""

    min_block_sessions: int = 10
    """Shortest mean block: labels of neighbors overlap over ten sessions."""

    seed: int = 7
    """Seed of the bootstrap."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        _require("min_sessions", self.min_sessions, 1, 5040)
        _require("min_new_samples", self.min_new_samples, 0, 10_000_000)
        _require("min_accuracy", self.min_accuracy, 0.0, 1.0)
        _require("min_weighted_precision", self.min_weighted_precision, 0.0, 1.0)
        _require("min_weighted_recall", self.min_weighted_recall, 0.0, 1.0)
        _require("skill_confidence", self.skill_confidence, 0.5, 0.9999)
        _require("confidence", self.confidence, 0.5, 0.9999)
        _require("non_inferiority_margin", self.non_inferiority_margin, 0.0, 1.0)
        _require("n_resamples", self.n_resamples, 100, 1_000_000)
        _require("min_paired_sessions", self.min_paired_sessions, 1, 5040)
        _require("min_block_sessions", self.min_block_sessions, 1, 252)


@dataclasses.dataclass(frozen=True, kw_only=True)
class QualityPolicy:
    """When a delivered row is refused, and when the source itself is not believed."""

    same_within: float = 1e-6
    """Relative difference up to which two prices are the same: a source that divides
    by later splits in single precision is off by up to 1e-7."""

    max_jump: float = 0.40
    """Return from close to close, as a fraction in either direction, beyond which a
    row without an action waits for a second look: splits are posted up to a night
    late, and a two-for-one split looks like a fall of 50 %."""

    min_scale: float = 20.0
    """Factor to the neighboring closes from which a price is absurd: vendors mix up
    dollars and cents (100), and no listed stock moved by twenty in a session."""

    absurd_sessions: int = 2
    """Bars on either side whose median is the level an absurd price is held against:
    mixed-up units last a day or two, and a real change of level is believed after as
    many."""

    max_price: float = 1e6
    """Price in dollars beyond which no share was ever listed: Berkshire Hathaway A,
    the dearest, trades below it. Prices divided by reverse splits lie beyond."""

    range_tolerance: float = 1e-3
    """Relative difference by which open and close may lie outside low and high, and
    by which closes of one session may differ: beyond rounding, below any real move."""

    large_action: float = 0.25
    """Log factor of a split or dividend from which the price must show it: five for
    four, more than a price moves on a usual day."""

    doubled_sessions: int = 3
    """Sessions within which the same dividend is not paid twice: shorter than the week
    between the payments of the most frequent payers."""

    silent_sessions: int = 20
    """Sessions without a bar after which another price level may mean another company:
    longer than a trading halt that is usual."""

    frozen_sessions: int = 5
    """Sessions without volume or any change from which a bar is no trade but a
    repetition: longer than a trading halt over a weekend."""

    min_coverage: float = 0.80
    """Share of the symbols that traded in the session before which must have a bar:
    where more than a fifth are missing, ranks and market features mean another
    market."""

    gone_sessions: int = 5
    """Sessions in a row in which the source must have denied a symbol, while it served
    others, before it counts as delisted: a trading week outlasts any outage that
    concerned one symbol alone."""

    max_repeated: float = 0.50
    """Share of bars equal to those of the session before from which the source is
    stuck."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        _require("same_within", self.same_within, 0.0, 0.01)
        _require("max_jump", self.max_jump, 0.05, 1.0)
        _require("min_scale", self.min_scale, 2.0, 1000.0)
        _require("absurd_sessions", self.absurd_sessions, 1, 20)
        _require("max_price", self.max_price, 1e5, 1e8)
        _require("range_tolerance", self.range_tolerance, 0.0, 0.05)
        _require("large_action", self.large_action, 0.05, 1.0)
        _require("doubled_sessions", self.doubled_sessions, 1, 20)
        _require("silent_sessions", self.silent_sessions, 1, 252)
        _require("frozen_sessions", self.frozen_sessions, 2, 252)
        _require("min_coverage", self.min_coverage, 0.0, 1.0)
        _require("gone_sessions", self.gone_sessions, 1, 252)
        _require("max_repeated", self.max_repeated, 0.0, 1.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CurationPolicy:
    """Which candidates belong for a quarter.

    Each number stands twice: what a newcomer must reach to enter, and what a member
    must fall below to leave. Between the two nothing moves, so names do not flicker.
    """

    lookback_sessions: int = 63
    """Sessions before the quarter that are looked at: one quarter."""

    enter_price_usd: float = 5.0
    """Last close as traded: the predecessor's floor, below which brokers restrict
    trading. Means nothing on prices that are not as traded."""

    exit_price_usd: float = 4.0
    """A fifth below entry: two to three weekly standard deviations."""

    enter_dollar_volume_usd: float = 5_000_000.0
    """Median dollar volume of a session: twice the predecessor's 500,000 shares at
    5 USD; a position of 1,000 USD is then a fiftieth of a percent of it."""

    exit_dollar_volume_usd: float = 3_000_000.0
    """Two fifths below entry: dollar volume varies by half from quarter to quarter."""

    enter_traded_share: float = 0.95
    """Share of the look-back's sessions in which it traded; also asks a newcomer for
    nearly a quarter of history."""

    exit_traded_share: float = 0.80
    """Two and a half weeks of halts in a quarter."""

    large_dollar_volume_usd: float = 150_000_000.0
    """Median dollar volume from which a symbol without a known size counts as large:
    nine of ten members of the S&P 500 reach it."""

    mid_dollar_volume_usd: float = 30_000_000.0
    """Median dollar volume from which it counts as mid."""

    max_per_sector: int = 0
    """Most members a sector may have, by dollar volume; 0 sets no quota, since whoever
    chose the candidates chose their sectors."""

    sector_buffer: int = 2
    """Places by which a member may rank below the quota and keep its place."""

    def __post_init__(self) -> None:
        """Refuse values without meaning, and bands that are upside down."""
        _require("lookback_sessions", self.lookback_sessions, 5, 252)
        _require("enter_price_usd", self.enter_price_usd, 0.0, 1e4)
        _require("exit_price_usd", self.exit_price_usd, 0.0, self.enter_price_usd)
        _require("enter_dollar_volume_usd", self.enter_dollar_volume_usd, 0.0, 9e8)
        ceiling = self.enter_dollar_volume_usd
        _require("exit_dollar_volume_usd", self.exit_dollar_volume_usd, 0.0, ceiling)
        _require("enter_traded_share", self.enter_traded_share, 0.0, 1.0)
        ceiling = self.enter_traded_share
        _require("exit_traded_share", self.exit_traded_share, 0.0, ceiling)
        _require("large_dollar_volume_usd", self.large_dollar_volume_usd, 0.0, 9e8)
        ceiling = self.large_dollar_volume_usd
        _require("mid_dollar_volume_usd", self.mid_dollar_volume_usd, 0.0, ceiling)
        _require("max_per_sector", self.max_per_sector, 0, 10_000)
        _require("sector_buffer", self.sector_buffer, 0, 1000)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RankingPolicy:
    """How the skill of past signals ranks the symbols."""

    short_days: int = 30
    """Calendar days of the shortest window: the predecessor's."""

    middle_days: int = 60
    """Calendar days of the middle window: the predecessor's."""

    long_days: int = 90
    """Calendar days of the longest window: the predecessor's."""

    short_weight: float = 0.5
    """Weight of the shortest window: the predecessor's."""

    middle_weight: float = 0.3
    """Weight of the middle window: the predecessor's; the longest has the rest."""

    credibility: float = 0.95
    """One-sided probability of the bounds on skill."""

    min_prior_strength: float = 4.0
    """Fewest trials the prior counts for, were symbols ever so different: more than
    the two or three that do not overlap in the shortest window."""

    max_prior_strength: float = 400.0
    """Most trials it counts for, where symbols do not differ: 100 symbols with five
    trials each cannot tell a larger number from infinity."""

    trend_days: int = 365
    """Days before the longest window whose hits foretell those in it. The predecessor
    held 30 days against 90, two trials against four: too few to tell anything."""

    alarm_rate: float = 0.10
    """Highest chance per symbol and month of being called improving or deteriorating
    where nothing has changed; half of it on each side."""

    n_top: int = 10
    """Symbols in the top list: the predecessor's."""

    judged_months: int = 12
    """Rankings whose own worth is looked at: a year, as for a challenger."""

    n_permutations: int = 2000
    """Random rankings the worth is held against: a 5 % quantile is then known to
    about half a point."""

    seed: int = 11
    """Seed of the random rankings."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        _require("long_days", self.long_days, 1, 730)
        _require("middle_days", self.middle_days, 1, self.long_days)
        _require("short_days", self.short_days, 1, self.middle_days)
        _require("short_weight", self.short_weight, 0.0, 1.0)
        _require("middle_weight", self.middle_weight, 0.0, 1.0 - self.short_weight)
        _require("credibility", self.credibility, 0.5, 0.9999)
        _require("max_prior_strength", self.max_prior_strength, 0.01, 1e6)
        ceiling = self.max_prior_strength
        _require("min_prior_strength", self.min_prior_strength, 0.01, ceiling)
        _require("trend_days", self.trend_days, 1, 3650)
        _require("alarm_rate", self.alarm_rate, 0.0, 0.5)
        _require("n_top", self.n_top, 1, 10_000)
        _require("judged_months", self.judged_months, 1, 600)
        _require("n_permutations", self.n_permutations, 100, 1_000_000)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Policy:
    """All choices of the swing desk in force together."""

    quality: QualityPolicy = QualityPolicy()
    """When a delivered row is refused."""

    horizon: HorizonPolicy = HorizonPolicy()
    """When and how a signal is judged."""

    side: SidePolicy = SidePolicy()
    """From probabilities to a side."""

    training: TrainingPolicy = TrainingPolicy()
    """What a challenger learns from."""

    gate: GatePolicy = GatePolicy()
    """What a challenger must show."""

    curation: CurationPolicy = CurationPolicy()
    """Which candidates belong for a quarter."""

    ranking: RankingPolicy = RankingPolicy()
    """How past signals rank the symbols."""

    @property
    def version(self) -> str:
        """Twelve hex digits that change with any chosen number.

        Examples
        --------
        >>> Policy().version == Policy(side=SidePolicy(min_edge=0.5)).version
        False
        """
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


SWING = Policy()
"""The policy of the swing desk in force."""
