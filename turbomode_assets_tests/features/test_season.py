"""The place of a session in its week and month, counted day by day."""

import datetime as dt

import polars as pl
import pytest

from turbomode_assets import sessions
from turbomode_assets.features import season

DAYS = sessions.sessions_between(dt.date(2019, 1, 2), dt.date(2024, 12, 31))


def test_places_in_the_month_by_counting() -> None:
    found = season.columns(pl.Series(DAYS))
    for place, day in enumerate(DAYS):
        month = [d for d in DAYS if (d.year, d.month) == (day.year, day.month)]
        assert found["sessions_into_month"][place] == month.index(day) + 1
        assert found["sessions_to_month_end"][place] == len(month) - 1 - month.index(
            day
        )
        assert found["weekday"][place] == day.weekday()


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (dt.date(2024, 6, 21), 0),  # a third Friday
        (dt.date(2024, 6, 24), -1),
        (dt.date(2024, 6, 18), 2),  # Juneteenth is closed
        (dt.date(2019, 4, 18), 0),  # Good Friday: the session before
    ],
)
def test_sessions_to_expiry(day: dt.date, expected: int) -> None:
    assert season.columns(pl.Series([day]))["sessions_to_expiry"].item() == expected


def test_the_first_month_of_the_calendar_is_covered() -> None:
    found = season.columns(pl.Series([sessions.FIRST_DAY]))
    assert found["sessions_into_month"].item() == 1
