"""Rows of minutes into bars of a round: stamps, dirt, half days, nothing lost."""

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from turbomode_assets import intraday_tables, market_policy
from turbomode_assets.intraday import bars

RULES = market_policy.QualityPolicy()
DAY = dt.date(2024, 3, 8)
OPEN = dt.datetime(2024, 3, 8, 14, 30, tzinfo=dt.UTC)
LATER = OPEN + dt.timedelta(days=9)
EVER = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)

Cells = dict[str, Any]


def delivery(rows: list[Cells], n_minutes: int = 5) -> pl.DataFrame:
    """Sound rows that begin at the open, some of their cells changed."""
    sound = [
        {
            "symbol": "ABC",
            "stamped_at": OPEN + dt.timedelta(minutes=i * n_minutes),
            "is_end_stamped": False,
            "n_minutes": n_minutes,
            "open": 10.0 + i,
            "high": 12.0 + i,
            "low": 9.0 + i,
            "close": 11.0 + i,
            "volume": 100.0,
            "split_ratio": 1.0,
            "known_at": OPEN,
            "source": "test",
            "row": None,
            "fault": None,
        }
        | cells
        for i, cells in enumerate(rows)
    ]
    return pl.DataFrame(sound, schema=intraday_tables.DELIVERED.schema())


def judged(rows: pl.DataFrame, now: dt.datetime = LATER) -> bars.Inspection:
    found = bars.inspect(rows, RULES, now)
    used = found.accepted["n_parts"].sum()
    assert used + found.refused.height + found.waiting.height == rows.height
    return found


def test_three_rows_make_a_bar() -> None:
    found = judged(delivery([{}] * 3))
    row = found.accepted.drop("known_at", "source", "symbol").row(0)
    assert row == (DAY, 15, 10.0, 14.0, 9.0, 13.0, 300.0, 1.0, 3, 1.0)


def test_end_stamped_rows_make_the_same_bars() -> None:
    starts = delivery([{}] * 6)
    shifted = pl.col("stamped_at") + pl.duration(minutes=5)
    ends = starts.with_columns(stamped_at=shifted, is_end_stamped=pl.lit(value=True))
    assert_frame_equal(judged(starts).accepted, judged(ends).accepted)


def test_what_is_stamped_at_the_open_as_ended_is_the_auction() -> None:
    rows = delivery([{}] * 4).with_columns(is_end_stamped=pl.lit(value=True))
    found = judged(rows).accepted
    assert found.select("open", "volume", "n_parts", "coverage").row(0) == (
        *(10.0, 400.0),
        *(4, 1.0),
    )


@pytest.mark.parametrize(
    ("reason", "cells"),
    [
        ("unreadable", {"close": None}),
        ("unreadable", {"fault": "torn"}),
        ("bad_symbol", {"symbol": "a b"}),
        ("not_positive", {"low": 0.0}),
        ("high_below_low", {"high": 8.0}),
        ("outside_range", {"close": 99.0}),
        ("no_session", {"stamped_at": OPEN + dt.timedelta(days=1)}),
        ("outside_session", {"stamped_at": OPEN - dt.timedelta(minutes=5)}),
        ("outside_session", {"stamped_at": OPEN + dt.timedelta(minutes=390)}),
        ("off_grid", {"stamped_at": OPEN + dt.timedelta(minutes=2)}),
        ("bad_length", {"n_minutes": 20}),
        ("bad_length", {"n_minutes": 75}),
        ("bad_length", {"n_minutes": 0}),
    ],
)
def test_what_cannot_be_is_refused(reason: str, cells: Cells) -> None:
    found = judged(delivery([cells, {}, {}]))
    assert found.refused["reason"].to_list() == [reason]
    assert found.accepted["n_parts"].to_list() == [2]


def test_a_closing_auction_of_a_half_day_lies_outside() -> None:
    half_day = dt.datetime(2024, 7, 3, 17, 0, tzinfo=dt.UTC)
    last = half_day - dt.timedelta(minutes=5)
    found = judged(delivery([{"stamped_at": last}, {"stamped_at": half_day}]), EVER)
    assert found.accepted["minute"].to_list() == [210]
    assert found.refused["reason"].to_list() == ["outside_session"]


def test_a_repeated_row_counts_once_and_a_contradiction_not_at_all() -> None:
    first = delivery([{}])
    same = judged(pl.concat([delivery([{}] * 3), first]))
    assert same.refused["reason"].to_list() == ["duplicate"]
    assert same.accepted["volume"].to_list() == [300.0]
    torn = first.with_columns(high=pl.lit(99.0), close=pl.lit(50.0))
    other = judged(pl.concat([delivery([{}] * 3), torn]))
    assert other.refused["reason"].to_list() == ["conflict", "conflict"]
    assert other.accepted["n_parts"].to_list() == [2]


def test_the_finest_rows_of_a_session_are_used() -> None:
    both = pl.concat([delivery([{}] * 3), delivery([{}] * 2, 15)])
    found = judged(both)
    assert found.refused["reason"].to_list() == ["coarser", "coarser"]
    assert found.accepted["n_parts"].to_list() == [3]


HOURS_BY_THE_CLOCK = [{"stamped_at": OPEN + dt.timedelta(minutes=m)} for m in (-30, 30)]


@pytest.mark.parametrize(
    ("hours", "expected", "n_gaps"),
    [
        (HOURS_BY_THE_CLOCK, [(30, 2.0), (90, 4.0)], 0),
        ([{}, {"stamped_at": OPEN + dt.timedelta(hours=1)}], [(60, 4), (120, 4)], 0),
        ([{"stamped_at": OPEN + dt.timedelta(hours=6)}], [(390, 2.0)], 24),
    ],
)
def test_an_hour_is_the_bar_of_the_round_it_ends_with(
    hours: list[Cells], expected: list[tuple[int, float]], n_gaps: int
) -> None:
    found = judged(delivery(hours, 60))
    assert found.accepted.select("minute", "coverage").rows() == expected
    assert found.accepted["open"].to_list() == [10.0, 11.0][: len(hours)]
    assert found.gaps.filter(pl.col("minute") <= expected[-1][0]).height == n_gaps
    assert intraday_tables.BARS.violations(found.accepted) == []


def test_an_hour_that_has_not_ended_waits() -> None:
    found = judged(delivery([{}] * 2, 60), now=OPEN + dt.timedelta(minutes=119))
    assert found.accepted["minute"].to_list() == [60]
    assert found.waiting.height == 1


def test_an_hour_within_another_is_refused() -> None:
    within = {"stamped_at": OPEN + dt.timedelta(minutes=30)}
    found = judged(delivery([{}, within], 60))
    assert found.refused["reason"].to_list() == ["off_grid"]
    assert found.accepted["minute"].to_list() == [60]


def test_a_round_that_has_not_ended_waits() -> None:
    rows = delivery([{}] * 5)
    found = judged(rows, now=OPEN + dt.timedelta(minutes=29))
    assert found.accepted["minute"].to_list() == [15]
    assert_frame_equal(found.waiting, rows[3:])
    assert judged(found.waiting).accepted["minute"].to_list() == [30]


def test_gaps_are_named_and_not_filled() -> None:
    late = {"stamped_at": OPEN + dt.timedelta(minutes=35)}
    found = judged(delivery([{}, {}, {}, late]), now=OPEN + dt.timedelta(minutes=50))
    assert found.accepted["minute"].to_list() == [15, 45]
    assert found.gaps.select("minute", "coverage").rows() == [(30, 0.0), (45, 1 / 3)]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.sampled_from(["close", "high", "stamped_at"]), max_size=6), st.data()
)
def test_nothing_is_lost_and_order_does_not_matter(
    broken: list[str], data: st.DataObject
) -> None:
    rows = delivery([{name: None} for name in broken] + [{}] * 7)
    order = data.draw(st.permutations(range(rows.height)))
    one, other = judged(rows), judged(rows[order])
    assert_frame_equal(one.accepted, other.accepted)
    assert_frame_equal(one.refused, other.refused)


def test_what_a_source_says_again_is_no_news() -> None:
    known = judged(delivery([{}] * 9)).accepted
    again = known.with_columns(pl.col("close") * (1 + 1e-9), known_at=pl.lit(LATER))
    assert bars.changed(again, known, LATER, RULES).is_empty()


@pytest.mark.parametrize(
    ("column", "value"), [("close", 11.001), ("volume", 301.0), ("split_ratio", 2.0)]
)
def test_what_differs_is_known_from_now_on(column: str, value: float) -> None:
    known = judged(delivery([{}] * 9)).accepted
    is_first = pl.col("minute") == 15
    other = known.with_columns(
        pl.when(is_first).then(value).otherwise(column).alias(column)
    )
    found = bars.changed(other, known, LATER, RULES)
    assert found.select("minute", "known_at", column).rows() == [(15, LATER, value)]


def test_a_bar_that_was_unknown_comes_as_it_was_known() -> None:
    every = judged(delivery([{}] * 9)).accepted
    found = bars.changed(every, every.filter(pl.col("minute") > 15), LATER, RULES)
    assert_frame_equal(found, every.filter(pl.col("minute") == 15))
