"""``turbomode champion``: what was, and the way back."""

import datetime as dt
import json
import math
import pathlib

import polars as pl
import pytest

from turbomode_assets import cli, cli_champion, tables
from turbomode_assets.promotion import gate
from turbomode_assets.store import home, registry
from turbomode_assets_tests import lakes
from turbomode_assets_tests.defs import test_promotion
from turbomode_assets_tests.promotion import test_evidence

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


def test_a_seat_is_emptied_only_for_who_asks(
    store: test_promotion.Store, capsys: pytest.CaptureFixture[str]
) -> None:
    store.train("v1")
    store.judge("v1", is_passed=True)
    store.promote()
    assert champion(store, "rollback") == 1
    assert "rollback --to nobody" in capsys.readouterr().err
    assert champion(store, "rollback", "--to", "nobody") == 0
    assert "Nobody reigns from" in capsys.readouterr().out
    versions = store.read(tables.CHAMPIONS).sort("effective_from")["version"]
    assert versions.to_list() == ["v1", ""]


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


def judged(kept: test_promotion.Store, version: str, against: str) -> pl.DataFrame:
    """A stored card and verdict over `version`, and the predictions of both."""
    kept.train(version)
    challenger, champion = (
        test_evidence.oof(version, 0.9),
        test_evidence.oof(against, 0.4),
    )
    for rows in (challenger, champion[:1000]):
        kept.write(tables.OOF_PREDICTIONS, rows)
    criterion = gate.Criterion(
        name="x", observed=1.0, required=0.0, is_passed=True, sentence=""
    )
    verdict = gate.Verdict(criteria=(criterion,), against=against)
    month = challenger["month"][0]
    kept.write(tables.VERDICTS, verdict.to_frame("swing", version, month))
    return challenger


def test_rows_of_a_verdict_are_listed(
    store: test_promotion.Store, tmp_path: pathlib.Path
) -> None:
    challenger = judged(store, "v2", "v1")
    file = tmp_path / "rows.csv"
    assert champion(store, "rows", "v2", "--to", str(file)) == 0
    written = pl.read_csv(file, try_parse_dates=True)
    assert written.height == challenger.height
    assert written["loss"].null_count() == 0
    assert not written["is_bet_on"].any()
    joined = written.join(challenger, on=["symbol", "session"])
    assert joined["p_up"].to_list() == pytest.approx(joined["p_up_right"].to_list())


def test_rows_of_a_version_nobody_judged_are_explained(
    store: test_promotion.Store, capsys: pytest.CaptureFixture[str]
) -> None:
    judged(store, "v2", "v1")
    assert champion(store, "rows", "v9") == 1
    assert "judged: v2" in capsys.readouterr().err


def test_an_empty_home_says_so(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lakes.prepare(home.Home(tmp_path), home.Settings())
    assert cli.main(["champion", "--home", str(tmp_path)]) == 0
    assert "Nobody has reigned yet" in capsys.readouterr().out


def predict(kept: test_promotion.Store, version: str, days: list[int]) -> None:
    """Out-of-sample predictions of a version: up happened, and was likely."""
    p_up = {"v1": 0.5, "v2": 0.8}[version]
    names = [name for name in tables.OOF_PREDICTIONS.column_names if name[:2] == "p_"]
    row = dict.fromkeys(names, (1 - p_up) / 2) | {"p_up": p_up, "label": "up"}
    row |= {"version": version, "month": MONTHS[version], "fold": 1, "symbol": "AA"}
    rows = [row | {"session": dt.date(2024, 1, day)} for day in days]
    schema = tables.OOF_PREDICTIONS.schema()
    kept.write(tables.OOF_PREDICTIONS, pl.DataFrame(rows, schema=schema))


def test_two_versions_are_compared_on_the_rows_both_predicted(
    store: test_promotion.Store, capsys: pytest.CaptureFixture[str]
) -> None:
    crowned(store)
    predict(store, "v1", [2, 3, 4])
    predict(store, "v2", [3, 4, 5])
    assert champion(store, "compare", "v1") == 0
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    first, second = -math.log(0.5), -math.log(0.8)
    expected = f"2 common rows {first:.6g} {second:.6g} {first - second:+.4g}"
    assert expected in shown
    assert "artifact kept kept" in shown


def test_a_pruned_version_says_so_when_it_is_compared(
    store: test_promotion.Store, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.prune(store.where.models, [crowned(store)["v1"]])
    assert champion(store, "compare", "v1", "v2") == 0
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "artifact pruned kept" in shown
    assert champion(store, "rollback", "--to", "v1") == 1
    assert "was pruned" in capsys.readouterr().err


def test_metrics_of_either_card_are_laid_side_by_side(
    store: test_promotion.Store,
) -> None:
    cards = {
        "v1": {"skill": 0.25, "folds": [{"fold": 1, "first": "x", "loss": 0.5}]},
        "v2": {"skill": 0.125, "only": {"here": 2.0}, "error_correlation": {"a": 1.0}},
    }
    pair = [{"metrics": json.dumps(metrics)} for metrics in cards.values()]
    assert list(cli_champion._metric_rows(pair)) == [  # noqa: SLF001
        ("skill", "0.25", "0.125", "+0.125"),
        ("folds 0 loss", "0.5", "-", ""),
        ("only here", "-", "2", ""),
    ]
    assert champion(store, "compare", "v1") == 1


def test_an_unknown_version_cannot_be_compared(
    store: test_promotion.Store, capsys: pytest.CaptureFixture[str]
) -> None:
    crowned(store)
    assert champion(store, "compare", "v11", "v2") == 1
    assert "Did you mean 'v1'?" in " ".join(capsys.readouterr().err.split())
