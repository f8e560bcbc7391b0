"""Killed wherever it writes, a home loses nothing, doubles nothing and goes on.

The nights are swept here; further stories, and kills in the midst of a statement, take
minutes: ``make test-slow``, and ``crashes/report.py`` for hundreds of them.
"""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from turbomode_assets import proof_tables, tables
from turbomode_assets.defs import driver, intake
from turbomode_assets.defs.assets import signals
from turbomode_assets.signals import chain
from turbomode_assets.store import home, registry, warehouse
from turbomode_assets_tests import lakes, verifying
from turbomode_assets_tests.conftest import Lived
from turbomode_assets_tests.crashes import kills, stories, sweep

pytestmark = pytest.mark.xdist_group("lived")


def passed_through(
    where: home.Home, live: Callable[[], None], folder: Path
) -> list[Path]:
    """Copies of every state a home is in while something happens to it."""
    if lakes.are_asked_for():
        pytest.skip("the catalog of a lake is no file that can be copied meanwhile")
    return sweep.record(where, live, folder / "states").states


def recorded(lived: Lived, folder: Path, story: str) -> tuple[home.Home, list[Path]]:
    """A home whose story was told, and what every kill in it may have left."""
    where = stories.prepared(lived.where, folder / "home", story)
    states = passed_through(where, lambda: stories.live(where, story), folder)
    assert len(states) > 1
    return where, states


def complaints(lived: Lived, folder: Path, story: str) -> list[dict[str, object]]:
    """What is wrong with any of these, or with what becomes of it."""
    where, states = recorded(lived, folder, story)
    expected = stories.told(where, story)
    found = [stories.complaints(state, story, expected) for state in states]
    return [wrong for wrong in found if wrong]


def test_a_night_survives_every_kill(lived: Lived, tmp_path: Path) -> None:
    assert complaints(lived, tmp_path, "night") == []


@pytest.mark.slow
@pytest.mark.parametrize("story", [story for story in stories.ALL if story != "night"])
def test_a_story_survives_every_kill(lived: Lived, tmp_path: Path, story: str) -> None:
    assert complaints(lived, tmp_path, story) == []


@pytest.mark.slow
@pytest.mark.parametrize("story", stories.ALL)
def test_a_story_survives_kills_at_any_moment(
    lived: Lived, tmp_path: Path, story: str
) -> None:
    killer, dice = kills.prepare(lived.where, tmp_path, story), random.Random(7)  # noqa: S311
    for _ in range(2):
        killer.kill_a_life(tmp_path, dice)
    assert killer.n_kills > 0
    assert killer.wrong == []


@pytest.mark.parametrize(
    ("owner", "name"),
    [(intake, "result"), (driver.Driver, "_restate")],
    ids=["between a revision and its bar", "before what rests on it is made again"],
)
def test_a_run_restates_what_an_interrupted_one_did_not(
    lived: Lived, tmp_path: Path, owner: object, name: str
) -> None:
    story = "restatement"
    calm, cut = (
        stories.prepared(lived.where, tmp_path / each, story)
        for each in ("calm", "cut")
    )
    stories.live(calm, story)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, interrupted)
        with pytest.raises((KeyboardInterrupt, dg.DagsterExecutionInterruptedError)):
            stories.live(cut, story)
    expected = stories.told(calm, story)
    assert stories.complaints(cut.root, story, expected) == {}


Fresh = Sequence[pl.DataFrame]


def linked_in_a_transaction_of_its_own(store: warehouse.Warehouse, fresh: Fresh) -> int:
    """A mistake: signals first, the link that stands for them afterwards."""
    rows = pl.concat([tables.SIGNALS.empty(), *fresh])
    n_emitted = store.append(tables.SIGNALS, rows)
    links = chain.extend(store.read(proof_tables.SIGNAL_CHAIN), rows)
    store.append(proof_tables.SIGNAL_CHAIN, links)
    return n_emitted


def flagged_as_done(store: warehouse.Warehouse, fresh: Fresh) -> int:
    """A mistake: a flag says which sessions were done, whatever rows there are."""
    flags = store.read(proof_tables.SIGNAL_CHAIN)
    rows = pl.concat([tables.SIGNALS.empty(), *fresh])
    new = rows.join(flags, on="session", how="anti")
    store.append(proof_tables.SIGNAL_CHAIN, chain.extend(flags, new))
    return store.append(tables.SIGNALS, new)


def test_a_marker_outside_its_transaction_is_caught(
    lived: Lived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "emit", linked_in_a_transaction_of_its_own)
    _, states = recorded(lived, tmp_path, "night")
    found = [verifying.broken(home.Home(state)).keys() for state in states]
    assert {"chain_unbroken"} in found


def test_a_flag_in_the_place_of_an_anti_join_is_caught(
    lived: Lived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "emit", flagged_as_done)
    where, states = recorded(lived, tmp_path, "night")
    expected = stories.told(where, "night")
    (flagged,) = [each for each in states if verifying.broken(home.Home(each))]
    found = stories.complaints(flagged, "night", expected)
    assert {"chain_unbroken, resumed", "swing.signals"} <= found.keys()


@pytest.mark.parametrize("is_card_first", [True, False])
def test_a_card_before_its_artifact_is_caught(
    lived: Lived, tmp_path: Path, *, is_card_first: bool
) -> None:
    where = stories.prepared(lived.where, tmp_path / "home", "night")
    artifact = {"card.json": b"{}"}
    address = pl.lit(registry.content_address(artifact))

    def save_card() -> object:
        with warehouse.opened(where.warehouse) as store, store.transaction():
            card = store.read(tables.MODELS).tail(1)
            verdict = store.read(tables.VERDICTS).tail(1)
            new = card.with_columns(version=pl.lit("new"), artifact_sha256=address)
            store.append(tables.MODELS, new)
            return store.append(
                tables.VERDICTS, verdict.with_columns(version=pl.lit("new"))
            )

    def save_artifact() -> object:
        return registry.save(where.models, artifact)

    def train() -> None:
        first, then = save_artifact, save_card
        if is_card_first:
            first, then = then, first
        first()
        then()

    states = passed_through(where, train, tmp_path)
    found = {name for each in states for name in verifying.broken(home.Home(each))}
    assert found == ({"artifacts_match_manifests"} if is_card_first else set())
