"""One turn of the intraday loop in plain Python: one function per arrow.

::

    1. bars       delivered rows           -> bars         judge_bars, judge_days
                  headlines, option quotes -> context      judge_headlines, judge_chains
    2. votes      bars, context            -> votes        lay_out, cast_votes
    3. signals    votes, weights, champion -> signals      ask_champion, form_consensus
    4. outcomes   bars, signals            -> outcomes     resolve_outcomes
    5. weights    signals, outcomes        -> weights      form_consensus
    6. models     votes, bars, outcomes    -> challenger   gather_samples,
                                                           train_challenger

The loop closes twice. The weights stored at the end of a session are what the next one
begins with (`walk.Memory`), and within a session it goes on from there with the
outcomes that have become known: a signal rests on every outcome before it, which is why
signals and weights come out of one walk. And every week a challenger learns from what
became of all rounds; where the gate lets it pass (``judging.py``), it speaks as one
expert more.

Frames in, frames out. Nothing here reads a clock, a file or a database, and the stages
of the desk meet only here.
"""

import dataclasses
import datetime as dt

import numpy as np
import polars as pl

from turbomode_assets import errors, intraday_tables, rounds, sessions, tables
from turbomode_assets.intraday import (
    ballot,
    bars,
    context,
    knowledge,
    learned_model,
    learning,
    outcomes,
    samples,
    snapshot,
    walk,
)
from turbomode_assets.intraday_policy import INTRADAY, IntradayPolicy
from turbomode_assets.prices import quality
from turbomode_assets.samples import splits

DESK = "intraday"
"""The desk this loop belongs to."""

LIVE_WITHIN = dt.timedelta(minutes=rounds.MINUTES)
"""Time after the end of its round for which a signal counts as live: until the next
one is due."""

_MOMENT = ("symbol", "session", "minute")


# 1. bars -----------------------------------------------------------------------------


def judge_bars(
    delivered: pl.DataFrame, now: dt.datetime, rules: IntradayPolicy = INTRADAY
) -> bars.Inspection:
    """What a source delivered as bars of rounds; see `bars.inspect`."""
    return bars.inspect(delivered, rules.quality, now)


def judge_days(
    delivered: pl.DataFrame, rules: IntradayPolicy = INTRADAY
) -> quality.Inspection:
    """What a source delivered as bars of sessions, judged as the other desk's are."""
    known = tables.BARS.empty()
    return quality.inspect(delivered, known, rules.quality, is_revising=True)


def judge_headlines(delivered: pl.DataFrame) -> context.Inspection:
    """Headlines by the round that could first know them."""
    return context.inspect_headlines(delivered)


def judge_chains(delivered: pl.DataFrame) -> context.Inspection:
    """Option quotes that can be."""
    return context.inspect_chains(delivered)


# 2. votes ----------------------------------------------------------------------------


def lay_out(
    known_bars: pl.DataFrame,
    headlines: pl.DataFrame,
    chains: pl.DataFrame,
    rules: IntradayPolicy = INTRADAY,
    daily: pl.DataFrame | None = None,
) -> snapshot.History:
    """Stored rows as a history that any moment can be cut out of."""
    return snapshot.History.of(rules.desk, known_bars, headlines, chains, daily)


def cast_votes(
    history: snapshot.History,
    moments: pl.DataFrame,
    rules: IntradayPolicy = INTRADAY,
) -> pl.DataFrame:
    """What every voter says at each moment.

    Parameters
    ----------
    history
        As `lay_out` returns it.
    moments
        Columns symbol, session and minute, as `moments_of` returns them.
    rules
        Policy in force.

    Returns
    -------
    pl.DataFrame
        Rows of `intraday_tables.VOTES`.
    """
    numbers = rounds.numbers(moments).tolist()
    columns: dict[str, list[object]] = {name: [] for name in _VOTE_SCHEMA}
    for moment, number in zip(moments.iter_rows(), numbers, strict=True):
        seen = history.at(moment[0], number)
        for voter, vote in ballot.cast_votes(seen, rules.voters).items():
            is_known = np.isfinite(vote.staleness) and not vote.is_abstaining
            cells = (
                *moment,
                voter,
                vote.score,
                vote.volatility,
                vote.confidence,
                vote.staleness if is_known else None,
                vote.is_abstaining,
                vote.reason,
            )
            for name, cell in zip(columns, cells, strict=True):
                columns[name].append(cell)
    return intraday_tables.VOTES.conform(pl.DataFrame(columns, schema=_VOTE_SCHEMA))


_VOTE_SCHEMA = intraday_tables.VOTES.schema()


def moments_of(
    known_bars: pl.DataFrame,
    first: dt.date,
    last: dt.date,
    rules: IntradayPolicy = INTRADAY,
) -> pl.DataFrame:
    """Moments the desk speaks at: rounds in which a predicted symbol has a bar.

    Returns
    -------
    pl.DataFrame
        Columns symbol, session and minute, each row once, sorted.
    """
    is_asked = pl.col("symbol").is_in(rules.desk.symbols)
    is_asked &= pl.col("session").is_between(first, last)
    return known_bars.filter(is_asked).select(_MOMENT).unique().sort(_MOMENT)


# 3. signals --------------------------------------------------------------------------


def ask_champion(
    champion: learned_model.Scorer,
    votes: pl.DataFrame,
    known_bars: pl.DataFrame,
    rules: IntradayPolicy = INTRADAY,
) -> pl.DataFrame:
    """What the learned model says of the moments that were voted on.

    Parameters
    ----------
    champion
        Whoever reigned in their session.
    votes
        Rows of `intraday_tables.VOTES`.
    known_bars
        Rows of `intraday_tables.BARS`, from a month before the first moment on.
    rules
        Policy in force.

    Returns
    -------
    pl.DataFrame
        Columns of `walk.LEARNED`, a row per moment and horizon.
    """
    return champion.directions(samples.features_of(votes, known_bars, rules.desk))


def form_consensus(
    votes: pl.DataFrame,
    known_bars: pl.DataFrame,
    memory: walk.Memory | None = None,
    rules: IntradayPolicy = INTRADAY,
    learned: pl.DataFrame | None = None,
) -> walk.Spoken:
    """What the desk says at each moment that was voted on.

    Parameters
    ----------
    votes
        Rows of `intraday_tables.VOTES` of the moments to speak at.
    known_bars
        Rows of `intraday_tables.BARS`; a bar after a moment is not looked at there, nor
        what corrected one only later.
    memory
        What was learned and said before; None where the desk begins.
    rules
        Policy in force.
    learned
        As `ask_champion` returns it; None, or no row, where nobody reigns.

    Returns
    -------
    walk.Spoken
        Signals of every moment and horizon, and what was learned by the end of every
        session among them.
    """
    remembered = memory or walk.Memory()
    model = walk.LEARNED.to_frame() if learned is None else learned
    newest = int(rounds.numbers(known_bars).max())
    said = remembered.signals.select(_MOMENT)
    silent = votes.select(_MOMENT).unique().join(said, on=_MOMENT, how="anti")
    own = known_bars.filter(pl.col("symbol").is_in(votes["symbol"].unique().implode()))
    signals, heard = [], votes
    for then in knowledge.at(silent, own, intraday_tables.DAILY_BARS.empty()):
        silent = silent.join(then.moments, on=_MOMENT, how="anti")
        heard = votes.join(silent, on=_MOMENT, how="anti", maintain_order="left")
        spoken = _walked(heard, then.bars, remembered, rules, (newest, model))
        signals.append(spoken.signals)
        remembered = walk.after(remembered, heard, spoken.signals)
    every = pl.concat(signals).sort(intraday_tables.SIGNALS.key)
    return dataclasses.replace(spoken, signals=every)


def _walked(
    votes: pl.DataFrame,
    known_bars: pl.DataFrame,
    memory: walk.Memory,
    rules: IntradayPolicy,
    given: tuple[int, pl.DataFrame],
) -> walk.Spoken:
    """One walk of every symbol and horizon; `given` is as in `walk.Task`."""
    every = walk.with_earlier(votes, memory)
    ends = outcomes.resolve(every.select(_MOMENT).unique(), known_bars)
    tasks = [
        walk.Task(symbol, horizon, *given)
        for symbol in votes["symbol"].unique().sort()
        for horizon in rounds.HORIZONS
    ]
    return walk.joined(
        [walk.through(every, ends, each, memory, rules) for each in tasks]
    )


def stamp(signals: pl.DataFrame, now: dt.datetime) -> pl.DataFrame:
    """Signals with the time and the mode they were emitted in.

    Parameters
    ----------
    signals
        As `form_consensus` returns them.
    now
        Present moment, UTC.

    Returns
    -------
    pl.DataFrame
        Rows of `intraday_tables.SIGNALS`.
    """
    since = pl.lit(now) - rounds.named(rounds.numbers(signals))["ends_at"]
    mode = pl.when(since <= LIVE_WITHIN).then(pl.lit("live"))
    stamped = signals.with_columns(
        mode=mode.otherwise(pl.lit("replay")),
        emitted_at=pl.lit(now, dtype=pl.Datetime("us", "UTC")),
    )
    return intraday_tables.SIGNALS.conform(stamped)


# 4. outcomes -------------------------------------------------------------------------


def resolve_outcomes(signals: pl.DataFrame, known_bars: pl.DataFrame) -> pl.DataFrame:
    """What became of each signal; rows of `intraday_tables.OUTCOMES`."""
    found = outcomes.resolve(signals.select(_MOMENT).unique(), known_bars)
    return outcomes.grade(found, signals)


# 6. models ---------------------------------------------------------------------------


def gather_samples(
    votes: pl.DataFrame,
    known_bars: pl.DataFrame,
    ends: pl.DataFrame,
    rules: IntradayPolicy = INTRADAY,
) -> pl.DataFrame:
    """What every round with a final outcome teaches.

    Parameters
    ----------
    votes, known_bars
        As for `ask_champion`.
    ends
        Rows of `intraday_tables.OUTCOMES`, or what `outcomes.resolve` returns.
    rules
        Policy in force.

    Returns
    -------
    pl.DataFrame
        As `samples.gather` returns them.
    """
    return samples.gather(samples.features_of(votes, known_bars, rules.desk), ends)


def known_before(
    gathered: pl.DataFrame, day: dt.date, rules: IntradayPolicy = INTRADAY
) -> pl.DataFrame:
    """Samples whose outcome was known before a day, of the window learned from."""
    since = sessions.shift(day, -rules.learning.max_sessions)
    return gathered.filter(pl.col("matures_on") < day, pl.col("session") >= since)


def train_challenger(
    gathered: pl.DataFrame,
    day: dt.date,
    rules: IntradayPolicy = INTRADAY,
    progress: learning.Progress = lambda _: None,
) -> learning.Challenger:
    """A kind for each horizon, with honest predictions.

    Parameters
    ----------
    gathered
        As `gather_samples` returns them; those not known before `day` are left out.
    day
        First day the challenger would be in force.
    rules
        Policy in force.
    progress
        Called with the name of each step as it begins.

    Raises
    ------
    errors.NotEnoughHistory
        Where too few sessions have matured.
    """
    known = known_before(gathered, day, rules)
    if known.is_empty():
        message = f"expected rounds graded before {day}, found none; grade them first"
        raise errors.NotEnoughHistory(message)
    periods = known.group_by("session").agg(
        entry_on=pl.col("entry_on").min(), matures_on=pl.col("matures_on").max()
    )
    folds = splits.walk_forward(periods, rules.learning)
    splits.require_apart(folds, periods)
    return learning.train(known, folds, rules.learning, progress)
