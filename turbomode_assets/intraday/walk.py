"""Votes and outcomes of one symbol and horizon, walked through in the order of time.

Turns rows into the arrays that `consensus.Learner.follow` walks along, and what it
found into rows. `Memory` is what a walk goes on from, so that walking session by
session, or round by round, gives what one long walk gives, bit for bit.

Nothing is learned here (`consensus.py`), and no price is looked at.
"""

import dataclasses

import numpy as np
import polars as pl

from turbomode_assets import intraday_tables, rounds
from turbomode_assets.intraday import ballot, consensus, state, track_record
from turbomode_assets.intraday_policy import ConsensusPolicy, IntradayPolicy

_MOMENT = ["symbol", "session", "minute"]


LEARNED = pl.Schema(
    {
        name: intraday_tables.SIGNALS.schema()[name]
        for name in (*intraday_tables.SIGNALS.key, "p_up")
    }
)
"""Columns of what the learned model says: the key of a signal, and p_up."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Memory:
    """What the desk remembers when a round ends; rows of the tables of that name.

    Without rows nothing was learned yet.
    """

    weights: pl.DataFrame = dataclasses.field(
        default_factory=intraday_tables.WEIGHTS.empty
    )
    """Of the last session before the rounds, at the latest."""

    track_records: pl.DataFrame = dataclasses.field(
        default_factory=intraday_tables.TRACK_RECORDS.empty
    )
    """Of the same session."""

    votes: pl.DataFrame = dataclasses.field(default_factory=intraday_tables.VOTES.empty)
    """Of every signal whose outcome was not known at the end of that session."""

    signals: pl.DataFrame = dataclasses.field(
        default_factory=intraday_tables.SIGNALS.empty
    )
    """The same signals."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spoken:
    """What came of a walk through rounds."""

    signals: pl.DataFrame
    """Columns of `intraday_tables.SIGNALS` but for mode and emitted_at."""

    weights: pl.DataFrame
    """Rows of `intraday_tables.WEIGHTS` of each session that ended."""

    track_records: pl.DataFrame
    """Rows of `intraday_tables.TRACK_RECORDS` of each session that ended."""


@dataclasses.dataclass(frozen=True, eq=False)
class Task:
    """Which walk: its symbol and horizon, and the newest round that any bar is of."""

    symbol: str
    horizon: str
    newest: int

    learned: pl.DataFrame = dataclasses.field(default_factory=LEARNED.to_frame)
    """What the learned model says; no row where none reigns."""


def with_earlier(votes: pl.DataFrame, memory: Memory) -> pl.DataFrame:
    """Votes to speak on, after those remembered of moments that were spoken in."""
    said = memory.signals.select(_MOMENT).unique()
    moments = votes.select(_MOMENT).unique()
    earlier = memory.votes.join(said, on=_MOMENT, how="semi")
    return pl.concat([earlier.join(moments, on=_MOMENT, how="anti"), votes])


def after(memory: Memory, votes: pl.DataFrame, signals: pl.DataFrame) -> Memory:
    """What is remembered once signals were said on votes."""
    every = pl.concat([memory.signals, signals], how="diagonal")
    return dataclasses.replace(memory, votes=with_earlier(votes, memory), signals=every)


def through(
    votes: pl.DataFrame,
    ends: pl.DataFrame,
    task: Task,
    memory: Memory,
    rules: IntradayPolicy,
) -> Spoken:
    """Walk of one symbol and horizon.

    Parameters
    ----------
    votes
        As `with_earlier` returns them, of any symbols.
    ends
        As `outcomes.resolve` returns them, of the same moments.
    task
        Which of them, and up to when.
    memory
        What was learned and said before.
    rules
        Policy in force.
    """
    own = votes.filter(pl.col("symbol") == task.symbol).sort(*_MOMENT, "voter")
    moments = own.select(_MOMENT).unique(maintain_order=True)
    said = moments.join(
        _of(memory.signals, task), on=_MOMENT, how="left", maintain_order="left"
    )
    walked = _arrays(own, said, _of(ends, task), task, rules)
    is_new = np.isnan(walked.mixture)
    learner = consensus.Learner.begin(
        task.horizon, tuple(ballot.discover()), rules.consensus
    )
    state.restore(learner, _of(memory.weights, task), _of(memory.track_records, task))
    stored = [_Stored.nothing()]
    closings = _closings(moments, task.newest)
    learner.follow(
        walked,
        [closing for closing in closings if closing > learner.learned_to],
        lambda closing: stored.append(_Stored.of(learner, task, closing)),
    )
    signals = _signals(moments, walked, task, rules.consensus)
    moved = signals.join(_movement(own), on=_MOMENT, how="left", maintain_order="left")
    wanted = intraday_tables.SIGNALS.column_names
    return Spoken(
        signals=moved.with_columns(policy_version=pl.lit(rules.version))
        .filter(is_new)
        .select(name for name in wanted if name not in {"mode", "emitted_at"}),
        weights=pl.concat(one.weights for one in stored),
        track_records=pl.concat(one.track_records for one in stored),
    )


def joined(parts: list[Spoken]) -> Spoken:
    """Several walks as one, sorted by the keys of the tables."""
    signals, weights, records = (
        pl.concat(getattr(part, field.name) for part in parts)
        for field in dataclasses.fields(Spoken)
    )
    return Spoken(
        signals=signals.sort(intraday_tables.SIGNALS.key),
        weights=intraday_tables.WEIGHTS.conform(weights),
        track_records=intraday_tables.TRACK_RECORDS.conform(records),
    )


@dataclasses.dataclass(frozen=True)
class _Stored:
    """What was known at the end of a session, as rows of the two tables."""

    weights: pl.DataFrame
    track_records: pl.DataFrame

    @classmethod
    def nothing(cls) -> "_Stored":
        return cls(
            intraday_tables.WEIGHTS.empty(), intraday_tables.TRACK_RECORDS.empty()
        )

    @classmethod
    def of(cls, learner: consensus.Learner, task: Task, closing: int) -> "_Stored":
        session = rounds.named(np.array([closing]))["session"][0]
        key = {
            "symbol": pl.lit(task.symbol),
            "horizon": pl.lit(task.horizon),
            "session": pl.lit(session),
        }
        weights = state.weights(learner).with_columns(**key)
        records = state.track_records(learner).with_columns(**key)
        return cls(
            weights.select(intraday_tables.WEIGHTS.column_names),
            records.select(intraday_tables.TRACK_RECORDS.column_names),
        )


def _of(rows: pl.DataFrame, task: Task) -> pl.DataFrame:
    return rows.filter(
        pl.col("symbol") == task.symbol, pl.col("horizon") == task.horizon
    )


def _closings(moments: pl.DataFrame, newest: int) -> list[int]:
    """Last rounds of the moments' sessions, of those that have ended."""
    days = moments["session"]
    grid = rounds.between(days.min(), days.max())  # type: ignore[arg-type]
    last = grid.group_by("session").agg(pl.col("round").max())
    spoken = last.join(moments.select("session").unique(), on="session")
    return spoken.filter(pl.col("round") <= newest)["round"].sort().to_list()


def _arrays(
    own: pl.DataFrame,
    said: pl.DataFrame,
    ends: pl.DataFrame,
    task: Task,
    rules: IntradayPolicy,
) -> consensus.Walked:
    """Arrays of every moment; what was not said yet is NaN."""
    numbers = rounds.numbers(said)
    shape = (numbers.size, own["voter"].n_unique())
    scores = own["score"].fill_null(np.nan).to_numpy().reshape(shape)
    confidences = own["confidence"].to_numpy().reshape(shape)
    known = said.join(ends, on=_MOMENT, how="left", maintain_order="left")
    learned = said.select(_MOMENT).join(
        _of(task.learned, task), on=_MOMENT, how="left", maintain_order="left"
    )
    n_experts = len(consensus.BASELINES) + shape[1]
    probabilities = np.full((numbers.size, n_experts), np.nan)
    is_said = said["p_up"].is_not_null().to_numpy()
    if is_said.any():
        frozen = said["expert_probabilities"].drop_nulls().to_list()
        probabilities[is_said] = np.array(frozen)
    return consensus.Walked(
        numbers=numbers,
        exits=rounds.exits(numbers, task.horizon),
        levels=track_record.levels_of(scores, confidences, rules.consensus),
        learned=learned["p_up"].fill_null(np.nan).to_numpy(),
        probabilities=probabilities,
        mixture=said["p_up"].fill_null(np.nan).to_numpy().copy(),
        is_up=known["is_up"].cast(pl.Float64).fill_null(np.nan).to_numpy(),
    )


def _signals(
    moments: pl.DataFrame,
    walked: consensus.Walked,
    task: Task,
    rules: ConsensusPolicy,
) -> pl.DataFrame:
    """Moments with what the desk says at them."""
    n_speaking, n_agreeing = consensus.agreement(walked)
    rows = moments.with_columns(
        horizon=pl.lit(task.horizon),
        p_up=pl.Series(walked.mixture),
        n_speaking=pl.Series(n_speaking),
        n_agreeing=pl.Series(n_agreeing),
        expert_probabilities=pl.Series(
            walked.probabilities.tolist(), dtype=pl.List(pl.Float64)
        ),
    )
    return consensus.decide(rows, rules)


def _movement(own: pl.DataFrame) -> pl.DataFrame:
    """Mean view of movement by moment, weighted by confidence; null without one."""
    is_told = pl.col("volatility").is_not_null() & (pl.col("confidence") > 0)
    weight = pl.col("confidence").filter(is_told)
    mean = (pl.col("volatility").filter(is_told) * weight).sum() / weight.sum()
    told = own.group_by(_MOMENT, maintain_order=True).agg(volatility=mean)
    return told.with_columns(pl.col("volatility").fill_nan(None).clip(-1.0, 1.0))
