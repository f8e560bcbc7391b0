"""The warehouse answers what was known when, and what changed afterwards."""

import datetime as dt
from collections.abc import Iterator

import polars as pl
import pytest

from turbomode_assets import market_tables, tables
from turbomode_assets.prices import revisions
from turbomode_assets.store import bitemporal, warehouse
from turbomode_assets.store.address import Address

MONDAY, TUESDAY = dt.date(2024, 7, 1), dt.date(2024, 7, 2)
EVENING = dt.datetime(2024, 7, 2, 3, tzinfo=dt.UTC)
NIGHT = dt.timedelta(days=1)


def seen(
    symbol: str, session: dt.date, known_at: dt.datetime, close: float
) -> pl.DataFrame:
    prices = dict.fromkeys(("open", "high", "low", "close"), close)
    rest = {"volume": 1e6, "dividend": 0.0, "split_ratio": 1.0, "later_splits": 1.0}
    key = {"symbol": symbol, "session": session, "known_at": known_at}
    row = {**key, **prices, **rest, "source": "test"}
    return pl.DataFrame([row], schema=market_tables.BAR_REVISIONS.schema())


LEDGER = pl.concat(
    [
        seen("AAA", MONDAY, EVENING, 10.0),
        seen("AAA", TUESDAY, EVENING + NIGHT, 11.0),
        seen("AAA", MONDAY, EVENING + 2 * NIGHT, 12.0),
        seen("BBB", MONDAY, EVENING + 2 * NIGHT, 20.0),
    ]
)


@pytest.fixture
def store(place: Address) -> Iterator[warehouse.Warehouse]:
    with warehouse.opened(place) as opened:
        opened.append(market_tables.BAR_REVISIONS, LEDGER)
        opened.replace(tables.BARS, revisions.as_of(LEDGER), MONDAY, TUESDAY)
        yield opened


@pytest.mark.parametrize("nights", [-1, 0, 1, 2, 3])
def test_the_warehouse_and_the_frame_agree_on_what_was_known(
    store: warehouse.Warehouse, nights: int
) -> None:
    moment = EVENING + nights * NIGHT
    found = bitemporal.as_of(store, moment, MONDAY, TUESDAY)
    assert found.equals(revisions.as_of(LEDGER, moment))


def test_an_empty_warehouse_knows_nothing(place: Address) -> None:
    with warehouse.opened(place) as empty:
        assert bitemporal.as_of(empty, EVENING, MONDAY, TUESDAY).is_empty()
        assert bitemporal.outdated_sessions(empty) == []
        assert bitemporal.surprises(empty).is_empty()


def test_changed_and_late_bars_are_surprises(store: warehouse.Warehouse) -> None:
    found = bitemporal.surprises(store).select("symbol", "session", "close").rows()
    assert found == [("AAA", MONDAY, 12.0), ("BBB", MONDAY, 20.0)]


def test_what_was_measured_is_no_surprise_again(store: warehouse.Warehouse) -> None:
    counts = {c: 0 for c in market_tables.RESTATEMENTS.column_names if c[:2] == "n_"}
    row = {
        **counts,
        "n_bars": 1,
        "symbol": "AAA",
        "session": MONDAY,
        "changed_to_on": MONDAY,
        "known_at": EVENING + 2 * NIGHT,
        "changed": "close",
    }
    schema = market_tables.RESTATEMENTS.schema()
    store.append(market_tables.RESTATEMENTS, pl.DataFrame([row], schema=schema))
    assert bitemporal.surprises(store)["symbol"].to_list() == ["BBB"]


def test_what_no_bar_follows_yet_is_no_surprise(store: warehouse.Warehouse) -> None:
    old = revisions.as_of(LEDGER, EVENING + NIGHT)
    store.replace(tables.BARS, old, MONDAY, TUESDAY)
    assert bitemporal.surprises(store).is_empty()


def test_bars_behind_their_revisions_are_outdated(store: warehouse.Warehouse) -> None:
    store.replace(tables.BARS, tables.BARS.empty(), MONDAY, TUESDAY)
    assert bitemporal.outdated_sessions(store) == [MONDAY, TUESDAY]
    old = revisions.as_of(LEDGER, EVENING + NIGHT)
    store.replace(tables.BARS, old, MONDAY, TUESDAY)
    assert bitemporal.outdated_sessions(store) == [MONDAY]
    store.replace(tables.BARS, revisions.as_of(LEDGER), MONDAY, TUESDAY)
    assert bitemporal.outdated_sessions(store) == []


@pytest.mark.parametrize(
    ("n_bars", "closes"), [(1, [11.0]), (2, [12.0, 11.0]), (9, [12.0, 11.0])]
)
def test_the_last_bars_of_a_symbol_are_found_however_old(
    store: warehouse.Warehouse, n_bars: int, closes: list[float]
) -> None:
    later = dt.date(2024, 12, 2)
    found = bitemporal.last_known(store, ["AAA", "no symbol'"], later, n_bars)
    assert found["close"].to_list() == closes
    assert bitemporal.last_known(store, [], later, n_bars).is_empty()


def test_what_is_known_of_some_symbols_is_the_newest(
    store: warehouse.Warehouse,
) -> None:
    everything = revisions.as_of(LEDGER)
    found = bitemporal.known_since(store, ["AAA", "BBB"], MONDAY)
    assert found.equals(everything)
    found = bitemporal.known_since(store, ["AAA"], TUESDAY)
    assert found["close"].to_list() == [11.0]
