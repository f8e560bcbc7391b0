"""Receiving: increments that follow the last one taken over, verified and in order.

Steps 1 to 3 of ``exchange.py``. What follows from what arrived is passed in.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from turbomode_assets import errors, schema
from turbomode_assets.store import exchange, manifest, registry, warehouse

Follow = Callable[[warehouse.Warehouse, Mapping[str, pl.DataFrame]], None]
"""What follows from an increment that only adds: told which rows of which table were
not there before, once they are; within the transaction that takes them over."""


def receive(
    side: exchange.Side, channel: exchange.Channel, follow: Follow | None = None
) -> Iterator[manifest.Manifest]:
    """Take over every increment that is there and was not taken over yet, in order.

    Parameters
    ----------
    side
        This end.
    channel
        What comes this way.
    follow
        What follows; null where rows are all there is to take over.

    Yields
    ------
    manifest.Manifest
        Each increment once it is stored.

    Raises
    ------
    errors.ExchangeFailed
        Where the place cannot be reached, or this disk is full.
    errors.ExchangeRefused
        Where what is there is torn, changed, out of order, or of another schema.
    errors.TableError
        Where rows do not match their declaration.
    """
    with exchange.alone(side.where):
        with warehouse.opened(side.where.warehouse) as store:
            kept = exchange.record_of(store, side, channel.name, "received")
        last = exchange.last_of(kept)
        for place in exchange.waiting(side, channel.name, kept):
            content = side.remote.read(f"{channel.name}/{place.name}")
            found = manifest.parse(content, place, channel.name)
            manifest.require_chain(found, last)
            manifest.require_schema(found, channel.schema_version, exchange.PROGRAM)
            _take_over(side, channel, found, follow)
            last = place
            yield found


def _take_over(
    side: exchange.Side,
    channel: exchange.Channel,
    found: manifest.Manifest,
    follow: Follow | None,
) -> None:
    root = side.where.root
    with tempfile.TemporaryDirectory(dir=root, prefix=".exchange-") as folder:
        files = [_fetched(side, part, Path(folder)) for part in found.parts]
        for address in found.artifacts:
            _fetch_artifact(side, address)
        with warehouse.opened(side.where.warehouse) as store, store.transaction():
            new = [
                (part.table, _stored(store, channel, part, file))
                for part, file in zip(found.parts, files, strict=True)
            ]
            if follow is not None:
                follow(store, _by_table(channel, new))
            exchange.record(store, side, "received", found)


def _by_table(
    channel: exchange.Channel, new: Sequence[tuple[str, pl.DataFrame]]
) -> dict[str, pl.DataFrame]:
    return {
        table.name: pl.concat(
            [table.empty(), *(rows for name, rows in new if name == table.name)],
            how="diagonal",
        )
        for table in channel.tables
    }


def _stored(
    store: warehouse.Warehouse,
    channel: exchange.Channel,
    part: manifest.Part,
    file: Path,
) -> pl.DataFrame:
    """Take over the rows of a part; those that were not there before."""
    table, rows = channel.table(part.table), _read(file, part)
    if not channel.is_append:
        store.replace(table, rows, part.first, part.last)
        return rows
    known = store.columns(table, table.key, part.first, part.last)
    store.append(table, rows)
    return rows.join(known, on=table.key, how="anti")


def _fetched(side: exchange.Side, part: manifest.Part, folder: Path) -> Path:
    """File of a part, verified."""
    file = folder / part.sha256
    file.write_bytes(_blob(side, part.sha256))
    n_rows = _read(file, part).height
    if n_rows != part.n_rows:
        message = (
            f"{part.table} {part.first}..{part.last} must hold {part.n_rows} rows, "
            f"holds {n_rows}; nothing was taken"
        )
        raise errors.ExchangeRefused(message)
    return file


def _read(file: Path, part: manifest.Part) -> pl.DataFrame:
    try:
        return pl.read_parquet(file)
    except schema.UNREADABLE as fault:
        message = f"{part.table} {part.sha256} is no Parquet file; nothing was taken"
        raise errors.ExchangeRefused(message) from fault


def _blob(side: exchange.Side, sha256: str) -> bytes:
    """File by its content; refuses any other content."""
    content = side.remote.read(f"{exchange.BLOBS}/{sha256}")
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        message = (
            f"{side.remote.place}/{exchange.BLOBS}/{sha256} has SHA-256 {found}: it "
            "was torn or changed; nothing was taken, put the file back or use an "
            "empty place"
        )
        raise errors.ExchangeRefused(message)
    return content


def _fetch_artifact(side: exchange.Side, address: str) -> None:
    """Artifact in the registry, every file verified; one that is there is left."""
    if registry.is_intact(side.where.models, address):
        return
    listed = registry.listed(Path(address), _blob(side, address))
    artifact = {name: _blob(side, sha256) for name, sha256 in listed.items()}
    saved = registry.save(side.where.models, artifact)
    if saved != address:
        message = f"artifact {address} came as {saved}; nothing was taken"
        raise errors.ExchangeRefused(message)
