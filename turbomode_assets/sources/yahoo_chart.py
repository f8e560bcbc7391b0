"""Yahoo's chart, checked: the right instrument, whole arrays, actions that are numbers.

Turns the text of an answer into a `Quoted`, in order:

1. `parse`          text to a chart, or an error that says what it is instead
2. `explanation`    why Yahoo gives none
3. `_require_meta`  the right symbol, currency, exchange and interval
4. `_read_actions`  events to dividends and splits by session
5. `_read_arrays`   arrays of equal length; what is no number becomes NaN

What yfinance passes over in silence is an error here. No adjustment, no judgment of
single rows: `yahoo_rows.py` goes on from here.
"""

import collections
import contextlib
import dataclasses
import datetime as dt
import functools
import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import errors, sessions
from turbomode_assets.sources import yahoo_reading

ZONE = "America/New_York"
"""Time zone of the exchange, in which a stamp becomes a session."""

ZONES = frozenset({ZONE, "America/Chicago"})
"""Time zones of what trades in its sessions: some indices of Cboe are Chicago's."""

INSTRUMENTS = frozenset({"EQUITY", "ETF", "INDEX"})
"""Kinds of instrument that trade in sessions of the exchange."""

PRICES = ("open", "high", "low", "close")
"""Arrays Yahoo divides by later splits."""

QUOTES = (*PRICES, "volume")
"""Arrays of an answer, and the columns they become."""

ACTIONS = ("dividends", "capitalGains", "splits")
"""Kinds of event; the capital gain of a fund is cash like a dividend."""

Chart = Mapping[str, Any]
"""What stands under `chart` in an answer."""

Numbers = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]

_NUMBERS = frozenset({int, float})
_LARGEST = 4e9  # as a stamp, the year 2096; no split or dividend comes near


@dataclasses.dataclass(frozen=True, kw_only=True)
class Quoted:
    """A chart as Yahoo quotes it: divided by every later split, in whatever order.

    `days` are NaT outside of the calendar, `stamps` and `values` NaN where there is no
    number; `came` holds the arrays as they came.
    """

    days: Days
    stamps: Numbers
    values: Mapping[str, Numbers]
    came: Mapping[str, list[Any]]
    dividends: Mapping[dt.date, float]
    splits: Mapping[dt.date, float]
    priced_at: float
    """Second of the epoch of the newest price Yahoo has; NaN where it does not say."""


def parse(body: str) -> Chart:
    """Chart in the text of an answer.

    Raises
    ------
    errors.SourceError
        Where there is none.
    """
    found = yahoo_reading.parse(body, "a chart")
    chart = found.get("chart")
    if not isinstance(chart, dict):
        message = f"expected an object `chart`, found {body[:60]!r}"
        raise errors.SourceError(message)
    return chart


def explanation(chart: Chart) -> str:
    """Why Yahoo gives no rows, in its own words; empty where it gives some.

    Examples
    --------
    >>> explanation({"error": {"code": "Not Found", "description": "No data found"}})
    'Not Found: No data found'
    """
    error = chart.get("error")
    if not isinstance(error, dict):
        return ""
    return f"{error.get('code')}: {error.get('description')}"


def read(chart: Chart, symbol: str, interval: str = "1d") -> Quoted:
    """What a chart quotes.

    Parameters
    ----------
    chart
        From `parse`.
    symbol
        Symbol as Yahoo spells it.
    interval
        Length of its bars, in Yahoo's words.

    Raises
    ------
    errors.SourceError
        Where the chart as a whole cannot be believed: another symbol or currency,
        arrays of unequal length, an action that is no number.
    """
    result = _result(chart)
    meta = _require_meta(result.get("meta"), symbol, interval)
    dividends, splits = _read_actions(result.get("events"))
    arrays = _read_arrays(result)
    stamps = _numbers_of(arrays["timestamp"])
    return Quoted(
        days=_sessions_of(stamps),
        stamps=stamps,
        values={name: _numbers_of(arrays[name]) for name in QUOTES},
        came=arrays,
        dividends=dividends,
        splits=splits,
        priced_at=_real(meta.get("regularMarketTime")),
    )


def _result(chart: Chart) -> dict[str, Any]:
    results = chart.get("result")
    if not (isinstance(results, list) and results and isinstance(results[0], dict)):
        message = f"expected one result in the chart, found {str(results)[:60]}"
        raise errors.SourceError(message)
    return results[0]


def _require_meta(meta: object, symbol: str, interval: str) -> dict[str, Any]:
    """What a chart says of itself, if it is the right one; yfinance takes any."""
    found = meta if isinstance(meta, dict) else {}
    expected = {
        "symbol": {symbol},
        "currency": {"USD"},
        "exchangeTimezoneName": ZONES,
        "dataGranularity": {interval},
        "instrumentType": INSTRUMENTS,
    }
    wrong = [
        f"`{name}` should be {' or '.join(sorted(known))}, is {found.get(name)!r}"
        for name, known in expected.items()
        if str(found.get(name)) not in known
    ]
    if wrong:
        message = f"not the {interval} chart of {symbol}: {'; '.join(wrong)}"
        raise errors.SourceError(message)
    return found


def _read_actions(
    events: object,
) -> tuple[dict[dt.date, float], dict[dt.date, float]]:
    """Dividends, capital gains of funds and splits by session."""
    dividends: dict[dt.date, float] = collections.defaultdict(float)
    splits: dict[dt.date, float] = collections.defaultdict(lambda: 1.0)
    listed = [(kind, event) for kind in ACTIONS for event in _listed(events, kind)]
    stamps = np.array([_number(event, "date") for _, event in listed])
    days = _sessions_of(stamps)
    if np.isnat(days).any():
        message = f"expected actions on days of the calendar, found {str(listed)[:60]}"
        raise errors.SourceError(message)
    for day, (kind, event) in zip(days.tolist(), listed, strict=True):
        if kind == "splits":
            splits[day] *= _number(event, "numerator") / _number(event, "denominator")
        else:
            dividends[day] += _number(event, "amount")
    return dividends, splits


def _listed(events: object, kind: str) -> list[object]:
    of_kind = (events.get(kind) or {}) if isinstance(events, dict) else {}
    if not isinstance(of_kind, dict):
        message = f"expected `{kind}` by moment, found {str(of_kind)[:60]}"
        raise errors.SourceError(message)
    return list(of_kind.values())


def _number(event: object, name: str) -> float:
    """Number above 0 in an action: a wrong one would falsify every earlier price."""
    value = _real(event.get(name) if isinstance(event, dict) else None)
    if not 0 < value < _LARGEST:
        message = f"expected a number above 0 as `{name}`, found {str(event)[:60]}"
        raise errors.SourceError(message)
    return value


@functools.cache
def _midnights() -> Numbers:
    """Seconds of the epoch at which the days of the calendar begin at the exchange."""
    end = sessions.LAST_DAY + dt.timedelta(days=1)
    days = pl.date_range(sessions.FIRST_DAY, end, eager=True)
    local = days.cast(pl.Datetime).dt.replace_time_zone(ZONE)
    return local.dt.epoch("s").to_numpy().astype(np.float64)


def _sessions_of(stamps: Numbers) -> Days:
    """Days of stamps at the exchange; NaT outside of the calendar."""
    begins = _midnights()
    place = np.searchsorted(begins, stamps, side="right") - 1
    days: Days = np.datetime64(sessions.FIRST_DAY, "D") + place
    # What is no number sorts behind the last midnight.
    days[(place < 0) | (place == begins.size - 1)] = np.datetime64("NaT")
    return days


def _read_arrays(result: dict[str, Any]) -> dict[str, list[Any]]:
    """Arrays `timestamp` and `QUOTES`, of equal length; empty where nothing traded."""
    indicators = result.get("indicators")
    quotes = indicators.get("quote") if isinstance(indicators, dict) else None
    quote = quotes[0] if isinstance(quotes, list) and quotes else None
    if not isinstance(quote, dict):
        message = f"expected one quote in the indicators, found {str(indicators)[:60]}"
        raise errors.SourceError(message)
    arrays = {"timestamp": result.get("timestamp") or []}
    arrays |= {name: quote.get(name) or [] for name in QUOTES}
    found = {
        name: len(values) if isinstance(values, list) else "no array"
        for name, values in arrays.items()
    }
    if len(set(found.values())) > 1 or "no array" in found.values():
        message = f"expected arrays of equal length, found {found}"
        raise errors.SourceError(message)
    return arrays


def _numbers_of(values: list[Any]) -> Numbers:
    """Values as reals; NaN for whatever is no number, or too long for one."""
    if set(map(type, values)) <= {*_NUMBERS, type(None)}:
        with contextlib.suppress(OverflowError):
            return np.array(values, dtype=np.float64)
    return np.array([_real(value) for value in values], dtype=np.float64)


def _real(value: Any) -> float:
    largest = sys.float_info.max
    is_real = type(value) in _NUMBERS and -largest <= value <= largest
    return float(value) if is_real else math.nan
