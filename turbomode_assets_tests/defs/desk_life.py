"""A desk that lives on a warehouse alone, round by round, by what is due."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from turbomode_assets import intraday_tables, rounds, schema, sessions
from turbomode_assets.defs import desk, desk_due, resources
from turbomode_assets.defs.partitions import Window
from turbomode_assets.sources import intraday_base
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes

EVE, HALF_DAY = dt.date(2024, 7, 2), dt.date(2024, 7, 3)
"""A whole session, and one of 14 rounds after it."""

DELAY = dt.timedelta(minutes=1)
"""From the end of a round to the run that speaks in it."""

SETTINGS = home.Settings(edge=4.0, first=dt.date(2024, 1, 2))

TOLD = ("mode",)
"""Columns beside the clocks that say when a signal was written."""


@dataclasses.dataclass(frozen=True)
class Life:
    """A home and a market."""

    where: home.Home
    market: resources.RoundsResource

    def speak(self, window: Window, now: dt.datetime) -> pl.DataFrame:
        """What the job of a round does; the signals that were added."""
        rules = self.market.rules()
        with warehouse.opened(self.where.warehouse) as store:
            self.take_in(store, window, now)
            desk.vote(store, window, rules)
            added = desk.speak(store, window, now, rules)
            desk.grade(store, window)
        return added

    def take_in(
        self,
        store: warehouse.Warehouse,
        window: Window,
        now: dt.datetime,
        source: intraday_base.IntradaySource | None = None,
    ) -> desk.Taken:
        """Fetch and keep; from another source than the life's where one is given."""
        rules = self.market.rules()
        since = desk.fetched_from(store, window, rules)
        fetch = source.fetch_rounds if source else self.market.fetch
        delivery = fetch(since, window.last, now)
        return desk.keep(store, delivery, window, now, rules)

    def weigh(self, window: Window) -> None:
        """What the job of the evening does."""
        with warehouse.opened(self.where.warehouse) as store:
            desk.weigh(store, window, self.market.rules())

    def live(self, first: dt.date, last: dt.date) -> None:
        """Do in each round of some sessions whatever is due, and nothing else."""
        for now in moments(first, last):
            with warehouse.opened(self.where.warehouse) as store:
                missing = desk_due.unspoken(store, now)
            today = Window(now.date(), now.date())
            if missing:
                self.speak(Window(missing[0], missing[-1]), now)
            self._settle(today, is_over=now > sessions.close_at(today.last))

    def _settle(self, today: Window, *, is_over: bool) -> None:
        with warehouse.opened(self.where.warehouse) as store:
            if desk.is_due(store, Window(sessions.shift(today.first, -5), today.last)):
                desk.grade(store, today)
            weighed = store.partitions(intraday_tables.WEIGHTS)
        if is_over and today.first not in weighed:
            self.weigh(today)

    def read(self, table: schema.Table) -> pl.DataFrame:
        """Rows of a table."""
        with warehouse.opened(self.where.warehouse) as store:
            return store.read(table)

    def said(self, table: schema.Table) -> pl.DataFrame:
        """Rows of a table without what tells when they were written."""
        return self.read(table).drop(table.wall_clock_columns, *TOLD, strict=False)


def begun(root: Path, symbols: str = "") -> Life:
    """A life that has not begun, on the simulated market."""
    settings = dataclasses.replace(SETTINGS, intraday_symbols=symbols)
    where = home.Home(root)
    lakes.prepare(where, settings)
    return Life(where, resources.rounds(where, settings))


def moments(first: dt.date, last: dt.date) -> Iterator[dt.datetime]:
    """When the rounds of some sessions are spoken in."""
    for ends_at in rounds.between(first, last)["ends_at"]:
        yield ends_at + DELAY


def evening(day: dt.date) -> dt.datetime:
    """A moment at which a session is over."""
    return sessions.close_at(day) + dt.timedelta(hours=1)
