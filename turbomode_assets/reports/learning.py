"""Whether retraining did any good: the arms of a replay, held against one another.

What every arm said in, rows of plain records out; every difference with an interval
and two opinions on chance. Drawing stands in ``learning_charts.py``, wording in
``learning_page.py``. Nothing is decided here.
"""

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from scipy import special

from turbomode_assets import policy, report_policy
from turbomode_assets.stats import classification, diebold_mariano, resampling

ROLLING_SESSIONS = 126
"""Sessions behind each point of skill over time: half a year."""

BASE = "base_rate"
"""Arm every skill is measured against."""

PRODUCT = "gated"
"""Arm that is compared with every other."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lived:
    """One replay: a market, its arms and what its gate decided."""

    name: str
    arms: Mapping[str, pl.DataFrame]
    """By arm: symbol, session, p_up, p_flat, p_down, label, matures_on and
    realized_return, see `replay.speak`."""
    older: pl.DataFrame
    """The same of the challenger of the month before."""
    verdicts: pl.DataFrame
    champions: pl.DataFrame
    standings: pl.DataFrame
    n_trainings: int
    training_seconds: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArmRow:
    """Log-loss of one arm and its skill over the base rate, on its own sessions."""

    arm: str
    n_sessions: int
    n_rows: int
    loss: float
    skill: float | None
    interval: tuple[float, float] | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class PairRow:
    """Mean log-loss one arm saved against another, on sessions both spoke in.

    `p` is two-sided, by the block bootstrap; `p_second` by Diebold and Mariano.
    """

    better: str
    than: str
    n_sessions: int
    gain: float
    interval: tuple[float, float] | None
    p: float | None
    p_second: float | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Decision:
    """What the gate, or the standing, decided in a month."""

    month: dt.date
    version: str
    decision: str
    reason: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Learning:
    """Everything the report of one replay says."""

    name: str
    arms: tuple[ArmRow, ...]
    pairs: tuple[PairRow, ...]
    generations: PairRow | None
    decisions: tuple[Decision, ...]
    skills: Mapping[str, pl.DataFrame]
    """By arm: session, skill over the base rate of the last half year, and for the
    product low and high."""
    books: Mapping[str, pl.DataFrame]
    """By arm: session, equity of the paper book, beginning at 1."""
    n_trainings: int
    training_seconds: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pooled:
    """A paired gain over several replays: each replay counts as one trial."""

    better: str
    than: str
    n_replays: int
    gain: float
    interval: tuple[float, float] | None
    """95 % by Student's t; None with fewer than two replays."""
    p: float | None


def learning(lived: Lived, chosen: policy.Policy = policy.SWING) -> Learning:
    """Report on one replay.

    Parameters
    ----------
    lived
        As `replay` leaves it.
    chosen
        Gives the bootstrap and the paper book.

    Returns
    -------
    Learning
        Arms that never spoke are left out.
    """
    losses = {name: _losses(rows) for name, rows in lived.arms.items() if rows.height}
    others = [name for name in losses if name != PRODUCT]
    product = losses.get(PRODUCT)
    newest, older = losses.get("always_newest"), _losses(lived.older)
    pairs = [] if product is None else others
    return Learning(
        name=lived.name,
        arms=tuple(_arm_row(name, losses, chosen.gate) for name in losses),
        pairs=tuple(
            _pair_row((PRODUCT, other), losses[PRODUCT], losses[other], chosen.gate)
            for other in pairs
        ),
        generations=None
        if newest is None or older.is_empty()
        else _pair_row(("newest", "one month older"), newest, older, chosen.gate),
        decisions=_decisions(lived),
        skills={
            name: _rolling(losses[name], losses[BASE], chosen.gate)
            for name in losses
            if name != BASE and BASE in losses
        },
        books={
            name: book(rows, chosen.paper)
            for name, rows in lived.arms.items()
            if rows.height
        },
        n_trainings=lived.n_trainings,
        training_seconds=lived.training_seconds,
    )


def _losses(rows: pl.DataFrame) -> pl.DataFrame:
    scored = rows.with_columns(classification.log_loss().alias("loss"))
    return classification.session_means(scored.drop_nulls("loss"), "loss")


def _gains(better: pl.DataFrame, than: pl.DataFrame) -> pl.DataFrame:
    """Loss saved per session, where both spoke, beside the loss saved from."""
    both = better.join(than, on="session", suffix="_than").sort("session")
    return both.select(
        "session", "n_rows", "loss_than", gain=pl.col("loss_than") - pl.col("loss")
    )


def _arm_row(
    name: str, losses: Mapping[str, pl.DataFrame], gate: policy.GatePolicy
) -> ArmRow:
    own = losses[name]
    against = _gains(own, losses.get(BASE, own))
    usual = float(against["loss_than"].to_numpy().mean())
    loss = float(own["loss"].to_numpy().mean())
    ends = resampling.interval(against["gain"], gate) if name != BASE else None
    return ArmRow(
        arm=name,
        n_sessions=own.height,
        n_rows=int(own["n_rows"].sum()),
        loss=loss,
        skill=None if name == BASE else classification.skill(loss, usual),
        interval=(ends[0] / usual, ends[1] / usual) if ends else None,
    )


def _pair_row(
    names: tuple[str, str],
    better: pl.DataFrame,
    than: pl.DataFrame,
    gate: policy.GatePolicy,
) -> PairRow:
    gains = _gains(better, than)["gain"]
    ends = resampling.interval(gains, gate)
    return PairRow(
        better=names[0],
        than=names[1],
        n_sessions=gains.len(),
        gain=float(gains.to_numpy().mean()) if gains.len() else math.nan,
        interval=ends,
        p=None if ends is None else _p_value(gains, gate),
        p_second=diebold_mariano.p_value(gains, gate.lag_sessions),
    )


def _p_value(gains: pl.Series, gate: policy.GatePolicy) -> float:
    """Two-sided share of resampled means on the far side of zero, at least one."""
    means = resampling.resampled_means(gains, gate)
    if not np.ptp(means):
        return 1.0 if not means[0] else 1.0 / means.size
    beyond = min((means <= 0).sum(), (means >= 0).sum())
    return float(min(1.0, 2.0 * (beyond + 1) / (means.size + 1)))


def _rolling(
    own: pl.DataFrame, base: pl.DataFrame, gate: policy.GatePolicy
) -> pl.DataFrame:
    """Skill over the last half year, with a band at the end of every month."""
    gains = _gains(own, base)
    means = {"rolled": "gain", "usual": "loss_than"}
    rolled = gains.with_columns(
        pl.col(column).rolling_mean(ROLLING_SESSIONS).alias(name)
        for name, column in means.items()
    ).with_columns(skill=pl.col("rolled") / pl.col("usual"))
    month = pl.col("session").dt.truncate("1mo")
    ends = rolled.with_row_index("place").filter(month != month.shift(-1))
    bands = [
        (row["session"], *_band(gains, row["place"], row["usual"], gate))
        for row in ends.drop_nulls("usual").iter_rows(named=True)
    ]
    kinds = {"session": pl.Date(), "low": pl.Float64(), "high": pl.Float64()}
    drawn = pl.DataFrame(bands, schema=kinds, orient="row")
    return rolled.select("session", "skill").join(drawn, on="session", how="left")


def _band(
    gains: pl.DataFrame, place: int, usual: float, gate: policy.GatePolicy
) -> tuple[float | None, float | None]:
    window = gains["gain"][place + 1 - ROLLING_SESSIONS : place + 1]
    fewer = dataclasses.replace(gate, n_resamples=300)
    ends = resampling.interval(window, fewer)
    return (ends[0] / usual, ends[1] / usual) if ends else (None, None)


def book(rows: pl.DataFrame, paper: report_policy.PaperPolicy) -> pl.DataFrame:
    """Equity of a book that buys the largest and sells the smallest edges.

    Each session invests one tranche, half on either side, and books what it earned
    after costs when it matures. A session whose edges do not differ is left out.
    """
    edge = pl.col("p_up") - pl.col("p_down")
    order = pl.struct(-edge, pl.col("symbol")).rank("ordinal").over("session")
    spread = (edge.max() - edge.min()).over("session")
    n = pl.len().over("session")
    placed = rows.filter(spread > 0, n >= 2 * paper.n_names).with_columns(
        pl.when(order <= paper.n_names)
        .then(1.0)
        .when(order > pl.len().over("session") - paper.n_names)
        .then(-1.0)
        .alias("held")
    )
    earned = pl.col("held") * pl.col("realized_return") - 2.0 * paper.cost
    cohorts = placed.drop_nulls("held").sort("matures_on", "session", "symbol")
    daily = cohorts.group_by("matures_on", maintain_order=True).agg(
        earned.sum().alias("earned")
    )
    share = 2 * paper.n_names * paper.tranches
    return daily.select(
        pl.col("matures_on").alias("session"),
        equity=1.0 + (pl.col("earned") / share).cum_sum(),
    )


def _decisions(lived: Lived) -> tuple[Decision, ...]:
    first = lived.verdicts.sort("month", "version", "is_passed", "position").unique(
        ["month", "version"], keep="first", maintain_order=True
    )
    judged = [
        Decision(
            month=row["month"],
            version=row["version"],
            decision="promoted" if row["is_passed"] else "refused",
            reason="every criterion holds" if row["is_passed"] else row["sentence"],
        )
        for row in first.iter_rows(named=True)
    ]
    fallen = [
        Decision(
            month=row["month"],
            version=row["version"],
            decision="demoted",
            reason=f"followed by {row['successor'] or 'nobody'}",
        )
        for row in lived.standings.filter(~pl.col("is_passed")).iter_rows(named=True)
    ]
    return tuple(sorted([*judged, *fallen], key=lambda one: (one.month, one.decision)))


def pooled(reports: Sequence[Learning]) -> tuple[Pooled, ...]:
    """Paired gains of the product over several replays, such as seeds.

    Parameters
    ----------
    reports
        One per replay; markets drawn from different seeds are independent.
    """
    names = dict.fromkeys(pair.than for report in reports for pair in report.pairs)
    rows = []
    for than in names:
        found = [p.gain for r in reports for p in r.pairs if p.than == than]
        gains = np.array([gain for gain in found if math.isfinite(gain)])
        if gains.size:
            rows.append(_pooled(than, gains))
    return tuple(rows)


def _pooled(than: str, gains: resampling.Floats) -> Pooled:
    n, mean = gains.size, float(gains.mean())
    error = float(gains.std(ddof=1) / math.sqrt(n)) if n > 1 else 0.0
    reach = float(special.stdtrit(n - 1, 0.975)) * error if error else 0.0
    far = float(2 * special.stdtr(n - 1, -abs(mean) / error)) if error else None
    return Pooled(
        better=PRODUCT,
        than=than,
        n_replays=n,
        gain=mean,
        interval=(mean - reach, mean + reach) if error else None,
        p=far,
    )
