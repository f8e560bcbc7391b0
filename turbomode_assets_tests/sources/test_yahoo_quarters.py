"""Which bars of fifteen minutes are over, and what they were when they traded."""

import datetime as dt
import math

import polars as pl
import pytest

from turbomode_assets import rounds
from turbomode_assets.sources import yahoo_chart, yahoo_quarters
from turbomode_assets.sources.yahoo_desk_rehearsal import Object, render_rounds

HALF_DAY = dt.date(2024, 7, 3)
TUESDAY = dt.date(2024, 7, 2)
NOON = dt.datetime(2024, 7, 2, 16, 0, 20, tzinfo=dt.UTC)
"""Twenty seconds after the tenth round of a session."""


def stamps(first: dt.date, last: dt.date) -> list[int]:
    return (rounds.between(first, last)["ends_at"].dt.epoch("s") - 900).to_list()


def chart(begins: list[int], priced_at: float, splits: dict[int, float]) -> Object:
    price = [10.0 + place for place in range(len(begins))]
    columns = {"open": price, "high": price, "low": price, "close": price}
    bars = pl.DataFrame({"stamp": begins, **columns, "volume": [600.0] * len(begins)})
    return render_rounds("AAA", bars, int(priced_at), splits)


def rows(said: Object, now: dt.datetime = NOON) -> pl.DataFrame:
    return yahoo_quarters.rebuild(yahoo_chart.read(said["chart"], "AAA", "15m"), now)


def begins(found: pl.DataFrame) -> list[str]:
    return found["stamped_at"].dt.strftime("%H:%M").to_list()


@pytest.mark.parametrize(
    ("seconds_late", "last"),
    [(0, "15:45"), (21, "15:30"), (15 * 60, "15:30"), (20 * 60, "15:15")],
)
def test_a_bar_is_over_when_yahoos_own_clock_has_passed_its_end(
    seconds_late: int, last: str
) -> None:
    said = chart(stamps(TUESDAY, TUESDAY), NOON.timestamp() - seconds_late, {})
    found = rows(said)
    assert begins(found)[0] == "13:30"
    assert begins(found)[-1] == last


def test_a_bar_that_ended_long_ago_is_over_without_another_price() -> None:
    halted = stamps(TUESDAY, TUESDAY)[:3]
    said = chart(halted, halted[-1] + 60, {})
    soon, later = (NOON.replace(hour=14, minute=m) for m in (40, 46))
    assert begins(rows(said, soon))[-1] == "13:45"
    assert begins(rows(said, later))[-1] == "14:00"


def test_the_newest_price_is_no_bar() -> None:
    known = stamps(TUESDAY, TUESDAY)[:11]
    price = int(NOON.timestamp()) - 25  # traded within the round that has just ended
    said = chart([*known[:10], price], NOON.timestamp() - 25, {})
    assert begins(rows(said))[-1] == "15:30"
    later = NOON + dt.timedelta(hours=2)
    assert begins(rows(said, later))[-1] == "15:45"


def test_a_half_day_ends_early_and_nights_are_left_out() -> None:
    day = stamps(HALF_DAY, HALF_DAY)
    night = [day[0] - 900, *day, day[-1] + 900, day[-1] + 1800]
    evening = dt.datetime(2024, 7, 3, 23, 0, tzinfo=dt.UTC)
    found = rows(chart(night, evening.timestamp(), {}), evening)
    assert found.height == 14
    assert (begins(found)[0], begins(found)[-1]) == ("13:30", "16:45")
    assert found["fault"].null_count() == 14


def test_clocks_that_change_move_no_session() -> None:
    days = stamps(dt.date(2024, 3, 8), dt.date(2024, 3, 11))
    monday = dt.datetime(2024, 3, 11, 21, 0, tzinfo=dt.UTC)
    found = rows(chart(days, monday.timestamp(), {}), monday)
    assert (found.height, begins(found)[0], begins(found)[26]) == (52, "14:30", "13:30")


def test_a_split_is_multiplied_back_into_the_bars_before_it() -> None:
    days = stamps(TUESDAY, HALF_DAY)
    evening = dt.datetime(2024, 7, 3, 23, 0, tzinfo=dt.UTC)
    said = chart(days, evening.timestamp(), {days[26]: 4.0})
    quoted = said["chart"]["result"][0]["indicators"]["quote"][0]
    assert quoted["close"][25] == (10.0 + 25) / 4
    found = rows(said, evening)
    assert found["close"].to_list() == [10.0 + place for place in range(40)]
    assert found["volume"].unique().to_list() == [600.0]
    assert found["split_ratio"].to_list() == [1.0] * 26 + [4.0] * 14


def test_a_split_without_bars_on_its_day_shows_in_the_next_session() -> None:
    days = stamps(dt.date(2024, 7, 1), HALF_DAY)
    evening = dt.datetime(2024, 7, 3, 23, 0, tzinfo=dt.UTC)
    said = chart(days[:26] + days[52:], evening.timestamp(), {days[26]: 0.5})
    found = rows(said, evening)
    assert found["close"].to_list() == [10.0 + place for place in range(40)]
    assert found["split_ratio"].to_list() == [1.0] * 26 + [0.5] * 14


@pytest.mark.parametrize("junk", [None, "11.5", math.inf, 10**400, True, []])
def test_what_is_no_number_is_a_row_with_its_fault(junk: object) -> None:
    said = chart(stamps(TUESDAY, TUESDAY)[:10], NOON.timestamp(), {})
    said["chart"]["result"][0]["indicators"]["quote"][0]["close"][2] = junk
    found = rows(said)
    assert found.height == 10
    assert found["fault"].drop_nulls().to_list() == ["no number in close"]
    assert found.row(2, named=True)["row"].startswith('{"timestamp": ')


def test_a_stamp_that_is_none_is_a_row_with_its_fault() -> None:
    said = chart(stamps(TUESDAY, TUESDAY)[:10], NOON.timestamp(), {})
    said["chart"]["result"][0]["timestamp"][4] = "noon"
    found = rows(said)
    assert found.height == 10
    assert found["stamped_at"].null_count() == 1
    assert found["fault"].drop_nulls().to_list() == ["its stamp 'noon' is no moment"]
