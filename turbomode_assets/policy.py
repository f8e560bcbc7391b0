"""Every number a person chose, with its reason.

Frozen, keyword-only records; one per stage. Where a thing runs (paths, hosts, pool
sizes) is not policy and lives with the settings in `store` and `defs`.
"""

import dataclasses
import hashlib
import json

from turbomode_assets import errors, market_policy, report_policy

LABELS = ("symmetric_10pct", "seed_10pct", "triple_barrier_vol")
"""Label versions by name; each is a column ``label_<name>`` of `swing.outcomes`."""

FEATURE_SETS = ("full", "alpha158", "seed", "compact")
"""Named sets of features, see `features.catalog`."""

LEARNABLE = ("symmetric_10pct", "triple_barrier_vol")
"""Labels with the three classes of every model. ``seed_10pct`` is a grade: its up is
the up of ``symmetric_10pct``, so p_up answers it already, and a model of its two
classes would know less."""


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
        errors.require("calendar_days", self.calendar_days, 1, 365)
        errors.require("large_move", self.large_move, 0.001, 1.0)
        errors.require("barrier_sigmas", self.barrier_sigmas, 0.1, 10.0)
        errors.require("barrier_vol_sessions", self.barrier_vol_sessions, 2, 252)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeaturePolicy:
    """What a model sees of a symbol at the close."""

    feature_set: str = "compact"
    """Named set of features. `compact` is a broad selection with what models of all
    features relied on most. `full` is better by 17 nats / 10,000 (6 to 30) from 2016 to
    2023, at 2.8 times the CPU time, see docs/training.md."""

    def __post_init__(self) -> None:
        """Refuse a set that does not exist."""
        if self.feature_set not in FEATURE_SETS:
            found = errors.unknown_name("feature_set", self.feature_set, FEATURE_SETS)
            raise errors.PolicyError(found)


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
        errors.require("min_probability", self.min_probability, 0.0, 1.0)
        errors.require("min_edge", self.min_edge, 0.0, 1.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingPolicy:
    """What a challenger learns from, and how its evidence is made out of sample."""

    label: str = "symmetric_10pct"
    """Label version that is learned."""

    line_up: str = "diverse_eight"
    """Named set of base models, see `models.base.LINE_UPS`."""

    momentum_feature: str = "skipped_return_250_20"
    """Trailing return of the momentum rule, a baseline: twelve months but for the
    last, the form in which momentum is best known."""

    volatility_feature: str = "close_vol_20"
    """Daily volatility that the frequency of labels is held against."""

    max_label_ratio: float = 3.0
    """Large moves may be this many times as frequent, or as rare, as volatility
    implies: fat tails and crises stay within a factor of two, and unadjusted splits
    or frozen prices do not."""

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
        if self.label not in LEARNABLE:
            message = (
                f"a learned label must be one of {', '.join(LEARNABLE)}, was "
                f"{self.label!r}, which is a grade: learn symmetric_10pct, whose p_up "
                "is the chance of its up"
            )
            raise errors.PolicyError(message)
        errors.require("max_label_ratio", self.max_label_ratio, 1.0, 100.0)
        errors.require("max_years", self.max_years, 1, 50)
        errors.require("stride_sessions", self.stride_sessions, 1, 63)
        errors.require("n_folds", self.n_folds, 2, 50)
        errors.require("fold_sessions", self.fold_sessions, 5, 504)
        errors.require("embargo_sessions", self.embargo_sessions, 0, 252)
        errors.require("min_train_sessions", self.min_train_sessions, 20, 5040)


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

    min_call_share: float = 0.02
    """Smallest share of rows in which each class is held likelier than the base rate
    says, and in which it is held less likely. On real prices 2015-2023 the rarest was
    15 % in every window of a year; a constant forecast has none."""

    min_slope: float = 0.5
    """Smallest calibration slope: below, log odds are said twice as large as they are.
    On real prices 2015-2023 it was 0.74 to 1.11, least across March 2020."""

    max_slope: float = 2.0
    """Largest calibration slope: above, log odds are said half as large as they are."""

    max_calibration_error: float = 0.08
    """Largest mean distance of predicted and observed frequency. On real prices
    2015-2023 it was 0.006 to 0.053; of a forecast that calls the three classes equally
    likely it is 0.36."""

    skill_confidence: float = 0.99
    """One-sided confidence of skill over the base rate. Nominal 95 % let a model
    without any edge pass 10.8 % of the time on 252 overlapping sessions, and a year has
    twelve challengers. On real prices every year since 2015 passes at 99 %."""

    confidence: float = 0.95
    """One-sided confidence of the comparison with the champion, and of intervals."""

    non_inferiority_margin: float = 0.002
    """Log-loss, in nats, the champion may be ahead within the bound: about half a
    percent of the loss of the base rate."""

    n_resamples: int = 2000
    """Bootstrap resamples: a 5 % quantile is then known to about half a point."""

    min_paired_sessions: int = 126
    """Fewest sessions in which a challenger and the champion it was held against have
    been compared: half a year."""

    min_block_sessions: int = 10
    """Shortest mean block: labels of neighbors overlap over ten sessions."""

    error_rate: float = 0.09
    """Nominal chance of ever replacing a champion by a stream of challengers that are
    no better, however many months it is asked; also, at each look, of unseating a
    champion that is no worse than a baseline. See docs/gate.md for what is measured
    over 24 monthly decisions on resampled real losses."""

    lag_sessions: int = 12
    """Sessions until an outcome is known, at the most: a holding period."""

    bet_block_sessions: int = 10
    """Differences averaged before they are bet on: labels of neighbors overlap over ten
    sessions. From 8 to 12 the error and the power hardly change."""

    bet_unit_blocks: int = 3
    """Changes from block to block that give the unit of a later one: a month and a
    half. With 2 power is lost, with 4 and more a stream of equal models comes nearer
    to the error rate."""

    bet_bound: float = 3.0
    """Units at which a gain is cut off. At 2 power falls to that of a plain bootstrap
    test; without a bound a stream of equal models won 9.4 % of the time within two
    years, so 8 %."""

    bet_spread: float = 2.0
    """Variance of the stakes, a year: how large a gain is looked for. Of 1, 1.5, 2 and
    4 the largest that keeps the error rate also where one looks from the sixth month
    on; the larger, the sooner a large gain is found."""

    evidence_window_sessions: int = 1260
    """Sessions whose graded decisions count for a challenger: five years. The
    shorter the window, the more often evidence is asked for anew, and errors made."""

    recent_sessions: int = 63
    """Sessions over which challengers must have been better of late: a quarter. Where
    retraining stops to help, promotions stop within it."""

    demotion_window_sessions: int = 252
    """Sessions of a reign within which a failure may have begun: were all of a long
    and good reign to count, its credit would hide a break for years."""

    demotion_start_sessions: int = 21
    """Sessions between the starts a failure may have had: a month."""

    seed: int = 7
    """Seed of the bootstrap."""

    def __post_init__(self) -> None:
        """Refuse values without meaning."""
        errors.require("min_sessions", self.min_sessions, 1, 5040)
        errors.require("min_new_samples", self.min_new_samples, 0, 10_000_000)
        errors.require("min_accuracy", self.min_accuracy, 0.0, 1.0)
        errors.require("min_weighted_precision", self.min_weighted_precision, 0.0, 1.0)
        errors.require("min_weighted_recall", self.min_weighted_recall, 0.0, 1.0)
        errors.require("min_call_share", self.min_call_share, 0.0, 0.5)
        errors.require("min_slope", self.min_slope, 0.0, 1.0)
        errors.require("max_slope", self.max_slope, 1.0, 100.0)
        errors.require("max_calibration_error", self.max_calibration_error, 0.0, 1.0)
        errors.require("skill_confidence", self.skill_confidence, 0.5, 0.9999)
        errors.require("confidence", self.confidence, 0.5, 0.9999)
        errors.require("non_inferiority_margin", self.non_inferiority_margin, 0.0, 1.0)
        errors.require("n_resamples", self.n_resamples, 100, 1_000_000)
        errors.require("min_paired_sessions", self.min_paired_sessions, 1, 5040)
        errors.require("min_block_sessions", self.min_block_sessions, 1, 252)
        errors.require("error_rate", self.error_rate, 1e-6, 0.5)
        errors.require("lag_sessions", self.lag_sessions, 0, 252)
        errors.require("bet_block_sessions", self.bet_block_sessions, 1, 63)
        errors.require("bet_unit_blocks", self.bet_unit_blocks, 1, 100)
        errors.require("bet_bound", self.bet_bound, 0.1, 100.0)
        errors.require("bet_spread", self.bet_spread, 0.001, 1000.0)
        errors.require(
            "evidence_window_sessions", self.evidence_window_sessions, 126, 5040
        )
        errors.require("recent_sessions", self.recent_sessions, 1, 5040)
        errors.require(
            "demotion_window_sessions", self.demotion_window_sessions, 21, 5040
        )
        errors.require("demotion_start_sessions", self.demotion_start_sessions, 1, 252)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Policy:
    """All choices of the swing desk in force together."""

    quality: market_policy.QualityPolicy = market_policy.QualityPolicy()
    """When a delivered row is refused."""

    horizon: HorizonPolicy = HorizonPolicy()
    """When and how a signal is judged."""

    features: FeaturePolicy = FeaturePolicy()
    """What a model sees."""

    drift: report_policy.DriftPolicy = report_policy.DriftPolicy()
    """When a feature is no longer what it was."""

    side: SidePolicy = SidePolicy()
    """From probabilities to a side."""

    training: TrainingPolicy = TrainingPolicy()
    """What a challenger learns from."""

    gate: GatePolicy = GatePolicy()
    """What a challenger must show."""

    curation: market_policy.CurationPolicy = market_policy.CurationPolicy()
    """Which candidates belong for a quarter."""

    ranking: market_policy.RankingPolicy = market_policy.RankingPolicy()
    """How past signals rank the symbols."""

    paper: report_policy.PaperPolicy = report_policy.PaperPolicy()
    """What a replay's paper book does with the signals."""

    registry: report_policy.RegistryPolicy = report_policy.RegistryPolicy()
    """Which artifacts are kept."""

    explanation: report_policy.ExplanationPolicy = report_policy.ExplanationPolicy()
    """What a signal is held against when it is taken apart."""

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
