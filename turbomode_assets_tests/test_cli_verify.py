"""``turbomode verify``: a sentence for each invariant, and an exit code."""

import json
from pathlib import Path

import pytest

from turbomode_assets import cli, market_tables, tables
from turbomode_assets.invariants import verification
from turbomode_assets.store import warehouse
from turbomode_assets_tests.conftest import Lived
from turbomode_assets_tests.store.test_warehouse import MONDAY, bars

pytestmark = pytest.mark.xdist_group("lived")


def told(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    code = cli.main(["verify", *options])
    return code, capsys.readouterr().out


def test_a_lived_home_holds(lived: Lived, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = told(capsys, "--home", str(lived.where.root))
    assert code == 0
    assert f"{len(verification.ALL)} invariants" in said
    assert "0 broken" in said


def test_a_link_that_was_kept_is_found_again(
    lived: Lived, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--home", str(lived.where.root), "--json"]
    found = json.loads(told(capsys, *where)[1])
    assert told(capsys, *where, "--link", found["newest_link"])[0] == 0
    assert told(capsys, *where, "--link", "0" * 64)[0] == 1


def test_a_broken_home_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with warehouse.opened(tmp_path / "turbomode.duckdb") as store:
        store.append(tables.BARS, bars(MONDAY, "AAA").with_columns(low=9e9))
        store.append(market_tables.BAR_REVISIONS, market_tables.BAR_REVISIONS.empty())
    code, said = told(capsys, "--home", str(tmp_path), "--json")
    found = json.loads(said)
    broken = [one for one in found["invariants"] if not one["holds"]]
    assert (code, found["holds"]) == (1, False)
    assert [one["name"] for one in broken] == ["bars_stand_in_revisions"]
    assert "AAA" in broken[0]["examples"][0]


def test_a_home_without_a_warehouse_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["verify", "--home", str(tmp_path)]) == 1
    assert "expected a warehouse at" in " ".join(capsys.readouterr().err.split())
