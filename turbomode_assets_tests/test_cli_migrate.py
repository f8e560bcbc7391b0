"""``turbomode migrate`` puts a home on a new warehouse, and keeps the old one."""

from pathlib import Path

import pytest

from turbomode_assets import cli, tables
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests.store.test_warehouse import MONDAY, bars


def migrate(where: home.Home, *urls: str) -> int:
    return cli.main(["migrate", "--home", str(where.root), *urls])


def test_a_home_uses_what_its_warehouse_was_migrated_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = home.Home(tmp_path / "home")
    home.prepare(where, home.Settings(seed=3))
    frame = bars(MONDAY, "AAA", "BBB")
    with warehouse.opened(where.warehouse) as store:
        store.replace(tables.BARS, frame, MONDAY, MONDAY)
    target = f"duckdb://{tmp_path / 'elsewhere.duckdb'}"
    assert migrate(where, f"duckdb://{where.database}", target) == 0
    assert "2  market.bars" in capsys.readouterr().out
    assert where.warehouse == tmp_path / "elsewhere.duckdb"
    assert home.read_settings(where).seed == 3
    for place in (where.warehouse, where.database):
        with warehouse.opened(place) as store:
            assert store.read(tables.BARS).equals(frame)


def test_the_home_stays_where_it_is_if_nothing_was_copied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = home.Home(tmp_path / "home")
    home.prepare(where, home.Settings())
    there = f"duckdb://{tmp_path / 'elsewhere.duckdb'}"
    assert migrate(where, f"duckdb://{where.database}", there) == 1
    assert "found none" in capsys.readouterr().err
    assert where.warehouse == where.database
