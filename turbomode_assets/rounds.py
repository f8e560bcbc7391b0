"""The 15-minute rounds of the exchange: the calendar of the intraday desk.

A round ends every `MINUTES` of session time, the last one at the close, so that a full
session has 26 and a half day 14. Rounds are numbered without gaps through all sessions,
which makes session time a subtraction: nights, weekends and holidays take none. A round
is also named by its session and its minute, the session minutes from the open to its
end; clocks and daylight saving time stay in this file.

Pure functions of the calendar. No price, no table and no present moment belong here.
"""

import datetime as dt
import functools

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import errors, sessions

MINUTES = 15
"""Length of a round in session minutes: the beat of the desk. It divides the 390
minutes of a session and the 210 of a half day."""

FULL_SESSION = 26
"""Rounds of a session without an early close."""

HORIZONS = {"60_minutes": 4, "240_minutes": 16, "1_session": FULL_SESSION}
"""Rounds until a signal is judged, at the most, by name of the horizon; session time.
``1_session`` ends at the same minute of the next session."""

HORIZON_SESSIONS = 2
"""Sessions after its own in which a signal may be judged: four hours after the last
rounds of a session reach over a half day."""

Rounds = npt.NDArray[np.int64]


@functools.cache
def _hours() -> pl.DataFrame:
    return sessions.trading_hours(sessions.FIRST_DAY, sessions.LAST_DAY)


@functools.cache
def _lengths() -> Rounds:
    """Rounds of each session of the calendar."""
    open_for = pl.col("closes_at") - pl.col("opens_at")
    minutes = _hours().select(open_for.dt.total_minutes()).to_series().to_numpy()
    if (minutes % MINUTES).any():
        message = f"sessions must last whole rounds of {MINUTES} minutes"
        raise errors.SettingsError(message)
    lengths: Rounds = minutes // MINUTES
    return lengths


@functools.cache
def _before() -> Rounds:
    """Rounds before each session, and after the last one."""
    return np.concatenate([[0], np.cumsum(_lengths())]).astype(np.int64)


@functools.cache
def _days() -> npt.NDArray[np.datetime64]:
    days: npt.NDArray[np.datetime64] = _hours()["session"].to_numpy()
    return days.astype("datetime64[D]")


def between(first: dt.date, last: dt.date) -> pl.DataFrame:
    """Every round of the sessions from `first` to `last`.

    Parameters
    ----------
    first, last
        Calendar days; they need not be sessions.

    Returns
    -------
    pl.DataFrame
        Columns session, minute, round and ends_at (UTC), ascending.

    Examples
    --------
    >>> half_day = between(dt.date(2024, 7, 3), dt.date(2024, 7, 4))
    >>> half_day.height, half_day["minute"].to_list()[-1]
    (14, 210)
    >>> half_day["ends_at"][0].isoformat()
    '2024-07-03T13:45:00+00:00'
    """
    bounds = np.array([first, last + dt.timedelta(days=1)], dtype="datetime64[D]")
    low, high = _before()[np.searchsorted(_days(), bounds)]
    return named(np.arange(low, high))


def named(numbers: Rounds) -> pl.DataFrame:
    """Session, minute and end of each round.

    Parameters
    ----------
    numbers
        Numbers of rounds, in any order.

    Returns
    -------
    pl.DataFrame
        Columns session, minute, round and ends_at (UTC), in the given order.
    """
    if numbers.size and (numbers.min() < 0 or numbers.max() >= _before()[-1]):
        span = f"{sessions.FIRST_DAY}..{sessions.LAST_DAY}"
        message = f"rounds must lie within {span}, found {numbers.max()}"
        raise errors.SettingsError(message)
    place = np.searchsorted(_before(), numbers, side="right") - 1
    minute = (numbers - _before()[place] + 1) * MINUTES
    opens = _hours()["opens_at"].to_physical().to_numpy()[place]
    ends = pl.Series("ends_at", opens + minute * 60_000_000)
    return pl.DataFrame(
        {
            "session": pl.Series(_days()[place], dtype=pl.Date),
            "minute": minute.astype(np.int64),
            "round": numbers.astype(np.int64),
            "ends_at": ends.cast(pl.Datetime("us", "UTC")),
        }
    )


def numbers(frame: pl.DataFrame) -> Rounds:
    """Number of the round that each row names by session and minute.

    Parameters
    ----------
    frame
        Columns session and minute, never null.

    Returns
    -------
    ndarray of shape (n_rows,)
        In the given order.

    Raises
    ------
    errors.SettingsError
        Where a row names no round; counts them and shows the first.

    Examples
    --------
    >>> rows = between(dt.date(2024, 7, 3), dt.date(2024, 7, 5))
    >>> bool((numbers(rows) == rows["round"].to_numpy()).all())
    True
    """
    days = frame["session"].to_numpy().astype("datetime64[D]")
    minute = frame["minute"].to_numpy()
    place = np.minimum(np.searchsorted(_days(), days), _days().size - 1)
    is_wrong = (_days()[place] != days) | (minute % MINUTES != 0)
    is_wrong |= (minute < MINUTES) | (minute > _lengths()[place] * MINUTES)
    if is_wrong.any():
        row = int(np.flatnonzero(is_wrong)[0])
        found = f"{int(is_wrong.sum())} do not, the first {days[row]} at {minute[row]}"
        message = f"rows must name rounds of {MINUTES} minutes in a session: {found}"
        raise errors.SettingsError(message)
    found_rounds: Rounds = _before()[place] + minute // MINUTES - 1
    return found_rounds


def exits(rounds: Rounds, horizon: str) -> Rounds:
    """Round at whose end a signal of each of `rounds` is judged.

    Parameters
    ----------
    rounds
        Rounds at whose end signals are emitted.
    horizon
        A name of `HORIZONS`. Where the next session is too short for the same minute,
        ``1_session`` ends with it.

    Returns
    -------
    ndarray of shape (n_rounds,)
        Never later than ``HORIZONS[horizon]`` rounds on.

    Examples
    --------
    >>> eve = between(dt.date(2024, 7, 2), dt.date(2024, 7, 2))["round"].to_numpy()
    >>> named(exits(eve[-1:], "1_session")).select("session", "minute").row(0)
    (datetime.date(2024, 7, 3), 210)
    """
    if horizon not in HORIZONS:
        raise errors.SettingsError(errors.unknown_name("horizon", horizon, HORIZONS))
    if horizon != "1_session":
        return rounds + HORIZONS[horizon]
    place = np.searchsorted(_before(), rounds, side="right") - 1
    within = rounds - _before()[place]
    held = np.minimum(within, _lengths()[place + 1] - 1)
    ends: Rounds = _before()[place + 1] + held
    return ends


def ended_by(moment: dt.datetime) -> int:
    """Number of the newest round that had ended at `moment`, in UTC.

    Examples
    --------
    >>> noon = dt.datetime(2024, 7, 3, 16, 14, tzinfo=dt.UTC)
    >>> str(named(np.array([ended_by(noon)]))["ends_at"][0])
    '2024-07-03 16:00:00+00:00'
    """
    now = pl.Series([moment], dtype=pl.Datetime("us", "UTC")).to_physical()[0]
    return int(np.searchsorted(_ends(), now, side="right")) - 1


def first_ending_after(moments: pl.Series) -> Rounds:
    """Number of the first round that ends at or after each of `moments`, in UTC.

    Examples
    --------
    >>> sunday = pl.Series([dt.datetime(2024, 7, 7, 12, tzinfo=dt.UTC)])
    >>> named(first_ending_after(sunday)).select("session", "minute").row(0)
    (datetime.date(2024, 7, 8), 15)
    """
    asked = moments.cast(pl.Datetime("us", "UTC")).to_physical().to_numpy()
    found: Rounds = np.searchsorted(_ends(), asked, side="left").astype(np.int64)
    return found


@functools.cache
def _ends() -> Rounds:
    """End of every round, in microseconds since 1970."""
    every = named(np.arange(_before()[-1]))
    ends: Rounds = every["ends_at"].to_physical().to_numpy()
    return ends
