"""Bars coverage: members counted day by day, by brute force."""

import datetime as dt

import polars as pl

from turbomode_assets.reports import coverage_chart

DAYS = [dt.date(2024, 1, day) for day in range(1, 11)]
SPANS = [(1, None), (1, 3), (4, 6), (6, 6), (9, None), (11, None)]
UNIVERSE = pl.DataFrame(
    {
        "valid_from": [dt.date(2024, 1, first) for first, _ in SPANS],
        "valid_to": [last and dt.date(2024, 1, last) for _, last in SPANS],
    },
    schema={"valid_from": pl.Date(), "valid_to": pl.Date()},
)


def test_members_are_those_whose_interval_holds_the_day() -> None:
    days = pl.DataFrame({"session": DAYS})
    found = coverage_chart._members(days, UNIVERSE)["len"].to_list()  # noqa: SLF001
    expected = [
        sum(
            first <= day.day and (last is None or day.day <= last)
            for first, last in SPANS
        )
        for day in DAYS
    ]
    assert found == expected


def test_without_a_universe_there_is_one_line() -> None:
    bars = pl.DataFrame(
        {"symbol": ["A", "B", "A"], "session": [DAYS[0], DAYS[0], DAYS[1]]}
    )
    alone = coverage_chart.draw(bars, UNIVERSE.clear())
    beside = coverage_chart.draw(bars, UNIVERSE)
    assert "members" not in alone
    assert "members" in beside
    assert alone.count("with a bar") == 1
