"""One home holds one market."""

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from turbomode_assets import errors
from turbomode_assets.store import home


def test_settings_survive_the_file(tmp_path: Path) -> None:
    panel = tmp_path / 'a "quoted" folder'
    panel.mkdir()
    settings = home.Settings(source="files", path=str(panel), edge=0.5)
    home.prepare(home.Home(tmp_path), settings)
    assert home.read_settings(home.Home(tmp_path)) == settings


def test_another_market_in_the_same_home_is_refused(tmp_path: Path) -> None:
    home.prepare(home.Home(tmp_path), home.Settings())
    with pytest.raises(errors.SettingsError, match=r"edge is 2.0, asked for 0.0"):
        home.prepare(home.Home(tmp_path), home.Settings(edge=0.0))


def test_the_intraday_desk_may_be_changed_in_the_file(tmp_path: Path) -> None:
    kept = home.Settings(is_intraday=False, intraday_symbols="RTX,LMT")
    home.prepare(home.Home(tmp_path), kept)
    home.prepare(home.Home(tmp_path), home.Settings())
    assert home.read_settings(home.Home(tmp_path)) == kept
    with pytest.raises(errors.SettingsError, match="RTX,LMT, asked for GD"):
        home.prepare(home.Home(tmp_path), home.Settings(intraday_symbols="GD"))


def test_a_home_without_settings_has_the_defaults(tmp_path: Path) -> None:
    assert home.read_settings(home.Home(tmp_path)) == home.Settings()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"source": "simulatd"}, "Did you mean 'simulated'"),
        ({"intraday_weights": "fix"}, "Did you mean 'fixed'"),
        ({"source": "files", "path": "/nowhere"}, "found nothing"),
        ({"first": dt.date(2020, 1, 1)}, "try 2020-01-02"),
    ],
)
def test_settings_no_source_can_serve(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(errors.SettingsError, match=sentence):
        dataclasses.replace(home.Settings(), **change)  # type: ignore[arg-type]


def test_an_unknown_setting_is_named(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("sorce = 'files'")
    with pytest.raises(errors.SettingsError, match="sorce"):
        home.read_settings(home.Home(tmp_path))
