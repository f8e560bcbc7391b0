"""Homes on the eve of something, and the stories that are lived in them.

A story is lived in a copy of a home that has lived to 8 March 2024, prepared so that
the story has something to do. Those that Dagster runs stand here, the others in
``delivery.py`` and ``two_homes.py``.
"""

import contextlib
import dataclasses
import datetime as dt
import shutil
from collections.abc import Callable, Mapping, Sequence

import polars as pl

from turbomode_assets import policy, sessions, tables
from turbomode_assets.defs import assembly, driver, resources
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes
from turbomode_assets_tests.scenarios.troubled_market import TroubledMarket

MONDAY, FRIDAY = dt.date(2024, 3, 11), dt.date(2024, 3, 15)
MONTH = dt.date(2024, 3, 1)
CORRECTED, KNOWN_AT = dt.date(2024, 2, 20), dt.datetime(2024, 3, 12, 3, tzinfo=dt.UTC)

LEAN = dataclasses.replace(
    policy.SWING,
    training=dataclasses.replace(policy.SWING.training, line_up="lean_two"),
)
"""A champion is needed here, not a good one."""

_FORGET = """
DELETE FROM swing.signals; DELETE FROM swing.signal_chain;
DELETE FROM learning.champions; DELETE FROM learning.verdicts;
DELETE FROM learning.oof_predictions; DELETE FROM learning.models;
DELETE FROM learning.standings;
UPDATE swing.outcomes SET side = NULL, is_hit = NULL;
UPDATE swing.samples SET origin = 'history'
"""
"""Makes a home that has learned nothing yet."""

Tables = dict[str, pl.DataFrame]
Market = Callable[[home.Home, home.Settings], resources.MarketResource]


def of_the_loop(where: home.Home) -> Tables:
    """Every table of the loop, without the columns that say when something ran."""
    with warehouse.opened(where.warehouse) as store:
        return {
            table.name: store.read(table).drop(table.wall_clock_columns)
            for table in tables.ALL
        }


def _as_it_is(where: home.Home) -> None:
    """Leave a home alone."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Story:
    """What is lived, and in which homes."""

    live: Callable[[home.Home], None]
    """Live to the end, or to the end of the process; what is done is left alone."""

    prepare: Callable[[home.Home], None] = _as_it_is
    """Makes the eve of a copy of a lived home."""

    told: Callable[[home.Home], Tables] = of_the_loop
    """What must come out the same, by name."""

    homes: Callable[[home.Home], Sequence[home.Home]] = lambda where: [where]
    """Whose invariants must hold."""


def forget(where: home.Home) -> None:
    """Take away everything that was learned and signaled."""
    with (
        warehouse.opened(where.warehouse) as store,
        contextlib.closing(store.cursor()) as connection,
    ):
        connection.execute(_FORGET)


def _correcting(where: home.Home, settings: home.Settings) -> TroubledMarket:
    """The market of a home, which corrects a bar in the night of the story."""
    stock = resources.market(where, settings).model_dump()
    told = [str(CORRECTED), "SIM005", "1.05", KNOWN_AT.isoformat()]
    return TroubledMarket(**stock | {"corrections": [told]})


def _taking(
    *steps: driver.Step, market: Market = resources.market
) -> Callable[[home.Home], None]:
    """Life that takes some steps of ``turbomode run``, which records what was done."""

    def live(where: home.Home) -> None:
        settings = home.read_settings(where)
        source = {"market": market(where, settings)}
        definitions = assembly.assemble(where, settings, source, rules=LEAN)
        with driver.open_instance(where) as instance:
            for _ in driver.Driver(where, definitions, instance).live(steps):
                pass

    return live


def _sampling(first: dt.date, last: dt.date) -> driver.Step:
    begin, end = map(sessions.week_start, (first, last))
    return driver.Step(driver.Kind.SAMPLING, begin, end)


_NIGHT = driver.Step(driver.Kind.SESSION, MONDAY, MONDAY, 1)
_WEEK = driver.Step(driver.Kind.SESSION, MONDAY, FRIDAY, 5)
_MONTH = driver.Step(driver.Kind.RETRAINING, MONTH, MONTH)
_RESTATED = (
    _sampling(CORRECTED, MONDAY - dt.timedelta(days=2)),
    _NIGHT,
    _sampling(MONDAY, MONDAY),
)
"""A night within the weeks a correction reaches, which are sampled again by name."""

STORIES: Mapping[str, Story] = {
    "night": Story(live=_taking(_NIGHT)),
    "backfill": Story(live=_taking(_WEEK)),
    "restatement": Story(live=_taking(*_RESTATED, market=_correcting)),
    "training": Story(live=_taking(_MONTH), prepare=forget),
}
"""Stories that Dagster runs."""


def copied(lived: home.Home, where: home.Home) -> None:
    """Copy a lived home that nobody has open; without its Dagster history."""
    lakes.copy(lived, where)
    home.prepare(where, home.read_settings(where))
    shutil.copytree(lived.models, where.models)
