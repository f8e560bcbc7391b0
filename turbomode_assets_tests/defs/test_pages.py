"""The pages of a home: of each desk that has spoken, fresh when anything is new."""

import datetime as dt
import pathlib

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from turbomode_assets import reasons, tables
from turbomode_assets.defs import (
    assembly,
    intraday_page,
    options_desk,
    pages,
    resources,
    swing_page,
)
from turbomode_assets.defs.partitions import Window
from turbomode_assets.features import catalog
from turbomode_assets.models import scoring
from turbomode_assets.reports import desk_sheet
from turbomode_assets.store import home, registry, warehouse
from turbomode_assets_tests import lakes
from turbomode_assets_tests.conftest import LAST, SETTINGS, Lived
from turbomode_assets_tests.defs import desk_life
from turbomode_assets_tests.defs.desk_life import EVE, HALF_DAY

SKILLS = """
    WITH newest AS (
        SELECT expert, sum(loss) AS loss FROM intraday.weights
        WHERE session = (SELECT max(session) FROM intraday.weights) GROUP BY expert)
    SELECT expert, 1 - loss / (SELECT loss FROM newest WHERE expert = 'base_rate')
    FROM newest WHERE expert NOT IN ('base_rate', 'equal_weight', 'learned_model')
    ORDER BY expert
"""


@pytest.fixture
def kept(lived: Lived, tmp_path: pathlib.Path) -> home.Home:
    """A copy of the home that lived."""
    where = home.Home(tmp_path)
    lakes.copy(lived.where, where)
    where.models.symlink_to(lived.where.models)
    return where


def tick(where: home.Home, now: dt.datetime, cursor: str | None) -> SensorExecutionData:
    """One tick of the sensor at a moment."""
    clock = resources.ClockResource(fixed_at=now.isoformat())
    living = assembly.assemble(where, SETTINGS, {"clock": clock})
    parts = {name: (living.resources or {})[name] for name in ("clock", "warehouse")}
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(
            instance=instance, definitions=living, resources=parts, cursor=cursor
        ) as context,
    ):
        return living.resolve_sensor_def("pages").evaluate_tick(context)


def test_a_page_is_written_when_a_day_is_new_and_not_before(kept: home.Home) -> None:
    now = dt.datetime.combine(LAST, dt.time(12), dt.UTC)
    page = kept.root / "reports" / "swing.html"
    first = tick(kept, now, None)
    assert f"<small>{LAST}</small>" in page.read_text()
    page.unlink()
    second = tick(kept, now + dt.timedelta(hours=3), first.cursor)
    assert (second.skip_message, page.exists()) == ("Nothing is new.", False)
    tick(kept, now + dt.timedelta(hours=11), second.cursor)
    assert page.exists()


def test_the_largest_edges_have_reasons_that_add_up(kept: home.Home) -> None:
    with warehouse.opened(kept.warehouse) as store:
        signals = store.read(tables.SIGNALS, LAST, LAST)
        tonight = desk_sheet.tonight(signals)
        told = swing_page.explained(kept, store, tonight)
        cards = store.read(tables.MODELS)
    version, row = signals["champion_version"][0], tonight.row(0, named=True)
    assert list(told) == tonight["symbol"].to_list()
    name = {"buy": "up", "sell": "down"}[row["side"]]
    words, _, parts = told[row["symbol"]].partition(", points: ")
    named = [part.split()[2] for part in parts.split(", ")]
    assert words == name
    assert len(named) == reasons.N_FEATURES
    assert set(named) <= set(catalog.learned())
    address = cards.filter(version=version)["artifact_sha256"][0]
    scorer = scoring.load(registry.load(kept.models, address))
    assert set(named) <= set(scorer.borders.names)


def test_reasons_are_left_out_where_the_model_is_gone(kept: home.Home) -> None:
    (kept.root / "models").unlink()
    with warehouse.opened(kept.warehouse) as store:
        tonight = desk_sheet.tonight(store.read(tables.SIGNALS, LAST, LAST))
        assert swing_page.explained(kept, store, tonight) == {}


def test_the_intraday_desk_has_a_page_of_its_own(tmp_path: pathlib.Path) -> None:
    life, both = desk_life.begun(tmp_path), Window(EVE, HALF_DAY)
    where = life.where
    with warehouse.opened(life.where.warehouse) as store:
        assert pages.write(where, store) == {}
    life.speak(both, desk_life.evening(HALF_DAY))
    life.weigh(both)
    with warehouse.opened(life.where.warehouse) as store:
        options_desk.quote(store, both)
        options_desk.trade(store, both)
        ((name, (path, as_of)),) = pages.write(where, store).items()
        found = intraday_page.read(store, HALF_DAY)
    assert (name, as_of) == ("intraday", HALF_DAY)
    assert found.equity["book"].to_list() == [1.0, 1.0]
    assert found.equity["shares"].null_count() == 0
    assert found.voters.height == 8
    assert found.voters["weight"].sum() < 1
    with warehouse.opened(life.where.warehouse) as store:
        told = store.cursor().sql(SKILLS).fetchall()
    assert found.voters.select("voter", "skill").rows() == [
        (voter, pytest.approx(skill)) for voter, skill in told
    ]
    drawn = path.read_text()
    assert "Intraday desk" in drawn
    assert "Too little was judged to say anything about skill." in drawn
