"""What a materialization of the lived home tells: accounts, seconds, charts, links."""

import datetime as dt
from typing import Any

import dagster as dg
import pytest

from turbomode_assets import schema, sessions, tables
from turbomode_assets.defs import accounting, lineage, partitions
from turbomode_assets_tests import conftest
from turbomode_assets_tests.conftest import Lived

pytestmark = pytest.mark.xdist_group("lived")

ACCOUNTED = [tables.BARS, tables.FEATURES, tables.SIGNALS, tables.SAMPLES]
MONTH = "2024-03-01"


def told(lived: Lived, table: schema.Table, partition: str) -> dict[str, Any]:
    """Metadata of the latest materialization of a partition, as plain values."""
    key = lineage.holder(table.name)
    chosen = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[partition])
    record = lived.instance.fetch_materializations(chosen, limit=1).records[0]
    written = record.asset_materialization
    assert written is not None
    return {name: value.value for name, value in written.metadata.items()}


@pytest.mark.parametrize("table", ACCOUNTED, ids=lambda table: table.name)
def test_every_row_is_accounted_for(lived: Lived, table: schema.Table) -> None:
    day = conftest.LAST if table is not tables.SAMPLES else dt.date(2024, 2, 25)
    notes = told(lived, table, partitions.key(day))
    by_reason = sum(n for name, n in notes.items() if name.startswith("rows_lost_"))
    assert notes["rows_in"] > 0
    assert notes["rows_lost"] == by_reason
    assert notes["rows_in"] - notes["rows_lost"] == notes["dagster/row_count"]
    assert accounting.UNEXPLAINED not in notes


def test_a_range_keeps_its_chart_once(lived: Lived) -> None:
    days = sessions.sessions_between(conftest.SETTINGS.first, dt.date(2021, 12, 31))
    drawn = ["coverage" in told(lived, tables.BARS, str(day)) for day in days]
    assert drawn == [False] * (len(days) - 1) + [True]


@pytest.mark.parametrize(
    ("table", "partition", "charts"),
    [
        (tables.BARS, str(conftest.LAST), ["coverage"]),
        (tables.STANDINGS, MONTH, ["skill", "equity"]),
        (tables.MODELS, MONTH, ["calibration"]),
        (tables.VERDICTS, MONTH, ["chart"]),
    ],
    ids=["bars", "standings", "models", "verdicts"],
)
def test_charts_are_pictures_that_need_no_file(
    lived: Lived, table: schema.Table, partition: str, charts: list[str]
) -> None:
    notes = told(lived, table, partition)
    for name in charts:
        assert "](data:image/svg+xml;base64," in notes[name]
        assert len(notes[name]) < 100_000


@pytest.mark.parametrize("table", [tables.BARS, tables.STANDINGS, tables.MODELS])
def test_work_is_timed(lived: Lived, table: schema.Table) -> None:
    partition = str(conftest.LAST) if table is tables.BARS else MONTH
    assert 0 < told(lived, table, partition)["seconds"] < 600


def test_signals_link_to_the_card_and_verdict_of_their_champion(lived: Lived) -> None:
    shown = told(lived, tables.SIGNALS, str(conftest.LAST))["champions"]
    version = lived.read(tables.SIGNALS)["champion_version"][-1]
    cards = lived.read(tables.MODELS)
    month = cards.filter(cards["version"] == version)["month"][0]
    place = f"?view=partitions&partition={month}"
    assert f"{version}: [model card](/assets/learning/challenger{place})" in shown
    assert f"[verdict](/assets/learning/verdicts{place})" in shown


def test_a_card_shows_every_column(lived: Lived) -> None:
    notes = told(lived, tables.MODELS, MONTH)
    for column in tables.MODELS.columns:
        assert column.name in notes or f"| {column.name} |" in notes["card"]
