"""What the loop is worth so far, every number beside its base rate.

Tables of the loop in, rows of plain records out; live and replayed signals are
never added up. No drawing, no printing, no I/O, and nothing is decided here.
"""

import dataclasses
import datetime as dt
from typing import Any

import polars as pl

from turbomode_assets import policy, tables
from turbomode_assets.stats import (
    base_rate,
    classification,
    overlap,
    ranking,
    resampling,
)

GRADES = {
    "symmetric_10pct": {"buy": "up", "sell": "down"},
    "seed_10pct": {"buy": "up", "sell": "not_up"},
}
"""Label that makes a side a hit, per grade; the second is the predecessor's."""

_KEY = ["symbol", "session"]
_SAID = [*_KEY, "mode", "side", "p_up", "p_flat", "p_down", "edge"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ledger:
    """Tables of one desk that a scorecard is made of; any of them may be empty."""

    outcomes: pl.DataFrame
    signals: pl.DataFrame
    oof: pl.DataFrame
    verdicts: pl.DataFrame
    champions: pl.DataFrame
    universe: pl.DataFrame = dataclasses.field(default_factory=tables.UNIVERSE.empty)
    """Rows of `tables.UNIVERSE`; say whether membership was recorded in its day."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SideRow:
    """How often one side was right, by one grade.

    `n_effective` counts holding periods that do not overlap: about one in ten
    sessions, however many names it has. `base_rate` is the share of hits that as many
    names, picked blindly in the same sessions, would have had. None without rows.
    """

    mode: str
    side: str
    grade: str
    n_emitted: int
    n_matured: int
    n_effective: int
    n_hits: int
    hit_share: float | None
    base_rate: float | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class SkillRow:
    """Log-loss saved against one reference: 1 - loss / reference.

    Losses are means over sessions, in nats. The interval bootstraps the gain per
    session, divides by the mean reference and covers 90 % at a one-sided 95 %. None
    where there are too few rows.
    """

    source: str
    reference: str
    n_rows: int
    n_sessions: int
    loss: float | None
    reference_loss: float | None
    skill: float | None
    interval: tuple[float, float] | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class OrderRow:
    """How well p_up finds large rises, and the edge orders a session's returns."""

    source: str
    n_rows: int
    auc_up: float | None
    rank_ic: ranking.Estimate


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChallengerRow:
    """One judged challenger: promoted, passed (not crowned) or refused, and why."""

    month: dt.date
    version: str
    against: str
    decision: str
    reason: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scorecard:
    """Everything a person needs to believe the loop, or not."""

    champion: str | None
    n_sessions: int
    n_signals: int
    n_open: int
    sides: tuple[SideRow, ...]
    skills: tuple[SkillRow, ...]
    orders: tuple[OrderRow, ...]
    challengers: tuple[ChallengerRow, ...]
    notes: tuple[str, ...]


def scorecard(ledger: Ledger, chosen: policy.Policy) -> Scorecard:
    """Scorecard of one desk.

    Parameters
    ----------
    ledger
        Tables of one desk.
    chosen
        Gives the learned label and how the bootstrap draws.

    Returns
    -------
    Scorecard
        Emitted signals are held against the base rate of all outcomes matured before
        their session; volatility alone is known only for the out-of-sample rows of
        the last champion, or of the last challenger where none reigns.
    """
    champion = reigning(ledger.champions)
    signals, outcomes = ledger.signals, _graded(ledger.outcomes, chosen)
    matured = signals.select(_SAID).join(outcomes, on=_KEY)
    sources = _sources(ledger, matured, outcomes)
    return Scorecard(
        champion=champion,
        n_sessions=signals["session"].n_unique(),
        n_signals=signals.height,
        n_open=signals.join(ledger.outcomes, on=_KEY, how="anti").height,
        sides=tuple(
            _side_row(signals, matured, outcomes, (mode, side, grade))
            for mode in ("live", "replay")
            for side in ("buy", "sell")
            for grade in GRADES
            if (signals["mode"] == mode).any()
        ),
        skills=tuple(
            skill_row(name, reference, rows, chosen.gate)
            for name, rows in sources.items()
            for reference in ("base_rate", "volatility")
            if f"p_up_{reference}" in rows.columns
        ),
        orders=tuple(
            _order_row(name, rows, chosen.gate) for name, rows in sources.items()
        ),
        challengers=_challengers(ledger.verdicts, ledger.champions),
        notes=(*_notes(champion, matured), *_survivorship(ledger)),
    )


def reigning(champions: pl.DataFrame) -> str | None:
    """Version that reigns; None where nobody does."""
    reign = champions.sort("effective_from")["version"]
    return (str(reign.last()) or None) if reign.len() else None


def out_of_sample(
    champions: pl.DataFrame, oof: pl.DataFrame
) -> tuple[str, pl.DataFrame]:
    """Predictions of the champion, or of the last challenger where none reigns.

    Parameters
    ----------
    champions, oof
        Rows of a desk's tables of reigns and of out-of-sample predictions.

    Returns
    -------
    tuple of str and pl.DataFrame
        The version, empty without any, and its rows of `oof`.
    """
    shown = reigning(champions) or _newest(oof)
    return shown, oof.filter(pl.col("version") == shown)


def _graded(outcomes: pl.DataFrame, chosen: policy.Policy) -> pl.DataFrame:
    named = [f"label_{name}" for name in (*GRADES, chosen.training.label)]
    keep = [*_KEY, "entry_on", "matures_on", "realized_return", *dict.fromkeys(named)]
    label = pl.col(f"label_{chosen.training.label}").alias("label")
    return outcomes.select(keep).with_columns(label).drop_nulls("label")


def _sources(
    ledger: Ledger, matured: pl.DataFrame, outcomes: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    spoken = base_rate.beside(matured, outcomes)
    sources = {
        f"{mode} signals": spoken.filter(pl.col("mode") == mode)
        for mode in ("live", "replay")
    }
    returns = outcomes.select(*_KEY, "realized_return")
    shown, folds = out_of_sample(ledger.champions, ledger.oof)
    edge = (pl.col("p_up") - pl.col("p_down")).alias("edge")
    last = folds.with_columns(edge).join(returns, on=_KEY, how="left")
    sources[f"out of sample, {shown}"] = last
    return {name: rows for name, rows in sources.items() if rows.height}


def _newest(oof: pl.DataFrame) -> str:
    """Latest challenger; empty where there is none."""
    versions = oof.sort("month")["version"]
    return str(versions.last()) if versions.len() else ""


def _side_row(
    signals: pl.DataFrame,
    matured: pl.DataFrame,
    outcomes: pl.DataFrame,
    which: tuple[str, str, str],
) -> SideRow:
    mode, side, grade = which
    is_chosen = (pl.col("mode") == mode) & (pl.col("side") == side)
    is_hit = (pl.col(f"label_{grade}") == GRADES[grade][side]).alias("is_hit")
    rows = matured.filter(is_chosen).with_columns(is_hit)
    blind = outcomes.group_by("session").agg(is_hit.mean())
    usual = rows.select("session").join(blind, on="session")["is_hit"]
    n_hits = int(rows["is_hit"].sum())
    return SideRow(
        mode=mode,
        side=side,
        grade=grade,
        n_emitted=signals.filter(is_chosen).height,
        n_matured=rows.height,
        n_effective=overlap.keep_apart(rows).height,
        n_hits=n_hits,
        hit_share=n_hits / rows.height if rows.height else None,
        base_rate=float(usual.to_numpy().mean()) if rows.height else None,
    )


def skill_row(
    source: str, reference: str, rows: pl.DataFrame, gate: policy.GatePolicy
) -> SkillRow:
    """Log-loss that rows save against a reference.

    Parameters
    ----------
    source
        Where the rows come from, in words.
    reference
        Whose probabilities stand beside theirs, as the ending of a column.
    rows
        Columns symbol, session, label and both probabilities of each class.
    gate
        Gives the bootstrap.
    """
    scored = rows.with_columns(
        classification.log_loss().alias("loss"),
        classification.log_loss(f"_{reference}").alias("reference"),
    ).drop_nulls(["loss", "reference"])
    losses = classification.session_means(scored, "loss", "reference")
    if losses.is_empty():
        loss = usual = share = ends = None
    else:
        loss, usual = (float(losses[c].to_numpy().mean()) for c in losses.columns[2:])
        share = classification.skill(loss, usual)
        ends = resampling.interval(losses["reference"] - losses["loss"], gate)
    return SkillRow(
        source=source,
        reference=reference,
        n_rows=scored.height,
        n_sessions=losses.height,
        loss=loss,
        reference_loss=usual,
        skill=share,
        interval=(ends[0] / usual, ends[1] / usual) if ends and usual else None,
    )


def _order_row(source: str, rows: pl.DataFrame, gate: policy.GatePolicy) -> OrderRow:
    ic = ranking.rank_ic(rows)["rank_ic"]
    return OrderRow(
        source=source,
        n_rows=rows.height,
        auc_up=classification.auc(rows["label"] == "up", rows["p_up"]),
        rank_ic=ranking.mean_with_hac(ic, gate.min_block_sessions),
    )


def _challengers(
    verdicts: pl.DataFrame, champions: pl.DataFrame
) -> tuple[ChallengerRow, ...]:
    first = verdicts.sort("month", "version", "is_passed", "position").unique(
        ["month", "version"], keep="first", maintain_order=True
    )
    crowned = set(champions["version"])
    return tuple(
        ChallengerRow(
            month=row["month"],
            version=row["version"],
            against=row["against"],
            decision="promoted" if row["version"] in crowned else _decision(row),
            reason=_reason(row),
        )
        for row in first.iter_rows(named=True)
    )


def _decision(row: dict[str, Any]) -> str:
    return "passed" if row["is_passed"] else "refused"


def _reason(row: dict[str, Any]) -> str:
    if row["is_passed"]:
        return "every criterion holds"
    return f"{row['criterion']}: {row['sentence']}"


def _notes(champion: str | None, matured: pl.DataFrame) -> tuple[str, ...]:
    notes = ["base rate: hits of as many names picked blindly in the same sessions"]
    notes.append("effective n: holding periods that do not overlap")
    if champion is None:
        notes.append("no champion reigns yet, so nothing was signaled")
    elif matured.is_empty():
        notes.append("no signal has matured yet")
    return tuple(notes)


def _survivorship(ledger: Ledger) -> tuple[str, ...]:
    """A note where symbols were chosen in hindsight; none where nothing is known."""
    used = ledger.universe.join(ledger.outcomes, on="symbol", how="semi")
    chosen = used.filter(~pl.col("is_point_in_time"))["symbol"].n_unique()
    if not chosen:
        return ()
    note = (
        f"survivorship: {chosen} of {used['symbol'].n_unique()} symbols were chosen in "
        "hindsight, not recorded as members in their day; every figure is flattered"
    )
    return (note,)
