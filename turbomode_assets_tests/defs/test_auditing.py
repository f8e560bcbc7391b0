"""Which sessions are audited, and that an audit stands in the user interface."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from turbomode_assets import loop, schema, sessions, tables
from turbomode_assets.defs import assembly, auditing, partitions
from turbomode_assets.features import catalog
from turbomode_assets.sources import simulated
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes

FIRST, LAST = dt.date(2021, 1, 4), dt.date(2022, 12, 30)
DAYS = sessions.sessions_between(FIRST, LAST)
SOURCE = simulated.Simulated(n_symbols=4)
SETTINGS = home.Settings(n_symbols=4, first=FIRST)
NIGHT = partitions.Window(LAST, LAST)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Home with two years of bars, universe and features."""
    root = tmp_path_factory.mktemp("audited")
    bars = SOURCE.bars(loop.bars_for_features(FIRST), LAST)
    members = SOURCE.universe(LAST)
    made = loop.compute_features(bars, members, FIRST, LAST)
    lakes.prepare(home.Home(root), SETTINGS)
    with warehouse.opened(home.Home(root).warehouse) as store:
        store.append(tables.BARS, bars)
        store.append(tables.UNIVERSE, members)
        store.append(tables.FEATURES, made)
    return root


@pytest.fixture
def store(root: Path) -> Iterator[warehouse.Warehouse]:
    with warehouse.opened(home.Home(root).warehouse) as opened:
        yield opened


def picked(store: warehouse.Warehouse, first: dt.date, last: dt.date) -> list[dt.date]:
    return auditing.sampled(store, tables.FEATURES, partitions.Window(first, last))


@pytest.mark.parametrize(("n_days", "n_wanted"), [(2, 1), (100, 1), (101, 2), (500, 5)])
def test_a_range_audits_one_of_every_hundred_of_its_own(
    store: warehouse.Warehouse, n_days: int, n_wanted: int
) -> None:
    first, last = DAYS[0], DAYS[n_days - 1]
    found = picked(store, first, last)
    assert len(set(found)) == len(found) == n_wanted
    assert found == sorted(found)
    assert set(found) <= set(DAYS[:n_days])


def test_the_same_window_audits_the_same_sessions(store: warehouse.Warehouse) -> None:
    again = [picked(store, FIRST, LAST) for _ in range(3)]
    assert again[0] == again[1] == again[2]
    assert picked(store, DAYS[1], LAST) != again[0]


def test_a_night_audits_one_session_of_the_last_year(
    store: warehouse.Warehouse,
) -> None:
    for night in DAYS[300:320]:
        (found,) = picked(store, night, night)
        since = sessions.shift(night, -auditing.LOOKED_BACK_SESSIONS)
        assert since <= found <= night


def test_a_year_of_nights_audits_all_parts_of_a_year(
    store: warehouse.Warehouse,
) -> None:
    places = range(252, 503)
    found = [picked(store, DAYS[n], DAYS[n])[0] for n in places]
    ages = [n - DAYS.index(day) for n, day in zip(places, found, strict=True)]
    quarters = Counter(min(age // 63, 3) for age in ages)
    assert sorted(quarters) == [0, 1, 2, 3]
    assert min(quarters.values()) > 35


def test_without_stored_sessions_nothing_is_audited(
    store: warehouse.Warehouse,
) -> None:
    assert auditing.sampled(store, tables.SIGNALS, NIGHT) == []
    assert picked(store, dt.date(2020, 1, 2), dt.date(2020, 6, 1)) == []


def test_every_feature_of_a_sampled_session_is_made_again(
    store: warehouse.Warehouse,
) -> None:
    found = auditing.features(store, NIGHT)
    assert found.passed
    n_columns = len(catalog.names()) + 1  # and the version
    assert found.metadata["values"].value == 4 * n_columns
    assert found.metadata["differing"].value == 0


def materialized(
    root: Path, keys: list[str], key: str | None = None
) -> dict[str, dg.AssetCheckEvaluation]:
    """Audits of a night, by asset."""
    definitions = assembly.assemble(home.Home(root), SETTINGS)
    with dg.DagsterInstance.ephemeral() as instance:
        done = definitions.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey(key.split("/")) for key in keys],
            partition_key=key,
        )
    return {
        each.asset_key.to_user_string(): each
        for each in done.get_asset_check_evaluations()
        if each.check_name == auditing.LOOK_AHEAD
    }


def test_a_night_leaves_its_counts_in_the_user_interface(root: Path) -> None:
    found = materialized(root, ["swing/features", "swing/outcomes"], str(LAST))
    assert set(found) == {"swing/features", "swing/outcomes"}
    assert all(each.passed for each in found.values())
    assert {"sessions", "values", "differing"} <= set(found["swing/features"].metadata)


def test_the_members_of_a_session_are_audited_with_the_universe(root: Path) -> None:
    found = materialized(root, ["market/universe"])["market/universe"]
    assert found.passed
    assert found.metadata["values"].value == 4


def test_a_member_the_past_did_not_know_fails_the_audit(
    store: warehouse.Warehouse,
) -> None:
    def as_known(session: dt.date) -> pl.DataFrame:
        return SOURCE.universe(session)[1:]

    found = auditing.universe(store, as_known)
    assert not found.passed
    assert found.metadata["differing"].value == 1
    assert "valid_from" in str(found.description)


@pytest.mark.parametrize("table", [tables.FEATURES, tables.OUTCOMES, tables.UNIVERSE])
def test_an_audit_warns_of_the_past_and_does_not_block(table: schema.Table) -> None:
    assert not auditing.spec(table).blocking
