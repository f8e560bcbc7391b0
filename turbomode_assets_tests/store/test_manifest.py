"""A manifest says what it holds and where it stands, or it is refused."""

import dataclasses
import datetime as dt
import json
from typing import Any

import hypothesis as hp
import hypothesis.strategies as st
import polars as pl
import pytest

from turbomode_assets import errors, schema, tables
from turbomode_assets.store import manifest

PART = manifest.Part(
    table="market.bars",
    first=dt.date(2024, 7, 1),
    last=dt.date(2024, 7, 2),
    n_rows=6,
    n_bytes=10,
    sha256="a" * 64,
    partitions={"2024-07-01": "3:1", "2024-07-02": "3:2"},
)
FIRST = manifest.Manifest(
    channel="ledger",
    sequence=1,
    previous="",
    schema="s1",
    program="turbomode-assets 0.1.0",
    watermark=dt.date(2024, 7, 2),
    published_at=dt.datetime(2024, 7, 3, 2, tzinfo=dt.UTC),
    parts=[PART],
    artifacts=["b" * 64],
)
CONTENT = FIRST.to_bytes()
PLACE = manifest.place_of(CONTENT, 1)


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert manifest.parse(CONTENT, PLACE, "ledger") == FIRST
    assert manifest.places([PLACE.name, "0001.json", "x"]) == [PLACE]


@hp.given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
def test_any_changed_byte_is_noticed(at: int, by: int) -> None:
    torn = bytearray(CONTENT)
    torn[at] ^= by
    with pytest.raises(errors.ExchangeRefused, match="torn"):
        manifest.parse(bytes(torn), PLACE, "ledger")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": 2}, "format 2, here 1"),
        ({"sequence": 2}, "copied to another place"),
        ({"channel": "models"}, "copied to another place"),
        ({"sequence": "1"}, "is no manifest"),
        ({"watermark": "soon"}, "is no manifest"),
        ({"artifacts": ["../../etc/passwd"]}, "is no manifest"),
    ],
)
def test_what_is_sound_and_wrong_is_refused(
    change: dict[str, Any], sentence: str
) -> None:
    content = json.dumps(json.loads(CONTENT) | change).encode()
    with pytest.raises(errors.ExchangeRefused, match=sentence):
        manifest.parse(content, manifest.place_of(content, 1), "ledger")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff\xfe", b"null"])
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(errors.ExchangeRefused, match="manifest format"):
        manifest.parse(content, manifest.place_of(content, 1), "ledger")


def test_a_chain_holds_by_the_manifest_before() -> None:
    second = dataclasses.replace(FIRST, sequence=2, previous=PLACE.sha256)
    manifest.require_chain(second, PLACE)
    with pytest.raises(errors.ExchangeRefused, match="this home has nothing"):
        manifest.require_chain(second, manifest.BEFORE)


@pytest.mark.parametrize(
    "change",
    [
        {"columns": tables.BARS.columns[:-1]},
        {"key": ("symbol",)},
        {"partition_column": "known_at"},
        {"columns": (*tables.BARS.columns, schema.count("n_more", "More."))},
        {"further": schema.column("<more>", pl.Float32(), "More.")},
    ],
)
def test_another_declaration_is_another_version(change: dict[str, Any]) -> None:
    here = manifest.schema_version([tables.BARS], "f1")
    other = dataclasses.replace(tables.BARS, **change)
    assert manifest.schema_version([other], "f1") != here
    assert manifest.schema_version([tables.BARS], "f2") != here
    told = dataclasses.replace(tables.BARS, sentence="Other words.")
    assert manifest.schema_version([told], "f1") == here
