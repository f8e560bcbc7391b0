"""The exchange calendar: which sessions exist and when a signal matures.

Turns dates into sessions of the New York Stock Exchange (XNYS) and back. Everything
is a pure function of `trading_days`; nothing here knows the time, a price or a table.
"""

import datetime as dt
import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import errors, trading_days

EXCHANGE = trading_days.EXCHANGE
"""Market identifier code of the exchange."""

FIRST_DAY = trading_days.FIRST_DAY
"""First session the calendar covers."""

LAST_DAY = trading_days.LAST_DAY
"""Last day the calendar covers."""

Days = npt.NDArray[np.datetime64]


@functools.cache
def _days() -> Days:
    days: Days = trading_days.hours()["session"].to_numpy()
    return days


@functools.cache
def _closes() -> dict[dt.date, dt.datetime]:
    hours = trading_days.hours()
    closes = (moment.replace(tzinfo=dt.UTC) for moment in hours["closes_at"])
    return dict(zip(hours["session"], closes, strict=True))


def _locate(days: Days, side: str = "left") -> npt.NDArray[np.int64]:
    table = _days()
    if days.size and (days.min() < table[0] or days.max() > table[-1]):
        found = days.min() if days.min() < table[0] else days.max()
        message = f"dates must lie in {FIRST_DAY}..{LAST_DAY}, found {found}"
        raise errors.SettingsError(message)
    return np.searchsorted(table, days, side="left" if side == "left" else "right")


def sessions_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """Sessions from `first` to `last`, both included.

    Parameters
    ----------
    first, last
        Calendar days; they need not be sessions.

    Returns
    -------
    list of date
        Ascending; empty where no session lies between.

    Examples
    --------
    >>> [str(s) for s in sessions_between(dt.date(2024, 7, 3), dt.date(2024, 7, 8))]
    ['2024-07-03', '2024-07-05', '2024-07-08']
    """
    bounds = np.array([first, last], dtype="datetime64[D]")
    low, high = _locate(bounds[:1])[0], _locate(bounds[1:], "right")[0]
    found: list[dt.date] = _days()[low:high].tolist()
    return found


def is_session(day: dt.date) -> bool:
    """Whether the exchange traded on `day`."""
    return bool(sessions_between(day, day))


def on_or_after(day: dt.date) -> dt.date:
    """First session on or after `day`."""
    return shift(day, 0)


def on_or_before(day: dt.date) -> dt.date:
    """Last session on or before `day`."""
    return day if is_session(day) else shift(day, -1)


def shift(day: dt.date, n_sessions: int) -> dt.date:
    """Session `n_sessions` after the first session on or after `day`.

    Parameters
    ----------
    day
        Calendar day; need not be a session.
    n_sessions
        Sessions to move; negative moves back.

    Returns
    -------
    date
        A session.

    Raises
    ------
    errors.SettingsError
        Where the calendar does not reach that far.

    Examples
    --------
    >>> str(shift(dt.date(2024, 7, 3), 1))
    '2024-07-05'
    >>> str(shift(dt.date(2024, 7, 4), -1))
    '2024-07-03'
    """
    place = int(_locate(np.array([day], dtype="datetime64[D]"))[0]) + n_sessions
    if not 0 <= place < _days().size:
        message = f"{n_sessions} sessions from {day} leave {FIRST_DAY}..{LAST_DAY}"
        raise errors.SettingsError(message)
    found: dt.date = _days()[place].item()
    return found


def close_at(session: dt.date) -> dt.datetime:
    """Closing time of `session` in UTC, half days included.

    Examples
    --------
    >>> close_at(dt.date(2024, 7, 3)).isoformat()
    '2024-07-03T17:00:00+00:00'
    """
    return _closes()[session]


def trading_hours(first: dt.date, last: dt.date) -> pl.DataFrame:
    """Opening and closing time of the sessions from `first` to `last`.

    Returns
    -------
    pl.DataFrame
        Columns session, opens_at and closes_at (UTC), ascending.

    Examples
    --------
    >>> hours = trading_hours(dt.date(2024, 3, 8), dt.date(2024, 3, 11))
    >>> [str(opened.time()) for opened in hours["opens_at"]]
    ['14:30:00', '13:30:00']
    """
    return trading_days.hours().filter(pl.col("session").is_between(first, last))


def closed_by(moment: dt.datetime) -> dt.date:
    """Newest session that had closed at `moment`, in UTC.

    Examples
    --------
    >>> str(closed_by(dt.datetime(2024, 7, 3, 17, 0, tzinfo=dt.UTC)))
    '2024-07-03'
    >>> str(closed_by(dt.datetime(2024, 7, 3, 16, 59, tzinfo=dt.UTC)))
    '2024-07-02'
    """
    session = on_or_before(moment.date())
    return session if close_at(session) <= moment else shift(session, -1)


def closed_weekdays(first: dt.date, last: dt.date) -> list[dt.date]:
    """Weekdays from `first` to `last` on which the exchange stayed shut.

    Examples
    --------
    >>> [str(d) for d in closed_weekdays(dt.date(2024, 7, 1), dt.date(2024, 7, 31))]
    ['2024-07-04']
    """
    span = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    weekdays = span[np.is_busday(span)]
    shut: list[dt.date] = np.setdiff1d(weekdays, _days()).tolist()
    return shut


def holding_periods(
    signal_sessions: Sequence[dt.date], calendar_days: int
) -> pl.DataFrame:
    """When a signal of each session is entered and when it matures.

    Parameters
    ----------
    signal_sessions
        Sessions at whose close signals are emitted.
    calendar_days
        Days from entry to maturity; at least 1.

    Returns
    -------
    pl.DataFrame
        Columns session, entry_on (the next session) and matures_on (first session
        on or after entry + `calendar_days`), one row per session, in the given order.

    Examples
    --------
    >>> row = holding_periods([dt.date(2024, 7, 2)], 14).row(0)
    >>> [str(day) for day in row]
    ['2024-07-02', '2024-07-03', '2024-07-17']
    """
    days = np.array(signal_sessions, dtype="datetime64[D]")
    entry = _days()[_locate(days, "right")]
    mature = _days()[_locate(entry + np.timedelta64(calendar_days, "D"))]
    columns = {"session": days, "entry_on": entry, "matures_on": mature}
    return pl.DataFrame({k: pl.Series(v, dtype=pl.Date) for k, v in columns.items()})


def maturing_between(first: dt.date, last: dt.date, calendar_days: int) -> pl.DataFrame:
    """Holding periods that end in a session from `first` to `last`.

    Parameters
    ----------
    first, last
        Bounds of matures_on, both included.
    calendar_days
        Days from entry to maturity.

    Returns
    -------
    pl.DataFrame
        As `holding_periods`, ascending by session.

    Examples
    --------
    >>> day = dt.date(2024, 7, 17)
    >>> maturing_between(day, day, 14)["session"].to_list()
    [datetime.date(2024, 7, 2)]
    """
    earliest = first - dt.timedelta(days=calendar_days + 14)
    candidates = sessions_between(max(earliest, FIRST_DAY), last)
    periods = holding_periods(candidates, calendar_days)
    return periods.filter(pl.col("matures_on").is_between(first, last))


def held_sessions(periods: pl.DataFrame) -> pl.DataFrame:
    """Every session of every holding period, as a long frame.

    Parameters
    ----------
    periods
        Columns session, entry_on, matures_on, as `holding_periods` returns them.

    Returns
    -------
    pl.DataFrame
        Columns session, held_on (entry and maturity included), ascending.

    Examples
    --------
    >>> held_sessions(holding_periods([dt.date(2024, 7, 2)], 14)).height
    10
    """
    low = _locate(periods["entry_on"].to_numpy().astype("datetime64[D]"))
    high = _locate(periods["matures_on"].to_numpy().astype("datetime64[D]"), "right")
    counts = high - low
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    held = _days()[np.repeat(low, counts) + offsets]
    session = periods["session"].to_numpy().astype("datetime64[D]").repeat(counts)
    columns = {"session": session, "held_on": held}
    return pl.DataFrame({k: pl.Series(v, dtype=pl.Date) for k, v in columns.items()})


def week_start(day: dt.date) -> dt.date:
    """Sunday on or before `day`: the key of its weekly partition."""
    return day - dt.timedelta(days=(day.weekday() + 1) % 7)


def month_start(day: dt.date) -> dt.date:
    """First day of the month of `day`: the key of its monthly partition."""
    return day.replace(day=1)


def quarter_start(day: dt.date) -> dt.date:
    """First day of the quarter of `day`: the key of its quarterly partition.

    Examples
    --------
    >>> str(quarter_start(dt.date(2024, 6, 30)))
    '2024-04-01'
    """
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def following_month(day: dt.date) -> dt.date:
    """First day of the month after the month of `day`."""
    return month_start(day.replace(day=1) + dt.timedelta(days=31))


def spans(days: list[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """First and last of each run of neighboring sessions among `days`.

    Parameters
    ----------
    days
        Sessions, ascending.

    Examples
    --------
    >>> [str(day) for day in spans([dt.date(2024, 7, 3), dt.date(2024, 7, 5)])[0]]
    ['2024-07-03', '2024-07-05']
    """
    if not days:
        return []
    place = np.searchsorted(_days(), np.array(days, dtype="datetime64[D]"))
    breaks = np.flatnonzero(np.diff(place) != 1) + 1
    runs = np.split(np.arange(len(days)), breaks)
    return [(days[run[0]], days[run[-1]]) for run in runs]
