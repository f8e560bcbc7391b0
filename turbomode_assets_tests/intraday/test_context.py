"""Headlines and option quotes that cannot be, and when the others were known."""

import datetime as dt
from typing import Any

import polars as pl
import pytest

from turbomode_assets import intraday_tables
from turbomode_assets.intraday import context

NOON = dt.datetime(2024, 3, 8, 17, 1, tzinfo=dt.UTC)
TITLE = "ABC wins record contract"

Cells = dict[str, Any]


def headlines(*changes: Cells) -> pl.DataFrame:
    sound = {
        "symbol": "ABC",
        "published_at": NOON,
        "known_at": NOON + dt.timedelta(minutes=1),
        "title": TITLE,
        "source": "test",
    }
    rows = [sound | cells for cells in changes]
    return pl.DataFrame(rows, schema=intraday_tables.DELIVERED_HEADLINES.schema())


def chain(*changes: Cells) -> pl.DataFrame:
    sound = {
        "symbol": "ABC",
        "session": NOON.date(),
        "minute": 150,
        "expires_on": dt.date(2024, 3, 15),
        "strike": 50.0,
        "right": "call",
        "known_at": NOON,
        "bid": 1.0,
        "ask": 1.1,
        "last": 1.05,
        "traded": 5.0,
        "open_interest": None,
        "implied_vol": 0.2,
        "source": "test",
    }
    rows = [sound | cells for cells in changes]
    return pl.DataFrame(rows, schema=intraday_tables.DELIVERED_CHAINS.schema())


@pytest.mark.parametrize(
    ("fetched_after", "known"),
    [
        (dt.timedelta(0), (NOON.date(), 165)),
        (dt.timedelta(minutes=13), (NOON.date(), 165)),
        (dt.timedelta(minutes=14), (NOON.date(), 165)),
        (dt.timedelta(minutes=30), (NOON.date(), 180)),
        (dt.timedelta(hours=9), (NOON.date(), 390)),
        (dt.timedelta(days=3, hours=-1), (dt.date(2024, 3, 11), 150)),
    ],
)
def test_a_headline_is_known_from_the_fetch_on_that_found_it(
    fetched_after: dt.timedelta, known: tuple[dt.date, int]
) -> None:
    """The fetch of a round comes after its end, and is the round's own."""
    rows = headlines({"known_at": NOON + fetched_after})
    found = context.inspect_headlines(rows).accepted
    assert found.select("session", "minute").row(0) == known


@pytest.mark.parametrize(
    ("reason", "cells"),
    [
        ("bad_symbol", {"symbol": "?"}),
        ("no_moment", {"published_at": None}),
        ("no_moment", {"published_at": dt.datetime(1970, 1, 1, tzinfo=dt.UTC)}),
        ("not_yet", {"published_at": NOON + dt.timedelta(hours=1)}),
        ("untitled", {"title": " "}),
        ("duplicate", {"known_at": NOON + dt.timedelta(hours=2)}),
    ],
)
def test_a_headline_that_cannot_be_is_refused(reason: str, cells: Cells) -> None:
    found = context.inspect_headlines(headlines({}, cells))
    assert found.refused["reason"].to_list() == [reason]
    assert found.accepted["title"].to_list() == [TITLE]
    assert found.accepted["known_at"].to_list() == [NOON + dt.timedelta(minutes=1)]


@pytest.mark.parametrize(
    ("published", "session", "minute"),
    [
        ("2024-03-08T17:00", dt.date(2024, 3, 8), 150),
        ("2024-03-08T17:01", dt.date(2024, 3, 8), 165),
        ("2024-03-08T22:00", dt.date(2024, 3, 11), 15),
    ],
)
def test_a_headline_belongs_to_the_round_that_ends_next(
    published: str, session: dt.date, minute: int
) -> None:
    moment = dt.datetime.fromisoformat(f"{published}:00+00:00")
    rows = headlines({"published_at": moment, "known_at": moment})
    found = context.inspect_headlines(rows).accepted
    assert found.select("session", "minute").row(0) == (session, minute)


@pytest.mark.parametrize(
    ("reason", "cells"),
    [
        ("expired", {"expires_on": dt.date(2024, 3, 7)}),
        ("crossed", {"bid": 1.2}),
        ("negative", {"last": -0.1}),
        ("negative", {"strike": 0.0}),
        ("duplicate", {"last": 1.07}),
    ],
)
def test_a_quote_that_cannot_be_is_refused(reason: str, cells: Cells) -> None:
    found = context.inspect_chains(chain({}, cells))
    assert found.refused["reason"].to_list() == [reason]
    assert found.accepted["last"].to_list() == [1.05]


def test_a_sound_quote_after_a_refused_one_counts() -> None:
    found = context.inspect_chains(chain({"bid": 9.0}, {}))
    assert found.refused["reason"].to_list() == ["crossed"]
    assert found.accepted.height == 1
