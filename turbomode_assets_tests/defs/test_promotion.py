"""Nothing moves the champion alias but a passing verdict on an intact artifact."""

import dataclasses
import datetime as dt
import pathlib
from collections.abc import Iterator

import dagster as dg
import polars as pl
import pytest

from turbomode_assets import errors, schema, sessions, succession, tables
from turbomode_assets.defs import assembly
from turbomode_assets.defs.assets import learning
from turbomode_assets.promotion import gate
from turbomode_assets.store import home, registry, warehouse
from turbomode_assets_tests import lakes

MONTH = dt.date(2024, 6, 1)
FIRST_SESSION = dt.date(2024, 6, 3)
LAST_SIGNAL = dt.date(2024, 6, 5)
NOON = dt.datetime(2024, 6, 1, 12, tzinfo=dt.UTC)


@dataclasses.dataclass(frozen=True)
class Store:
    """A home with nothing but what a test writes by hand."""

    where: home.Home
    definitions: dg.Definitions
    instance: dg.DagsterInstance

    def write(self, table: schema.Table, rows: pl.DataFrame) -> None:
        """Append rows."""
        with warehouse.opened(self.where.warehouse) as store:
            store.append(table, rows)

    def read(self, table: schema.Table) -> pl.DataFrame:
        """Every stored row."""
        with warehouse.opened(self.where.warehouse) as store:
            return store.read(table)

    def train(
        self, version: str, at: dt.datetime = NOON, month: dt.date = MONTH
    ) -> str:
        """Write the card and artifact of a challenger; the artifact's address."""
        address = registry.save(self.where.models, {"card.json": version.encode()})
        self.write(tables.MODELS, _card(version, address, at, month))
        return address

    def judge(self, version: str, *, is_passed: bool, month: dt.date = MONTH) -> None:
        """Write a verdict of one criterion."""
        criterion = gate.Criterion(
            name="accuracy_floor",
            observed=0.7 if is_passed else 0.5,
            required=0.6,
            is_passed=is_passed,
            sentence="share of right classes",
        )
        verdict = gate.Verdict(criteria=(criterion,), against="")
        self.write(tables.VERDICTS, verdict.to_frame("swing", version, month))

    def promote(self, month: dt.date = MONTH) -> None:
        """Materialize the champion alone, as a person may do by hand."""
        job = self.definitions.resolve_job_def("retraining")
        job.execute_in_process(
            instance=self.instance,
            partition_key=str(month),
            asset_selection=[learning.CHAMPION],
        )

    def door(self) -> set[str]:
        """Months for which the door of the loop was opened."""
        return self.instance.get_materialized_partitions(learning.CHAMPION_IN_FORCE)


@pytest.fixture
def store(tmp_path: pathlib.Path) -> Iterator[Store]:
    where, settings = home.Home(tmp_path), home.Settings()
    lakes.prepare(where, settings)
    with dg.DagsterInstance.ephemeral() as instance:
        yield Store(where, assembly.assemble(where, settings), instance)


def _card(version: str, address: str, at: dt.datetime, month: dt.date) -> pl.DataFrame:
    hashes = ("data_fingerprint", "feature_version", "policy_version")
    row = dict.fromkeys(hashes, "0") | {
        "desk": "swing",
        "version": version,
        "month": month,
        "window_from": dt.date(2022, 1, 3),
        "window_to": dt.date(2024, 4, 30),
        "labels_known_on": dt.date(2024, 5, 15),
        "n_samples": 100,
        "parameters": "{}",
        "metrics": "{}",
        "artifact_sha256": address,
        "importance": "{}",
        "began_at": at,
        "trained_at": at,
    }
    return pl.DataFrame([row], schema=tables.MODELS.schema())


def _signals(last: dt.date) -> pl.DataFrame:
    row = dict.fromkeys(("p_up", "p_flat", "p_down", "edge"), 0.3) | {
        "symbol": "SIM001",
        "base_probabilities": [0.3, 0.4, 0.3],
        "side": "hold",
        "rank": 1,
        "features": [0.5],
        "mode": "live",
        "emitted_at": NOON,
    }
    hashes = ("champion_version", "policy_version", "feature_version", "features_hash")
    row |= dict.fromkeys(hashes, "0")
    days = sessions.sessions_between(FIRST_SESSION, last)
    rows = [row | {"session": day} for day in days]
    return pl.DataFrame(rows, schema=tables.SIGNALS.schema())


def _effective(store: Store) -> list[tuple[str, dt.date]]:
    return store.read(tables.CHAMPIONS).select("version", "effective_from").rows()


def test_a_failing_verdict_is_refused(store: Store) -> None:
    store.train("v1")
    store.judge("v1", is_passed=False)
    with pytest.raises(errors.PromotionRefused, match="share of right classes"):
        store.promote()
    assert _effective(store) == []
    assert store.door() == set()


def test_a_challenger_without_a_verdict_is_refused(store: Store) -> None:
    store.train("v1")
    with pytest.raises(errors.PromotionRefused, match="found: none"):
        store.promote()
    assert _effective(store) == []


def test_the_latest_challenger_of_the_month_is_meant(store: Store) -> None:
    store.train("v1")
    store.judge("v1", is_passed=True)
    store.train("v2", at=NOON + dt.timedelta(hours=1))
    store.judge("v2", is_passed=False)
    with pytest.raises(errors.PromotionRefused, match="v2"):
        store.promote()
    assert _effective(store) == []


def test_a_challenger_of_another_month_is_not_meant(store: Store) -> None:
    store.train("v1", month=dt.date(2024, 5, 1))
    store.judge("v1", is_passed=True, month=dt.date(2024, 5, 1))
    with pytest.raises(errors.MissingUpstream, match="2024-06-01"):
        store.promote()


def test_without_a_challenger_there_is_nothing_to_promote(store: Store) -> None:
    with pytest.raises(errors.MissingUpstream, match="train one first"):
        store.promote()
    assert _effective(store) == []
    assert store.door() == set()


def test_a_passing_verdict_opens_the_door(store: Store) -> None:
    store.train("v1")
    store.judge("v1", is_passed=True)
    store.promote()
    assert _effective(store) == [("v1", FIRST_SESSION)]
    assert store.door() == {str(MONTH)}


def test_promoting_again_changes_nothing(store: Store) -> None:
    store.train("v1")
    store.judge("v1", is_passed=True)
    store.promote()
    before = store.read(tables.CHAMPIONS)
    store.write(tables.SIGNALS, _signals(LAST_SIGNAL))
    store.promote()
    assert store.read(tables.CHAMPIONS).equals(before)
    assert store.door() == {str(MONTH)}


def test_promoting_again_after_a_rollback_says_who_reigns(store: Store) -> None:
    may = dt.date(2024, 5, 1)
    for version, month in (("v1", may), ("v2", MONTH)):
        store.train(version, month=month)
        store.judge(version, is_passed=True, month=month)
        store.promote(month)
    with warehouse.opened(store.where.warehouse) as home_store:
        back = succession.roll_back(home_store, "v1", LAST_SIGNAL, NOON)
    store.write(tables.CHAMPIONS, back)
    store.promote()
    assert store.read(tables.CHAMPIONS).height == 3
    event = store.instance.get_latest_materialization_event(learning.CHAMPION_IN_FORCE)
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["version"].value == "v1"


def test_a_tampered_artifact_is_not_promoted(store: Store) -> None:
    address = store.train("v1")
    store.judge("v1", is_passed=True)
    (store.where.models / address / "card.json").write_bytes(b"other")
    with pytest.raises(errors.ArtifactError, match="changed"):
        store.promote()
    assert _effective(store) == []
    assert store.door() == set()


def test_a_promotion_never_reaches_behind_a_signal(store: Store) -> None:
    store.write(tables.SIGNALS, _signals(LAST_SIGNAL))
    store.train("v1")
    store.judge("v1", is_passed=True)
    store.promote()
    assert _effective(store) == [("v1", dt.date(2024, 6, 6))]


def test_a_later_champion_follows_an_earlier_one(store: Store) -> None:
    may = dt.date(2024, 5, 1)
    store.train("v1", month=may)
    store.judge("v1", is_passed=True, month=may)
    store.promote(may)
    store.train("v2")
    store.judge("v2", is_passed=True)
    store.promote()
    assert _effective(store) == [("v1", may), ("v2", FIRST_SESSION)]
    assert store.door() == {str(may), str(MONTH)}


def test_two_promotions_of_one_month_both_stand(store: Store) -> None:
    for version, hour in (("v1", 0), ("v2", 1)):
        store.train(version, at=NOON + dt.timedelta(hours=hour))
        store.judge(version, is_passed=True)
        store.promote()
    rows = store.read(tables.CHAMPIONS).select("version", "effective_from").rows()
    assert rows == [("v1", FIRST_SESSION), ("v2", sessions.shift(FIRST_SESSION, 1))]


def test_an_earlier_month_never_dethrones_a_later_one(store: Store) -> None:
    may = dt.date(2024, 5, 1)
    for version, month in (("v2", MONTH), ("v1", may)):
        store.train(version, month=month)
        store.judge(version, is_passed=True, month=month)
    store.promote()
    with pytest.raises(errors.PromotionRefused, match="cannot follow v2"):
        store.promote(may)
    assert store.read(tables.CHAMPIONS)["version"].to_list() == ["v2"]
