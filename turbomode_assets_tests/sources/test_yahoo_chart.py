"""A chart becomes rows as traded; what cannot be read is named and never guessed."""

import copy
import datetime as dt
import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from turbomode_assets import errors, sessions
from turbomode_assets.sources import yahoo_chart, yahoo_rows
from turbomode_assets.sources.yahoo_rows import Span
from turbomode_assets_tests.loopback import world

MONDAY = dt.date(2024, 7, 1)
SPAN = Span(last=dt.date(2024, 7, 5), now=world.at(dt.date(2024, 7, 5), 18))
DAYS = sessions.sessions_between(MONDAY, SPAN.last)
WHOLE: dict[str, Any] = {
    "meta": {
        "symbol": "AAA",
        "currency": "USD",
        "exchangeTimezoneName": "America/New_York",
        "dataGranularity": "1d",
        "instrumentType": "EQUITY",
    },
    "timestamp": [int(world.at(day).timestamp()) for day in DAYS],
    "indicators": {
        "quote": [
            {
                "open": [10.0, 11, 12, 13],
                "high": [10.5, 11.5, 12.5, 13.5],
                "low": [9.5, 10.5, 11.5, 12.5],
                "close": [10.25, 11.25, 12.25, 13.25],
                "volume": [100, 200, 300, 400],
            }
        ]
    },
}


def changed(**places: Any) -> dict[str, Any]:
    """The whole chart with values of its only quote replaced, `name_place`."""
    result = copy.deepcopy(WHOLE)
    for where, value in places.items():
        name, _, place = where.rpartition("_")
        result["indicators"]["quote"][0][name][int(place)] = value
    return result


def text(result: dict[str, Any]) -> str:
    return json.dumps({"chart": {"result": [result], "error": None}})


def rebuilt(body: str, span: Span = SPAN) -> pl.DataFrame:
    return yahoo_rows.rebuild(yahoo_chart.read(yahoo_chart.parse(body), "AAA"), span)


def read(result: dict[str, Any], span: Span = SPAN) -> pl.DataFrame:
    return rebuilt(text(result), span)


def event(day: dt.date, **values: float) -> dict[str, Any]:
    stamp = int(world.at(day).timestamp())
    return {str(stamp): {"date": stamp, **values}}


def test_rows_are_the_arrays_by_session() -> None:
    rows = read(WHOLE)
    quote = WHOLE["indicators"]["quote"][0]
    assert rows["session"].to_list() == DAYS
    assert {name: rows[name].to_list() for name in quote} == quote
    assert rows.select(pl.col("row", "fault").null_count()).row(0) == (4, 4)


def test_prices_before_a_split_are_multiplied_back() -> None:
    splits = event(DAYS[2], numerator=3, denominator=1)
    rows = read(WHOLE | {"events": {"splits": splits}})
    assert rows["later_splits"].to_list() == [3, 3, 1, 1]
    assert rows["close"].to_list() == [30.75, 33.75, 12.25, 13.25]
    assert rows["volume"].to_list() == pytest.approx([100 / 3, 200 / 3, 300, 400])
    assert rows["split_ratio"].to_list() == [1, 1, 3, 1]


def test_a_dividend_is_paid_per_share_after_the_split_of_its_day() -> None:
    splits = event(DAYS[1], numerator=1, denominator=10)
    splits |= event(DAYS[3], numerator=2, denominator=1)
    paid = event(DAYS[0], amount=0.5) | event(DAYS[1], amount=0.25)
    rows = read(WHOLE | {"events": {"splits": splits, "dividends": paid}})
    assert rows["dividend"].to_list() == pytest.approx([0.5 * 0.1 * 2, 0.25 * 2, 0, 0])
    assert rows["later_splits"].to_list() == pytest.approx([0.2, 2, 2, 1])


def test_a_capital_gain_of_a_fund_is_cash_like_a_dividend() -> None:
    events = {
        kind: event(DAYS[1], amount=1.0) for kind in ("dividends", "capitalGains")
    }
    assert read(WHOLE | {"events": events})["dividend"].to_list() == [0, 2, 0, 0]


def test_an_action_without_a_bar_is_delivered_as_a_fault() -> None:
    result = WHOLE | {"events": {"dividends": event(dt.date(2024, 6, 28), amount=0.5)}}
    first = read(result).row(0, named=True)
    assert (first["session"], first["dividend"]) == (dt.date(2024, 6, 28), 0.5)
    assert first["close"] is None
    assert first["fault"] == "an action on a day without a bar"
    assert json.loads(first["row"])["dividend"] == 0.5


@pytest.mark.parametrize(
    "junk", [None, "12.5", True, [1.5], float("inf"), float("nan"), 10**400]
)
def test_what_is_no_number_is_null_and_the_row_stays_as_it_came(junk: object) -> None:
    rows = read(changed(high_1=junk, close_1=junk))
    bad = rows.row(1, named=True)
    assert rows["fault"].to_list() == [None, "no number in high, close", None, None]
    assert (bad["high"], bad["close"], bad["open"]) == (None, None, 11)
    assert repr(json.loads(bad["row"])["high"]) == repr(junk)


def test_a_bar_is_delivered_only_once_it_is_final() -> None:
    early = Span(last=DAYS[2], now=world.at(DAYS[3], 12))
    assert read(WHOLE, early)["session"].to_list() == DAYS[:3]


def test_a_split_of_the_running_session_already_counts() -> None:
    early = Span(last=DAYS[2], now=world.at(DAYS[3], 12))
    splits = event(DAYS[3], numerator=2, denominator=1)
    rows = read(WHOLE | {"events": {"splits": splits}}, early)
    assert rows["close"].to_list() == [20.5, 22.5, 24.5]
    assert rows["split_ratio"].to_list() == [1, 1, 1]


def test_of_two_moments_of_a_session_the_later_stands() -> None:
    result = copy.deepcopy(WHOLE)
    result["timestamp"][2] = int(world.at(DAYS[3], 9, 31).timestamp()) - 120
    rows = read(result)
    assert rows["session"].to_list() == [*DAYS[:2], DAYS[3], DAYS[3]]
    assert rows["close"].to_list() == [10.25, 11.25, None, 13.25]
    assert rows["fault"][2] == "a later row of the same session follows"


def test_the_same_stamp_twice_is_left_to_the_judge() -> None:
    result = copy.deepcopy(WHOLE)
    result["timestamp"][2] = result["timestamp"][3]
    rows = read(result)
    assert rows["session"].to_list() == [*DAYS[:2], DAYS[3], DAYS[3]]
    assert rows["fault"].null_count() == 4


@pytest.mark.parametrize(
    ("stamp", "fault"),
    [
        (None, "its stamp is no day of the calendar"),
        (-1e18, "its stamp is no day of the calendar"),
        (1e18, "its stamp is no day of the calendar"),
        (2_000_000_000, "its stamp lies in the future"),
    ],
)
def test_a_row_of_no_day_is_delivered_without_one(stamp: object, fault: str) -> None:
    result = copy.deepcopy(WHOLE)
    result["timestamp"][0] = stamp
    rows = read(result)
    assert rows.filter(pl.col("session").is_null())["fault"].to_list() == [fault]
    assert rows["session"].drop_nulls().to_list() == DAYS[1:]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("symbol", "BBB"),
        ("currency", "GBp"),
        ("exchangeTimezoneName", "Europe/London"),
        ("dataGranularity", "1h"),
        ("instrumentType", "CRYPTOCURRENCY"),
        ("currency", None),
    ],
)
def test_prices_of_something_else_are_refused(name: str, value: object) -> None:
    with pytest.raises(errors.SourceError, match=f"`{name}` should be"):
        read(WHOLE | {"meta": WHOLE["meta"] | {name: value}})


@pytest.mark.parametrize(
    "split",
    [
        {"numerator": 0, "denominator": 1},
        {"numerator": 2},
        {"numerator": "2", "denominator": 1},
        {"numerator": 1e300, "denominator": 1},
    ],
)
def test_a_split_that_is_no_number_refuses_the_chart(split: dict[str, Any]) -> None:
    with pytest.raises(errors.SourceError, match="expected a number above 0"):
        read(WHOLE | {"events": {"splits": event(DAYS[1], **split)}})


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "[]",
        '{"chart": null}',
        "[" * 100_000,
        text(WHOLE)[:-40],
        text(WHOLE | {"timestamp": WHOLE["timestamp"][:-1]}),
        text(WHOLE | {"timestamp": None}),
        text(WHOLE | {"indicators": {"quote": []}}),
        text(WHOLE | {"events": {"dividends": [1]}}),
        text(WHOLE | {"meta": None}),
    ],
)
def test_what_is_no_chart_is_an_error(body: str) -> None:
    with pytest.raises(errors.SourceError, match=r"expected|should be"):
        rebuilt(body)


def test_a_chart_without_rows_is_empty() -> None:
    bare = {"meta": WHOLE["meta"], "indicators": {"quote": [{}]}}
    assert read(bare).is_empty()


def test_rebuilt_prices_are_those_that_traded() -> None:
    dice = np.random.default_rng(5)
    for _ in range(20):
        ratios = dice.choice([2.0, 3.0, 0.1, 1.5, 20.0], 4)
        places = sorted(set(dice.integers(20, 1000, 4).tolist()))
        days = [sessions.shift(dt.date(2020, 1, 2), place) for place in places]
        splits = tuple(map(world.Split, days, ratios.tolist()))
        paid = tuple(world.Dividend(split.ex_on, 0.37) for split in splits)
        each = world.Listing(
            symbol="AAA", first=dt.date(2020, 1, 2), splits=splits, dividends=paid
        )
        market = world.World([each], SPAN.now)
        body = market.answer("AAA", 0).body.decode()
        truth = market.truth("AAA").drop("symbol")
        rows = rebuilt(body).select(truth.columns)
        assert_frame_equal(rows, truth, rel_tol=1e-12, abs_tol=0.0)
