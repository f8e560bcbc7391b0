"""The intraday loop: one round at a time, restarted after each, or all at once."""

import datetime as dt

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from turbomode_assets import intraday_policy, intraday_tables, rounds, sessions
from turbomode_assets.intraday import loop, replay, walk
from turbomode_assets.sources import intraday_simulated
from turbomode_assets_tests.intraday import simulated_desk

FIRST, LAST = dt.date(2018, 6, 18), dt.date(2018, 7, 6)
BEFORE, HALF_DAY = dt.date(2018, 7, 2), dt.date(2018, 7, 3)
RULES = simulated_desk.RULES


def world_of(
    source: intraday_simulated.IntradaySimulated, first: dt.date, last: dt.date
) -> replay.World:
    delivery = source.fetch_rounds(first, last, simulated_desk.EVER)
    return replay.world_of(delivery, simulated_desk.EVER, RULES)


@pytest.fixture(scope="module")
def world() -> replay.World:
    source = intraday_simulated.IntradaySimulated(edge=2.0)
    return world_of(source, FIRST, LAST)


@pytest.fixture(scope="module")
def at_once(world: replay.World) -> replay.Replayed:
    return replay.replay(world, FIRST, LAST, RULES)


def known_by(world: replay.World, now: dt.datetime) -> replay.World:
    """What a desk that runs live has stored at a moment."""
    known = pl.col("known_at") <= now
    return replay.World(
        bars=world.bars.filter(known),
        headlines=world.headlines.filter(known),
        chains=world.chains.filter(known),
    )


def through(rows: pl.DataFrame, last: dt.date) -> pl.DataFrame:
    return rows.filter(pl.col("session") <= last)


def test_rounds_one_by_one_give_what_a_replay_gives(
    world: replay.World, at_once: replay.Replayed
) -> None:
    """Every round knows the tables alone, as after a kill and a restart."""
    newest = at_once.weights.filter(pl.col("session") == BEFORE)
    records = at_once.track_records.filter(pl.col("session") == BEFORE)
    said, voted = through(at_once.signals, BEFORE), through(at_once.votes, BEFORE)
    for _, _, _, now in rounds.between(HALF_DAY, HALF_DAY).iter_rows():
        known = known_by(world, now)
        history = loop.lay_out(known.bars, known.headlines, known.chains, RULES)
        moments = loop.moments_of(known.bars, now.date(), now.date(), RULES)[-1:]
        votes = loop.cast_votes(history, moments, RULES)
        memory = walk.Memory(
            weights=newest, track_records=records, votes=voted, signals=said
        )
        spoken = loop.form_consensus(votes, known.bars, memory, RULES)
        said, voted = pl.concat([said, spoken.signals]), pl.concat([voted, votes])
    key = intraday_tables.SIGNALS.key
    assert_frame_equal(
        said.sort(key), through(at_once.signals, HALF_DAY), check_exact=True
    )
    of_day = pl.col("session") == HALF_DAY
    assert_frame_equal(spoken.weights, at_once.weights.filter(of_day), check_exact=True)
    assert_frame_equal(
        spoken.track_records, at_once.track_records.filter(of_day), check_exact=True
    )
    assert_frame_equal(
        voted.sort(intraday_tables.VOTES.key), through(at_once.votes, HALF_DAY)
    )


def test_a_round_that_was_said_is_not_said_again(
    world: replay.World, at_once: replay.Replayed
) -> None:
    memory = walk.Memory(votes=at_once.votes, signals=at_once.signals)
    again = loop.form_consensus(at_once.votes, world.bars, memory, RULES)
    assert again.signals.is_empty()


def test_two_symbols_are_two_desks(at_once: replay.Replayed) -> None:
    both = intraday_simulated.IntradaySimulated(edge=2.0, symbols=("SIM", "SAM"))
    rules = simulated_desk.rules_of(both)
    world = world_of(both, FIRST, dt.date(2018, 6, 26))
    found = replay.replay(world, FIRST, dt.date(2018, 6, 26), rules)
    assert set(found.signals["symbol"]) == {"SIM", "SAM"}
    counts = found.signals["symbol"].value_counts()["count"]
    assert counts.n_unique() == 1
    assert at_once.signals["symbol"].unique().to_list() == ["SIM"]


def test_rows_are_as_declared(world: replay.World, at_once: replay.Replayed) -> None:
    ends = rounds.between(FIRST, FIRST)["ends_at"]
    stamped = loop.stamp(through(at_once.signals, FIRST), ends[10] + loop.LIVE_WITHIN)
    assert intraday_tables.SIGNALS.violations(stamped) == []
    is_live = pl.col("minute") >= 165
    assert set(stamped.filter(is_live)["mode"]) == {"live"}
    assert set(stamped.filter(~is_live)["mode"]) == {"replay"}
    for table, rows in (
        (intraday_tables.BARS, world.bars),
        (intraday_tables.HEADLINES, world.headlines),
        (intraday_tables.CHAINS, world.chains),
        (intraday_tables.VOTES, at_once.votes),
        (intraday_tables.OUTCOMES, at_once.outcomes),
        (intraday_tables.WEIGHTS, at_once.weights),
        (intraday_tables.TRACK_RECORDS, at_once.track_records),
    ):
        assert rows.height > 0
        assert table.violations(rows) == []


def test_every_round_of_a_session_is_spoken_in(at_once: replay.Replayed) -> None:
    grid = rounds.between(FIRST, LAST).height
    assert at_once.signals.height == grid * len(rounds.HORIZONS)
    assert at_once.votes.height == grid * len(
        intraday_policy.INTRADAY.consensus.start_weights
    )
    days = sessions.sessions_between(FIRST, LAST)
    assert at_once.weights["session"].unique().sort().to_list() == days
