"""``turbomode champion``: what was, and the way back."""

import datetime as dt
import pathlib

import pytest

from turbomode_assets import cli, tables
from turbomode_assets_tests.defs import test_promotion

store = test_promotion.store
MONTHS = {"v1": dt.date(2024, 4, 1), "v2": dt.date(2024, 5, 1)}


def crowned(kept: test_promotion.Store) -> dict[str, str]:
    """Two champions, one after the other; addresses of their artifacts."""
    addresses = {}
    for version, month in MONTHS.items():
        addresses[version] = kept.train(version, month=month)
        kept.judge(version, is_passed=True, month=month)
        kept.promote(month)
    return addresses


def champion(kept: test_promotion.Store, *words: str) -> int:
    return cli.main(["champion", "--home", str(kept.where.root), *words])


def test_every_reign_is_shown(
    store: test_promotion.Store, capsys: pytest.CaptureFixture[str]
) -> None:
    crowned(store)
    assert champion(store) == 0
    shown = capsys.readouterr().out
    assert all(
        f"{month}" in shown or version in shown for version, month in MONTHS.items()
    )


def test_rollback_appends_the_predecessor(store: test_promotion.Store) -> None:
    crowned(store)
    assert champion(store, "rollback") == 0
    versions = store.read(tables.CHAMPIONS).sort("effective_from")["version"]
    assert versions.to_list() == ["v1", "v2", "v1"]


def test_a_damaged_champion_is_not_called_back(store: test_promotion.Store) -> None:
    address = crowned(store)["v1"]
    (store.where.models / address / "card.json").write_bytes(b"other")
    assert champion(store, "rollback", "--to", "v1") == 1
    assert store.read(tables.CHAMPIONS).height == 2


def test_an_unknown_version_is_explained(
    store: test_promotion.Store, capsys: pytest.CaptureFixture[str]
) -> None:
    crowned(store)
    assert champion(store, "rollback", "--to", "v9") == 1
    assert "choose one of v1, v2" in capsys.readouterr().err


def test_an_empty_home_says_so(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["champion", "--home", str(tmp_path)]) == 0
    assert "Nobody has reigned yet" in capsys.readouterr().out
