"""Time and memory of the intraday desk: one live round, and five years of replay.

``python benchmarks/intraday_replay.py [--years N] [--edge E] [--learn WEEKS]`` replays
the simulated market and prints what each stage cost, what the desk was worth beside its
base rate, and the regret beside its bound. With ``--learn`` a challenger is trained and
judged every so many weeks, which takes a quarter of a minute each, and every verdict is
printed.
"""

import argparse
import dataclasses
import datetime as dt
import resource
import time
from collections.abc import Callable
from typing import TypeVar

import polars as pl

from turbomode_assets import (
    desks,
    intraday_policy,
    intraday_replay,
    rounds,
    sessions,
)
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
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--learn", type=int, default=0, metavar="WEEKS")
    options = parser.parse_args()
    source = intraday_simulated.IntradaySimulated(options.seed, options.edge)
    rules = dataclasses.replace(intraday_policy.INTRADAY, desk=source.desk)
    first = intraday_simulated.EPOCH
    last = first.replace(year=first.year + options.years) - dt.timedelta(days=2)
    world = replay.world_of(source.fetch_rounds(first, last, EVER), EVER, rules)
    found = _replay(world, rules, first, last)
    if options.learn:
        found = _learn(world, found, rules, options.learn)
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


def _learn(
    world: replay.World,
    found: replay.Replayed,
    rules: intraday_policy.IntradayPolicy,
    every_weeks: int,
) -> replay.Replayed:
    """The same votes, with a learned model beside them."""
    gated = intraday_replay.Gated(world, found.votes, rules)
    days = found.votes["session"].unique().sort().to_list()
    first, last = days[0], days[-1]

    def teach() -> None:
        for day in intraday_replay.training_days(first, last, every_weeks):
            verdict = gated.live(day)
            if verdict is not None:
                failed = [each.name for each in verdict.criteria if not each.is_passed]
                print(day, "passed" if verdict.is_passed else f"failed {failed}")

    _timed("learning", teach)
    print(gated.ledger.read(desks.CHAMPIONS).select("effective_from", "version"))
    learned = _timed("asking", lambda: gated.speak(first, last))
    return replay.speak(world, found.votes, rules, learned)


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
