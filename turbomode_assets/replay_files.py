"""Replays in folders of their own: trainings side by side, none of them twice.

1. `keep`        a world                    -> files
2. `train_all`   worlds, months             -> trainings, several at a time
3. `live_all`    worlds, their trainings    -> what every arm said, several at a time

A training is stored under the content of what it was learned from, so that a replay
that was stopped, widened or repeated with other arms finds it again; one by other code
or libraries, or with a damaged artifact, is done again. What is replayed
stands in ``replay.py``. The live ledger is never touched.
"""

import concurrent.futures
import dataclasses
import datetime as dt
import functools
import hashlib
import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from turbomode_assets import loop, policy, replay, replay_world, succession
from turbomode_assets.features import catalog
from turbomode_assets.models import card, challenger, scoring
from turbomode_assets.store import registry

_ONLY_LOOKING = (
    "card.py",
    "contributions.py",
    "diagnostics.py",
    "fold_losses.py",
    "tree_games.py",
)
"""Modules of the models that look at what was learned and change nothing of it."""

_KEPT_LOADED = 64
"""Scorers kept in memory: of the five years whose decisions count, and some."""

_FRAMES = ("universe", "features", "outcomes", "samples")


@dataclasses.dataclass(frozen=True)
class Folder:
    """Where one world and its trainings lie, the span lived, and by which rules."""

    root: Path
    span: replay_world.Span
    rules: policy.Policy = policy.SWING

    @property
    def models(self) -> Path:
        """Artifacts."""
        return self.root / "models"

    def training(self, key: str) -> Path:
        """Predictions and address of one training."""
        return self.root / "trainings" / key


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trained:
    """One month's training: whether it was found, and what it took."""

    folder: Folder
    month: dt.date
    was_done: bool
    seconds: float
    """Seconds it ran beside others, whenever that was."""
    cpu_seconds: float
    """Seconds of one processor."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Replayed:
    """A replay that went through: what every arm said, and what was decided."""

    folder: Folder
    arms: dict[str, pl.DataFrame]
    ledger: replay.Shelf


def keep(folder: Folder, world: replay_world.World) -> None:
    """Store a world, for the processes that train."""
    folder.root.mkdir(parents=True, exist_ok=True)
    for name in _FRAMES:
        getattr(world, name).write_parquet(folder.root / f"{name}.parquet")


@functools.lru_cache(maxsize=2)
def world_of(folder: Folder) -> replay_world.World:
    """World stored in a folder."""
    frames = {
        name: pl.read_parquet(folder.root / f"{name}.parquet") for name in _FRAMES
    }
    return replay_world.World(**frames)


def train_all(folders: Sequence[Folder], n_workers: int) -> Iterator[Trained]:
    """Train every month's challenger, several at a time; yields each as it ends.

    Parameters
    ----------
    folders
        Hold worlds; take the trainings.
    n_workers
        Processes.
    """
    with processes(n_workers) as executor:
        begun = [
            executor.submit(_train, folder, month)
            for folder in folders
            for month in folder.span.months()
        ]
        for future in concurrent.futures.as_completed(begun):
            yield future.result()


def live_all(
    folders: Sequence[Folder], now: dt.datetime, n_workers: int
) -> Iterator[Replayed]:
    """Live through every folder, several at a time; yields them in order.

    Parameters
    ----------
    folders
        Hold worlds, and a training for each month.
    now
        Moment written beside every decision, UTC.
    n_workers
        Processes.
    """
    with processes(n_workers) as executor:
        yield from executor.map(functools.partial(live, now=now), folders)


def processes(n_workers: int) -> concurrent.futures.ProcessPoolExecutor:
    """Processes that share nothing with this one."""
    # A forked process would inherit the locks of the libraries' threads.
    context = multiprocessing.get_context("spawn")
    return concurrent.futures.ProcessPoolExecutor(n_workers, context)


def _train(folder: Folder, month: dt.date) -> Trained:
    samples = world_of(folder).samples
    target = folder.training(_key(folder, month))
    was_done = _is_done(folder, month)
    if not was_done:
        began, began_cpu = time.monotonic(), time.process_time()
        record, artifact = replay.train(samples, month, folder.rules)
        registry.save(folder.models, artifact)
        target.mkdir(parents=True, exist_ok=True)
        record.trained.oof.write_parquet(target / "oof.parquet")
        done = {
            "address": record.address,
            "made_by": made_by(),
            "seconds": time.monotonic() - began,
            "cpu_seconds": time.process_time() - began_cpu,
            "importance": record.trained.importance,
        }
        # Written aside and renamed: a training without this file is not done.
        aside = target / "training.json.new"
        aside.write_text(json.dumps(done))
        aside.rename(target / "training.json")
    note = _note(folder, month)
    took = {name: float(note[name]) for name in ("seconds", "cpu_seconds")}
    return Trained(folder=folder, month=month, was_done=was_done, **took)


def _is_done(folder: Folder, month: dt.date) -> bool:
    if not (folder.training(_key(folder, month)) / "training.json").exists():
        return False
    note = _note(folder, month)
    # Older notes do not say by what they were made, and are believed.
    is_alike = note.get("made_by", made_by()) == made_by()
    return is_alike and registry.is_intact(folder.models, note["address"])


@functools.cache
def made_by() -> str:
    """Twelve hex digits that change with the code and the libraries that learn."""
    learning = sorted(Path(card.__file__).parent.glob("*.py"))
    told = [
        catalog.formulas(module.read_text("utf-8"))
        for module in learning
        if module.name not in _ONLY_LOOKING
    ]
    told += [f"{name} {version}" for name, version in card.versions().items()]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:12]


@functools.cache
def _key(folder: Folder, month: dt.date) -> str:
    """Name of a training: everything it depends on but what `made_by` tells."""
    known = loop.known_before(world_of(folder).samples, month, folder.rules)
    rules = json.dumps(dataclasses.asdict(folder.rules.training), sort_keys=True)
    told = f"{card.fingerprint(known)} {rules} {month}"
    return f"{month:%Y-%m}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def _note(folder: Folder, month: dt.date) -> dict[str, Any]:
    path = folder.training(_key(folder, month)) / "training.json"
    note: dict[str, Any] = json.loads(path.read_text())
    return note


def record_of(folder: Folder, month: dt.date) -> card.Record:
    """Record of a stored training."""
    samples = world_of(folder).samples
    oof = pl.read_parquet(folder.training(_key(folder, month)) / "oof.parquet")
    note = _note(folder, month)
    return card.Record(
        desk=loop.DESK,
        trained=challenger.Challenger(oof, {}, note["importance"]),
        known=loop.known_before(samples, month, folder.rules),
        month=month,
        address=note["address"],
    )


def scorer_of(folder: Folder) -> succession.ScorerOf:
    """Loads scorers of a folder; the last are kept."""

    @functools.lru_cache(maxsize=_KEPT_LOADED)
    def load(address: str) -> scoring.Scorer:
        return scoring.load(registry.load(folder.models, address))

    return load


def live(folder: Folder, now: dt.datetime) -> Replayed:
    """Chain the stored trainings of a folder through every arm.

    Parameters
    ----------
    folder
        Holds the world and a training for each month.
    now
        Moment written beside every decision, UTC.
    """
    world, load = world_of(folder), scorer_of(folder)
    gated = replay.Gated(world, folder.span, load, folder.rules)
    trainings = []
    for month in folder.span.months():
        record = record_of(folder, month)
        gated.live(record, now)
        trainings.append((month, record.version, record.address))
    told = (
        replay.Training(
            month=month,
            version=version,
            scorer=load(address),
            volatility=replay.fit_volatility(world.samples, month, folder.rules),
        )
        for month, version, address in trainings
    )
    arms = replay.speak(world, folder.span, told, gated.ledger, folder.rules)
    return Replayed(folder=folder, arms=arms, ledger=gated.ledger)
