"""What happens after a session changes nothing that was said up to it.

Every stage is run twice: on data cut after a session, and on data that go on, with a
future that was tampered with (prices tripled, a split and a dividend for everybody).
Up to the cut both must agree to the last bit.
"""

import dataclasses
import datetime as dt
import functools

import polars as pl
import pytest

from turbomode_assets import loop, policy, sessions, tables
from turbomode_assets.models import challenger, scoring
from turbomode_assets.sources import simulated

pytestmark = pytest.mark.xdist_group("look_ahead")

SOURCE = simulated.Simulated(n_symbols=12, edge=4.0)
FIRST, LAST = dt.date(2022, 4, 1), dt.date(2024, 3, 28)
LOAD_FROM = loop.bars_for_features(FIRST)
MONTH, EVE = dt.date(2024, 1, 1), dt.date(2023, 12, 29)
RULES = policy.Policy(
    training=policy.TrainingPolicy(fold_sessions=21, min_train_sessions=60)
)

LEAVING = ("SIM008", dt.date(2022, 5, 24))
"""A symbol of this market that is taken over, and its last session."""

SPLIT = ("SIM015", dt.date(2023, 12, 26))
"""A symbol whose shares are split 35 to 1, and when."""

CUTS = [
    dt.date(2022, 5, 20),  # two sessions before a symbol leaves
    dt.date(2022, 5, 31),  # holding periods of the symbol that left are open
    dt.date(2023, 3, 15),  # the middle of a week, a month and a block of features
    dt.date(2023, 12, 22),  # the session before a large split
    EVE,
]


@dataclasses.dataclass(frozen=True)
class World:
    """Every stage up to the samples, from bars that end in session `last`."""

    bars: pl.DataFrame
    universe: pl.DataFrame
    last: dt.date

    @functools.cached_property
    def features(self) -> pl.DataFrame:
        """Features of every session."""
        return loop.compute_features(self.bars, self.universe, FIRST, self.last)

    @functools.cached_property
    def outcomes(self) -> pl.DataFrame:
        """Outcomes of every session since the first with features."""
        periods = loop.maturing(FIRST, self.last)
        since = periods.filter(pl.col("session") >= FIRST)
        spoken = tables.SIGNALS.empty()
        return loop.resolve_outcomes(self.bars, self.universe, spoken, since)

    @functools.cached_property
    def samples(self) -> pl.DataFrame:
        """What the outcomes teach."""
        spoken = tables.SIGNALS.empty()
        return loop.gather_samples(self.outcomes, self.features, spoken)

    @functools.cached_property
    def challenger(self) -> challenger.Challenger:
        """Challenger for the month after the eve."""
        return loop.train_challenger(self.samples, MONTH, RULES)

    def members(self, last: dt.date) -> pl.DataFrame:
        """Symbols eligible in each session up to `last`."""
        days = sessions.sessions_between(FIRST, last)
        calendar = pl.DataFrame({"session": days})
        return (
            self.universe.join(calendar, how="cross")
            .filter(
                pl.col("valid_from") <= pl.col("session"),
                pl.col("session") <= pl.col("valid_to").fill_null(sessions.LAST_DAY),
            )
            .select("session", "symbol", "sector", "cap_class")
            .sort("session", "symbol")
        )


@functools.cache
def cut(last: dt.date) -> World:
    """World of somebody who stands at the close of session `last`."""
    return World(SOURCE.bars(LOAD_FROM, last), SOURCE.universe(last), last)


@functools.cache
def tampered(after: dt.date) -> World:
    """World that goes on, into a future that is not the one that would have come."""
    bars = SOURCE.bars(LOAD_FROM, LAST)
    is_future = pl.col("session") > after
    is_next = pl.col("session") == sessions.shift(after, 1)
    tripled = [
        pl.when(is_future).then(pl.col(name) * 3.0).otherwise(pl.col(name)).alias(name)
        for name in ("open", "high", "low", "close", "volume")
    ]
    changed = bars.with_columns(
        *tripled,
        split_ratio=pl.when(is_next).then(2.0).otherwise("split_ratio"),
        dividend=pl.when(is_next).then(1.0).otherwise("dividend"),
    )
    return World(changed, SOURCE.universe(LAST), LAST)


def until(frame: pl.DataFrame, last: dt.date, column: str = "session") -> pl.DataFrame:
    """Rows up to `last`."""
    return frame.filter(pl.col(column) <= last)


def test_the_market_has_something_to_leak() -> None:
    bars, universe = cut(LAST).bars, cut(LAST).universe
    symbol, day = SPLIT
    split = bars.filter(pl.col("symbol") == symbol, pl.col("session") == day)
    left = universe.filter(pl.col("symbol") == LEAVING[0])
    assert split["split_ratio"].to_list() == [35.0]
    assert left["valid_to"].to_list() == [LEAVING[1]]
    assert set(cut(LAST).samples["label"]) == {"up", "flat", "down"}


def test_the_tampering_would_be_seen() -> None:
    honest, other = cut(LAST), tampered(EVE)
    for column, before, after in (
        ("session", honest.features, other.features),
        ("matures_on", honest.outcomes, other.outcomes),
        ("matures_on", honest.samples, other.samples),
    ):
        future = pl.col(column) > EVE
        assert not before.filter(future).equals(after.filter(future))


@pytest.mark.parametrize("last", CUTS, ids=str)
def test_bars_are_those_of_the_day(last: dt.date) -> None:
    assert until(SOURCE.bars(LOAD_FROM, LAST), last).equals(cut(last).bars)


@pytest.mark.parametrize("last", CUTS, ids=str)
def test_membership_is_point_in_time(last: dt.date) -> None:
    assert tampered(last).members(last).equals(cut(last).members(last))
    assert cut(last).members(last).height > 0


@pytest.mark.parametrize("last", CUTS, ids=str)
def test_features_do_not_know_the_future(last: dt.date) -> None:
    found = until(tampered(last).features, last)
    assert found.equals(cut(last).features)
    assert found["session"].max() == last


@pytest.mark.parametrize("last", CUTS, ids=str)
def test_outcomes_do_not_know_what_came_after_their_maturity(last: dt.date) -> None:
    found = until(tampered(last).outcomes, last, "matures_on")
    assert found.equals(cut(last).outcomes)
    assert found["matures_on"].max() == last


@pytest.mark.parametrize("last", CUTS, ids=str)
def test_samples_do_not_know_what_came_after_their_maturity(last: dt.date) -> None:
    found = until(tampered(last).samples, last, "matures_on")
    assert found.equals(cut(last).samples)
    assert found["matures_on"].max() == last


def test_nothing_is_graded_before_it_matured() -> None:
    outcomes = tampered(EVE).outcomes
    assert (outcomes["session"] < outcomes["entry_on"]).all()
    assert (outcomes["entry_on"] < outcomes["matures_on"]).all()
    assert outcomes.filter(pl.col("exit_on") > pl.col("matures_on")).is_empty()


def test_a_challenger_does_not_know_its_own_month() -> None:
    honest, other = cut(EVE).challenger, tampered(EVE).challenger
    assert other.artifact == honest.artifact
    assert other.oof.equals(honest.oof)


def test_signals_do_not_know_the_future() -> None:
    scorer = scoring.load(cut(EVE).challenger.artifact)
    champion = loop.Champion("v1", scorer)
    heard = [
        loop.emit_signals(until(w.features, EVE), w.universe, champion, RULES)
        for w in (cut(EVE), tampered(EVE))
    ]
    assert heard[0].height > 0
    assert heard[0].equals(heard[1])


def test_a_signal_does_not_depend_on_the_sessions_beside_it() -> None:
    world = cut(EVE)
    champion = loop.Champion("v1", scoring.load(world.challenger.artifact))
    together = loop.emit_signals(world.features, world.universe, champion, RULES)
    tonight = world.features.filter(pl.col("session") == EVE)
    alone = loop.emit_signals(tonight, world.universe, champion, RULES)
    assert alone.height > 0
    assert alone.equals(together.filter(pl.col("session") == EVE))
