"""Lines over days: the right places, gaps where nothing is known, small and stable."""

import datetime as dt
import itertools
import re
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from turbomode_assets.reports import line_chart

DAYS = [dt.date(2024, 1, day) for day in (1, 2, 3, 5)]
SCALE = line_chart.Scale(low=0.0, high=10.0)


def line(values: list[float | None], days: list[dt.date] = DAYS) -> line_chart.Line:
    """A line over these days."""
    return line_chart.Line(
        name="<a & b>",
        days=pl.Series(days, dtype=pl.Date()),
        values=pl.Series(values, dtype=pl.Float64()),
    )


def paths(svg: str) -> list[str]:
    """What is drawn, the axes first."""
    space = {"s": "http://www.w3.org/2000/svg"}
    found = ET.fromstring(svg).findall("s:path", space)  # noqa: S314 - our own
    return [path.attrib["d"] for path in found]


def points(path: str) -> list[tuple[float, float]]:
    """Places a path goes through."""
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+),([\d.]+)", path)]


def test_ends_of_the_scale_are_corners_of_the_frame() -> None:
    drawn = points(paths(line_chart.draw("t", [line([0.0, 5.0, 5.0, 10.0])], SCALE))[1])
    left, bottom = line_chart.MARGIN, line_chart.HEIGHT - line_chart.MARGIN
    assert min(drawn) == (left, bottom)
    assert max(drawn) == (line_chart.WIDTH - left, line_chart.MARGIN)


def test_days_are_as_far_apart_as_in_the_calendar() -> None:
    drawn = points(paths(line_chart.draw("t", [line([1.0] * 4)], SCALE))[1])
    xs = sorted(x for x, _ in drawn)
    steps = [after - before for before, after in itertools.pairwise(xs)]
    assert steps == pytest.approx([steps[0], steps[0], 2 * steps[0]], abs=0.2)


def test_what_is_unknown_leaves_a_gap() -> None:
    path = paths(line_chart.draw("t", [line([1.0, None, 2.0, 3.0])], SCALE))[1]
    assert path.count("M") == 2
    assert len(points(path)) == 3


def test_decades_stay_small_and_end_with_the_newest_day() -> None:
    days = [dt.date(1990, 1, 1) + dt.timedelta(days=n) for n in range(9001)]
    svg = line_chart.draw(
        "t", [line([float(n % 10) for n in range(9001)], days)], SCALE
    )
    drawn = points(paths(svg)[1])
    assert len(svg) < 100_000
    assert len(drawn) <= line_chart.POINTS
    assert max(drawn)[0] == line_chart.WIDTH - line_chart.MARGIN


def test_the_same_lines_give_the_same_bytes_and_names_are_escaped() -> None:
    first, second = (line_chart.draw("t", [line([1.0] * 4)], SCALE) for _ in range(2))
    assert first == second
    assert "&lt;a &amp; b&gt;" in first


def test_no_days_are_said_not_drawn() -> None:
    svg = line_chart.draw("t", [line([], [])], SCALE)
    assert "nothing yet" in svg
    assert paths(svg) == []


@pytest.mark.parametrize("values", [[], [3.0], [2.0, 2.0], [None, 1.0]])
def test_bounds_are_never_the_same(values: list[float | None]) -> None:
    low, high = line_chart.bounds([line(values, DAYS[: len(values)])])
    assert low < high
