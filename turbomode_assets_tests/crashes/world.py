"""Homes on the eve of something, and the stories that are lived in them.

A story is a few steps of ``turbomode run``. It is lived in a copy of a home that has
lived to 8 March 2024, prepared so that the story has something to do.
"""

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl

from turbomode_assets import market_tables, tables
from turbomode_assets.defs import assembly, driver
from turbomode_assets.store import home, warehouse

MONDAY, FRIDAY = dt.date(2024, 3, 11), dt.date(2024, 3, 15)
MONTH = dt.date(2024, 3, 1)
CORRECTED, KNOWN_AT = dt.date(2024, 2, 20), dt.datetime(2024, 3, 9, 12, tzinfo=dt.UTC)

_NIGHT = [driver.Step(driver.Kind.SESSION, MONDAY, MONDAY, 1)]

STORIES = {
    "night": _NIGHT,
    "backfill": [driver.Step(driver.Kind.SESSION, MONDAY, FRIDAY, 5)],
    "restatement": _NIGHT,
    "training": [driver.Step(driver.Kind.RETRAINING, MONTH, MONTH)],
}
"""Steps of each story."""

_FORGET = """
DELETE FROM swing.signals; DELETE FROM swing.signal_chain;
DELETE FROM learning.champions; DELETE FROM learning.verdicts;
DELETE FROM learning.oof_predictions; DELETE FROM learning.models;
DELETE FROM learning.standings;
UPDATE swing.outcomes SET side = NULL, is_hit = NULL;
UPDATE swing.samples SET origin = 'history'
"""
"""Makes a home that has learned nothing yet."""


def _correct(where: home.Home) -> None:
    """A bar that the source corrects: known the weekend before the story."""
    with warehouse.opened(where.database) as store:
        stored = store.read(market_tables.BAR_REVISIONS, CORRECTED, CORRECTED)
        late = stored.filter(symbol="SIM005").with_columns(
            pl.lit(KNOWN_AT).dt.cast_time_unit("us").alias("known_at"),
            close=pl.col("high"),
        )
        store.append(market_tables.BAR_REVISIONS, late)


def _forget(where: home.Home) -> None:
    with duckdb.connect(str(where.database)) as connection:
        connection.execute(_FORGET)


_EVES: dict[str, Callable[[home.Home], None]] = {
    "restatement": _correct,
    "training": _forget,
}


def prepared(lived: home.Home, root: Path, story: str) -> home.Home:
    """Copy of a lived home on the eve of a story; nobody has it open."""
    root.mkdir(parents=True)
    shutil.copy(lived.database, root)
    shutil.copy(lived.settings_file, root)
    shutil.copytree(lived.models, root / "models")
    where = home.Home(root)
    if story in _EVES:
        _EVES[story](where)
    return where


def live(where: home.Home, story: str) -> None:
    """Live a story to its end, or to the end of the process."""
    definitions = assembly.assemble(where, home.read_settings(where))
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in driver.Driver(where, definitions, instance).live(STORIES[story]):
            pass


def told(where: home.Home) -> dict[str, pl.DataFrame]:
    """Every table, without the columns that say when something ran."""
    with warehouse.opened(where.database) as store:
        return {
            table.name: store.read(table).drop(table.wall_clock_columns)
            for table in tables.ALL
        }
