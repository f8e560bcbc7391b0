"""Whether retraining did any good: the arms of a replay, held against one another.

What every arm said in, rows of plain records out; every difference with an interval
and two opinions on chance. Losses stand in ``learning_losses.py``, what is drawn in
``learning_lines.py`` and ``learning_charts.py``, wording in ``learning_page.py``,
several replays together in ``learning_pool.py``. Nothing is decided here.
"""

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping

import numpy as np
import polars as pl

from turbomode_assets import policy
from turbomode_assets.reports import learning_lines, learning_losses
from turbomode_assets.stats import classification, diebold_mariano, resampling

BASE = "base_rate"
"""Arm every skill is measured against, and what silence counts as."""

PRODUCT = "gated"
"""Arm that is compared with every other."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cost:
    """What a replay cost, and how much life it lived."""

    n_trainings: int
    training_seconds: float
    """Seconds all trainings took, those side by side added up."""
    cpu_seconds: float | None
    """Seconds of one processor they took; None where nobody measured."""
    seconds: float | None
    """Seconds from beginning to end; None where nobody waited, as in a living home."""
    days: int
    """Calendar days lived."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lived:
    """One replay, or a home: its arms and what its gate decided."""

    name: str
    arms: Mapping[str, pl.DataFrame]
    """By arm: symbol, session, p_up, p_flat, p_down, label, matures_on and
    realized_return, see `replay.speak`."""
    older: pl.DataFrame
    """The same of the challenger of the month before."""
    verdicts: pl.DataFrame
    standings: pl.DataFrame
    cost: Cost
    market: str = ""
    """What it has in common with replays of the same market under other seeds."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ArmRow:
    """Log-loss of one arm and its skill over the base rate, on its own sessions."""

    arm: str
    n_sessions: int
    n_rows: int
    loss: float
    skill: float | None
    """Share of the base rate's loss that is saved; None for itself, or without it."""
    interval: tuple[float, float] | None
    direction: float | None
    """Nats a row saved in telling up from down; the rest of the gain is volatility."""
    direction_interval: tuple[float, float] | None
    equity: float | None
    """What one dollar in the paper book became; None where no book was kept."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PairRow:
    """Mean log-loss one arm saved against another.

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
    n_sessions: int
    """Matured sessions any arm spoke in."""
    arms: tuple[ArmRow, ...]
    pairs: tuple[PairRow, ...]
    """The product against every other arm, on sessions both spoke in."""
    whole: tuple[PairRow, ...]
    """The same on every session: silence counts as the base rate."""
    generations: PairRow | None
    decisions: tuple[Decision, ...]
    skills: Mapping[str, pl.DataFrame]
    """By arm, see `learning_lines.rolling_skill`."""
    books: Mapping[str, pl.DataFrame]
    """By arm, see `learning_lines.book`."""
    cost: Cost
    market: str
    """As in `Lived`."""


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
        Arms that never spoke have no row of their own.
    """
    spoken = {name: rows for name, rows in lived.arms.items() if rows.height}
    losses = {name: learning_losses.losses(rows) for name, rows in spoken.items()}
    books = {n: learning_lines.book(rows, chosen.paper) for n, rows in spoken.items()}
    generations = None
    if lived.older.height and "always_newest" in losses:
        older, names = (
            learning_losses.losses(lived.older),
            ("newest", "one month older"),
        )
        generations = _pair_row(names, losses["always_newest"], older, chosen.gate)
    return Learning(
        name=lived.name,
        n_sessions=max((own.height for own in losses.values()), default=0),
        arms=tuple(_arm_row(name, spoken, books[name], chosen.gate) for name in spoken),
        pairs=_pairs(losses, chosen.gate),
        whole=_pairs(_filled(lived.arms), chosen.gate),
        generations=generations,
        decisions=_decisions(lived),
        skills={
            name: learning_lines.rolling_skill(own, losses[BASE], chosen.gate)
            for name, own in losses.items()
            if name != BASE and BASE in losses
        },
        books=books,
        cost=lived.cost,
        market=lived.market,
    )


def _filled(arms: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Losses of every arm on every session; none without a base rate."""
    usual = arms.get(BASE)
    if usual is None:
        return {}
    return {
        name: learning_losses.losses(learning_losses.filled(rows, usual))
        for name, rows in arms.items()
    }


def _arm_row(
    name: str,
    spoken: Mapping[str, pl.DataFrame],
    book: pl.DataFrame,
    gate: policy.GatePolicy,
) -> ArmRow:
    own = learning_losses.losses(spoken[name])
    base = spoken.get(BASE, spoken[name])
    against = learning_losses.gains(own, learning_losses.losses(base))
    usual = float(against["loss_than"].to_numpy().mean())
    loss = float(own["loss"].to_numpy().mean())
    is_base = name == BASE or BASE not in spoken
    ends = None if is_base else resampling.interval(against["gain"], gate)
    told = learning_losses.direction_gains(spoken[name], base)
    return ArmRow(
        arm=name,
        n_sessions=own.height,
        n_rows=int(own["n_rows"].sum()),
        loss=loss,
        skill=None if is_base else classification.skill(loss, usual),
        interval=(ends[0] / usual, ends[1] / usual) if ends else None,
        direction=None if is_base else float(told.to_numpy().mean()),
        direction_interval=None if is_base else resampling.interval(told, gate),
        equity=book["equity"][-1] if book.height else None,
    )


def _pairs(
    losses: Mapping[str, pl.DataFrame], gate: policy.GatePolicy
) -> tuple[PairRow, ...]:
    """The product against every other arm; none where it never spoke."""
    if PRODUCT not in losses:
        return ()
    return tuple(
        _pair_row((PRODUCT, name), losses[PRODUCT], other, gate)
        for name, other in losses.items()
        if name != PRODUCT
    )


def _pair_row(
    names: tuple[str, str],
    better: pl.DataFrame,
    than: pl.DataFrame,
    gate: policy.GatePolicy,
) -> PairRow:
    gains = learning_losses.gains(better, than)["gain"]
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


def _decisions(lived: Lived) -> tuple[Decision, ...]:
    judged = [
        Decision(
            month=rows["month"][0],
            version=rows["version"][0],
            decision="promoted" if rows["is_passed"].all() else "refused",
            reason="; ".join(rows.filter(~pl.col("is_passed"))["criterion"])
            or "every criterion holds",
        )
        for rows in lived.verdicts.sort("position").partition_by("month", "version")
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
