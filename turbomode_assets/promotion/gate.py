"""The gate: what a challenger must show before it may become champion.

`judge` reads `CRITERIA` in order, and `AGAINST_CHAMPION` where one reigns; every one
must hold. To add a criterion, write one function and list it. Numbers that a person
chose stand in `policy.GatePolicy`; measuring stands in ``evidence.py``; moving the
alias is neither's affair.
"""

import dataclasses
import datetime as dt
import math
from collections.abc import Callable

import polars as pl

from turbomode_assets import errors, policy, tables
from turbomode_assets.promotion.evidence import Evidence
from turbomode_assets.stats import e_process, resampling


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reading:
    """What was observed, what was required, whether it holds, and that in words."""

    observed: float
    required: float
    is_passed: bool
    sentence: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Criterion(Reading):
    """One requirement, by the name of the function that measures it."""

    name: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """Every criterion of one challenger, in the order they are read."""

    criteria: tuple[Criterion, ...]
    against: str
    """Version of the champion compared with; empty where none reigned."""

    @property
    def is_passed(self) -> bool:
        """Whether every criterion holds."""
        return all(criterion.is_passed for criterion in self.criteria)

    def to_frame(self, desk: str, version: str, month: dt.date) -> pl.DataFrame:
        """Rows of `learning.verdicts`, one per criterion.

        Parameters
        ----------
        desk
            Which loop: swing or intraday.
        version
            Version of the challenger.
        month
            First day of the month it was trained for.

        Returns
        -------
        pl.DataFrame
            Columns of `tables.VERDICTS`; position counts from 0.
        """
        shared = {"desk": desk, "version": version, "month": month}
        rows = [
            {**shared, **dataclasses.asdict(criterion), "criterion": criterion.name}
            | {"position": position, "against": self.against}
            for position, criterion in enumerate(self.criteria)
        ]
        frame = pl.DataFrame(rows, schema=tables.VERDICTS.schema())
        return tables.VERDICTS.conform(frame)


def from_frame(rows: pl.DataFrame) -> Verdict:
    """Verdict of which `Verdict.to_frame` made these rows; at least one."""
    ordered = rows.sort("position")
    fields = ordered.select("observed", "required", "is_passed", "sentence")
    criteria = tuple(
        Criterion(name=name, **found)
        for name, found in zip(
            ordered["criterion"], fields.iter_rows(named=True), strict=True
        )
    )
    return Verdict(criteria=criteria, against=ordered["against"][0])


def judge(evidence: Evidence, gate: policy.GatePolicy) -> Verdict:
    """Verdict over one challenger.

    Parameters
    ----------
    evidence
        As `evidence.gather` returns it.
    gate
        What is required, and how the bootstrap draws.

    Returns
    -------
    Verdict
        Same evidence and policy, same bytes.

    Raises
    ------
    errors.MissingEvidence
        Naming every criterion whose metric is not a number.
    """
    listed = CRITERIA + _against(evidence)
    if evidence.losses.is_empty():
        message = f"a verdict needs sessions, evidence for {evidence.version} has none"
        raise errors.MissingEvidence(message)
    criteria = tuple(_named(measure, evidence, gate) for measure in listed)
    unknown = [c.name for c in criteria if not math.isfinite(c.observed)]
    if unknown:
        message = f"a verdict needs every metric, not a number: {', '.join(unknown)}"
        raise errors.MissingEvidence(message)
    return Verdict(criteria=criteria, against=evidence.against)


def enough_sessions(evidence: Evidence, gate: policy.GatePolicy) -> Reading:
    """Out-of-sample sessions the challenger was scored on."""
    what = "matured out-of-sample sessions"
    return _at_least(evidence.losses.height, gate.min_sessions, what)


def enough_new_samples(evidence: Evidence, gate: policy.GatePolicy) -> Reading:
    """Samples that matured since the champion was fitted."""
    what = "samples matured since the champion was fitted"
    return _at_least(evidence.n_new_samples, gate.min_new_samples, what)


def accuracy_floor(evidence: Evidence, gate: policy.GatePolicy) -> Reading:
    """Predecessor's floor; a constant class reaches it, so it proves little."""
    return _at_least(evidence.accuracy, gate.min_accuracy, "share of right classes")


def weighted_precision_floor(evidence: Evidence, gate: policy.GatePolicy) -> Reading:
    """Predecessor's floor on precision, averaged by class frequency."""
    what = "precision averaged by class frequency"
    return _at_least(evidence.weighted_precision, gate.min_weighted_precision, what)


def weighted_recall_floor(evidence: Evidence, gate: policy.GatePolicy) -> Reading:
    """Predecessor's floor on recall, averaged by class frequency."""
    what = "recall averaged by class frequency"
    return _at_least(evidence.weighted_recall, gate.min_weighted_recall, what)


def no_class_collapse(evidence: Evidence, gate: policy.GatePolicy) -> Reading:
    """Every class is at times held likelier than usual, and at times less likely."""
    what = "share of rows with the rarest call"
    return _at_least(evidence.rarest_call, gate.min_call_share, what)


def calibration_slope(evidence: Evidence, gate: policy.GatePolicy) -> Reading:
    """Slope of what happened on what was said: too bold below 1, too timid above."""
    observed, low, high = evidence.calibration_slope, gate.min_slope, gate.max_slope
    return Reading(
        observed=observed,
        required=low if observed < 1.0 else high,
        is_passed=low <= observed <= high,
        sentence=f"calibration slope: {observed:.4g}, from {low:.4g} to {high:.4g}",
    )


def calibration_error(evidence: Evidence, gate: policy.GatePolicy) -> Reading:
    """Mean distance of predicted and observed frequency."""
    observed, required = evidence.calibration_error, gate.max_calibration_error
    return Reading(
        observed=observed,
        required=required,
        is_passed=observed <= required,
        sentence=f"calibration error: {observed:.4g}, at most {required:.4g}",
    )


def skill_over_base_rate(evidence: Evidence, gate: policy.GatePolicy) -> Reading:
    """Lower bound of the log-loss gain per session over the trailing base rate."""
    gain = evidence.losses["base_rate"] - evidence.losses["challenger"]
    bound = resampling.lower_bound(gain, gate, gate.skill_confidence)
    return _above(bound, 0.0, "nats gained over the base rate, lower bound")


def skill_over_volatility(evidence: Evidence, gate: policy.GatePolicy) -> Reading:
    """Lower bound of the log-loss gain per session over the volatility-only model.

    A volatility forecast is not an edge. Where volatility clusters, a large move is
    likelier after large moves, so every model that sees volatility beats the base
    rate, without an edge in any direction. A challenger must therefore be *better*
    than volatility alone, which is sharper than being no worse. That is the price of a
    seat that is vacant; whoever holds one and is worse than volatility loses it
    (``standing.py``), and where one reigns the question is who is better.
    """
    gain = evidence.losses["volatility"] - evidence.losses["challenger"]
    bound = resampling.lower_bound(gain, gate, gate.skill_confidence)
    return _above(bound, 0.0, "nats gained over volatility alone, lower bound")


def enough_paired_sessions(evidence: Evidence, gate: policy.GatePolicy) -> Reading:
    """Sessions after earlier decisions: few would be luck."""
    what = "sessions in which champion and challenger of the time were compared"
    return _at_least(evidence.gains.height, gate.min_paired_sessions, what)


def not_inferior(evidence: Evidence, gate: policy.GatePolicy) -> Reading:
    """Lower bound of the log-loss gained by challengers over champions of the time."""
    bound = resampling.lower_bound(evidence.gains["gain"], gate, gate.confidence)
    what = "nats gained over the champion of the time, lower bound"
    return _above(bound, -gate.non_inferiority_margin, what)


def better_point_estimate(evidence: Evidence, gate: policy.GatePolicy) -> Reading:
    """Mean log-loss gained over champions of the time, of late; ties keep the seat."""
    late = evidence.gains["gain"].tail(gate.recent_sessions).to_numpy()
    what = "nats gained over the champion of the time, mean of the last quarter"
    return _above(float(late.mean()), 0.0, what)


def surely_better(evidence: Evidence, gate: policy.GatePolicy) -> Reading:
    """Capital won by betting on challengers, whoever reigned.

    What taking the newest was worth under one champion speaks for the next challenger
    under the next: a market that turns does not stop at a promotion. `error_rate`
    bounds the chance that challengers no better than their champions ever reach this;
    docs/gate.md says how far that is proven.
    """
    capital = e_process.capital(evidence.gains["gain"].to_numpy(), gate)
    what = f"evidence against champions over {evidence.gains.height} sessions"
    return _at_least(capital, 1.0 / gate.error_rate, what)


Measure = Callable[[Evidence, policy.GatePolicy], Reading]
"""Measures one requirement, under whose name it stands in the verdict."""

CRITERIA: tuple[Measure, ...] = (
    enough_sessions,
    enough_new_samples,
    accuracy_floor,
    weighted_precision_floor,
    weighted_recall_floor,
    no_class_collapse,
    calibration_slope,
    calibration_error,
    skill_over_base_rate,
)
"""What every challenger must show, in the order it is read."""

FOR_A_VACANT_SEAT: tuple[Measure, ...] = (skill_over_volatility,)
"""What it must show as well where nobody reigns."""

AGAINST_CHAMPION: tuple[Measure, ...] = (
    enough_paired_sessions,
    not_inferior,
    better_point_estimate,
    surely_better,
)
"""What it must show as well where a champion reigns."""


def _named(measure: Measure, evidence: Evidence, gate: policy.GatePolicy) -> Criterion:
    found = dataclasses.asdict(measure(evidence, gate))
    return Criterion(name=measure.__name__, **found)


def _against(evidence: Evidence) -> tuple[Measure, ...]:
    """Criteria that depend on who reigns.

    Where nothing was compared yet, the one that fails: that is no missing metric, a
    champion keeps its seat until there is something to compare.
    """
    if not evidence.against:
        return FOR_A_VACANT_SEAT
    return AGAINST_CHAMPION if evidence.gains.height else AGAINST_CHAMPION[:1]


def _at_least(observed: float, required: float, what: str) -> Reading:
    return Reading(
        observed=float(observed),
        required=float(required),
        is_passed=observed >= required,
        sentence=f"{what}: {observed:.4g}, at least {required:.4g}",
    )


def _above(observed: float, required: float, what: str) -> Reading:
    return Reading(
        observed=observed,
        required=required,
        is_passed=observed > required,
        sentence=f"{what}: {observed:.4g}, more than {required:.4g}",
    )
