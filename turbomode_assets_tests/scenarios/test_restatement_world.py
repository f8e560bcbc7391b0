"""Sixty nights of splits, late postings and losses, through the real Yahoo client."""

import dataclasses
import datetime as dt
from collections.abc import Iterator

import polars as pl
import pytest

from turbomode_assets import loop, market_loop, market_tables, sessions, tables
from turbomode_assets.defs import grading, intake, partitions
from turbomode_assets.sources.yahoo import Yahoo
from turbomode_assets.sources.yahoo_client import Child
from turbomode_assets.store import bitemporal, warehouse
from turbomode_assets_tests import lakes
from turbomode_assets_tests.loopback import server
from turbomode_assets_tests.loopback.world import (
    Dividend,
    Gap,
    Listing,
    Split,
    World,
    at,
)
from turbomode_assets_tests.loopback.yahoo import IMPATIENT, members

SINCE = dt.date(2023, 9, 1)
FIRST_NIGHT, LAST_NIGHT = dt.date(2023, 10, 23), dt.date(2024, 1, 19)
NIGHTS = sessions.sessions_between(FIRST_NIGHT, LAST_NIGHT)
"""The clocks change on 5 November; 24 November is half a day."""

HALF_DAY = dt.date(2023, 11, 24)
SPLIT_ON, LATE_ON, LOST_ON = (
    dt.date(2023, 11, 15),
    dt.date(2023, 11, 29),
    dt.date(2023, 12, 13),
)
NEXT_NIGHT = at(sessions.shift(LATE_ON, 1), 20)
FOUND_ON = sessions.shift(LOST_ON, 4)
GONE_ON = dt.date(2023, 12, 6)
HALTED = Gap(dt.date(2023, 12, 4), dt.date(2023, 12, 8))

LISTINGS = (
    Listing(symbol="SPY", first=SINCE),
    *(Listing(symbol=f"PLAIN{n}", first=SINCE) for n in range(6)),
    Listing(symbol="TWO", first=SINCE, splits=[Split(SPLIT_ON, 2.0)]),
    Listing(symbol="THREE", first=SINCE, splits=[Split(HALF_DAY, 3.0)]),
    Listing(symbol="TENTH", first=SINCE, splits=[Split(SPLIT_ON, 0.1)]),
    Listing(
        symbol="BOTH",
        first=SINCE,
        splits=[Split(SPLIT_ON, 2.0)],
        dividends=[Dividend(SPLIT_ON, 0.75), Dividend(dt.date(2023, 11, 2), 0.5)],
    ),
    Listing(symbol="LATE", first=SINCE, splits=[Split(LATE_ON, 2.0, NEXT_NIGHT)]),
    Listing(
        symbol="UNPAID",
        first=SINCE,
        dividends=[
            Dividend(LATE_ON, 1.25, withdrawn_at=at(sessions.shift(LATE_ON, 3), 20))
        ],
    ),
    Listing(symbol="LOST", first=SINCE, gaps=[Gap(LOST_ON, LOST_ON)]),
    Listing(
        symbol="FOUND",
        first=SINCE,
        gaps=[Gap(LOST_ON, LOST_ON, at(FOUND_ON, 12))],
        splits=[Split(LOST_ON, 2.0)],
    ),
    Listing(symbol="HALT", first=SINCE, gaps=[HALTED]),
    Listing(
        symbol="GONE", first=SINCE, last=GONE_ON, gone_at=at(sessions.shift(GONE_ON, 2))
    ),
    Listing(symbol="OLD", first=SINCE, renamed_at=at(LOST_ON), later_symbol="NEW"),
)
SYMBOLS = [each.symbol for each in LISTINGS if each.symbol != "SPY"]


@dataclasses.dataclass(frozen=True)
class Lived:
    """What the nights left behind."""

    world: World
    bars: pl.DataFrame
    outcomes: pl.DataFrame
    revisions: pl.DataFrame
    first_graded: pl.DataFrame
    """Outcomes as each night graded them first."""

    def truth(self, symbol: str) -> pl.DataFrame:
        """Bars as they traded."""
        return self.world.truth(symbol)


def live_a_night(
    store: warehouse.Warehouse, source: Yahoo, now: dt.datetime
) -> pl.DataFrame:
    """What the scan and the grading do, without Dagster around them."""
    night = sessions.closed_by(now)
    window = partitions.Window(night, night)
    request = intake.request(store, window, SINCE, now)
    intake.take_in(store, source, request, lambda _: None)
    intake.refresh(store, window)
    newest = store.newest(tables.BARS, "symbol", "session")
    fetches = store.read(market_tables.FETCHES)
    candidates = market_loop.list_universe(source, night)
    universe = market_loop.depart(candidates, fetches, newest)
    store.replace(tables.UNIVERSE, universe)
    changed = bitemporal.surprises(store).filter(pl.col("known_at") == now)
    first = min([night, *changed["session"]])
    grading.grade(store, partitions.Window(first, night))
    grading.settle(store, night)
    return store.read(tables.OUTCOMES, night, night)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    folder = tmp_path_factory.mktemp("world")
    world = World(LISTINGS, at(FIRST_NIGHT, 23))
    listed = members(SYMBOLS).with_columns(valid_from=pl.lit(SINCE))
    graded = []
    with (
        server.reached(world.answer),
        Child(folder / "cache", IMPATIENT) as child,
        warehouse.opened(lakes.place(folder / "w.duckdb")) as store,
    ):
        source = Yahoo(listed, folder, 0.0, IMPATIENT, child)
        for night in NIGHTS:
            world.now = at(night, 23)
            graded.append(live_a_night(store, source, world.now))
        yield Lived(
            world,
            store.read(tables.BARS),
            store.read(tables.OUTCOMES),
            store.read(market_tables.BAR_REVISIONS),
            pl.concat(graded),
        )


def true_outcomes(lived: Lived) -> pl.DataFrame:
    """Outcomes of the truth, with the ends of who is gone."""
    bars = [
        lived.truth(each.symbol).with_columns(
            known_at=pl.lit(lived.world.now), source=pl.lit("yahoo")
        )
        for each in LISTINGS
        if each.symbol != "SPY"
    ]
    ends = {"GONE": GONE_ON, "OLD": sessions.shift(LOST_ON, -1)}
    end = pl.col("symbol").replace_strict(ends, default=None, return_dtype=pl.Date)
    universe = members(SYMBOLS).with_columns(delisted_on=end)
    cut = pl.concat(bars).filter(
        (pl.col("symbol") != "OLD") | (pl.col("session") < LOST_ON)
    )
    return loop.resolve_outcomes(
        tables.BARS.conform(cut.cast(dict(tables.BARS.schema()))),  # type: ignore[arg-type]
        universe,
        tables.SIGNALS.empty(),
        loop.maturing(FIRST_NIGHT, LAST_NIGHT),
    )


def test_every_outcome_is_the_true_one(lived: Lived) -> None:
    both = lived.outcomes.join(
        true_outcomes(lived), on=["symbol", "session"], how="full", suffix="_true"
    )
    assert both.height == lived.outcomes.height > 17 * 50
    error = (pl.col("realized_return") - pl.col("realized_return_true")).abs()
    assert both.select(error.max()).item() <= 1e-9
    same = [
        pl.col(name).eq_missing(pl.col(f"{name}_true"))
        for name in ("label_symmetric_10pct", "label_seed_10pct", "status", "exit_on")
    ]
    assert both.filter(~pl.all_horizontal(same)).is_empty()


@pytest.mark.parametrize(
    "symbol", ["TWO", "THREE", "TENTH", "BOTH", "LATE", "FOUND", "UNPAID"]
)
def test_prices_are_as_traded_whatever_was_split_since(
    lived: Lived, symbol: str
) -> None:
    stored = lived.bars.filter(pl.col("symbol") == symbol)
    truth = lived.truth(symbol).filter(pl.col("session") <= LAST_NIGHT)
    assert stored["session"].to_list() == truth["session"].to_list()
    for name in ("open", "high", "low", "close", "dividend", "split_ratio"):
        assert stored[name].to_list() == pytest.approx(truth[name].to_list(), 1e-12)


def test_no_split_moves_a_bar_that_was_known(lived: Lived) -> None:
    again = lived.revisions.filter(pl.len().over("symbol", "session") > 1)
    moved = {
        symbol: sorted(set(group["session"]))
        for (symbol,), group in again.group_by("symbol")
    }
    assert moved == {"UNPAID": [LATE_ON]} | {
        symbol: days for symbol, days in moved.items() if symbol == "FOUND"
    }


def test_a_lost_exit_stays_pending_and_is_never_priced_otherwise(lived: Lived) -> None:
    due = lived.outcomes.filter(pl.col("matures_on") == LOST_ON)
    lost = due.filter(pl.col("symbol") == "LOST")
    assert lost["status"].unique().to_list() == ["pending"]
    assert lost["realized_return"].null_count() == lost.height > 0
    first = lived.first_graded.filter(
        pl.col("symbol") == "FOUND", pl.col("matures_on") == LOST_ON
    )
    assert first["status"].unique().to_list() == ["pending"]
    found = due.filter(pl.col("symbol") == "FOUND")
    assert found["status"].unique().to_list() == ["final"]


def test_a_split_in_a_lost_session_falsifies_nothing_meanwhile(lived: Lived) -> None:
    meanwhile = pl.col("matures_on").is_between(LOST_ON, FOUND_ON, closed="none")
    first = lived.first_graded.filter(pl.col("symbol") == "FOUND", meanwhile)
    both = first.join(true_outcomes(lived), on=["symbol", "session"], suffix="_true")
    known = both.drop_nulls("realized_return")
    assert known.height > 0
    error = (known["realized_return"] - known["realized_return_true"]).abs()
    assert max(error) <= 1e-9


def test_who_is_gone_has_a_final_return(lived: Lived) -> None:
    late = lived.outcomes.filter(
        pl.col("symbol") == "GONE",
        pl.col("matures_on") > GONE_ON,
        pl.col("entry_on") <= GONE_ON,
    )
    assert late["status"].unique().to_list() == ["delisted"]
    assert late["exit_on"].unique().to_list() == [GONE_ON]


def test_a_halted_symbol_waits_for_its_price(lived: Lived) -> None:
    halted = lived.outcomes.filter(
        pl.col("symbol") == "HALT",
        pl.col("matures_on").is_between(HALTED.first, HALTED.last),
    )
    assert halted["status"].unique().to_list() == ["pending"]
