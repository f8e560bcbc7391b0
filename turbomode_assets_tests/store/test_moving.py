"""A warehouse is copied whole, and proven, or not at all."""

from pathlib import Path

import pytest

from turbomode_assets import errors, tables
from turbomode_assets.store import copying, moving, warehouse
from turbomode_assets.store.address import Address
from turbomode_assets_tests.store.test_warehouse import MONDAY, TUESDAY, bars

WAIT_SECONDS = 60.0


def filled(place: Address) -> dict[str, list[str]]:
    with warehouse.opened(place) as store:
        store.replace(tables.BARS, bars(MONDAY, "AAA", "BBB"), MONDAY, MONDAY)
        store.replace(tables.BARS, bars(TUESDAY, "AAA"), TUESDAY, TUESDAY)
        store.replace(tables.SIGNALS, tables.SIGNALS.empty())
        return copying.fingerprints(store)


def test_there_and_back_again_is_the_same(place: Address, tmp_path: Path) -> None:
    before = filled(tmp_path / "first.duckdb")
    moved = moving.migrate(tmp_path / "first.duckdb", place, WAIT_SECONDS)
    assert moved == {'"market"."bars"': 3, '"swing"."signals"': 0}
    moving.migrate(place, tmp_path / "last.duckdb", WAIT_SECONDS)
    for where in (place, tmp_path / "last.duckdb"):
        with warehouse.opened(where) as store:
            assert copying.fingerprints(store) == before


def test_a_copy_refuses_what_its_table_refuses(place: Address, tmp_path: Path) -> None:
    filled(tmp_path / "first.duckdb")
    moving.migrate(tmp_path / "first.duckdb", place, WAIT_SECONDS)
    with warehouse.opened(place) as store:
        sql = (
            "SELECT count(*) AS n FROM information_schema.columns WHERE "
            "table_schema = 'market' AND is_nullable = 'NO'"
        )
        found = store.select(sql, [tables.BARS])
    required = [column for column in tables.BARS.columns if not column.nullable]
    assert found is not None
    assert found.item() == len(required)


def test_nothing_is_copied_over_what_is_there(place: Address, tmp_path: Path) -> None:
    filled(tmp_path / "first.duckdb")
    before = filled(place)
    with pytest.raises(errors.SettingsError, match=r"found .*market.*bars"):
        moving.migrate(tmp_path / "first.duckdb", place, WAIT_SECONDS)
    with warehouse.opened(place) as store:
        assert copying.fingerprints(store) == before


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(errors.SettingsError, match=r"no\.duckdb, found none"):
        moving.migrate(tmp_path / "no.duckdb", tmp_path / "to.duckdb", WAIT_SECONDS)
