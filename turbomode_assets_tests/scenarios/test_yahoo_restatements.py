"""What traded stays what traded, however often Yahoo rewrites its history.

Four months of a small market in which everything happens that moves Yahoo's prices,
through the real yfinance: what each night delivers is kept, nothing is stored.
"""

import datetime as dt

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from turbomode_assets import sessions
from turbomode_assets.sources import base
from turbomode_assets.sources.yahoo import Yahoo
from turbomode_assets.sources.yahoo_client import Child
from turbomode_assets_tests.loopback.server import reached
from turbomode_assets_tests.loopback.world import (
    Dividend,
    Gap,
    Listing,
    Split,
    World,
    at,
)
from turbomode_assets_tests.loopback.yahoo import IMPATIENT, members

pytestmark = pytest.mark.xdist_group("yahoo_restatements")

SINCE = dt.date(2024, 9, 3)
NIGHTS = sessions.sessions_between(dt.date(2024, 10, 1), dt.date(2025, 1, 10))[::3]
"""Every third: with the end of summer time, two holidays and two half days between."""

A, B, C = dt.date(2024, 10, 22), dt.date(2024, 11, 12), dt.date(2024, 12, 10)
LATE = at(dt.date(2024, 11, 18), 6)

LISTINGS = [
    Listing(symbol="SPY", first=SINCE, dividends=(Dividend(C, 1.9),)),
    Listing(symbol="TWO", first=SINCE, splits=(Split(A, 2.0), Split(C, 3.0))),
    Listing(symbol="TENTH", first=SINCE, splits=(Split(B, 0.1),)),
    Listing(
        symbol="BOTH",
        first=SINCE,
        splits=(Split(B, 4.0),),
        dividends=(Dividend(A, 0.8), Dividend(B, 0.2), Dividend(C, 0.2)),
    ),
    Listing(symbol="LATE", first=SINCE, splits=(Split(B, 2.0, LATE),)),
    Listing(symbol="TAKEN", first=SINCE, dividends=(Dividend(B, 0.5, at(B), LATE),)),
    Listing(symbol="LOST", first=SINCE, gaps=(Gap(B, B, LATE),)),
    Listing(symbol="HALT", first=SINCE, gaps=(Gap(A, B),)),
    Listing(symbol="GONE", first=SINCE, last=B, gone_at=at(C)),
    Listing(symbol="OLD", first=SINCE, renamed_at=at(B), later_symbol="NEW"),
    Listing(symbol="YOUNG", first=A),
]
SYMBOLS = [each.symbol for each in LISTINGS] + ["NEW"]


@pytest.fixture(scope="module")
def nights(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every row and every attempt of every night."""
    market = World(LISTINGS, at(NIGHTS[0]))
    cache = tmp_path_factory.mktemp("yahoo") / "cache"
    with reached(market.answer), Child(cache, IMPATIENT) as client:
        return live(market, Yahoo(members(SYMBOLS), cache, 0.0, IMPATIENT, client))


def live(market: World, source: Yahoo) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Fetch every night what the nights before have not stored."""
    rows, attempts = [], []
    stored: dict[str, dt.date] = {}
    for day in NIGHTS:
        market.now = at(day, 20)
        asked = base.Request(
            first=day, last=day, now=market.now, since=SINCE, stored=stored
        )
        for delivery in source.fetch(asked):
            rows.append(delivery.rows)
            attempts.append(delivery.attempts)
            latest = delivery.rows.group_by("symbol").agg(pl.col("session").max())
            stored |= dict(latest.iter_rows())
    return pl.concat(rows), pl.concat(attempts)


def latest(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows as known in the end."""
    return rows.sort("known_at").unique(["symbol", "session"], keep="last")


def of(rows: pl.DataFrame, symbol: str, day: dt.date) -> pl.DataFrame:
    """What each night said of one bar."""
    is_it = (pl.col("symbol") == symbol) & (pl.col("session") == day)
    return rows.filter(is_it).sort("known_at")


@pytest.mark.parametrize("symbol", [s for s in SYMBOLS if s != "OLD"])
def test_in_the_end_every_bar_is_what_traded(
    nights: tuple[pl.DataFrame, pl.DataFrame], symbol: str
) -> None:
    truth = World(LISTINGS, at(NIGHTS[-1], 20)).truth(symbol)
    found = latest(nights[0]).filter(pl.col("symbol") == symbol)
    ordered = found.select(truth.columns).sort("session")
    assert_frame_equal(ordered, truth, rel_tol=1e-12, abs_tol=0.0)


def test_no_price_ever_moves(nights: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    values = pl.col("open", "high", "low", "close", "volume")
    spread = (
        nights[0]
        .group_by("symbol", "session")
        .agg((values.max() / values.min() - 1).name.suffix("_spread"))
    )
    assert spread.select(pl.max_horizontal(pl.col("^.*_spread$").max())).item() < 1e-12
    assert nights[0]["fault"].null_count() == nights[0].height


def test_a_split_posted_late_is_learned_late(
    nights: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    seen = of(nights[0], "LATE", B)
    before = seen.filter(pl.col("known_at") < LATE)
    after = seen.filter(pl.col("known_at") >= LATE)
    assert before["split_ratio"].unique().to_list() == [1.0]
    assert after["split_ratio"].unique().to_list() == [2.0]


def test_a_withdrawn_dividend_is_withdrawn(
    nights: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    paid = of(nights[0], "TAKEN", B)["dividend"].to_list()
    n_believed = len([day for day in NIGHTS if day >= B and at(day, 20) < LATE])
    assert n_believed
    assert paid == [0.5] * n_believed + [0.0] * (len(paid) - n_believed)


def test_a_lost_session_comes_with_the_night_that_finds_it(
    nights: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    found = of(nights[0], "LOST", B)["known_at"][0]
    assert found == next(at(day, 20) for day in NIGHTS if at(day, 20) > LATE)


def test_a_halt_has_no_bars_and_no_failures(
    nights: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    rows, attempts = (each.filter(pl.col("symbol") == "HALT") for each in nights)
    assert rows.filter(pl.col("session").is_between(A, B)).is_empty()
    assert set(attempts["result"]) == {"complete"}


def test_who_is_gone_is_named(
    nights: tuple[pl.DataFrame, pl.DataFrame],
) -> None:
    results = nights[1].filter(pl.col("symbol") == "GONE")
    after = results.filter(pl.col("session") >= C)["result"]
    assert set(after) == {"unknown_symbol"}
    renamed = nights[1].filter(pl.col("symbol") == "OLD", pl.col("session") >= B)
    assert set(renamed["result"]) == {"unknown_symbol"}
