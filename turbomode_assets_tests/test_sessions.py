"""The exchange calendar, held against dates that were looked up by hand."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turbomode_assets import errors, sessions

HORIZON = 14
DAYS = st.dates(dt.date(1996, 2, 1), dt.date(2040, 10, 1))


def day(text: str) -> dt.date:
    """Day of an ISO text."""
    return dt.date.fromisoformat(text)


def isos(days: list[dt.date]) -> list[str]:
    """Days as ISO texts."""
    return [str(each) for each in days]


@pytest.mark.parametrize(
    ("closed", "why"),
    [
        ("2024-07-04", "Independence Day"),
        ("2024-03-29", "Good Friday"),
        ("2024-06-19", "Juneteenth"),
        ("2021-12-24", "Christmas, observed on Friday"),
        ("2012-10-29", "hurricane Sandy"),
        ("2012-10-30", "hurricane Sandy"),
        ("2001-09-11", "terror attack"),
        ("2018-12-05", "day of mourning"),
        ("2025-01-09", "day of mourning"),
        ("2024-07-06", "Saturday"),
        ("2024-07-07", "Sunday"),
    ],
)
def test_the_exchange_was_closed(closed: str, why: str) -> None:
    assert not sessions.is_session(day(closed)), why


@pytest.mark.parametrize(
    "opened", ["2024-07-03", "2024-07-05", "2012-10-31", "2021-06-18", "2021-12-31"]
)
def test_the_exchange_was_open(opened: str) -> None:
    assert sessions.is_session(day(opened))


@pytest.mark.parametrize(
    ("session", "utc"),
    [
        ("2024-07-02", "2024-07-02T20:00:00+00:00"),
        ("2024-07-03", "2024-07-03T17:00:00+00:00"),
        ("2024-11-29", "2024-11-29T18:00:00+00:00"),
        ("2024-03-08", "2024-03-08T21:00:00+00:00"),
        ("2024-03-11", "2024-03-11T20:00:00+00:00"),
        ("2024-11-01", "2024-11-01T20:00:00+00:00"),
        ("2024-11-04", "2024-11-04T21:00:00+00:00"),
    ],
    ids=[
        "summer",
        "half day in summer",
        "half day in winter",
        "before clocks go forward",
        "after clocks went forward",
        "before clocks go back",
        "after clocks went back",
    ],
)
def test_closing_times_follow_new_york(session: str, utc: str) -> None:
    assert sessions.close_at(day(session)).isoformat() == utc


def test_sessions_around_a_storm() -> None:
    found = sessions.sessions_between(day("2012-10-26"), day("2012-11-01"))
    assert isos(found) == ["2012-10-26", "2012-10-31", "2012-11-01"]
    assert sessions.sessions_between(day("2012-10-27"), day("2012-10-30")) == []


@pytest.mark.parametrize(
    ("start", "n_sessions", "expected"),
    [
        ("2024-07-03", 0, "2024-07-03"),
        ("2024-07-03", 1, "2024-07-05"),
        ("2024-07-04", 0, "2024-07-05"),
        ("2024-07-04", -1, "2024-07-03"),
        ("2024-07-06", 1, "2024-07-09"),
        ("2012-10-31", -1, "2012-10-26"),
    ],
)
def test_shifting_counts_sessions(start: str, n_sessions: int, expected: str) -> None:
    assert str(sessions.shift(day(start), n_sessions)) == expected


@pytest.mark.parametrize(
    ("signal", "entry", "maturity"),
    [
        ("2024-07-02", "2024-07-03", "2024-07-17"),  # plain
        ("2024-07-03", "2024-07-05", "2024-07-19"),  # entry after a holiday
        ("2024-06-05", "2024-06-06", "2024-06-20"),  # entry + 14 is a session
        ("2024-06-04", "2024-06-05", "2024-06-20"),  # entry + 14 is Juneteenth
        ("2024-03-14", "2024-03-15", "2024-04-01"),  # entry + 14 is Good Friday
        ("2012-10-12", "2012-10-15", "2012-10-31"),  # entry + 14 is the storm
        ("2024-02-23", "2024-02-26", "2024-03-11"),  # clocks go forward between
        ("2023-12-15", "2023-12-18", "2024-01-02"),  # entry + 14 is New Year's Day
    ],
)
def test_maturity(signal: str, entry: str, maturity: str) -> None:
    found = sessions.holding_periods([day(signal)], HORIZON)
    assert isos(list(found.row(0))) == [signal, entry, maturity]


def test_several_sessions_may_mature_together() -> None:
    monday = day("2024-04-01")
    found = sessions.maturing_between(monday, monday, HORIZON)
    assert isos(found["session"].to_list()) == ["2024-03-14", "2024-03-15"]


def test_held_sessions_include_entry_and_maturity() -> None:
    periods = sessions.holding_periods([day("2024-07-02")], HORIZON)
    held = sessions.held_sessions(periods)["held_on"].to_list()
    assert held == sessions.sessions_between(day("2024-07-03"), day("2024-07-17"))


@pytest.mark.parametrize("outside", ["1996-01-01", "2041-01-02"])
def test_days_the_calendar_does_not_cover(outside: str) -> None:
    with pytest.raises(errors.SettingsError, match=r"1996-01-02\.\.2040-12-31"):
        sessions.shift(day(outside), 0)
    with pytest.raises(errors.SettingsError, match=outside):
        sessions.is_session(day(outside))


@pytest.mark.parametrize(("start", "n"), [("1996-01-02", -1), ("2040-12-31", 1)])
def test_shifting_out_of_the_calendar(start: str, n: int) -> None:
    with pytest.raises(errors.SettingsError, match=f"{n} sessions from {start}"):
        sessions.shift(day(start), n)


@settings(deadline=None)
@given(day=DAYS)
def test_maturity_is_the_first_session_two_weeks_after_entry(day: dt.date) -> None:
    signal = sessions.on_or_after(day)
    session, entry, maturity = sessions.holding_periods([signal], HORIZON).row(0)
    due = entry + dt.timedelta(days=HORIZON)
    assert sessions.sessions_between(session, entry) == [session, entry]
    assert sessions.sessions_between(due, maturity) == [maturity]


@settings(deadline=None)
@given(day=DAYS)
def test_what_matures_in_a_session_was_due_in_it(day: dt.date) -> None:
    maturity = sessions.on_or_after(day)
    found = sessions.maturing_between(maturity, maturity, HORIZON)
    assert (found["matures_on"] == maturity).all()
    again = sessions.holding_periods(found["session"].to_list(), HORIZON)
    assert again.equals(found)


@settings(deadline=None)
@given(day=DAYS)
def test_neighbors_of_a_day_are_sessions(day: dt.date) -> None:
    before, after = sessions.on_or_before(day), sessions.on_or_after(day)
    assert before <= day <= after
    assert sessions.sessions_between(before, after) == sorted({before, after})


@settings(deadline=None)
@given(day=DAYS)
def test_a_week_starts_on_its_sunday_and_a_month_on_its_first(day: dt.date) -> None:
    sunday, first = sessions.week_start(day), sessions.month_start(day)
    assert sunday.strftime("%a") == "Sun"
    assert 0 <= (day - sunday).days < 7
    assert (first.year, first.month, first.day) == (day.year, day.month, 1)
    following = sessions.following_month(day)
    assert following.day == 1
    assert sessions.month_start(following - dt.timedelta(days=1)) == first
