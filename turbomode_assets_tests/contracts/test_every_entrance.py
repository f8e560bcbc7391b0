"""Whatever is put into an entrance is understood, or refused in a sentence.

Each entrance takes anything: what comes out is a value or an error of our own, never a
traceback that explains nothing.
"""

import argparse
import contextlib
import hashlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turbomode_assets import cli, errors, tables
from turbomode_assets.defs import partitions
from turbomode_assets.models import scoring
from turbomode_assets.store import backup, bitemporal, home, registry, warehouse
from turbomode_assets_tests.store.test_warehouse import MONDAY, bars

N_INPUTS = 200
"""Inputs of each entrance in every run of the tests."""

NAMES = sorted(home.Settings.__dataclass_fields__)
VALUES = ['"x"', "1", "-1", "1e400", "nan", "true", "[]", "2020-01-02", '"yahoo"', ""]

LINES = st.builds("{} = {}".format, st.sampled_from(NAMES), st.sampled_from(VALUES))
TOML = st.lists(LINES).map("\n".join).map(str.encode)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.dictionaries(
        st.sampled_from(["version", "files", "tables", "duckdb", "line_up", "x"]), inner
    ),
).map(json.dumps)
ANYTHING = st.binary(max_size=400) | TOML | JSON.map(str.encode)
TEXT = st.text(max_size=40) | st.sampled_from(
    ["../../etc/passwd", "A'; DROP TABLE market.bars; --", "2024-W01-1", "20240628"]
)


def read_settings(folder: Path, content: bytes) -> None:
    where = home.Home(folder)
    where.settings_file.write_bytes(content)
    home.read_settings(where)


def read_backup(folder: Path, content: bytes) -> None:
    (folder / backup.MANIFEST).write_bytes(content)
    backup.require_whole(folder)


def read_artifact(folder: Path, content: bytes) -> None:
    """An artifact whose manifest is as good as its address says, and means nothing."""
    address = hashlib.sha256(content).hexdigest()
    (folder / address).mkdir(exist_ok=True)
    (folder / address / registry.MANIFEST).write_bytes(content)
    registry.load(folder, address)


def read_warehouse(folder: Path, content: bytes) -> None:
    (folder / "w.duckdb").write_bytes(content)
    with warehouse.opened(folder / "w.duckdb"):
        pass


def load_scorer(_: Path, content: bytes) -> None:
    scoring.load({scoring.CARD: content})


FILES = [read_settings, read_backup, read_artifact, read_warehouse, load_scorer]


@pytest.mark.parametrize("entrance", FILES, ids=lambda entrance: entrance.__name__)
def test_a_file_is_understood_or_refused(
    entrance: Callable[[Path, bytes], None],
) -> None:
    @settings(max_examples=N_INPUTS, deadline=None, database=None)
    @given(content=ANYTHING)
    def fed(content: bytes) -> None:
        with (
            tempfile.TemporaryDirectory() as folder,
            contextlib.suppress(errors.TurbomodeError),
        ):
            entrance(Path(folder), content)

    fed()


@settings(max_examples=N_INPUTS, deadline=None, database=None)
@given(text=TEXT)
def test_a_partition_key_is_a_day_or_refused(text: str) -> None:
    try:
        day = partitions.parsed(text)
    except errors.SettingsError:
        return
    assert partitions.key(day) == text


@settings(max_examples=N_INPUTS, deadline=None, database=None)
@given(text=TEXT)
def test_a_day_on_the_command_line_is_a_day_or_refused(text: str) -> None:
    for understand in (cli._day, cli._moment):  # noqa: SLF001
        with contextlib.suppress(argparse.ArgumentTypeError):
            understand(text)


def test_a_symbol_reaches_no_statement(tmp_path: Path) -> None:
    with warehouse.opened(tmp_path / "w.duckdb") as store:
        store.append(tables.BARS, bars(MONDAY, "AAA"))

        @settings(max_examples=N_INPUTS, deadline=None, database=None)
        @given(texts=st.lists(TEXT, max_size=3))
        def asked(texts: list[str]) -> None:
            known = bitemporal.known_since(store, texts, MONDAY)
            assert set(known["symbol"]) <= set(texts)
            assert store.read(tables.BARS, match={"symbol": "'"}).is_empty()

        asked()
        assert store.read(tables.BARS).height == 1


@settings(max_examples=N_INPUTS, deadline=None, database=None)
@given(name=TEXT)
def test_no_address_leads_out_of_the_registry(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "models"
        root.mkdir()
        with pytest.raises(errors.ArtifactError):
            registry.load(root, name)
