"""The feature report as an asset: what it reads, stores, shows and warns of."""

import base64
import datetime as dt
import functools
import re
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from turbomode_assets import loop, report_tables, tables
from turbomode_assets.defs import assembly, feature_report, partitions
from turbomode_assets.features import catalog
from turbomode_assets.reports import features
from turbomode_assets.sources import simulated
from turbomode_assets.store import home, warehouse

FIRST, LAST = dt.date(2021, 1, 4), dt.date(2023, 6, 30)
MONTH = dt.date(2023, 6, 1)
TABLE = report_tables.FEATURE_REPORTS
SETTINGS = home.Settings(n_symbols=6, first=FIRST)


@functools.cache
def market() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Bars, universe, features and outcomes that go on for a month after the report."""
    source = simulated.Simulated(n_symbols=6)
    bars = source.bars(loop.bars_for_features(FIRST), LAST)
    members = source.universe(LAST)
    made = loop.compute_features(bars, members, FIRST, LAST)
    periods = loop.maturing(FIRST, LAST).filter(pl.col("session") >= FIRST)
    silent = tables.SIGNALS.empty()
    return bars, members, made, loop.resolve_outcomes(bars, members, silent, periods)


def lived(root: Path, made: pl.DataFrame, last: dt.date = LAST) -> Path:
    """Home that holds the market up to a day, with these features."""
    bars, members, _, outcomes = market()
    until = pl.col("session") <= last
    with warehouse.opened(home.Home(root).warehouse) as store:
        store.append(tables.BARS, bars.filter(until))
        store.append(tables.UNIVERSE, members)
        store.append(tables.FEATURES, made.filter(until))
        store.append(tables.OUTCOMES, outcomes.filter(pl.col("matures_on") <= last))
    return root


def run(root: Path) -> dg.ExecuteInProcessResult:
    definitions = assembly.assemble(home.Home(root), SETTINGS)
    with dg.DagsterInstance.ephemeral() as instance:
        return definitions.resolve_job_def("feature_report").execute_in_process(
            instance=instance, partition_key=partitions.key(MONTH)
        )


def read(root: Path) -> pl.DataFrame:
    with warehouse.opened(home.Home(root).warehouse) as store:
        return store.read(TABLE)


def check(done: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    found = {each.check_name: each for each in done.get_asset_check_evaluations()}
    assert found["schema"].passed
    return found[feature_report.DRIFT]


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home with the report of one month."""
    root = lived(tmp_path_factory.mktemp("reported"), market()[2])
    assert run(root).success
    return root


def test_every_feature_of_the_set_in_force_is_reported_on(reported: Path) -> None:
    rows = read(reported)
    assert rows["feature"].to_list() == sorted(catalog.names())
    assert rows["coverage"].min() == 1.0
    assert rows["is_drifting"].null_count() == 0
    assert rows["n_sessions"].max() > 500  # type: ignore[operator]


def test_a_report_made_late_equals_the_one_made_in_time(
    reported: Path, tmp_path: Path
) -> None:
    in_time = lived(tmp_path, market()[2], dt.date(2023, 5, 31))
    run(in_time)
    assert_frame_equal(read(in_time), read(reported))


def test_the_materialization_shows_a_table_and_four_charts(reported: Path) -> None:
    (event,) = run(reported).get_asset_materialization_events()
    shown = event.materialization.metadata
    assert str(shown["features"].value).count("\n") == len(catalog.names()) + 1
    for name in ("drift", "rank_ic", "coverage", "importance"):
        image = re.fullmatch(
            r"!\[chart\]\(data:image/svg\+xml;base64,(.*)\)", str(shown[name].value)
        )
        assert image
        assert base64.b64decode(image[1]).startswith(b"<svg")
        assert len(image[0]) < 100_000


def test_a_feature_that_moves_is_warned_of_by_name(tmp_path: Path) -> None:
    is_late = pl.col("session") >= dt.date(2023, 5, 1)
    name = "trailing_return_1"
    moved = market()[2].with_columns(
        pl.when(is_late).then(pl.col(name) + 1).otherwise(name).alias(name)
    )
    found = check(run(lived(tmp_path, moved)))
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.WARN
    assert name in str(found.description)
    assert features.drifting(read(tmp_path))[0] == name
    assert found.metadata["drifting"].value == len(features.drifting(read(tmp_path)))


def test_rows_of_another_catalog_are_not_mixed_in(tmp_path: Path) -> None:
    other = market()[2].with_columns(feature_version=pl.lit("another"))
    done = run(lived(tmp_path, other))
    assert read(tmp_path).is_empty()
    assert check(done).passed


def test_a_home_without_anything_reports_nothing(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.success
    assert check(done).metadata["compared"].value == 0
