"""The daily report of a home: due at 17:00 in New York, made of what was known by then.

At 17:00 the bars of the day are not there yet, so the swing desk is told of as it stood
the evening before, and the intraday desk up to the day itself; a report that comes late
says the same. Words and rules stand in ``reports/daily.py``.
"""

import base64
import datetime as dt

import dagster as dg
import polars as pl

from turbomode_assets import intraday_tables, options_tables, policy, tables
from turbomode_assets.defs import health, intraday_page, swing_page, ticks
from turbomode_assets.intraday import scorecard
from turbomode_assets.options import metrics
from turbomode_assets.reports import daily, desk_charts, desk_page, desk_sheet, news
from turbomode_assets.store import home, warehouse

HOUR = 17
"""Hour of the day in New York: an hour after the close, the predecessor's."""

RECENT = dt.timedelta(days=92)
"""A home whose bars end before that lives in the past, see `catching_up.REACH`: it has
no present to report on. Until then a report says what is stale."""

DAY = dt.timedelta(days=1)


def due(now: dt.datetime) -> dt.date:
    """Day of the newest report that is due, whatever the calendar does.

    Parameters
    ----------
    now
        The present moment, in any time zone.

    Examples
    --------
    >>> str(due(dt.datetime(2024, 3, 31, 21, 0, tzinfo=dt.UTC)))
    '2024-03-31'
    >>> str(due(dt.datetime(2024, 3, 31, 20, 59, tzinfo=dt.UTC)))
    '2024-03-30'
    """
    local = now.astimezone(ticks.NEW_YORK)
    return local.date() if local.hour >= HOUR else local.date() - DAY


def name(day: dt.date) -> str:
    """What the report of a day is known by."""
    return f"daily_report {day}"


def is_wanted(store: warehouse.Warehouse, day: dt.date) -> bool:
    """Whether a home has a present to report on: bars that reach the last weeks.

    Parameters
    ----------
    store
        Its open warehouse.
    day
        Day of the report.
    """
    reach = store.partitions(tables.BARS)[-1:]
    return bool(reach) and reach[0] > day - RECENT


def compose(
    where: home.Home,
    store: warehouse.Warehouse,
    instance: dg.DagsterInstance,
    now: dt.datetime,
) -> news.News:
    """The report that is due, with a chart.

    Parameters
    ----------
    where
        The home.
    store
        Its open warehouse.
    instance
        Its Dagster instance.
    now
        The present moment, for the probes.
    """
    day = due(now)
    eve = day - DAY
    found = swing_page.read(store, eve)
    sheet = desk_sheet.sheet(found, eve, policy.SWING)
    spoken = found.ledger.signals.filter(pl.col("mode") == sheet.mode)
    looked = health.probes(where, store, instance, now)
    told = daily.Daily(
        day=day,
        price=_price(store, eve, day),
        champion=sheet.card.champion,
        evidence=desk_page.supported(sheet.card, sheet.mode),
        swing=[
            daily.graded(spoken, found.ledger.outcomes, eve, days)
            for days in daily.SPANS
        ],
        intraday=[(days, _intraday(store, day, days)) for days in daily.SPANS],
        voters=intraday_page.voters(store, day),
        options=[(days, _options(store, day, days)) for days in daily.SPANS],
        health=[(probe.name, probe.is_well, probe.sentence) for probe in looked],
    )
    drawn = desk_charts.picture(sheet.skill, sheet.book.lines)
    return news.News(
        kind="daily_report",
        subject=str(day),
        title=daily.title(told),
        text=daily.text(told),
        picture=base64.b64encode(drawn).decode(),
    )


def _price(store: warehouse.Warehouse, eve: dt.date, day: dt.date) -> str:
    """Where the universe and the intraday desk's symbols stand."""
    days = [d for d in store.partitions(tables.BARS) if d <= eve][-1:]
    words = []
    if days:
        bars = store.columns(tables.BARS, ("open", "close"), days[0], days[0])
        n_up = bars.filter(pl.col("close") > pl.col("open")).height
        words.append(f"{days[0]}: {n_up} of {bars.height} closed above their open.")
    rounds = store.columns(
        intraday_tables.BARS,
        ("symbol", "session", "minute", "close"),
        day - RECENT,
        day,
    )
    last = rounds.sort("session", "minute").group_by("symbol").last().sort("symbol")
    words += [
        f"{symbol} {close:,.2f} on {session}."
        for symbol, session, close in last.select("symbol", "session", "close").rows()
    ]
    return " ".join(words) or "No prices are stored."


def _since(day: dt.date, days: int) -> dt.date:
    return day - dt.timedelta(days=days - 1)


def _intraday(store: warehouse.Warehouse, day: dt.date, days: int) -> pl.DataFrame:
    window = (_since(day, days), day)
    signals = store.read(intraday_tables.SIGNALS, *window)
    outcomes = store.read(intraday_tables.OUTCOMES, *window)
    return scorecard.of_signals(signals, outcomes)


def _options(store: warehouse.Warehouse, day: dt.date, days: int) -> pl.DataFrame:
    names = (*options_tables.OUTCOMES.key, "basis", "option_return")
    made = store.columns(options_tables.OUTCOMES, names, _since(day, days), day)
    return metrics.of_returns(made, []).filter(figure="expectancy")
