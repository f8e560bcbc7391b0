"""The learned model as Dagster runs it: taught, gated, crowned, and then it speaks."""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from turbomode_assets import desks, errors, intraday_policy, intraday_tables
from turbomode_assets.defs import (
    assembly,
    desk_due,
    desk_learning,
    partitions,
    resources,
)
from turbomode_assets.defs.assets import intraday_learning
from turbomode_assets.defs.partitions import Window
from turbomode_assets.intraday import consensus
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes, test_intraday_replay

FIRST, EVE = dt.date(2024, 1, 2), dt.date(2024, 7, 5)
TOO_SOON, WEEK, MONDAY = dt.date(2024, 2, 4), dt.date(2024, 7, 7), dt.date(2024, 7, 8)
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
SETTINGS = home.Settings(edge=6.0, first=FIRST)


class QuickRounds(resources.RoundsResource):
    """The simulated market under a policy that learns from half a year."""

    def rules(self) -> intraday_policy.IntradayPolicy:
        """Policy of the home, with a quick learner."""
        quick = test_intraday_replay.RULES
        return dataclasses.replace(
            super().rules(), learning=quick.learning, gate=quick.gate
        )


@dataclasses.dataclass(frozen=True)
class Desk:
    """A home and its instance."""

    where: home.Home
    instance: dg.DagsterInstance

    def job(self, name: str, window: Window, now: dt.datetime) -> Any:
        """Run a job of the desk over some partitions."""
        own = {
            "clock": resources.ClockResource(fixed_at=now.isoformat()),
            "rounds": QuickRounds(kind="simulated", edge=6.0),
        }
        job = assembly.assemble(self.where, SETTINGS, own).resolve_job_def(name)
        is_one = window.first == window.last
        return job.execute_in_process(
            instance=self.instance,
            partition_key=str(window.first) if is_one else None,
            tags={} if is_one else partitions.range_tags(window),
            run_config=QUIET,
            raise_on_error=False,
        )

    def read(self, table: Any) -> pl.DataFrame:
        """Rows of a table."""
        with warehouse.opened(self.where.warehouse) as store:
            return store.read(table)


def at(day: dt.date, hour: int = 22) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, hour, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk that spoke for half a year."""
    where = home.Home(tmp_path_factory.mktemp("learning_desk"))
    lakes.prepare(where, SETTINGS)
    with dg.DagsterInstance.ephemeral() as instance:
        made = Desk(where, instance)
        assert made.job(desk_due.ROUND, Window(FIRST, EVE), at(EVE)).success
        assert made.job(desk_due.WEIGHING, Window(FIRST, EVE), at(EVE)).success
        yield made


@pytest.fixture(scope="module")
def taught(desk: Desk) -> Desk:
    """The same, after a challenger was trained, judged and crowned."""
    found = desk.job(desk_due.TEACHING, Window(WEEK, WEEK), at(WEEK))
    assert found.success
    return desk


def checks(found: Any) -> dict[str, Any]:
    return {
        one.check_name: one
        for one in found.get_asset_check_evaluations()
        if one.asset_key == intraday_learning.CHALLENGER
    }


def test_where_too_little_was_graded_that_is_said_and_nothing_fails(
    desk: Desk,
) -> None:
    found = desk.job(desk_due.TEACHING, Window(TOO_SOON, TOO_SOON), at(TOO_SOON))
    assert found.success
    gate = checks(found)[intraday_learning.PROMOTION_GATE]
    assert not gate.passed
    assert gate.severity == dg.AssetCheckSeverity.WARN
    assert "No challenger yet: the first of 4 folds" in gate.description
    models = desk.read(desks.MODELS)
    assert models.filter(pl.col("month") == TOO_SOON).is_empty()


def test_a_challenger_that_passes_is_crowned_for_sessions_to_come(
    taught: Desk,
) -> None:
    reigns = taught.read(desks.CHAMPIONS)
    assert reigns["effective_from"].to_list() == [MONDAY]
    version = reigns["version"][0]
    assert set(taught.read(desks.VERDICTS).filter(version=version)["is_passed"]) == {
        True
    }
    card = taught.read(desks.MODELS).row(0, named=True)
    assert card["labels_known_on"] <= EVE
    assert card["version"] == version == taught.read(desks.PREDICTIONS)["version"][0]


def test_the_champion_speaks_from_its_first_session_on(taught: Desk) -> None:
    found = taught.job(desk_due.ROUND, Window(MONDAY, MONDAY), at(MONDAY))
    assert found.success
    place = consensus.BASELINES.index("learned_model")
    said = taught.read(intraday_tables.SIGNALS).select(
        "session",
        is_own=pl.col("expert_probabilities").list.get(place)
        != pl.col("expert_probabilities").list.get(0),
    )
    spoken = said.group_by("session").agg(pl.col("is_own").any()).filter("is_own")
    assert spoken["session"].to_list() == [MONDAY]
    (said,) = found.asset_materializations_for_node("intraday__signals")
    shown = str(said.metadata["champions"].value)
    week = f"?view=partitions&partition={WEEK}"
    assert f"[model card](/assets/intraday/challenger{week})" in shown
    assert f"[verdict](/assets/intraday/verdicts{week})" in shown


def test_teaching_a_week_again_adds_nothing(taught: Desk) -> None:
    before = {table: taught.read(table) for table in desks.TABLES}
    assert taught.job(desk_due.TEACHING, Window(WEEK, WEEK), at(WEEK)).success
    for table, rows in before.items():
        assert taught.read(table).equals(rows), table.name


def test_nobody_is_seated_by_hand_after_a_failed_gate(
    taught: Desk, tmp_path: Path
) -> None:
    card, verdict = taught.read(desks.MODELS), taught.read(desks.VERDICTS)
    with warehouse.opened(lakes.place(tmp_path / "other.duckdb")) as store:
        store.append(desks.MODELS, card)
        with pytest.raises(errors.PromotionRefused, match="found: none"):
            desk_learning.seat(store, WEEK, at(WEEK))
        store.append(
            desks.VERDICTS, verdict.with_columns(is_passed=pl.lit(value=False))
        )
        with pytest.raises(errors.PromotionRefused, match="needs a passing verdict"):
            desk_learning.seat(store, WEEK, at(WEEK))
        assert desk_learning.seat(store, TOO_SOON, at(WEEK)).is_empty()


def test_a_week_is_asked_for_until_its_challenger_was_judged(taught: Desk) -> None:
    rounds = QuickRounds(kind="simulated", edge=6.0)
    asked = desk_due.next_teaching(taught.instance, rounds, at(WEEK))
    assert asked == "The challenger of this week was trained and judged."
    later = desk_due.next_teaching(taught.instance, rounds, at(dt.date(2024, 7, 16)))
    assert not isinstance(later, str)
    assert (later.job, later.first) == (desk_due.TEACHING, "2024-07-14")
    resting = QuickRounds(kind="files")
    assert "rests" in str(desk_due.next_teaching(taught.instance, resting, at(WEEK)))
