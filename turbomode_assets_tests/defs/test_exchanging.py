"""What arrives from the machine that trains reigns if its verdict lets it, else not."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from turbomode_assets import errors, tables
from turbomode_assets.defs import exchanging
from turbomode_assets.defs.assets import learning
from turbomode_assets.promotion import gate
from turbomode_assets.store import home, registry, warehouse
from turbomode_assets_tests.defs import test_promotion
from turbomode_assets_tests.models import test_challenger
from turbomode_assets_tests.store import exchanged

MAY, JUNE = dt.date(2024, 5, 1), dt.date(2024, 6, 1)

store = test_promotion.store


@pytest.fixture
def pair(tmp_path: Path) -> exchanged.Pair:
    """A home that serves, one that trains, and a folder."""
    return exchanged.pair(tmp_path)


def teach(
    pair: exchanged.Pair,
    version: str,
    month: dt.date,
    against: str = "",
    *,
    is_passed: bool = True,
) -> str:
    """A challenger with a verdict on the training machine; its address."""
    artifact = test_challenger.trained().artifact
    address = exchanged.teach(pair.training, version, month, artifact)
    criterion = gate.Criterion(
        name="accuracy_floor",
        observed=0.7,
        required=0.6,
        is_passed=is_passed,
        sentence="share of right classes",
    )
    verdict = gate.Verdict(criteria=(criterion,), against=against)
    rows = verdict.to_frame("swing", version, month)
    with warehouse.opened(pair.training.warehouse) as kept:
        kept.append(tables.VERDICTS, rows)
    return address


def fall(pair: exchanged.Pair, version: str, successor: str, month: dt.date) -> None:
    """A standing by which a champion falls, on the training machine."""
    row = {"desk": "swing", "month": month, "version": version, "n_sessions": 200}
    row |= {"against": "the base rate", "gain": -0.01, "observed": 12.0}
    row |= {"required": 10.0, "is_passed": False, "successor": successor}
    frame = pl.DataFrame([row], schema=tables.STANDINGS.schema())
    with warehouse.opened(pair.training.warehouse) as kept:
        kept.append(tables.STANDINGS, frame)


def handed_over(pair: exchanged.Pair) -> list[str]:
    """Push on one machine and pull on the other; what was said."""
    told: list[str] = []
    list(exchanging.push(pair.side(pair.training), "train"))
    list(exchanging.pull(pair.side(pair.serving), "serve", told.append))
    return told


def reigns(pair: exchanged.Pair) -> list[str]:
    found = exchanged.read(pair.serving, tables.CHAMPIONS).sort("effective_from")
    versions: list[str] = found["version"].to_list()
    return versions


def test_a_challenger_that_passed_reigns(pair: exchanged.Pair) -> None:
    address = teach(pair, "v1", JUNE)
    assert handed_over(pair) == ["v1: reigns from 2024-06-03"]
    assert reigns(pair) == ["v1"]
    assert registry.is_intact(pair.serving.models, address)
    assert handed_over(pair) == []


def test_a_challenger_that_failed_does_not(pair: exchanged.Pair) -> None:
    teach(pair, "v1", JUNE, is_passed=False)
    assert handed_over(pair) == ["v1: refused, share of right classes"]
    assert reigns(pair) == []


def test_a_challenger_without_a_verdict_does_not(pair: exchanged.Pair) -> None:
    exchanged.teach(pair.training, "v1", JUNE)
    assert handed_over(pair) == ["v1: refused, no verdict came along"]


def test_a_verdict_over_somebody_else_does_not_count(pair: exchanged.Pair) -> None:
    teach(pair, "v1", MAY)
    handed_over(pair)
    teach(pair, "v2", JUNE, against="v0")
    told = "v2: not crowned, it was held against v0 and v1 reigns"
    assert handed_over(pair) == [told]
    assert reigns(pair) == ["v1"]


def test_months_that_come_together_are_taken_in_order(pair: exchanged.Pair) -> None:
    teach(pair, "v1", MAY)
    teach(pair, "v2", JUNE, against="v1")
    assert len(handed_over(pair)) == 2
    assert reigns(pair) == ["v1", "v2"]


def test_a_fallen_champion_is_unseated_before_its_successor_comes(
    pair: exchanged.Pair,
) -> None:
    teach(pair, "v1", MAY)
    handed_over(pair)
    fall(pair, "v1", "", JUNE)
    teach(pair, "v2", JUNE, against="")
    told = handed_over(pair)
    assert told[0].startswith("demoted: v1")
    assert reigns(pair) == ["v1", "", "v2"]


def test_an_old_challenger_is_not_crowned_when_its_month_is_sent_again(
    pair: exchanged.Pair,
) -> None:
    teach(pair, "v1", JUNE, against="nobody known here")
    handed_over(pair)
    teach(pair, "v2", JUNE, is_passed=False)
    assert [line[:2] for line in handed_over(pair)] == ["v2"]
    assert reigns(pair) == []


def test_a_model_that_does_not_load_changes_nothing(pair: exchanged.Pair) -> None:
    teach(pair, "v1", JUNE)
    torn = {"card.json": test_challenger.trained().artifact["card.json"]}
    with warehouse.opened(pair.training.warehouse) as kept:
        kept.replace(tables.MODELS, tables.MODELS.empty(), JUNE, JUNE)
    exchanged.teach(pair.training, "v1", JUNE, torn)
    with pytest.raises(errors.ArtifactError):
        handed_over(pair)
    assert reigns(pair) == []
    assert exchanged.read(pair.serving, tables.MODELS).is_empty()


def test_a_home_of_its_own_has_nobody_to_exchange_with(tmp_path: Path) -> None:
    settings = home.Settings()
    with pytest.raises(errors.SettingsError, match="turbomode exchange join"):
        exchanging.side(home.Home(tmp_path), settings, exchanged.NOW)


def test_the_door_opens_once_even_after_a_crash(store: test_promotion.Store) -> None:
    store.train("v1")
    store.judge("v1", is_passed=True)
    with warehouse.opened(store.where.warehouse) as kept:
        assert exchanging.open_the_door(kept, store.instance) is None
    row = {"desk": "swing", "effective_from": dt.date(2024, 6, 3), "version": "v1"}
    row |= {"reason": "promoted by the gate", "decided_at": exchanged.NOW}
    store.write(tables.CHAMPIONS, pl.DataFrame([row], schema=tables.CHAMPIONS.schema()))
    with warehouse.opened(store.where.warehouse) as kept:
        assert exchanging.open_the_door(kept, store.instance) == "v1"
        assert exchanging.open_the_door(kept, store.instance) is None
    key = learning.CHAMPION_IN_FORCE
    assert store.instance.get_materialized_partitions(key) == {"2024-06-01"}
