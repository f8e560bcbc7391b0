"""Which symbols are asked for, from when on, and which of their bars are delivered."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from turbomode_assets import errors, market_tables, tables
from turbomode_assets.sources import base
from turbomode_assets.sources.yahoo import OVERLAP, Yahoo
from turbomode_assets.sources.yahoo_client import Patience
from turbomode_assets_tests.loopback import world
from turbomode_assets_tests.loopback.yahoo import Direct, members

SINCE = dt.date(2024, 1, 2)
HALF_DAY = dt.date(2024, 7, 3)
SYMBOLS = ("AAA", "BRK.B", "CCC")
MARKET = world.World(
    [
        world.Listing(symbol=symbol, first=SINCE)
        for symbol in ("AAA", "BRK-B", "CCC", "SPY")
    ],
    world.at(HALF_DAY, 20),
)


def request(
    now: dt.datetime, stored: Mapping[str, dt.date] | None = None
) -> base.Request:
    days = {"first": SINCE, "last": HALF_DAY, "since": SINCE}
    return base.Request(now=now, stored=stored or {}, **days)


def fetch(
    asked: base.Request, client: Direct | None = None, chunk: int = 2
) -> list[base.Delivery]:
    patience = Patience(chunk_symbols=chunk)
    source = Yahoo(
        members(SYMBOLS), Path("cache"), 0.0, patience, client or Direct(MARKET)
    )
    return list(source.fetch(asked))


def rows(deliveries: list[base.Delivery]) -> pl.DataFrame:
    return pl.concat(delivery.rows for delivery in deliveries)


def test_deliveries_hold_a_few_symbols_each_in_the_declared_columns() -> None:
    found = fetch(request(MARKET.now))
    symbols = [set(delivery.rows["symbol"]) for delivery in found]
    assert symbols == [{"AAA", "BRK.B"}, {"CCC"}]
    assert rows(found).schema == market_tables.DELIVERED.empty().schema
    attempts = pl.concat(delivery.attempts for delivery in found)
    assert_frame_equal(attempts, market_tables.ATTEMPTS.conform(attempts))
    assert attempts["n_rows"].sum() == rows(found).height


def test_shares_of_a_class_are_asked_for_as_yahoo_spells_them() -> None:
    client = Direct(MARKET)
    delivered = rows(fetch(request(MARKET.now), client))
    assert "BRK-B" in client.asked
    assert set(delivered["symbol"]) == set(SYMBOLS)


@pytest.mark.parametrize(
    ("hour", "minute", "last"),
    [(13, 14, dt.date(2024, 7, 2)), (13, 15, HALF_DAY), (18, 0, HALF_DAY)],
)
def test_a_half_day_is_final_a_quarter_of_an_hour_after_its_early_close(
    hour: int, minute: int, last: dt.date
) -> None:
    delivered = rows(fetch(request(world.at(HALF_DAY, hour, minute))))
    assert delivered["session"].max() == last


def test_nothing_is_asked_for_what_is_stored_up_to_the_last_final_session() -> None:
    client = Direct(MARKET)
    stored = {"AAA": HALF_DAY, "CCC": dt.date(2024, 7, 2)}
    fetch(request(MARKET.now, stored), client)
    assert set(client.asked) == {"BRK-B", "CCC"}


def test_a_symbol_is_not_asked_for_beyond_its_last_session() -> None:
    ended = dt.date(2024, 3, 1)
    given = members(["AAA", "CCC"]).with_columns(delisted_on=ended)
    client = Direct(MARKET)
    source = Yahoo(given, Path("cache"), 0.0, Patience(), client)
    list(source.fetch(request(MARKET.now, {"AAA": ended})))
    assert set(client.asked) == {"CCC"}


def test_a_window_reaches_back_over_what_is_stored() -> None:
    client = Direct(MARKET)
    stored = {"AAA": dt.date(2024, 6, 3), "CCC": dt.date(2024, 7, 2)}
    asked = base.Request(
        first=HALF_DAY, last=HALF_DAY, now=MARKET.now, since=SINCE, stored=stored
    )
    fetch(asked, client)
    assert client.asked == {
        "AAA": dt.date(2024, 6, 3) - OVERLAP,
        "BRK-B": SINCE,
        "CCC": dt.date(2024, 7, 2) - OVERLAP,
    }


def test_bars_after_the_last_day_asked_for_stay_out() -> None:
    past = base.Request(
        first=SINCE, last=dt.date(2024, 3, 10), now=MARKET.now, since=SINCE
    )
    assert rows(fetch(past))["session"].max() == dt.date(2024, 3, 8)


@pytest.mark.parametrize("symbol", ["AAA?range=max", "../v7/AAA", "aaa", "A..B", ""])
def test_a_symbol_that_would_alter_the_address_is_refused(symbol: str) -> None:
    with pytest.raises(errors.SettingsError, match="symbols must match"):
        Yahoo(members([symbol]), Path("cache"))


def test_the_universe_is_who_is_known_to_belong() -> None:
    left = dt.date(2024, 6, 3)
    given = members(["AAA"]).with_columns(valid_to=left, delisted_on=left)
    source = Yahoo(given, Path("cache"))
    before, after = source.universe(left), source.universe(dt.date(2024, 6, 4))
    ends = ("valid_to", "delisted_on")
    assert before.select(ends).row(0) == (None, None)
    assert after.select(ends).row(0) == (left, left)
    assert source.universe(dt.date(1990, 1, 2)).is_empty()
    assert_frame_equal(after, tables.UNIVERSE.conform(after))


def test_the_example_needs_no_network(tmp_path: Path) -> None:
    source = Yahoo.example(tmp_path)
    years = (dt.date(2020, 1, 2), dt.date(2022, 12, 30))
    now = dt.datetime(2023, 1, 3, tzinfo=dt.UTC)
    asked = base.Request(first=years[0], last=years[1], now=now, since=years[0])
    delivered = rows(list(source.fetch(asked)))
    assert set(delivered["session"].dt.year()) == {2020, 2021, 2022}
    assert delivered["fault"].null_count() == delivered.height
