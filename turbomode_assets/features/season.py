"""Season: where a session stands in its week and month, known years ahead.

Nothing here identifies an epoch: no year, no count that grows. `columns` makes the
columns of a panel from the exchange calendar, and the functions hand them on.
"""

import bisect
import datetime as dt

import numpy as np

from turbomode_assets import sessions
from turbomode_assets.features.declaration import Kind, within
from turbomode_assets.features.panel import Panel
from turbomode_assets.features.windows import Array

_FRIDAY = 4


def columns(days: list[dt.date]) -> dict[str, Array]:
    """Columns of a panel for ascending sessions `days`, one value per session.

    Examples
    --------
    >>> found = columns([dt.date(2024, 7, 5)])
    >>> found["sessions_into_month"].item(), found["sessions_to_month_end"].item()
    (4.0, 18.0)
    """
    first = max(days[0].replace(day=1), sessions.FIRST_DAY)
    calendar = sessions.sessions_between(first, _month_end(days[-1]))
    places = [_place(calendar, day) for day in days]
    into, remaining, expiry = (
        np.array(part, float) for part in zip(*places, strict=True)
    )
    return {
        "weekday": np.array([day.weekday() for day in days], dtype=float),
        "sessions_into_month": into,
        "sessions_to_month_end": remaining,
        "sessions_to_expiry": expiry,
    }


def _month_end(day: dt.date) -> dt.date:
    return (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(1)


def _place(calendar: list[dt.date], day: dt.date) -> tuple[int, int, int]:
    here = bisect.bisect_left(calendar, day)
    start = bisect.bisect_left(calendar, day.replace(day=1))
    end = bisect.bisect_right(calendar, _month_end(day))
    # Options expire on the third Friday, or the session before where it is closed.
    earliest = day.replace(day=15)
    friday = earliest + dt.timedelta(days=(_FRIDAY - earliest.weekday()) % 7)
    expiry = bisect.bisect_right(calendar, friday) - 1
    return here - start + 1, end - 1 - here, expiry - here


def session_of_week(of: Panel) -> Array:
    """Day of the week of the session: 0 is Monday, 4 is Friday."""
    return of.track("weekday").now


def sessions_into_month(of: Panel) -> Array:
    """Place of the session in its month: 1 is the first."""
    return of.track("sessions_into_month").now


def sessions_to_month_end(of: Panel) -> Array:
    """Sessions left in the month: 0 is the last."""
    return of.track("sessions_to_month_end").now


def sessions_to_expiry(of: Panel) -> Array:
    """Sessions until options of the month expire, negative after."""
    return of.track("sessions_to_expiry").now


KINDS = (
    Kind(session_of_week, (), "sessions", (0.0, 6.0), "French 1980", within),
    Kind(sessions_into_month, (), "sessions", (1.0, 23.0), "Ariel 1987", within),
    Kind(sessions_to_month_end, (), "sessions", (0.0, 22.0), "Ariel 1987", within),
    Kind(
        sessions_to_expiry,
        (),
        "sessions",
        (-12.0, 15.0),
        "Ni, Pearson and Poteshman 2005",
        within,
    ),
)
"""The features of this family."""
