"""The audit finds a value that knew the future, and only such a value."""

import datetime as dt

import polars as pl
import pytest

from turbomode_assets import audit, loop, sessions, tables
from turbomode_assets.sources import simulated

SESSION = dt.date(2022, 3, 16)
LATER = sessions.shift(SESSION, 30)
SOURCE = simulated.Simulated(n_symbols=6)
BARS = SOURCE.bars(loop.bars_for_features(SESSION), LATER)
UNIVERSE = SOURCE.universe(LATER)
FEATURES = loop.compute_features(BARS, UNIVERSE, SESSION, SESSION)
NAME = FEATURES.columns[10]
NO_SIGNALS = tables.SIGNALS.empty()


def spoil(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The same rows with the first value of a column changed."""
    is_first = pl.int_range(pl.len()) == 0
    changed = pl.when(is_first).then(pl.col(name).fill_null(0) + 1).otherwise(name)
    return frame.with_columns(changed.cast(frame.schema[name]).alias(name))


def test_what_was_knowable_is_found_to_be_the_same() -> None:
    found = audit.features(FEATURES, BARS, UNIVERSE, SESSION)
    assert (found.n_differing, found.differing) == (0, [])
    assert found.n_values == FEATURES.height * (FEATURES.width - 2)


def test_one_wrong_value_is_named() -> None:
    found = audit.features(spoil(FEATURES, NAME), BARS, UNIVERSE, SESSION)
    symbol = FEATURES["symbol"][0]
    assert (found.n_differing, found.differing) == (1, [(symbol, SESSION, NAME)])


def test_features_made_from_a_later_close_are_found() -> None:
    moved = pl.col("session") == SESSION
    leaked = BARS.with_columns(
        pl.when(moved).then(pl.col("close") * 1.01).otherwise("close").alias("close")
    )
    peeked = loop.compute_features(leaked, UNIVERSE, SESSION, SESSION)
    assert audit.features(peeked, BARS, UNIVERSE, SESSION).n_differing > 10


def test_a_missing_and_an_invented_row_are_found() -> None:
    width = FEATURES.width - 2
    found = audit.features(FEATURES[1:], BARS, UNIVERSE, SESSION)
    assert found.n_differing >= 0.9 * width
    invented = FEATURES.with_columns(
        symbol=pl.when(pl.int_range(pl.len()) == 0)
        .then(pl.lit("NOBODY"))
        .otherwise("symbol")
    )
    assert audit.features(invented, BARS, UNIVERSE, SESSION).n_differing >= width


@pytest.mark.parametrize("column", ["realized_return", "exit"])
def test_outcomes_are_held_against_the_bars_of_their_maturity(column: str) -> None:
    bars = SOURCE.bars(loop.bars_for_outcomes(SESSION), LATER)
    periods = loop.maturing(SESSION, SESSION)
    stored = loop.resolve_outcomes(bars, UNIVERSE, NO_SIGNALS, periods)
    same = audit.outcomes(stored, bars, UNIVERSE, NO_SIGNALS, SESSION)
    assert (same.n_differing, same.n_values > 0) == (0, True)
    wrong = spoil(stored, column)
    found = audit.outcomes(wrong, bars, UNIVERSE, NO_SIGNALS, SESSION)
    assert [cell[2] for cell in found.differing] == [column]


def test_a_signal_outside_the_universe_is_a_stranger() -> None:
    spoken = FEATURES.select("symbol", "session")
    gone = spoken["symbol"][0]
    left = pl.when(pl.col("symbol") == gone).then(dt.date(2022, 3, 15))
    universe = UNIVERSE.with_columns(valid_to=left.otherwise("valid_to"))
    assert audit.strangers(spoken, UNIVERSE).is_empty()
    assert audit.strangers(spoken, universe)["symbol"].to_list() == [gone]


def test_members_who_were_known_then_are_found_to_be_the_same() -> None:
    for session in (SESSION, dt.date(2022, 6, 1)):
        known_then = SOURCE.universe(session)
        found = audit.members(SOURCE.universe(LATER), known_then, session)
        assert found.n_differing == 0
        assert found.n_values > 0


def test_who_joined_with_hindsight_is_found_and_who_left_is_not() -> None:
    early, gone = UNIVERSE["symbol"][0], UNIVERSE["symbol"][1]
    known_then = UNIVERSE.filter(pl.col("symbol") != early)
    today = UNIVERSE.filter(pl.col("symbol") != gone)
    found = audit.members(today, known_then, SESSION)
    assert found.differing == [(early, SESSION, "valid_from")]
    assert found.n_values > 1


def test_a_sector_given_with_hindsight_is_found() -> None:
    moved = UNIVERSE["symbol"][2]
    other = pl.when(pl.col("symbol") == moved).then(pl.lit("Elsewhere"))
    today = UNIVERSE.with_columns(sector=other.otherwise("sector"))
    found = audit.members(today, UNIVERSE, SESSION)
    assert found.differing == [(moved, SESSION, "sector")]
