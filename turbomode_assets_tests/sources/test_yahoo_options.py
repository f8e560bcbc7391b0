"""Option quotes and stories of Yahoo: recorded ones, and ones that went wrong."""

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import pytest

from turbomode_assets import errors
from turbomode_assets.intraday import context
from turbomode_assets.sources import yahoo_news, yahoo_options
from turbomode_assets.sources.yahoo_desk_rehearsal import render_options, render_stories
from turbomode_assets.sources.yahoo_round import Reading

NOW = dt.datetime(2025, 9, 12, 20, 5, tzinfo=dt.UTC)
STORY_LABELS = {"symbol": "AAPL", "known_at": NOW, "source": "test"}
LABELS = STORY_LABELS | {"session": dt.date(2025, 9, 12), "minute": 390}

RECORDED = Path(os.environ.get("TURBOMODE_SHARED_DATA", "../shared/data"))
RECORDED /= "yahoo_fixtures"
needs_recordings = pytest.mark.skipif(
    not RECORDED.exists(), reason=f"no recorded answers in {RECORDED}"
)

EXPIRY = int(dt.datetime(2025, 9, 19, tzinfo=dt.UTC).timestamp())
CONTRACT = {
    "right": "put",
    "strike": 230.0,
    "expiration": EXPIRY,
    "bid": 1.0,
    "ask": 1.1,
    "lastPrice": 1.05,
    "openInterest": 5,
    "impliedVolatility": 0.2,
    "contractSize": "REGULAR",
    "currency": "USD",
}


def options(*changes: dict[str, Any]) -> Reading:
    contracts = [CONTRACT | cells for cells in changes]
    body = json.dumps(render_options("AAPL", [EXPIRY, EXPIRY + 604800], contracts))
    return yahoo_options.read(body, "AAPL", LABELS)


def stories(*found: object) -> Reading:
    body = json.dumps(render_stories(found))  # type: ignore[arg-type]
    return yahoo_news.read(body, "AAPL", STORY_LABELS)


@needs_recordings
@pytest.mark.parametrize(
    ("file", "n_contracts", "n_expiries"),
    [
        ("options_v7_AAPL", 112, 20),
        ("options_v7_AAPL_1757635200", 89, 21),
        ("options_v7_AAPL_1758240000", 164, 21),
    ],
)
def test_recorded_chains_are_read_whole(
    file: str, n_contracts: int, n_expiries: int
) -> None:
    body = (RECORDED / "yfinance-rs" / f"{file}.json").read_text()
    found = yahoo_options.read(body, "AAPL", LABELS)
    assert (found.rows.height, len(found.further)) == (n_contracts, n_expiries)
    kept = context.inspect_chains(found.rows)
    expired = kept.refused["reason"].to_list()
    assert set(expired) <= {"expired"}
    assert kept.accepted.height + len(expired) == n_contracts


@needs_recordings
@pytest.mark.parametrize("symbol", ["^VXAPL", "AZT.OL", "BTC-USD"])
def test_what_has_no_options_gives_no_row(symbol: str) -> None:
    file = RECORDED / "node-yahoo-finance2" / f"options-{symbol}.json"
    body = json.dumps(json.loads(file.read_text())["response"]["bodyJson"])
    found = yahoo_options.read(body, symbol, LABELS)
    assert (found.rows.height, found.further, found.may_be_empty) == (0, (), False)


def test_a_quote_is_read_cell_by_cell() -> None:
    found = options({"volume": 7}, {"right": "call"})
    columns = ("right", "strike", "bid", "ask", "last", "traded", "open_interest")
    assert found.rows.select(columns).rows() == [
        ("call", 230.0, 1.0, 1.1, 1.05, None, 5.0),
        ("put", 230.0, 1.0, 1.1, 1.05, 7.0, 5.0),
    ]
    assert found.further == (dt.date(2025, 9, 19), dt.date(2025, 9, 26))


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"strike": "230"}, "no value in strike"),
        ({"expiration": None}, "no value in expires_on"),
        ({"bid": True, "ask": []}, "no value in bid, ask"),
        ({"contractSize": "MINI"}, "100 shares"),
        ({"currency": "CAD"}, "100 shares"),
    ],
)
def test_a_contract_that_cannot_be_read_is_refused_as_it_came(
    cells: dict[str, Any], fault: str
) -> None:
    found = context.inspect_chains(options({}, cells).rows)
    assert found.accepted.height == 1
    assert found.refused["reason"].to_list() == ["unreadable"]
    assert fault in found.refused["sentence"][0]
    assert '"lastPrice": 1.05' in found.refused["row"][0]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<html>", "in JSON"),
        ("[]", "an object"),
        ('{"optionChain": {"result": []}}', "one result"),
        (json.dumps(render_options("OTHER", [], [])), "found those of 'OTHER'"),
    ],
)
def test_an_answer_about_something_else_is_an_error(body: str, message: str) -> None:
    with pytest.raises(errors.SourceError, match=message):
        yahoo_options.read(body, "AAPL", LABELS)


def test_a_refusal_is_in_yahoos_words() -> None:
    error = {"code": "Unauthorized", "description": "Invalid Crumb"}
    body = json.dumps({"finance": {"result": None, "error": error}})
    assert yahoo_options.read(body, "AAPL", LABELS).refusal.endswith("Invalid Crumb")
    assert yahoo_news.read(body, "AAPL", STORY_LABELS).refusal.endswith("Crumb")


@needs_recordings
@pytest.mark.parametrize(
    ("symbol", "n_own"), [("AAPL", 3), ("AMZN", 4), ("QQQ", 0), ("^VXAPL", 0)]
)
def test_recorded_stories_of_others_are_left_out(symbol: str, n_own: int) -> None:
    file = RECORDED / "node-yahoo-finance2" / f"search-{symbol}.json"
    body = json.dumps(json.loads(file.read_text())["response"]["bodyJson"])
    found = yahoo_news.read(body, symbol, STORY_LABELS | {"symbol": symbol})
    assert (found.rows.height, found.may_be_empty) == (n_own, True)
    assert context.inspect_headlines(found.rows).refused.is_empty()


@pytest.mark.parametrize(
    "story",
    [
        {"shouldNot": "exist"},
        "a title",
        {"title": None, "providerPublishTime": 1, "relatedTickers": ["AAPL"]},
        {"title": "x", "providerPublishTime": "1", "relatedTickers": ["AAPL"]},
        {"title": "x", "providerPublishTime": -5, "relatedTickers": ["AAPL"]},
    ],
)
def test_a_story_that_cannot_be_read_is_refused_as_it_came(story: object) -> None:
    good = {"title": "y", "providerPublishTime": 1.7e9, "relatedTickers": ["AAPL"]}
    found = context.inspect_headlines(stories(good, story).rows)
    assert found.accepted["title"].to_list() == ["y"]
    assert found.refused["reason"].to_list() == ["unreadable"]
    assert json.loads(found.refused["row"][0]) == story
