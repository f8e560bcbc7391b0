"""Season: where a session stands in its week and month, known years ahead.

Nothing here identifies an epoch: no year, no count that grows. `columns` makes the
given columns from the exchange calendar, and the functions hand them on.
"""

import datetime as dt

import numpy as np
import polars as pl

from turbomode_assets import sessions
from turbomode_assets.features.bars import Bars
from turbomode_assets.features.declaration import Kind
from turbomode_assets.features.formula import Formula
from turbomode_assets.features.groups import Array

_DAY = "M8[D]"
_EPOCH_WEEKDAY = 3
"""The day from which NumPy counts was a Thursday."""


def columns(days: pl.Series) -> dict[str, Array]:
    """Columns of `bars.INPUTS` for ascending sessions, one value per session.

    Examples
    --------
    >>> found = columns(pl.Series([dt.date(2024, 7, 5)]))
    >>> found["sessions_into_month"].item(), found["sessions_to_month_end"].item()
    (4.0, 18.0)
    """
    first = max(days[0].replace(day=1), sessions.FIRST_DAY)
    last = days[-1].replace(day=28) + dt.timedelta(days=4)
    calendar = pl.Series(sessions.sessions_between(first, last)).to_numpy()
    day = days.to_numpy()
    month = day.astype("M8[M]")
    here = np.searchsorted(calendar, day)
    end = np.searchsorted(calendar, (month + 1).astype(_DAY))
    # Options expire on the third Friday, or the session before where it is closed.
    third_friday = np.busday_offset(month, 2, roll="forward", weekmask="Fri")
    expiry = np.searchsorted(calendar, third_friday, side="right") - 1
    found = {
        "weekday": (day.astype(np.int64) + _EPOCH_WEEKDAY) % 7,
        "sessions_into_month": here - np.searchsorted(calendar, month.astype(_DAY)) + 1,
        "sessions_to_month_end": end - 1 - here,
        "sessions_to_expiry": expiry - here,
    }
    return {name: each.astype(float) for name, each in found.items()}


def session_of_week(of: Bars) -> Formula:
    """Day of the week of the session: 0 is Monday, 4 is Friday."""
    return of.session_of_week


def sessions_into_month(of: Bars) -> Formula:
    """Place of the session in its month: 1 is the first."""
    return of.sessions_into_month


def sessions_to_month_end(of: Bars) -> Formula:
    """Sessions left in the month: 0 is the last."""
    return of.sessions_to_month_end


def sessions_to_expiry(of: Bars) -> Formula:
    """Sessions until options of the month expire, negative after."""
    return of.sessions_to_expiry


KINDS = (
    Kind(session_of_week, (), "sessions", (0.0, 6.0), "French 1980"),
    Kind(sessions_into_month, (), "sessions", (1.0, 23.0), "Ariel 1987"),
    Kind(sessions_to_month_end, (), "sessions", (0.0, 22.0), "Ariel 1987"),
    Kind(
        sessions_to_expiry,
        (),
        "sessions",
        (-12.0, 15.0),
        "Ni, Pearson and Poteshman 2005",
    ),
)
"""The features of this family."""
