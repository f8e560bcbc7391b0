"""What Yahoo quotes, turned back into what traded, row by row.

Turns a `yahoo_chart.Quoted` into rows of `market_tables.DELIVERED`, in order:

1. `_as_traded`     times or divided by the splits that came later
2. `_name_faults`   rows that cannot be read, each with its reason
3. `_with_orphans`  actions on a day without a bar, which the next bar carries

Yahoo divides every price and dividend by all splits posted since, and multiplies the
volume; the splits stand in the answer only if it runs to now. No judgment whether a
price is possible. Plain arrays until the end, since one frame operation costs more than
the arithmetic of a symbol.
"""

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import sessions
from turbomode_assets.sources.yahoo_chart import PRICES, QUOTES, Days, Numbers, Quoted

GRACE = dt.timedelta(minutes=15)
"""Time after the close until a bar is final: Yahoo's prices are 15 minutes late."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Span:
    """What may be delivered of a chart."""

    last: dt.date
    """Last session that is final and asked for."""

    now: dt.datetime
    """When the chart was asked for, in UTC."""

    @classmethod
    def until(cls, last: dt.date, now: dt.datetime) -> Self:
        """Span to the last session, not after `last`, that no longer changes at `now`.

        Examples
        --------
        >>> closed = dt.datetime(2024, 7, 3, 17, 14, tzinfo=dt.UTC)
        >>> Span.until(dt.date(2024, 7, 5), closed).last.isoformat()
        '2024-07-02'
        """
        day = sessions.on_or_before(min(last, now.date()))
        is_final = sessions.close_at(day) + GRACE <= now
        return cls(last=day if is_final else sessions.shift(day, -1), now=now)

    @property
    def tomorrow(self) -> dt.date:
        """First day that cannot have begun anywhere."""
        return self.now.date() + dt.timedelta(days=1)


def rebuild(quoted: Quoted, span: Span) -> pl.DataFrame:
    """Every final row, prices as traded and dividends as paid.

    Parameters
    ----------
    quoted
        Must run to `span.now` for its splits to be complete.
    span
        What may be delivered.

    Returns
    -------
    pl.DataFrame
        Columns of `market_tables.DELIVERED` without symbol, known_at and source. What
        is no number is null, with `row` as it came and `fault`; a session that is none
        of the calendar, or not yet begun, is null too.
    """
    # By session, and within one by moment.
    order = np.lexsort((quoted.stamps, quoted.days))
    days = quoted.days[order]
    traded = _as_traded(quoted, order)
    faults = _name_faults(traded, days, quoted.stamps[order], span)
    texts: list[str | None] = [None] * days.size
    reasons: list[str | None] = [None] * days.size
    for place, fault in faults.items():
        texts[place], reasons[place] = _as_came(quoted, order[place]), fault
    is_future = days > _day(span.tomorrow)
    is_final = np.isnat(days) | (days <= _day(span.last)) | is_future
    frame = pl.DataFrame(
        {
            "session": np.where(is_future, np.datetime64("NaT"), days),
            **traded,
            "row": pl.Series(texts, dtype=pl.String),
            "fault": pl.Series(reasons, dtype=pl.String),
        }
    )
    if faults or not is_final.all():
        frame = frame.filter(is_final).with_columns(pl.col(*traded).fill_nan(None))
    return _with_orphans(frame, quoted, span.last)


def _day(day: dt.date) -> np.datetime64:
    return np.datetime64(day, "D")


def later_splits(days: Days, splits: Mapping[dt.date, float]) -> Numbers:
    """Product of the splits after each day."""
    factor = np.ones(days.size)
    for ex_on, ratio in splits.items():
        factor[days < _day(ex_on)] *= ratio
    return factor


def _as_traded(quoted: Quoted, order: npt.NDArray[np.intp]) -> dict[str, Numbers]:
    """Columns of a bar before Yahoo's adjustment for splits; NaN where not finite."""
    days = quoted.days[order]
    later = later_splits(days, quoted.splits)
    traded = {name: quoted.values[name][order] * later for name in PRICES}
    traded["volume"] = quoted.values["volume"][order] / later
    for values in traded.values():
        values[~np.isfinite(values)] = np.nan
    whole = np.logical_and.reduce([np.isfinite(traded[name]) for name in QUOTES])
    return traded | _actions(quoted, days, whole & ~np.isnat(days), later)


def _actions(
    quoted: Quoted, days: Days, is_whole: npt.NDArray[np.bool_], later: Numbers
) -> dict[str, Numbers]:
    """Columns dividend and split_ratio.

    An action on a day without a readable bar counts with the next one, too: that is
    the first price it shows in, and without it the step would look like a return.
    """
    dividend, ratio = np.zeros(days.size), np.ones(days.size)
    for ex_on, amount in quoted.dividends.items():
        dividend[_places(ex_on, days, is_whole)] += amount
    for ex_on, each in quoted.splits.items():
        ratio[_places(ex_on, days, is_whole)] *= each
    return {"dividend": dividend * later, "split_ratio": ratio, "later_splits": later}


def _places(
    ex_on: dt.date, days: Days, is_whole: npt.NDArray[np.bool_]
) -> npt.NDArray[np.intp]:
    """Rows an action stands in: those of its day, and the first readable one since."""
    own = np.flatnonzero(days == _day(ex_on))
    if is_whole[own].any():
        return own
    return np.append(own, np.flatnonzero(is_whole & (days > _day(ex_on)))[:1])


def _name_faults(
    traded: dict[str, Numbers], days: Days, stamps: Numbers, span: Span
) -> dict[int, str]:
    """Why rows cannot be read, by place.

    Of two moments of one session the later stands, the other becomes NaN: Yahoo
    repeats a session with its latest price.
    """
    latest = stamps[np.searchsorted(days, days, side="right") - 1]
    repeated = ~np.isnat(days) & (stamps < latest)
    missing = {name: np.isnan(traded[name]) for name in QUOTES}
    future = days > _day(span.tomorrow)
    faults: dict[int, str] = {}
    odd = np.logical_or.reduce([np.isnat(days), future, repeated, *missing.values()])
    for place in np.flatnonzero(odd).tolist():
        names = [name for name, is_missing in missing.items() if is_missing[place]]
        if np.isnat(days[place]):
            faults[place] = "its stamp is no day of the calendar"
        elif future[place]:
            faults[place] = "its stamp lies in the future"
        elif names:
            faults[place] = f"no number in {', '.join(names)}"
        else:
            faults[place] = "a later row of the same session follows"
    for name in QUOTES:
        traded[name][repeated] = np.nan
    return faults


def _as_came(quoted: Quoted, place: int) -> str:
    return json.dumps({name: values[place] for name, values in quoted.came.items()})


def _with_orphans(rows: pl.DataFrame, quoted: Quoted, last: dt.date) -> pl.DataFrame:
    """The rows, and the actions up to `last` on days without one."""
    days = {*quoted.dividends, *quoted.splits}
    alone = [day for day in days if not (quoted.days == _day(day)).any()]
    orphans = []
    for day in sorted(each for each in alone if each <= last):
        later = float(later_splits(np.array([_day(day)]), quoted.splits)[0])
        values = {
            "dividend": quoted.dividends.get(day, 0.0) * later,
            "split_ratio": quoted.splits.get(day, 1.0),
            "later_splits": later,
        }
        fault = "an action on a day without a bar"
        orphans.append(
            {"session": day, **values, "row": json.dumps(values), "fault": fault}
        )
    if not orphans:
        return rows
    return pl.concat([rows, pl.DataFrame(orphans)], how="diagonal").sort(
        "session", maintain_order=True
    )
