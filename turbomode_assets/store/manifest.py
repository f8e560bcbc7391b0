"""Manifests: what an increment holds, and where it stands in its channel.

A manifest names every file of an increment with its SHA-256, and the SHA-256 of the
manifest before it: a chain, in which nothing can be left out, exchanged or repeated
without being noticed. Its own SHA-256 is part of its name, so a torn one shows. Pure;
who writes and reads them stands in ``exchange.py``.
"""

import dataclasses
import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import pydantic

from turbomode_assets import errors, schema

FORMAT = 1
"""Version of the manifest itself; a reader knows this one and no other."""

Sha256 = Annotated[str, pydantic.StringConstraints(pattern="^[0-9a-f]{64}$")]
_OrNone = Annotated[str, pydantic.StringConstraints(pattern="^([0-9a-f]{64})?$")]
_Count = Annotated[int, pydantic.Field(ge=0)]
_NAME = re.compile(r"(\d{8})-([0-9a-f]{64})\.json")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """Rows of one table from one partition to another, as a Parquet file."""

    table: str
    first: dt.date | None
    """First partition replaced; null where the table has none."""

    last: dt.date | None
    n_rows: _Count
    n_bytes: _Count
    sha256: Sha256
    partitions: dict[str, str]
    """Fingerprint of each partition within, by its day; by nothing where the table
    has none."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Manifest:
    """One increment of a channel."""

    channel: str
    sequence: Annotated[int, pydantic.Field(ge=1)]
    previous: _OrNone
    """SHA-256 of the manifest before; empty for the first."""

    schema: str
    """Version of the tables and features behind the rows, see `schema_version`."""

    program: str
    """Who wrote it, such as ``turbomode-assets 0.1.0``."""

    watermark: dt.date | None
    """Day up to which the receiver has everything, once it has this; null while
    that cannot be said."""

    published_at: dt.datetime
    parts: list[Part]
    artifacts: list[Sha256]
    """Content addresses of the model artifacts the rows speak of."""

    format: int = FORMAT

    def to_bytes(self) -> bytes:
        """The manifest as JSON; same content, same bytes."""
        fields = _ADAPTER.dump_python(self, mode="json")
        return (json.dumps(fields, sort_keys=True, indent=1) + "\n").encode()


_ADAPTER = pydantic.TypeAdapter(Manifest)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a manifest stands: its sequence and its SHA-256, which are its name."""

    sequence: int
    sha256: str

    @property
    def name(self) -> str:
        """File name within the folder of the channel."""
        return f"{self.sequence:08d}-{self.sha256}.json"


BEFORE = Place(0, "")
"""Place before the first manifest of a channel."""


def place_of(content: bytes, sequence: int) -> Place:
    """Where a manifest of these bytes belongs."""
    return Place(sequence, hashlib.sha256(content).hexdigest())


def places(names: Sequence[str]) -> list[Place]:
    """Places of the manifests among file names, by sequence; other files are left out.

    Examples
    --------
    >>> [place.sequence for place in places([f"00000002-{'a' * 64}.json", "x.partial"])]
    [2]
    """
    found = [_NAME.fullmatch(name) for name in names]
    listed = [Place(int(match[1]), match[2]) for match in found if match]
    return sorted(listed, key=lambda place: (place.sequence, place.sha256))


def schema_version(declared: Sequence[schema.Table], features: str) -> str:
    """Version of what both ends must share: declared tables and features.

    Parameters
    ----------
    declared
        Tables of the channel.
    features
        Version of the feature catalog.

    Returns
    -------
    str
        Twelve characters; the same wherever names, dtypes, null rules and keys are.
    """
    told = [
        (table.name, table.key, table.partition_column, _columns(table))
        for table in declared
    ]
    return hashlib.sha256(json.dumps([told, features]).encode()).hexdigest()[:12]


def _columns(table: schema.Table) -> list[tuple[str, str, bool]]:
    further = [table.further] if table.further else []
    return [(c.name, str(c.dtype), c.nullable) for c in (*table.columns, *further)]


def parse(content: bytes, place: Place, channel: str) -> Manifest:
    """Manifest of these bytes, if it is the one its name and place announce.

    Raises
    ------
    errors.ExchangeRefused
        Where it is torn, of another format, or belongs to another place.
    """
    if place_of(content, place.sequence) != place:
        message = (
            f"{channel}/{place.name} is torn: {len(content)} bytes of another SHA-256; "
            "push again on the other machine, and pull again"
        )
        raise errors.ExchangeRefused(message)
    found = _format(content)
    if found != FORMAT:
        message = (
            f"{channel}/{place.name} has manifest format {found}, here {FORMAT} is "
            "known; bring both machines to the same version of turbomode"
        )
        raise errors.ExchangeRefused(message)
    try:
        manifest = _ADAPTER.validate_json(content, strict=True)
    except pydantic.ValidationError as fault:
        message = f"{channel}/{place.name} is no manifest: {fault}"
        raise errors.ExchangeRefused(message) from fault
    if (manifest.channel, manifest.sequence) != (channel, place.sequence):
        message = (
            f"{channel}/{place.name} says it is {manifest.channel} "
            f"{manifest.sequence}: it was copied to another place; nothing was taken"
        )
        raise errors.ExchangeRefused(message)
    return manifest


def _format(content: bytes) -> Any:
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError):
        return "none"
    return fields.get("format") if isinstance(fields, dict) else "none"


def require_schema(manifest: Manifest, schema_here: str, program: str) -> None:
    """Refuse an increment whose rows were written by other declarations.

    Raises
    ------
    errors.ExchangeRefused
        Names both versions.
    """
    if manifest.schema != schema_here:
        message = (
            f"{manifest.channel} {manifest.sequence} was written by "
            f"{manifest.program} with schema {manifest.schema}, here is {program} "
            f"with schema {schema_here}; bring both machines to the same version"
        )
        raise errors.ExchangeRefused(message)


def following(
    channel: str, listed: Sequence[Place], last: Place, known: Mapping[int, str]
) -> list[Place]:
    """Places after the last one taken over, in order and without a gap.

    Parameters
    ----------
    channel
        The channel, for what is said of it.
    listed
        Places that are there, by sequence.
    last
        The last one taken over.
    known
        SHA-256 of every manifest taken over, by sequence.

    Returns
    -------
    list of Place
        May be empty.

    Raises
    ------
    errors.ExchangeRefused
        Where one is missing, doubled, or not the one that was taken over.
    """
    for place in listed:
        if place.sequence <= last.sequence and known[place.sequence] != place.sha256:
            message = (
                f"{channel} {place.sequence} is not the one this home knows "
                f"({place.sha256[:12]}, known {known[place.sequence][:12]}): another "
                "home publishes there, or an old copy was put back; use an empty place"
            )
            raise errors.ExchangeRefused(message)
    fresh = [place for place in listed if place.sequence > last.sequence]
    wanted = range(last.sequence + 1, last.sequence + 1 + len(fresh))
    found = [place.sequence for place in fresh]
    if found != list(wanted):
        message = (
            f"expected increments {wanted.start} to {wanted[-1]} of {channel}, found "
            f"{found}: one is missing or doubled; nothing was taken"
        )
        raise errors.ExchangeRefused(message)
    return fresh


def require_chain(manifest: Manifest, last: Place) -> None:
    """Refuse a manifest that does not follow the last one taken over.

    Raises
    ------
    errors.ExchangeRefused
        Names both.
    """
    if manifest.previous != last.sha256:
        message = (
            f"{manifest.channel} {manifest.sequence} follows "
            f"{manifest.previous[:12] or 'nothing'}, this home has "
            f"{last.sha256[:12] or 'nothing'}; another home publishes there, use an "
            "empty place"
        )
        raise errors.ExchangeRefused(message)
