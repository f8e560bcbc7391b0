"""Time and memory of the intraday desk: one live round, and five years of replay.

``python benchmarks/intraday_replay.py [--years N] [--edge E]`` replays the simulated
market and prints what each stage cost, what the desk was worth beside its base rate,
and the regret beside its bound.
"""

import argparse
import dataclasses
import datetime as dt
import resource
import time
from collections.abc import Callable
from typing import TypeVar

import polars as pl

from turbomode_assets import intraday_policy, rounds, sessions
from turbomode_assets.intraday import loop, replay, scorecard, walk
from turbomode_assets.sources import intraday_simulated

EVER = dt.datetime(2035, 1, 1, tzinfo=dt.UTC)

CLOSING = 390
"""Minute of the last round of a full session."""

T = TypeVar("T")


def main() -> None:
    """Replay once, live one round, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument("--edge", type=float, default=1.0)
    options = parser.parse_args()
    source = intraday_simulated.IntradaySimulated(edge=options.edge)
    rules = dataclasses.replace(intraday_policy.INTRADAY, desk=source.desk)
    first = intraday_simulated.EPOCH
    last = first.replace(year=first.year + options.years) - dt.timedelta(days=2)
    world = replay.world_of(source.fetch_rounds(first, last, EVER), EVER, rules)
    found = _replay(world, rules, first, last)
    _print_worth(found, rules)
    _live_round(world, found, rules, sessions.on_or_before(last))


def _timed(name: str, action: Callable[[], T]) -> T:
    began, used = time.monotonic(), time.process_time()
    result = action()
    wall, own = time.monotonic() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{name:<12}{wall:>9.2f} s{own:>9.2f} s of CPU{peak:>8.2f} GB at the most")
    return result


def _replay(
    world: replay.World,
    rules: intraday_policy.IntradayPolicy,
    first: dt.date,
    last: dt.date,
) -> replay.Replayed:
    history = _timed(
        "lay out",
        lambda: loop.lay_out(world.bars, world.headlines, world.chains, rules),
    )
    moments = loop.moments_of(world.bars, first, last, rules)
    votes = _timed("votes", lambda: loop.cast_votes(history, moments, rules))
    spoken = _timed(
        "consensus", lambda: loop.form_consensus(votes, world.bars, rules=rules)
    )
    ends = _timed("outcomes", lambda: loop.resolve_outcomes(spoken.signals, world.bars))
    print(f"{moments.height} rounds, {votes.height} votes, {ends.height} outcomes")
    return replay.Replayed(
        votes=votes,
        signals=spoken.signals,
        outcomes=ends,
        weights=spoken.weights,
        track_records=spoken.track_records,
    )


def _print_worth(found: replay.Replayed, rules: intraday_policy.IntradayPolicy) -> None:
    with pl.Config(tbl_cols=-1, tbl_rows=-1, tbl_width_chars=110, float_precision=4):
        print(scorecard.of_voters(found.votes).drop("last_excuse"))
        scores = scorecard.of_signals(found.signals, found.outcomes)
        print(scores.transpose(include_header=True, column_names="horizon"))
        print(scorecard.regrets(found.weights, found.track_records, rules.consensus))


def _live_round(
    world: replay.World,
    found: replay.Replayed,
    rules: intraday_policy.IntradayPolicy,
    day: dt.date,
) -> None:
    """The last round of `day`, from what a desk has stored of half a year."""
    now = rounds.between(day, day)["ends_at"][-1]
    since = sessions.shift(day, -126)
    before = sessions.shift(day, -1)
    recent = [
        rows.filter(pl.col("session") >= since)
        for rows in (world.bars, world.headlines, world.chains)
    ]
    unfinished = pl.col("session") >= sessions.shift(before, -1)
    is_earlier = (pl.col("session") < day) | (pl.col("minute") < CLOSING)
    memory = walk.Memory(
        weights=found.weights.filter(pl.col("session") == before),
        track_records=found.track_records.filter(pl.col("session") == before),
        votes=found.votes.filter(unfinished & is_earlier),
        signals=found.signals.filter(unfinished & is_earlier),
    )

    def one_round() -> pl.DataFrame:
        history = loop.lay_out(recent[0], recent[1], recent[2], rules)
        moments = loop.moments_of(recent[0], day, day, rules)[-1:]
        votes = loop.cast_votes(history, moments, rules)
        spoken = loop.form_consensus(votes, recent[0], memory, rules)
        loop.resolve_outcomes(memory.signals, recent[0])
        return loop.stamp(spoken.signals, now)

    said = _timed("one round", one_round)
    print(said.select("session", "minute", "horizon", "p_up", "side", "conviction"))


if __name__ == "__main__":
    main()
