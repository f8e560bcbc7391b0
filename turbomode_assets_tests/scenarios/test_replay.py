"""A replay tells what living through the same months would have told."""

import dataclasses
import datetime as dt
import json

import polars as pl
import pytest

from turbomode_assets import (
    judging,
    policy,
    replay,
    replay_files,
    replay_world,
    schema,
    tables,
)
from turbomode_assets.defs import arms
from turbomode_assets.models import scoring
from turbomode_assets.promotion import alias
from turbomode_assets.sources import simulated
from turbomode_assets.store import registry, warehouse
from turbomode_assets_tests import conftest
from turbomode_assets_tests.conftest import Lived

pytestmark = pytest.mark.xdist_group("lived")

NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
MONTH = dt.date(2024, 3, 1)
SPAN = replay_world.Span(
    first=conftest.SETTINGS.first, live_from=conftest.LIVE_FROM, last=conftest.LAST
)


def source(edge: float = conftest.SETTINGS.edge) -> simulated.Simulated:
    settings = conftest.SETTINGS
    return simulated.Simulated(settings.seed, edge, settings.n_symbols)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> replay_files.Folder:
    """World and trainings of the small history."""
    made = replay_files.Folder(tmp_path_factory.mktemp("replay"), SPAN)
    replay_files.keep(made, replay_world.build_world(source(), SPAN, NOW))
    done = list(replay_files.train_all([made], 2))
    assert not any(one.was_done for one in done)
    return made


@pytest.fixture(scope="module")
def replayed(folder: replay_files.Folder) -> replay_files.Replayed:
    return next(replay_files.live_all([folder], NOW, 1))


ALIKE = (
    tables.SIGNALS,
    tables.OOF_PREDICTIONS,
    tables.VERDICTS,
    tables.STANDINGS,
    tables.CHAMPIONS,
)


@pytest.mark.parametrize("table", ALIKE, ids=lambda table: table.name)
def test_the_gated_arm_is_what_was_lived(
    lived: Lived, replayed: replay_files.Replayed, table: schema.Table
) -> None:
    rows = replayed.ledger.read(table).drop(table.wall_clock_columns)
    assert rows.height > 0
    assert rows.equals(lived.read(table))


@pytest.mark.parametrize(
    ("table", "beside"),
    [
        (tables.FEATURES, []),
        (tables.OUTCOMES, ["side", "is_hit"]),
        (tables.SAMPLES, ["origin"]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_world_is_what_was_lived_but_for_what_was_said_in_it(
    lived: Lived, folder: replay_files.Folder, table: schema.Table, beside: list[str]
) -> None:
    world = replay_files.world_of(folder)
    rows = getattr(world, table.base_name).sort(table.key)
    alive = lived.read(table)
    assert rows.height > 0
    assert rows.drop(beside).equals(alive.select(rows.columns).drop(beside))


def test_listed_rows_are_those_the_verdict_was_about(
    lived: Lived, replayed: replay_files.Replayed
) -> None:
    def load(address: str) -> scoring.Scorer:
        return scoring.load(registry.load(lived.where.models, address))

    judged = replayed.ledger.read(tables.VERDICTS).filter(pl.col("against") != "")
    asked = judged.filter(pl.col("criterion") == "better_point_estimate")
    assert asked.height > 0
    for version, observed in asked.select("version", "observed").iter_rows():
        with warehouse.opened(lived.where.warehouse) as store:
            rows = judging.compared_rows(store, version, load)
        gain = (pl.col("loss_champion") - pl.col("loss")).mean().alias("gain")
        bets = rows.filter("is_bet_on").group_by("session").agg(gain).sort("session")
        late = bets["gain"].tail(policy.SWING.gate.recent_sessions)
        assert late.mean() == pytest.approx(observed)


def test_models_differ_only_in_where_a_sample_came_from(
    lived: Lived, replayed: replay_files.Replayed
) -> None:
    beside = [*tables.MODELS.wall_clock_columns, "data_fingerprint"]
    rows = replayed.ledger.read(tables.MODELS).drop(beside)
    alive = lived.read(tables.MODELS).drop("data_fingerprint")
    differing = [name for name in rows.columns if not rows[name].equals(alive[name])]
    assert differing == []


def test_arms_speak_of_the_same_rows(replayed: replay_files.Replayed) -> None:
    keys = {
        arm: rows.select("symbol", "session") for arm, rows in replayed.arms.items()
    }
    assert set(keys) == {*replay.ARMS, replay.OLDER}
    newest = keys["always_newest"]
    assert newest.equals(keys["volatility_only"])
    assert newest.equals(keys["base_rate"])
    assert keys["gated"].join(newest, on=["symbol", "session"], how="anti").is_empty()


def test_the_frozen_arm_never_changes_its_mind(replayed: replay_files.Replayed) -> None:
    first = replayed.ledger.read(tables.CHAMPIONS)["version"][0]
    assert replayed.arms["frozen"]["version"].unique().to_list() == [first]
    assert replayed.arms["always_newest"]["version"].n_unique() == 2


def test_what_is_not_compared_is_lived_all_the_same(
    folder: replay_files.Folder, replayed: replay_files.Replayed
) -> None:
    begin = dt.date(2024, 2, 1)
    later = dataclasses.replace(SPAN, compare_from=begin)
    found = replay_files.live(dataclasses.replace(folder, span=later), NOW)
    is_compared = pl.col("session") >= begin
    for arm in ("gated", "always_newest", "volatility_only", "base_rate"):
        rows = found.arms[arm]
        assert rows.height > 0
        assert rows.equals(replayed.arms[arm].filter(is_compared)), arm
    reigning = alias.reigning(found.ledger.read(tables.CHAMPIONS), "swing", begin)
    assert found.arms["frozen"]["version"].unique().to_list() == [reigning]


@pytest.mark.parametrize(
    ("begin", "version"), [(1, "v1"), (11, "v1"), (21, "v3"), (31, "v3"), (41, None)]
)
def test_whoever_reigns_when_arms_are_compared_stays_for_ever(
    begin: int, version: str | None
) -> None:
    effective = {10: "v1", 20: "", 30: "v3", 40: ""}
    first = dt.date(2024, 1, 1)
    rows = [
        {
            "desk": "swing",
            "version": name,
            "effective_from": first + dt.timedelta(days=n),
            "decided_at": NOW + dt.timedelta(days=n),
        }
        for n, name in effective.items()
    ]
    day = first + dt.timedelta(days=begin)
    assert replay._unchanged(pl.DataFrame(rows), day) == version  # noqa: SLF001


def test_probabilities_of_every_arm_are_probabilities(
    replayed: replay_files.Replayed,
) -> None:
    for rows in replayed.arms.values():
        total = rows.select(pl.sum_horizontal("p_up", "p_flat", "p_down")).to_series()
        assert total.is_between(1 - 1e-9, 1 + 1e-9).all()


def test_a_home_tells_the_same_of_its_arms(
    lived: Lived, replayed: replay_files.Replayed
) -> None:
    def load(address: str) -> scoring.Scorer:
        return scoring.load(registry.load(lived.where.models, address))

    with warehouse.opened(lived.where.warehouse) as store:
        found = arms.lived(store, load, MONTH)
    assert set(found.arms) == set(replay.ARMS)
    for arm, rows in found.arms.items():
        matured = replayed.arms[arm].filter(pl.col("matures_on") < MONTH)
        assert rows.height > 0
        assert rows.equals(matured), arm


def test_no_training_is_done_twice(folder: replay_files.Folder) -> None:
    again = list(replay_files.train_all([folder], 1))
    assert all(one.was_done and one.cpu_seconds > 0 for one in again)


@pytest.mark.parametrize("fault", ["other code", "damaged artifact"])
def test_a_training_that_cannot_be_relied_on_is_done_again(
    folder: replay_files.Folder, fault: str
) -> None:
    file = min(folder.root.glob("trainings/*/training.json"))
    note = json.loads(file.read_text())
    if fault == "other code":
        file.write_text(json.dumps(note | {"made_by": "other code"}))
    else:
        (folder.models / note["address"] / "serving.npz").write_bytes(b"torn")
    again = list(replay_files.train_all([folder], 1))
    assert [one.was_done for one in again].count(False) == 1
    assert registry.is_intact(folder.models, note["address"])
    assert json.loads(file.read_text())["made_by"] == replay_files.made_by()


def test_permuted_labels_keep_their_frequencies() -> None:
    world = replay_world.build_world(source(), SPAN, NOW)
    dealt = replay_world.permute_labels(world, 1)
    column = "label_symmetric_10pct"
    before, after = (w.outcomes[column] for w in (world, dealt))
    assert before.value_counts(sort=True).equals(after.value_counts(sort=True))
    assert not before.equals(after)
    assert replay_world.permute_labels(world, 1).samples.equals(dealt.samples)
