"""Every row of an intake of the desk is counted once, and the counts hold."""

import contextlib
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from turbomode_assets import intraday_tables, market_tables, schema
from turbomode_assets.defs.partitions import Window
from turbomode_assets.sources.intraday_files import IntradayFiles
from turbomode_assets.store import warehouse
from turbomode_assets_tests import verifying
from turbomode_assets_tests.defs import desk_life
from turbomode_assets_tests.defs.desk_life import HALF_DAY, Life, evening
from turbomode_assets_tests.defs.test_desk import OPEN_ISH, Corrected

DAY, NIGHT = Window(HALF_DAY, HALF_DAY), evening(HALF_DAY)
LATER = NIGHT + dt.timedelta(hours=1)

INVARIANT = "every_intraday_row_accounted"
COUNTS = ("n_rows", "n_used", "n_refused", "n_waiting", "n_new", "n_quarantined")


def take_in(life: Life, now: dt.datetime, *, is_corrected: bool = True) -> None:
    """An intake; a corrected one has a bar that differs, and a row that cannot be."""
    corrected: Any = Corrected(life.market.source()) if is_corrected else None
    with warehouse.opened(life.where.warehouse) as store:
        life.take_in(store, DAY, now, corrected)


def counted(life: Life) -> list[dict[str, int]]:
    """What became of the bars of each intake, oldest first."""
    told = life.read(intraday_tables.INTAKES).filter(about="rounds")
    return told.sort("asked_at", "attempt").select("attempt", *COUNTS).to_dicts()


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """An intake, one that corrects it, the same again, and one that repeats it."""
    life = desk_life.begun(tmp_path_factory.mktemp("lived"))
    take_in(life, OPEN_ISH, is_corrected=False)
    for now in (NIGHT, NIGHT, LATER):
        take_in(life, now)
    return life


def test_a_row_is_counted_whenever_it_comes_and_kept_once(lived: Life) -> None:
    first, second, third = counted(lived)
    assert first["n_rows"] == first["n_used"] == first["n_new"] > 0
    assert second["n_rows"] == second["n_used"] + 1 == third["n_rows"]
    assert (second["n_refused"], second["n_quarantined"]) == (1, 1)
    assert (third["n_refused"], third["n_quarantined"], third["n_new"]) == (1, 0, 0)
    assert second["n_new"] > 0
    assert verifying.broken(lived.where) == {}


@pytest.mark.parametrize(
    "table",
    [intraday_tables.BARS, intraday_tables.HEADLINES, market_tables.QUARANTINE],
    ids=lambda table: table.name,
)
def test_a_row_that_was_lost_is_missed(lived: Life, table: schema.Table) -> None:
    rows = lived.read(table)
    with warehouse.opened(lived.where.warehouse) as store:
        store.replace(table, rows[:-1])
    assert verifying.broken(lived.where).keys() == {INVARIANT}
    with warehouse.opened(lived.where.warehouse) as store:
        store.replace(table, rows)


def test_what_a_second_intake_of_the_same_moment_adds_is_counted(
    tmp_path: Path,
) -> None:
    life = desk_life.begun(tmp_path)
    take_in(life, NIGHT, is_corrected=False)
    take_in(life, NIGHT)
    first, second = counted(life)
    assert (first["attempt"], second["attempt"]) == (1, 2)
    assert (second["n_new"], second["n_quarantined"]) == (1, 1)
    assert verifying.broken(life.where) == {}


def test_a_home_of_before_counts_from_what_it_holds(tmp_path: Path) -> None:
    life = desk_life.begun(tmp_path)
    take_in(life, OPEN_ISH)
    with (
        warehouse.opened(life.where.warehouse) as store,
        contextlib.closing(store.cursor()) as connection,
    ):
        connection.execute("DROP TABLE intraday.intakes")
    n_bars = life.read(intraday_tables.BARS).height
    assert verifying.broken(life.where) == {}
    take_in(life, NIGHT)
    before, first = counted(life)
    assert (before["attempt"], before["n_new"], before["n_quarantined"]) == (
        0,
        n_bars,
        1,
    )
    assert first["attempt"] == 1
    assert life.read(intraday_tables.BARS).height == n_bars + first["n_new"] > n_bars
    assert verifying.broken(life.where) == {}
    with warehouse.opened(life.where.warehouse) as store:
        store.replace(intraday_tables.BARS, store.read(intraday_tables.BARS)[1:])
    assert verifying.broken(life.where).keys() == {INVARIANT}


def test_a_row_whose_round_runs_waits_and_is_used_later(tmp_path: Path) -> None:
    life, day = desk_life.begun(tmp_path), dt.date(2024, 2, 1)
    source = IntradayFiles.example(tmp_path)
    opens = dt.datetime(2024, 2, 1, 14, 30, tzinfo=dt.UTC)
    with warehouse.opened(life.where.warehouse) as store:
        for minutes in (21, 31):
            now = opens + dt.timedelta(minutes=minutes)
            life.take_in(store, Window(day, day), now, source)
    fates = [(one["n_used"], one["n_waiting"], one["n_new"]) for one in counted(life)]
    assert fates == [(6, 4, 2), (12, 2, 2)]
    assert verifying.broken(life.where) == {}
