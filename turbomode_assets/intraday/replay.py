"""The intraday loop over history: the same arrows, and what came of them.

A replay calls what a live round calls, on every moment at once; that both give the same
rows is a test. Nothing is read or written.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator

import polars as pl

from turbomode_assets import intraday_tables
from turbomode_assets.intraday import loop
from turbomode_assets.intraday_policy import INTRADAY, IntradayPolicy
from turbomode_assets.sources import intraday_base


@dataclasses.dataclass(frozen=True, kw_only=True)
class World:
    """Stored rows that a replay stands on, each of the table of that name."""

    bars: pl.DataFrame
    headlines: pl.DataFrame
    chains: pl.DataFrame
    daily_bars: pl.DataFrame = dataclasses.field(
        default_factory=intraday_tables.DAILY_BARS.empty
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Replayed:
    """What the desk said and learned; rows of the tables of those names."""

    votes: pl.DataFrame
    signals: pl.DataFrame
    """Columns of `intraday_tables.SIGNALS` but for mode and emitted_at."""

    outcomes: pl.DataFrame
    weights: pl.DataFrame
    track_records: pl.DataFrame


def world_of(
    delivery: intraday_base.Delivery,
    now: dt.datetime,
    rules: IntradayPolicy = INTRADAY,
) -> World:
    """What is stored of a delivery: the accepted rows of each kind."""
    return World(
        bars=loop.judge_bars(delivery.bars, now, rules).accepted,
        headlines=loop.judge_headlines(delivery.headlines).accepted,
        chains=loop.judge_chains(delivery.chains).accepted,
        daily_bars=loop.judge_days(delivery.daily, rules).accepted,
    )


def replay(
    world: World, first: dt.date, last: dt.date, rules: IntradayPolicy = INTRADAY
) -> Replayed:
    """Every signal from `first` to `last`, by a desk that begins with nothing learned.

    No learned model speaks; with one it is ``intraday_replay.py``.

    Parameters
    ----------
    world
        Stored rows, from as many sessions before `first` as voters look back.
    first, last
        Days; they need not be sessions.
    rules
        Policy in force.
    """
    return speak(world, cast(world, first, last, rules), rules)


def cast(
    world: World, first: dt.date, last: dt.date, rules: IntradayPolicy = INTRADAY
) -> pl.DataFrame:
    """Votes of every moment from `first` to `last`."""
    parts = [votes for _, votes in cast_by_month(world, first, last, rules)]
    votes = intraday_tables.VOTES
    return pl.concat([votes.empty(), *parts]).sort(votes.key)


def cast_by_month(
    world: World, first: dt.date, last: dt.date, rules: IntradayPolicy = INTRADAY
) -> Iterator[tuple[float, pl.DataFrame]]:
    """The same month by month, each beside the share of the rounds that is done."""
    history = loop.lay_out(
        world.bars, world.headlines, world.chains, rules, world.daily_bars
    )
    moments = loop.moments_of(world.bars, first, last, rules)
    month = pl.col("session").dt.truncate("1mo")
    n_done = 0
    for _, part in moments.sort("session").group_by(month, maintain_order=True):
        n_done += part.height
        yield n_done / moments.height, loop.cast_votes(history, part, rules)


def speak(
    world: World,
    votes: pl.DataFrame,
    rules: IntradayPolicy = INTRADAY,
    learned: pl.DataFrame | None = None,
) -> Replayed:
    """What the desk says on votes, and what came of it.

    Parameters
    ----------
    world
        As for `replay`.
    votes
        As `cast` returns them.
    rules
        Policy in force.
    learned
        What champions say, as `loop.ask_champion` returns it.
    """
    spoken = loop.form_consensus(votes, world.bars, rules=rules, learned=learned)
    return Replayed(
        votes=votes,
        signals=spoken.signals,
        outcomes=loop.resolve_outcomes(spoken.signals, world.bars),
        weights=spoken.weights,
        track_records=spoken.track_records,
    )
