"""Sending: whatever differs from what was sent, increment by increment.

Steps 1 to 4 of ``exchange.py``. What a channel carries is its own affair.
"""

import dataclasses
import datetime as dt
import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from turbomode_assets import errors, schema
from turbomode_assets.store import (
    changes,
    exchange,
    fingerprints,
    manifest,
    registry,
    warehouse,
)

ARTIFACT = "artifact_sha256"
"""Column that names artifacts; rows that have it take them along."""


def publish(
    side: exchange.Side, channel: exchange.Channel
) -> Iterator[manifest.Manifest]:
    """Send whatever differs from what was sent, increment by increment.

    Parameters
    ----------
    side
        This end.
    channel
        What goes this way.

    Yields
    ------
    manifest.Manifest
        Each increment once it is there.

    Raises
    ------
    errors.ExchangeFailed
        Where the place cannot be reached or written, or this disk is full.
    errors.ExchangeRefused
        Where somebody else publishes there, or increments are gone.
    """
    with exchange.alone(side.where):
        yield from _settle(side, channel)
        while found := _send_next(side, channel):
            yield found


def _settle(
    side: exchange.Side, channel: exchange.Channel
) -> Iterator[manifest.Manifest]:
    """Put the manifest there that was recorded last, if the link was cut before."""
    with warehouse.opened(side.where.warehouse) as store:
        kept = exchange.record_of(store, side, channel.name, "sent")
    _refuse_strangers(side, channel, kept)
    there = set(manifest.places(side.remote.names(channel.name)))
    gone = [(place, found) for place, found in kept if place not in there]
    if gone and gone != kept[-1:]:
        message = (
            f"{side.remote.place} has lost {len(gone)} of {len(kept)} increments of "
            f"{channel.name}; put them back, or use an empty place"
        )
        raise errors.ExchangeRefused(message)
    for place, found in gone:
        side.remote.write(f"{channel.name}/{place.name}", found.to_bytes())
        yield found


def _refuse_strangers(
    side: exchange.Side, channel: exchange.Channel, kept: exchange.Kept
) -> None:
    strangers = exchange.waiting(side, channel.name, kept)
    if strangers:
        message = (
            f"{side.remote.place} holds {channel.name} up to "
            f"{strangers[-1].sequence}, this home has sent "
            f"{exchange.last_of(kept).sequence}: another home publishes there, or this "
            "one was restored from an older copy; use an empty place"
        )
        raise errors.ExchangeRefused(message)


def _send_next(
    side: exchange.Side, channel: exchange.Channel
) -> manifest.Manifest | None:
    """Send the next increment; null where nothing differs."""
    root = side.where.root
    with tempfile.TemporaryDirectory(dir=root, prefix=".exchange-") as folder:
        staged = _stage(side, channel, Path(folder))
        if staged is None:
            return None
        _upload(side, staged, Path(folder))
    with warehouse.opened(side.where.warehouse) as store:
        place = exchange.record(store, side, "sent", staged)
    side.remote.write(f"{channel.name}/{place.name}", staged.to_bytes())
    return staged


def _stage(
    side: exchange.Side, channel: exchange.Channel, folder: Path
) -> manifest.Manifest | None:
    """Next increment, its files written to `folder`; null where nothing differs."""
    with warehouse.opened(side.where.warehouse) as store:
        kept = exchange.record_of(store, side, channel.name, "sent")
        here = exchange.held(store, channel)
        there = changes.sent(found for _, found in kept)
        taken, left = changes.next_slice(changes.changed(here, there), here)
        parts = [
            _part(store, channel.table(name), run, folder)
            for name, days in taken.items()
            for run in changes.runs(days, here[name])
        ]
    if not parts:
        return None
    last = exchange.last_of(kept)
    return manifest.Manifest(
        channel=channel.name,
        sequence=last.sequence + 1,
        previous=last.sha256,
        schema=channel.schema_version,
        program=exchange.PROGRAM,
        watermark=_watermark(channel, here, left),
        published_at=side.now,
        parts=[_fingerprinted(part, here[part.table]) for part in parts],
        artifacts=_artifacts(side, channel, parts, folder),
    )


def _part(
    store: warehouse.Warehouse,
    table: schema.Table,
    run: tuple[str, str],
    folder: Path,
) -> manifest.Part:
    """Rows of a range of partitions, written to `folder` under their SHA-256."""
    first, last = map(fingerprints.day_of, run)
    rows = store.read(table, first, last)
    file = folder / "rows"
    rows.write_parquet(file)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    file.rename(folder / sha256)
    return manifest.Part(
        table=table.name,
        first=first,
        last=last,
        n_rows=rows.height,
        n_bytes=(folder / sha256).stat().st_size,
        sha256=sha256,
        partitions={},
    )


def _fingerprinted(part: manifest.Part, stored: Mapping[str, str]) -> manifest.Part:
    """Part with the fingerprints of what it holds."""
    first, last = (str(day or fingerprints.WHOLE) for day in (part.first, part.last))
    within = {day: stored[day] for day in stored if first <= day <= last}
    return dataclasses.replace(part, partitions=within)


def _watermark(
    channel: exchange.Channel, here: changes.Known, left: str | None
) -> dt.date | None:
    """Last day of which everything is sent, once the increment is."""
    reached = [max(here[table.name], default="") for table in channel.paced_by]
    if not all(reached):
        return None
    day = min(map(dt.date.fromisoformat, reached))
    if left is None:
        return day
    return min(day, dt.date.fromisoformat(left) - dt.timedelta(days=1))


def _artifacts(
    side: exchange.Side,
    channel: exchange.Channel,
    parts: Sequence[manifest.Part],
    folder: Path,
) -> list[str]:
    """Artifacts the staged rows speak of, of those that are kept."""
    named = [
        address
        for part in parts
        if ARTIFACT in channel.table(part.table).column_names
        for address in pl.read_parquet(folder / part.sha256)[ARTIFACT].to_list()
    ]
    models = side.where.models
    return [each for each in named if registry.state(models, each) == "kept"]


def _upload(side: exchange.Side, staged: manifest.Manifest, folder: Path) -> None:
    """Put every file there that is not there in full."""
    there = side.remote.sizes(exchange.BLOBS)
    for part in staged.parts:
        if there.get(part.sha256) != part.n_bytes:
            content = (folder / part.sha256).read_bytes()
            side.remote.write(f"{exchange.BLOBS}/{part.sha256}", content)
    for address in staged.artifacts:
        for sha256, content in registry.files(side.where.models, address).items():
            if there.get(sha256) != len(content):
                side.remote.write(f"{exchange.BLOBS}/{sha256}", content)
