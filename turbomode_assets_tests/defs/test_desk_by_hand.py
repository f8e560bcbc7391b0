"""Any session and any range of the intraday desk and of its options book, by hand."""

import datetime as dt
import pathlib
from collections.abc import Iterator

import polars as pl
import pytest

from turbomode_assets import (
    desks,
    errors,
    intraday_tables,
    options_tables,
    schema,
    sessions,
)
from turbomode_assets.defs import lineage
from turbomode_assets.defs.assets import intraday, options
from turbomode_assets.store import home
from turbomode_assets_tests.defs import by_hand
from turbomode_assets_tests.defs.by_hand import Hands

SETTINGS = home.Settings(n_symbols=4, first=dt.date(2024, 1, 2))
DAYS = sessions.sessions_between(dt.date(2024, 7, 2), dt.date(2024, 7, 5))
"""The one in the middle is a half day."""
FIRST, LAST = str(DAYS[0]), str(DAYS[-1])
SUNDAY = "2024-06-30"

BARS = ("bars", "daily_bars", "headlines", "chains", "fetches", "intakes")
INTAKE = tuple(f"intraday/{name}" for name in BARS)
VOTES, SIGNALS, OUTCOMES = (
    (f"intraday/{name}",) for name in ("votes", "signals", "outcomes")
)
MEMORY = ("intraday/weights", "intraday/track_records")
QUOTES = ("options/quotes",)
BOOK = ("options/outcomes", "options/proposals", "options/fills", "options/positions")
CHALLENGER = ("intraday/challenger", "intraday/oof_predictions", "intraday/verdicts")
CHAMPION = ("intraday/champion",)

CHAIN = (INTAKE, VOTES, SIGNALS, OUTCOMES, MEMORY, QUOTES, BOOK)
"""What is made of a session, in order; what is made at once stands together."""

WEEKLY = (CHALLENGER, CHAMPION)

REFUSED = {
    VOTES: f"materialize intraday/bars {FIRST}...{FIRST} first",
    SIGNALS: f"materialize intraday/votes {FIRST}...{FIRST} first",
    OUTCOMES: f"materialize intraday/signals {FIRST}...{FIRST} first",
    MEMORY: "materialize intraday/signals first",
    QUOTES: "materialize intraday/signals first",
    BOOK: "materialize intraday/signals first",
    CHAMPION: f"materialize intraday/challenger {SUNDAY}...{SUNDAY} first",
}
"""What an empty home says; bars need nothing, and a challenger says what it lacks."""

COMPARED = [
    table
    for table in (*intraday_tables.ALL, *options_tables.ALL)
    # When a source was asked, and for how much, differs.
    if table not in (intraday_tables.FETCHES, intraday_tables.INTAKES)
]


def _before(factory: pytest.TempPathFactory, name: str) -> Iterator[Hands]:
    root = factory.mktemp(name)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DAGSTER_HOME", str(root))
        yield from by_hand.before(root, SETTINGS)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hands]:
    """Before a home in which nothing is ever made."""
    yield from _before(tmp_path_factory, "empty")


@pytest.fixture(scope="module")
def ranged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hands]:
    """Before a home with three sessions, made as one range."""
    for hands in _before(tmp_path_factory, "ranged"):
        for assets in CHAIN:
            hands.make(FIRST, LAST, *assets)
        yield hands


@pytest.fixture(scope="module")
def stepwise(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hands]:
    """Before a home with the same sessions, made one after another."""
    for hands in _before(tmp_path_factory, "stepwise"):
        for day in map(str, DAYS):
            for assets in CHAIN:
                hands.make(day, day, *assets)
        yield hands


def test_nothing_of_the_desk_is_left_out(empty: Hands) -> None:
    graph = empty.job.asset_layer.asset_graph
    found = {
        key.to_user_string()
        for key in graph.materializable_asset_keys
        if graph.get(key).group_name in {intraday.GROUP, options.GROUP}
    }
    assert found == {asset for assets in (*CHAIN, *WEEKLY) for asset in assets}


@pytest.mark.parametrize("assets", REFUSED, ids=lambda assets: assets[0])
def test_an_empty_home_says_what_must_come_first(
    empty: Hands, assets: tuple[str, ...]
) -> None:
    key = SUNDAY if assets in WEEKLY else FIRST
    with pytest.raises(errors.MissingUpstream, match=REFUSED[assets]):
        empty.make(key, key, *assets)


def test_a_challenger_of_an_empty_home_is_nobody(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    for hands in _before(tmp_path_factory, "nobody"):
        hands.make(SUNDAY, SUNDAY, *CHALLENGER)
        assert hands.stored(desks.MODELS) == []


@pytest.mark.parametrize("table", COMPARED, ids=lambda table: table.name)
def test_one_session_after_another_and_a_range_are_the_same(
    stepwise: Hands, ranged: Hands, table: schema.Table
) -> None:
    assert stepwise.read(table).equals(ranged.read(table))


def test_an_option_is_told_of_every_signal_that_ended(stepwise: Hands) -> None:
    key = list(options_tables.OUTCOMES.key)
    ended = stepwise.read(intraday_tables.OUTCOMES).filter(
        pl.col("maturity") == "final", pl.col("side") != "hold"
    )
    assert ended.height > 0
    told = stepwise.read(options_tables.OUTCOMES)
    assert ended.join(told, on=key, how="anti").is_empty()


def test_every_session_asked_for_is_made(ranged: Hands) -> None:
    for table in COMPARED:
        key = lineage.holder(table.name)
        assert ranged.instance.get_materialized_partitions(key) == set(map(str, DAYS))


def test_sessions_that_are_missing_are_named(ranged: Hands) -> None:
    later = [str(sessions.shift(DAYS[-1], n)) for n in (1, 2)]
    with pytest.raises(errors.MissingUpstream, match=f"bars {later[0]}...{later[1]}"):
        ranged.make(FIRST, later[1], *VOTES)


def test_the_book_waits_for_the_grades_it_is_made_of(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    for hands in by_hand.before(tmp_path, SETTINGS):
        for assets in (INTAKE, VOTES, SIGNALS, QUOTES):
            hands.make(FIRST, FIRST, *assets)
        with pytest.raises(errors.MissingUpstream, match="materialize intraday/outc"):
            hands.make(FIRST, FIRST, *BOOK)
        assert hands.stored(options_tables.POSITIONS) == []
