"""The exchange between two homes: tables and artifacts, one way per channel.

A channel is a chain of increments in a place both machines reach (``remote.py``)::

    <place>/blobs/<sha256>                        files, by content
    <place>/<channel>/<sequence>-<sha256>.json    manifests, by place and content

Sending (``sending.py``), for as long as something differs from what was sent:

1. stage     rows and manifest, in one opening of the warehouse
2. upload    the files
3. record    the manifest in ``exchange.increments``: from now on it is this one
4. upload    the manifest, by which the increment is there

Receiving (``receiving.py``), for each manifest that follows the last one taken over:

1. verify    place, chain, schema; then every file by size, SHA-256 and rows
2. keep      the artifacts in the registry
3. take over rows, what follows from them, and the record, in one transaction

Cut anywhere, the next try goes on from there: what was recorded is published, what was
not is made again, and what was taken over is never taken over twice. What the channels
carry, and what follows, stands in ``defs/exchanging.py``; here stands what both ends
share.
"""

import contextlib
import dataclasses
import datetime as dt
import importlib.metadata
from collections.abc import Iterator, Sequence

import filelock
import polars as pl

from turbomode_assets import errors, exchange_tables, schema
from turbomode_assets.store import (
    changes,
    fingerprints,
    home,
    manifest,
    remote,
    warehouse,
)

BLOBS = "blobs"
"""Folder of the files."""

PROGRAM = f"turbomode-assets {importlib.metadata.version('turbomode-assets')}"
"""Who writes the manifests here."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Channel:
    """What goes one way."""

    name: str
    """One of `exchange_tables.CHANNELS`."""

    tables: tuple[schema.Table, ...]
    paced_by: tuple[schema.Table, ...]
    """Tables that all must have reached a day before the watermark does."""

    is_append: bool
    """Whether rows are only ever added at the other end; else partitions replaced."""

    features: str
    """Version of the feature catalog."""

    @property
    def schema_version(self) -> str:
        """Version both ends must share."""
        return manifest.schema_version(self.tables, self.features)

    def table(self, name: str) -> schema.Table:
        """Table of the channel called `name`; refuses one that is not carried."""
        known = {table.name: table for table in self.tables}
        if name not in known:
            raise errors.ExchangeRefused(errors.unknown_name("table", name, known))
        return known[name]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Side:
    """One end of an exchange: the home, the place, and the present moment in UTC."""

    where: home.Home
    remote: remote.Remote
    now: dt.datetime


Kept = Sequence[tuple[manifest.Place, manifest.Manifest]]
"""Increments a home has a record of, in order."""


def record_of(store: warehouse.Warehouse, side: Side, channel: str, way: str) -> Kept:
    """Increments sent to a place or received from it, in order.

    Parameters
    ----------
    store
        The open warehouse of `side`.
    side
        This end.
    channel
        Name of the channel.
    way
        ``sent`` or ``received``.
    """
    rows = _rows(store, side, channel, way)
    places = [
        manifest.Place(n, sha)
        for n, sha in rows.select("sequence", "manifest_sha256").iter_rows()
    ]
    return [
        (at, manifest.parse(text.encode(), at, channel))
        for at, text in zip(places, rows["manifest"], strict=True)
    ]


def _rows(
    store: warehouse.Warehouse, side: Side, channel: str, way: str
) -> pl.DataFrame:
    match = {"url": side.remote.place, "channel": channel, "way": way}
    return store.read(exchange_tables.INCREMENTS, match=match)


def record(
    store: warehouse.Warehouse, side: Side, way: str, found: manifest.Manifest
) -> manifest.Place:
    """Keep an increment as sent or received; where its manifest belongs."""
    content = found.to_bytes()
    place = manifest.place_of(content, found.sequence)
    row = {
        "url": side.remote.place,
        "channel": found.channel,
        "way": way,
        "sequence": found.sequence,
        "manifest_sha256": place.sha256,
        "manifest": content.decode(),
        "exchanged_at": side.now,
    }
    frame = pl.DataFrame([row], schema=exchange_tables.INCREMENTS.schema())
    store.append(exchange_tables.INCREMENTS, frame)
    return place


def last_of(kept: Kept) -> manifest.Place:
    """Place of the newest increment; before the first where there is none."""
    return kept[-1][0] if kept else manifest.BEFORE


def waiting(side: Side, channel: str, kept: Kept) -> list[manifest.Place]:
    """Manifests that are there and of which this home has no record, in order."""
    listed = manifest.places(side.remote.names(channel))
    known = {place.sequence: place.sha256 for place, _ in kept}
    return manifest.following(channel, listed, last_of(kept), known)


@contextlib.contextmanager
def alone(where: home.Home) -> Iterator[None]:
    """One exchange of a home at a time; what fails here at home is explained too."""
    lock = filelock.FileLock(where.root / "exchange.lock", timeout=0)
    try:
        with lock:
            yield
    except filelock.Timeout as fault:
        message = f"expected no other exchange of {where.root}, found one; let it end"
        raise errors.HomeBusy(message) from fault
    except OSError as fault:
        message = (
            f"{where.root}: {type(fault).__name__}: {fault}; the increment was not "
            "kept, see to that and try again"
        )
        raise errors.ExchangeFailed(message) from fault


@dataclasses.dataclass(frozen=True, kw_only=True)
class Standing:
    """How far one channel is, seen from one end."""

    channel: str
    way: str
    sequence: int
    """Last increment sent or received."""

    watermark: dt.date | None
    exchanged_at: dt.datetime | None
    n_waiting: int
    """Increments not yet taken over, or partitions not yet sent."""


def standing(side: Side, channel: Channel, way: str) -> Standing:
    """How far a channel is; changes nothing, and raises as an exchange would.

    Parameters
    ----------
    side
        This end.
    channel
        The channel.
    way
        ``sent`` or ``received``.
    """
    with warehouse.opened(side.where.warehouse) as store:
        kept = record_of(store, side, channel.name, way)
        moments = _rows(store, side, channel.name, way)["exchanged_at"].to_list()
        here = held(store, channel) if way == "sent" else {}
    unsent = changes.changed(here, changes.sent(found for _, found in kept))
    there = waiting(side, channel.name, kept)
    return Standing(
        channel=channel.name,
        way=way,
        sequence=last_of(kept).sequence,
        watermark=kept[-1][1].watermark if kept else None,
        exchanged_at=max(moments, default=None),
        n_waiting=len(unsent) if way == "sent" else len(there),
    )


def held(store: warehouse.Warehouse, channel: Channel) -> changes.Known:
    """Fingerprints of everything a channel would carry."""
    return {t.name: fingerprints.fingerprints(store, t) for t in channel.tables}
