"""Curations and rankings as assets: one partition a run, whatever else is stored."""

import datetime as dt
from pathlib import Path

import dagster as dg
import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from turbomode_assets import market_loop, market_tables, schema, sessions, tables
from turbomode_assets.defs import metadata, partitions, resources
from turbomode_assets.defs.assets import universe
from turbomode_assets.sources import simulated
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes
from turbomode_assets_tests.universe import worlds

FIRST, LAST = dt.date(2020, 1, 2), dt.date(2021, 4, 30)
QUARTERS = ["2020-01-01", "2020-04-01", "2020-07-01", "2020-10-01", "2021-01-01"]
CURATIONS, _, RANKINGS = universe.build(partitions.grains(FIRST))
SETTINGS = home.Settings(n_symbols=20)


def run(root: Path, asset: dg.AssetsDefinition, key: str) -> dg.ExecuteInProcessResult:
    """Materialize one partition in the home of `root`."""
    return dg.materialize(
        [asset],
        partition_key=key,
        resources=resources.build(home.Home(root), SETTINGS),
    )


def read(root: Path, table: schema.Table) -> pl.DataFrame:
    with warehouse.opened(home.Home(root).warehouse) as store:
        return store.read(table)


def notes(done: dg.ExecuteInProcessResult) -> dict[str, dg.MetadataValue]:
    (event,) = done.get_asset_materialization_events()
    return dict(event.materialization.metadata)


@pytest.fixture(scope="module")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home with bars of sixteen months and the curations of five quarters."""
    root = tmp_path_factory.mktemp("curated")
    bars = simulated.Simulated(edge=SETTINGS.edge, n_symbols=20).bars(FIRST, LAST)
    lakes.prepare(home.Home(root), SETTINGS)
    with warehouse.opened(home.Home(root).warehouse) as store:
        store.replace(tables.BARS, bars, FIRST, LAST)
    for key in QUARTERS:
        assert run(root, CURATIONS, key).success
    return root


def test_the_first_quarter_has_no_history_to_judge(curated: Path) -> None:
    found = read(curated, market_tables.CURATIONS)
    keys = [partitions.key(day) for day in found["quarter"].unique().sort()]
    assert keys == QUARTERS[1:]


def test_every_quarter_follows_from_the_one_before(curated: Path) -> None:
    found = read(curated, market_tables.CURATIONS)
    members: set[str] | None = None
    for _, rows in found.group_by("quarter", maintain_order=True):
        was_in = set(
            rows.filter(pl.col("decision").is_in(["kept", "dropped"]))["symbol"]
        )
        assert members in (None, was_in)
        members = set(rows.filter("is_member")["symbol"])


def test_a_curation_made_late_equals_the_one_made_in_time(curated: Path) -> None:
    before = read(curated, market_tables.CURATIONS)
    done = run(curated, CURATIONS, QUARTERS[2])
    assert_frame_equal(read(curated, market_tables.CURATIONS), before)
    rows = before.filter(pl.col("quarter") == dt.date(2020, 7, 1))
    shown = notes(done)
    assert shown["dagster/row_count"].value == rows.height
    moved = rows.filter(pl.col("decision").is_in(["added", "dropped"]))
    log = str(shown["log"].value)
    assert all(f"| {symbol} |" in log for symbol in moved["symbol"])
    assert log.count("\n") == moved.height + 1


def test_the_universe_is_what_curation_let_in(curated: Path) -> None:
    curations = read(curated, market_tables.CURATIONS)
    source = simulated.Simulated(edge=SETTINGS.edge, n_symbols=20)
    found = market_loop.admit(source.universe(LAST), curations, LAST)
    latest = curations.filter(pl.col("quarter") == dt.date(2021, 1, 1))
    day = dt.date(2021, 1, 4)
    until = pl.col("valid_to").fill_null(sessions.LAST_DAY)
    inside = found.filter(pl.lit(day).is_between(pl.col("valid_from"), until))
    assert set(inside["symbol"]) == set(latest.filter("is_member")["symbol"])


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home with the outcomes of sixteen months and the rankings of the last three."""
    root = tmp_path_factory.mktemp("ranked")
    world = worlds.World(1, np.linspace(0.1, 0.6, 12))
    with warehouse.opened(home.Home(root).warehouse) as store:
        outcomes, signals = full_rows(world)
        store.append(tables.OUTCOMES, outcomes)
        store.append(tables.SIGNALS, signals)
    for key in ("2024-05-01", "2024-06-01", "2024-07-01"):
        assert run(root, RANKINGS, key).success
    return root


def full_rows(world: worlds.World) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Outcomes and signals of a world with every declared column."""
    outcomes = world.outcomes()
    price = {name: pl.lit(1.0) for name in ("entry", "exit", "realized_return")}
    rows = outcomes.with_columns(
        exit_on="matures_on",
        best_excursion=pl.lit(0.0),
        worst_excursion=pl.lit(0.0),
        label_seed_10pct=pl.lit("not_up"),
        label_triple_barrier_vol=pl.lit("flat"),
        status=pl.lit("final"),
        **price,
    )
    said = world.signals().with_columns(
        pl.lit(1 / 3).alias(f"p_{name}") for name in ("up", "flat", "down")
    )
    signals = said.with_columns(
        base_probabilities=pl.lit([0.0], pl.List(pl.Float64)),
        edge=pl.lit(0.0),
        side=pl.lit("buy"),
        rank=pl.lit(1, pl.Int64),
        champion_version=pl.lit("v1"),
        policy_version=pl.lit("p1"),
        feature_version=pl.lit("f1"),
        features=pl.lit([0.0], pl.List(pl.Float32)),
        features_hash=pl.lit("h"),
        emitted_at=pl.lit(dt.datetime(2024, 1, 1, tzinfo=dt.UTC)).dt.cast_time_unit(
            "us"
        ),
    )
    return rows, signals


def test_a_ranking_made_late_equals_the_one_made_in_time(ranked: Path) -> None:
    before = read(ranked, market_tables.RANKINGS)
    assert run(ranked, RANKINGS, "2024-06-01").success
    assert_frame_equal(read(ranked, market_tables.RANKINGS), before)
    assert before["month"].value_counts()["count"].to_list() == [12, 12, 12]


def test_a_ranking_says_what_those_before_it_were_worth(ranked: Path) -> None:
    shown = notes(run(ranked, RANKINGS, "2024-07-01"))
    worth = str(shown["worth_of_earlier_rankings"].value)
    assert "**live**: mean rank correlation" in worth
    assert "| 2024-05" in worth
    assert "| 2024-07" not in worth
    assert shown["trends_by_chance_at_most"].value == pytest.approx(1.2)
    assert str(shown["top"].value).count("\n") == 11


def test_without_signals_there_is_nobody_to_rank(tmp_path: Path) -> None:
    shown = notes(run(tmp_path, RANKINGS, "2024-07-01"))
    assert shown["dagster/row_count"].value == 0
    assert "No earlier ranking" in str(shown["worth_of_earlier_rankings"].value)


def test_a_curation_depends_on_itself_a_quarter_earlier() -> None:
    (spec,) = CURATIONS.specs
    deps = {dep.asset_key: dep.partition_mapping for dep in spec.deps}
    assert set(deps) == {metadata.key(tables.BARS), spec.key}
    assert deps[spec.key] == partitions.before(1)
