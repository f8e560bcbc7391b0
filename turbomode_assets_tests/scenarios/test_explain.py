"""``turbomode explain`` in a home that has lived: why, and whether it still holds."""

import datetime as dt
import json
import pathlib
import shutil
from typing import Any

import polars as pl
import pytest

from turbomode_assets import cli, market_tables, schema, tables
from turbomode_assets.features import catalog
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes
from turbomode_assets_tests.conftest import Lived

pytestmark = pytest.mark.xdist_group("lived")

SYMBOL, SESSION = "SIM003", dt.date(2024, 3, 4)


@pytest.fixture
def where(lived: Lived, tmp_path: pathlib.Path) -> home.Home:
    """Copy of the home that a test may change."""
    copied = home.Home(tmp_path / "home")
    shutil.copytree(lived.where.models, copied.models)
    lakes.copy(lived.where, copied)
    return copied


def explain(where: home.Home, *words: str) -> int:
    return cli.main(["explain", "--home", str(where.root), *words])


def told(
    where: home.Home,
    capsys: pytest.CaptureFixture[str],
    symbol: str = SYMBOL,
    session: dt.date = SESSION,
) -> dict[str, Any]:
    """Everything that is known of a signal."""
    capsys.readouterr()
    explain(where, symbol, str(session), "--json")
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def change(where: home.Home, table: schema.Table, **changes: pl.Expr) -> None:
    """Change the rows of a table that belong to the symbol and session."""
    is_meant = (pl.col("symbol") == SYMBOL) & (pl.col("session") == SESSION)
    with warehouse.opened(where.warehouse) as store:
        rows = store.read(table)
        changed = rows.filter(is_meant).with_columns(**changes)
        store.replace(table, pl.concat([rows.filter(~is_meant), changed]))


def revise(where: home.Home, known_at: pl.Expr) -> None:
    """Append a revision of the session's bar, half as high again."""
    with warehouse.opened(where.warehouse) as store:
        rows = store.read(market_tables.BAR_REVISIONS, SESSION, SESSION)
        mine = rows.filter(pl.col("symbol") == SYMBOL)
        higher = [pl.col(name) * 1.5 for name in ("close", "high")]
        again = mine.with_columns(*higher, known_at=known_at)
        store.append(market_tables.BAR_REVISIONS, again)


def test_every_signal_of_a_session_is_rebuilt_bit_for_bit(
    where: home.Home, capsys: pytest.CaptureFixture[str]
) -> None:
    with warehouse.opened(where.warehouse) as store:
        signals = store.read(tables.SIGNALS)
    for row in signals.gather_every(251).iter_rows(named=True):
        found = told(where, capsys, row["symbol"], row["session"])
        assert found["differences"] == []
        assert found["n_compared"] == 12 + 24 + len(row["features"])
        assert found["signal"]["p_up"] == row["p_up"]
        assert list(found["values"].values()) == row["features"]


def test_what_features_added_sums_to_the_stored_probabilities(
    where: home.Home, capsys: pytest.CaptureFixture[str]
) -> None:
    found = told(where, capsys)
    parts, signal = found["contributions"], found["signal"]
    assert parts["probabilities"] == [
        signal["p_up"],
        signal["p_flat"],
        signal["p_down"],
    ]
    for code, (start, end) in enumerate(
        zip(parts["start"], parts["probabilities"], strict=True)
    ):
        added = [row[code] for m in parts["added"].values() for row in m.values()]
        assert start + sum(added) == pytest.approx(end, abs=1e-12)


def test_model_samples_and_bars_are_those_the_store_holds(
    where: home.Home, capsys: pytest.CaptureFixture[str]
) -> None:
    found = told(where, capsys)
    samples, model = found["samples"], found["model"]
    assert model["version"] == found["signal"]["champion_version"]
    assert samples["fingerprint"] == model["data_fingerprint"]
    assert samples["n_samples"] == model["n_samples"]
    assert samples["is_same"]
    known = found["bars"]["known"]
    assert len(known) == 252
    assert known[-1]["session"] == str(SESSION)
    assert found["bars"]["later"] == []


def test_a_bar_corrected_since_changes_nothing_and_is_shown(
    where: home.Home, capsys: pytest.CaptureFixture[str]
) -> None:
    then = told(where, capsys)
    revise(
        where, pl.lit(dt.datetime(2100, 1, 1, tzinfo=dt.UTC)).dt.cast_time_unit("us")
    )
    now = told(where, capsys)
    assert now["differences"] == []
    assert now["bars"]["known"][:-1] == then["bars"]["known"][:-1]
    assert [row["revision"] for row in now["bars"]["later"]] == [2]
    assert explain(where, SYMBOL, str(SESSION)) == 0
    assert "Corrected since" in capsys.readouterr().out


def test_a_bar_said_to_have_been_known_before_names_what_differs(
    where: home.Home, capsys: pytest.CaptureFixture[str]
) -> None:
    revise(where, pl.col("known_at") + dt.timedelta(minutes=1))
    found = told(where, capsys)
    names = {each["name"] for each in found["differences"]}
    assert {"features_hash", "feature trailing_return_1", "p_up"} <= names
    assert found["bars"]["known"][-1]["revision"] == 2
    assert explain(where, SYMBOL, str(SESSION)) == 1
    assert "Not rebuilt" in capsys.readouterr().out


def test_a_changed_signal_is_told_value_by_value(
    where: home.Home, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = told(where, capsys)["signal"]["p_up"]
    change(where, tables.SIGNALS, p_up=pl.lit(0.5))
    assert told(where, capsys)["differences"] == [
        {"name": "p_up", "stored": 0.5, "rebuilt": stored}
    ]


def test_changed_samples_no_longer_match_the_card(
    where: home.Home, capsys: pytest.CaptureFixture[str]
) -> None:
    with warehouse.opened(where.warehouse) as store:
        rows = store.read(tables.SAMPLES)
        is_first = pl.int_range(pl.len()) == 0
        other = pl.when(is_first).then(0.5).otherwise("sample_weight")
        store.replace(tables.SAMPLES, rows.with_columns(sample_weight=other))
    found = told(where, capsys)
    assert found["samples"]["n_samples"] == found["model"]["n_samples"]
    assert not found["samples"]["is_same"]


def test_features_of_another_catalog_are_not_read_as_these(
    where: home.Home, capsys: pytest.CaptureFixture[str]
) -> None:
    change(where, tables.SIGNALS, feature_version=pl.lit("another"))
    found = told(where, capsys)
    assert [each["name"] for each in found["differences"]] == ["feature_version"]
    assert found["contributions"] is None
    assert explain(where, SYMBOL, str(SESSION)) == 1
    assert "needs the catalog" in capsys.readouterr().out


def test_a_damaged_artifact_is_named(
    where: home.Home, capsys: pytest.CaptureFixture[str]
) -> None:
    address = told(where, capsys)["model"]["artifact_sha256"]
    (where.models / address / "stacking.json").write_bytes(b"{}")
    assert explain(where, SYMBOL, str(SESSION)) == 1
    assert "stacking.json must have sha256" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("symbol", "session", "expected"),
    [
        ("SIM03", SESSION, "Did you mean 'SIM013'?"),
        (SYMBOL, dt.date(2024, 3, 2), "the nearest with some is 2024-03-01"),
        (SYMBOL, dt.date(2023, 6, 1), "the nearest with some is 2024-01-02"),
    ],
)
def test_a_signal_that_never_was_names_the_nearest(
    where: home.Home,
    capsys: pytest.CaptureFixture[str],
    symbol: str,
    session: dt.date,
    expected: str,
) -> None:
    assert explain(where, symbol, str(session)) == 1
    assert expected in " ".join(capsys.readouterr().err.split())


def test_an_empty_home_has_nothing_to_explain(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lakes.prepare(home.Home(tmp_path), home.Settings())
    assert explain(home.Home(tmp_path), SYMBOL, str(SESSION)) == 1
    assert "run the loop" in " ".join(capsys.readouterr().err.split())


def test_a_person_reads_it_in_a_terminal(
    where: home.Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explain(where, SYMBOL.lower(), str(SESSION), "--features", "3") == 0
    shown = capsys.readouterr().out
    others = f"{len(catalog.features()) - 3} others"
    for words in ("bit for bit", others, "mean forecast", "ranked_logistic"):
        assert words in shown
