"""Yahoo's bars of fifteen minutes, as traded.

Turns a `yahoo_chart.Quoted` into rows of `intraday_tables.DELIVERED`. Left for a later
fetch is what is not over, and left out for good what no round can hold:

* a bar that may still change: Yahoo's clock for the symbol, the moment of its newest
  price, has not passed the end of the bar. It runs late for indices, and a bar that
  ended `LATEST` ago no longer changes
* the newest price itself, which Yahoo appends to the bars under its own moment
* hours in which the exchange is closed: the dollar index trades around the clock

Prices are multiplied by the splits after them, as daily ones are (`yahoo_rows.py`). No
judgment whether a price is possible.
"""

import datetime as dt
import json

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import rounds, sessions
from turbomode_assets.sources.yahoo_chart import PRICES, QUOTES, Numbers, Quoted
from turbomode_assets.sources.yahoo_rows import later_splits

LATEST = dt.timedelta(minutes=30)
"""Longest delay of Yahoo's prices: of Cboe's indices 15 to 20 minutes are reported, of
the dollar index 30."""

_SECONDS = rounds.MINUTES * 60
_LARGEST = 4e9  # as a stamp, the year 2096


def rebuild(quoted: Quoted, now: dt.datetime) -> pl.DataFrame:
    """Every row of a round that is over, prices as traded.

    Parameters
    ----------
    quoted
        Bars of fifteen minutes, stamped at their start; must run to the moment it was
        asked for, for its splits to be complete.
    now
        When it was asked for, in UTC.

    Returns
    -------
    pl.DataFrame
        Columns of `intraday_tables.DELIVERED` without symbol, known_at and source. What
        is no number is null, with `row` as it came and `fault`.
    """
    stamps = np.where(np.abs(quoted.stamps) < _LARGEST, quoted.stamps, np.nan)
    wanted = np.flatnonzero(np.isnan(stamps) | _is_over(stamps, quoted.priced_at, now))
    traded = _as_traded(quoted, wanted)
    places = wanted.tolist()
    faults = [_fault(quoted, traded, row, place) for row, place in enumerate(places)]
    texts = [
        _as_came(quoted, place) if fault else None
        for place, fault in zip(places, faults, strict=True)
    ]
    moments = pl.Series("stamped_at", stamps[wanted]).fill_nan(None) * 1e6
    return pl.DataFrame(
        {
            "stamped_at": moments.cast(pl.Int64).cast(pl.Datetime("us", "UTC")),
            **traded,
            "row": pl.Series(texts, dtype=pl.String),
            "fault": pl.Series(faults, dtype=pl.String),
        }
    ).with_columns(
        pl.col(QUOTES).fill_nan(None),
        is_end_stamped=pl.lit(value=False),
        n_minutes=pl.lit(rounds.MINUTES, pl.Int64),
    )


def _is_over(
    stamps: Numbers, priced_at: float, now: dt.datetime
) -> npt.NDArray[np.bool_]:
    """Whether each stamp begins a bar in a session that no longer changes."""
    opens, closes = _hours_around(stamps)
    ends, moment = stamps + _SECONDS, now.timestamp()
    is_newest = (stamps == priced_at) & ((stamps - opens) % _SECONDS != 0)
    is_passed = (ends <= priced_at) | (ends + LATEST.total_seconds() <= moment)
    found: npt.NDArray[np.bool_] = is_passed & (ends <= moment) & ~is_newest
    return found & (stamps >= opens) & (stamps < closes)


def _hours_around(stamps: Numbers) -> tuple[Numbers, Numbers]:
    """Open and close of the last session that had opened; NaN before the first."""
    hours = sessions.trading_hours(sessions.FIRST_DAY, sessions.LAST_DAY)
    opens, closes = (
        np.append(hours[name].dt.epoch("s").to_numpy().astype(np.float64), np.nan)
        for name in ("opens_at", "closes_at")
    )
    place = np.searchsorted(opens[:-1], stamps, side="right") - 1
    return opens[place], closes[place]


def _as_traded(quoted: Quoted, wanted: npt.NDArray[np.intp]) -> dict[str, Numbers]:
    later = later_splits(quoted.days[wanted], quoted.splits)
    traded = {name: quoted.values[name][wanted] * later for name in PRICES}
    traded["volume"] = quoted.values["volume"][wanted] / later
    for values in traded.values():
        values[~np.isfinite(values)] = np.nan
    return traded | {"split_ratio": _split_ratio(quoted, wanted)}


def _split_ratio(quoted: Quoted, wanted: npt.NDArray[np.intp]) -> Numbers:
    """Splits by row: in every bar of the first session that shows their price."""
    days, ratio = quoted.days[wanted], np.ones(wanted.size)
    for ex_on, each in quoted.splits.items():
        since = days[days >= np.datetime64(ex_on, "D")]
        if since.size:
            ratio[days == since.min()] *= each
    return ratio


def _fault(
    quoted: Quoted, traded: dict[str, Numbers], row: int, place: int
) -> str | None:
    if not np.abs(quoted.stamps[place]) < _LARGEST:
        return f"its stamp {quoted.came['timestamp'][place]!r} is no moment"
    missing = [name for name in QUOTES if np.isnan(traded[name][row])]
    return f"no number in {', '.join(missing)}" if missing else None


def _as_came(quoted: Quoted, place: int) -> str:
    return json.dumps({name: values[place] for name, values in quoted.came.items()})
