"""Session time: rounds against the calendar itself, half days, clocks, horizons."""

import datetime as dt

import exchange_calendars
import numpy as np
import polars as pl
import pytest

from turbomode_assets import errors, rounds, sessions

FIRST, LAST = dt.date(2023, 10, 2), dt.date(2024, 12, 31)
GRID = rounds.between(FIRST, LAST)


def test_rounds_are_the_quarter_hours_of_the_calendar() -> None:
    calendar = exchange_calendars.get_calendar("XNYS", start="2023-01-03")
    minutes = calendar.trading_index(
        str(FIRST), str(LAST), "15min", intervals=False, closed="right"
    )
    expected = minutes.tz_localize(None).to_numpy().astype("datetime64[us]")
    found = GRID["ends_at"].dt.replace_time_zone(None).to_numpy()
    assert np.array_equal(found, expected)


def test_numbers_have_no_gap_and_name_their_rounds() -> None:
    assert (np.diff(GRID["round"].to_numpy()) == 1).all()
    assert rounds.numbers(GRID).tolist() == GRID["round"].to_list()
    assert rounds.named(rounds.numbers(GRID)).equals(GRID)


@pytest.mark.parametrize("horizon", rounds.HORIZONS)
def test_an_exit_is_known_in_time_for_its_stream(horizon: str) -> None:
    numbers = GRID["round"].to_numpy()
    waited = rounds.exits(numbers, horizon) - numbers
    assert waited.min() >= 1
    assert waited.max() <= rounds.HORIZONS[horizon]


@pytest.mark.parametrize("horizon", rounds.HORIZONS)
def test_no_signal_waits_longer_than_it_may(horizon: str) -> None:
    ends = rounds.named(rounds.exits(GRID["round"].to_numpy(), horizon))
    days = sessions.sessions_between(FIRST, LAST + dt.timedelta(days=14))
    place = {day: n for n, day in enumerate(days)}
    own, judged = GRID["session"].to_list(), ends["session"].to_list()
    waited = [place[b] - place[a] for a, b in zip(own, judged, strict=True)]
    reach = 1 if horizon == "1_session" else rounds.HORIZON_SESSIONS
    assert max(waited) <= reach


def test_the_same_time_next_session() -> None:
    named = rounds.named(rounds.exits(GRID["round"].to_numpy(), "1_session"))
    following = [sessions.shift(day, 1) for day in GRID["session"]]
    assert named["session"].to_list() == following
    is_short = named["minute"] != GRID["minute"]
    assert set(named.filter(is_short)["minute"]) == {210}


def test_a_night_takes_no_session_time() -> None:
    eve = dt.date(2024, 3, 8)  # the clocks changed over this weekend
    last = rounds.between(eve, eve)["round"].to_numpy()[-1:]
    found = rounds.named(rounds.exits(last, "60_minutes"))
    assert found["ends_at"][0] == dt.datetime(2024, 3, 11, 14, 30, tzinfo=dt.UTC)


def test_the_newest_round_is_the_last_that_ended() -> None:
    for row in rounds.between(dt.date(2024, 7, 2), dt.date(2024, 7, 5)).rows(
        named=True
    ):
        assert rounds.ended_by(row["ends_at"]) == row["round"]
        before = row["ends_at"] - dt.timedelta(seconds=1)
        assert rounds.ended_by(before) == row["round"] - 1


@pytest.mark.parametrize(("day", "minute"), [(3, 225), (4, 15), (5, 0), (5, 20)])
def test_what_names_no_round_is_refused(day: int, minute: int) -> None:
    rows = pl.DataFrame({"session": [dt.date(2024, 7, day)], "minute": [minute]})
    with pytest.raises(errors.SettingsError, match=f"the first 2024-07-0{day} at"):
        rounds.numbers(rows)


def test_an_unknown_horizon_is_answered_with_the_nearest() -> None:
    with pytest.raises(errors.SettingsError, match="Did you mean '60_minutes'"):
        rounds.exits(np.array([1]), "60_minute")
