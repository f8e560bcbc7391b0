"""A replay in a folder of its own: trainings side by side, none of them twice.

A training is stored under the content of what it was learned from, so that a replay
that was stopped, widened or repeated with other arms finds it again. What is replayed
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

from turbomode_assets import loop, policy, replay, succession
from turbomode_assets.models import card, challenger, scoring
from turbomode_assets.promotion import gate
from turbomode_assets.store import registry

_FRAMES = ("universe", "features", "outcomes", "samples")


@dataclasses.dataclass(frozen=True)
class Folder:
    """Where one world and its trainings lie."""

    root: Path

    @property
    def models(self) -> Path:
        """Artifacts."""
        return self.root / "models"

    def training(self, key: str) -> Path:
        """Predictions and address of one training."""
        return self.root / "trainings" / key


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trained:
    """One month's training: whether it was found, and the seconds it took."""

    month: dt.date
    was_done: bool
    seconds: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Replayed:
    """A replay that went through: what every arm said, and what it cost."""

    arms: dict[str, pl.DataFrame]
    ledger: replay.Shelf
    verdicts: dict[dt.date, gate.Verdict]


def keep(folder: Folder, world: replay.World) -> None:
    """Store a world, for the processes that train."""
    folder.root.mkdir(parents=True, exist_ok=True)
    for name in _FRAMES:
        getattr(world, name).write_parquet(folder.root / f"{name}.parquet")


@functools.lru_cache(maxsize=2)
def world_of(folder: Folder) -> replay.World:
    """World stored in a folder."""
    frames = {
        name: pl.read_parquet(folder.root / f"{name}.parquet") for name in _FRAMES
    }
    return replay.World(**frames)


def train_all(
    folder: Folder, months: Sequence[dt.date], n_workers: int
) -> Iterator[Trained]:
    """Train every month's challenger, several at a time; yields each as it ends.

    Parameters
    ----------
    folder
        Holds the world; takes the trainings.
    months
        First days of the months.
    n_workers
        Processes.
    """
    # A forked process would inherit the locks of the libraries' threads.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(n_workers, context) as executor:
        begun = [executor.submit(_train, folder, month) for month in months]
        for future in concurrent.futures.as_completed(begun):
            yield future.result()


def _train(folder: Folder, month: dt.date) -> Trained:
    began = time.monotonic()
    world = world_of(folder)
    target = folder.training(_key(world.samples, month))
    if (target / "training.json").exists():
        return Trained(month=month, was_done=True, seconds=0.0)
    record, artifact = replay.train(world, month)
    registry.save(folder.models, artifact)
    target.mkdir(parents=True, exist_ok=True)
    record.trained.oof.write_parquet(target / "oof.parquet")
    seconds = time.monotonic() - began
    importance = record.trained.importance
    note = {"address": record.address, "seconds": seconds, "importance": importance}
    # Written aside and renamed: a training without this file is not done.
    aside = target / "training.json.new"
    aside.write_text(json.dumps(note))
    aside.rename(target / "training.json")
    return Trained(month=month, was_done=False, seconds=seconds)


def _key(samples: pl.DataFrame, month: dt.date) -> str:
    """Name of a training: everything it depends on but the code."""
    known = loop.known_before(samples, month)
    rules = json.dumps(dataclasses.asdict(policy.SWING.training), sort_keys=True)
    told = f"{card.fingerprint(known)} {rules} {month}"
    return f"{month:%Y-%m}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def seconds_of(folder: Folder, months: Sequence[dt.date]) -> float:
    """Seconds all these trainings took, whenever that was."""
    samples = world_of(folder).samples
    return sum(float(_note(folder, samples, month)["seconds"]) for month in months)


def _note(folder: Folder, samples: pl.DataFrame, month: dt.date) -> dict[str, Any]:
    path = folder.training(_key(samples, month)) / "training.json"
    note: dict[str, Any] = json.loads(path.read_text())
    return note


def record_of(folder: Folder, month: dt.date) -> card.Record:
    """Record of a stored training."""
    samples = world_of(folder).samples
    oof = pl.read_parquet(folder.training(_key(samples, month)) / "oof.parquet")
    note = _note(folder, samples, month)
    return card.Record(
        desk=loop.DESK,
        trained=challenger.Challenger(oof, {}, note["importance"]),
        known=loop.known_before(samples, month),
        month=month,
        address=note["address"],
    )


def scorer_of(folder: Folder) -> succession.ScorerOf:
    """Loads scorers of a folder; the last few are kept."""

    @functools.lru_cache(maxsize=4)
    def load(address: str) -> scoring.Scorer:
        return scoring.load(registry.load(folder.models, address))

    return load


def live(
    folder: Folder, span: replay.Span, now: dt.datetime, progress: replay.Progress
) -> Replayed:
    """Chain the stored trainings of a span through every arm.

    Parameters
    ----------
    folder
        Holds the world and a training for each month.
    span
        Sessions lived.
    now
        Moment written beside every decision, UTC.
    progress
        Told how each month ended.
    """
    world, load = world_of(folder), scorer_of(folder)
    gated = replay.Gated(world, span, load)
    verdicts = {}
    for month in span.months():
        verdict = gated.live(record_of(folder, month), now)
        verdicts[month] = verdict
        failed = ", ".join(c.name for c in verdict.criteria if not c.is_passed)
        progress(f"{month:%Y-%m}: {failed or 'promoted'}")
    arms = replay.speak(world, span, _trainings(folder, span), gated.ledger)
    return Replayed(arms=arms, ledger=gated.ledger, verdicts=verdicts)


def _trainings(folder: Folder, span: replay.Span) -> Iterator[replay.Training]:
    samples, load = world_of(folder).samples, scorer_of(folder)
    for month in span.months():
        record = record_of(folder, month)
        yield replay.Training(
            record=record,
            scorer=load(record.address),
            volatility=replay.fit_volatility(samples, month),
        )
