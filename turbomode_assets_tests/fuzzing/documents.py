"""Entrances for settings, manifests, artifacts, databases, keys and commands."""

import argparse
import contextlib
import datetime as dt
import hashlib
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from turbomode_assets import cli, cli_options, errors
from turbomode_assets.defs import exchanging, partitions
from turbomode_assets.models import scoring
from turbomode_assets.notify import channels
from turbomode_assets.sources import yahoo_question
from turbomode_assets.store import backup, exchange, home, manifest, registry, warehouse
from turbomode_assets_tests.fuzzing.guided import Entrance

NOW = dt.datetime(2024, 7, 10, 3, tzinfo=dt.UTC)


def in_a_folder(feed: Callable[[Path, bytes], object]) -> Callable[[bytes], object]:
    """The same with a folder of its own for each input."""

    def fed(content: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            feed(Path(folder), content)

    return fed


def read_settings(folder: Path, content: bytes) -> None:
    """A settings file; what is read can be written and read again."""
    where = home.Home(folder)
    where.settings_file.write_bytes(content)
    home.read_settings(where)


def read_backup(folder: Path, content: bytes) -> None:
    """A manifest of a backup; none of these files is there."""
    (folder / backup.MANIFEST).write_bytes(content)
    backup.require_whole(folder)


def read_artifact(folder: Path, content: bytes) -> None:
    """An artifact whose manifest is as good as its address says, and means nothing."""
    address = hashlib.sha256(content).hexdigest()
    (folder / "models" / address).mkdir(parents=True)
    (folder / "models" / address / registry.MANIFEST).write_bytes(content)
    (folder / "secret").write_bytes(b"secret")
    found = registry.load(folder / "models", address)
    assert b"secret" not in found.values()


def read_torn_artifact(folder: Path, content: bytes) -> None:
    """A file of an artifact that somebody wrote over: refused unless it is the same."""
    artifact = {scoring.CARD: _json(_CARD)}
    address = registry.save(folder, artifact)
    (folder / address / scoring.CARD).chmod(0o600)
    (folder / address / scoring.CARD).write_bytes(content)
    assert registry.load(folder, address) == artifact


def read_address(folder: Path, content: bytes) -> None:
    """An address of an artifact; there is none."""
    registry.load(folder, text(content))


def read_scorer(content: bytes) -> None:
    """The card of a model."""
    scoring.load({scoring.CARD: content})


def read_warehouse(folder: Path, content: bytes) -> None:
    """A file in the place of the warehouse."""
    (folder / "w.duckdb").write_bytes(content)
    with warehouse.opened(folder / "w.duckdb"):
        pass


def _whole_warehouse() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "w.duckdb"
        with warehouse.opened(file):
            pass
        return file.read_bytes()


def read_manifest(content: bytes) -> None:
    """A manifest of an exchange under the name it would have."""
    found = manifest.parse(content, manifest.place_of(content, 1), "ledger")
    manifest.require_chain(found, manifest.BEFORE)
    assert manifest.parse(found.to_bytes(), _place(found), "ledger") == found
    for part in found.parts:
        exchanging.LEDGER.table(part.table)


def _place(found: manifest.Manifest) -> manifest.Place:
    return manifest.place_of(found.to_bytes(), found.sequence)


def read_partition_key(content: bytes) -> None:
    """A partition key: a day, spelled in one way."""
    day = partitions.parsed(text(content))
    assert partitions.key(day) == text(content)


def read_symbol(content: bytes) -> None:
    """A symbol, which ends up in addresses."""
    symbol = text(content)
    yahoo_question.require_addressable([symbol])
    assert not set(symbol) & set("/\\?#&%\0 \n'\"")
    assert ".." not in symbol


def read_command(content: bytes) -> None:
    """A command line up to where it would be followed."""
    said, code = io.StringIO(), None
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            cli._parser().parse_args(text(content).split())  # noqa: SLF001
        except SystemExit as end:
            code = end.code
    assert code is None or (code in {0, 2} and said.getvalue())


def read_moment(content: bytes) -> None:
    """A day or moment on the command line."""
    for understand in (cli_options.day, cli_options.moment):
        with contextlib.suppress(argparse.ArgumentTypeError):
            understand(text(content))


def read_channel(content: bytes) -> None:
    """The address of a channel; what is said of it does not tell it."""
    url, said = text(content).replace("\0", ""), ""
    try:
        channels.opened({f"{channels.PREFIX}PHONE": url})
    except errors.SettingsError as refusal:
        said = str(refusal)
    assert len(url) < 12 or url not in said


def text(content: bytes) -> str:
    """Text in whatever came."""
    return content.decode("utf-8", "replace")


def _whole_manifest() -> bytes:
    part = manifest.Part(
        table="market.bars",
        first=dt.date(2024, 7, 1),
        last=dt.date(2024, 7, 3),
        n_rows=3,
        n_bytes=900,
        sha256="a" * 64,
        partitions={"2024-07-01": "00", "2024-07-03": "01"},
    )
    return manifest.Manifest(
        channel="ledger",
        sequence=1,
        previous="",
        schema=exchanging.LEDGER.schema_version,
        program=exchange.PROGRAM,
        watermark=dt.date(2024, 7, 3),
        published_at=NOW,
        parts=[part],
        artifacts=["b" * 64],
    ).to_bytes()


_SETTINGS = b"""source = "files"
path = "panel.csv"
first = 2021-05-03
n_symbols = 16
edge = 8.0
seed = 7
is_intraday = false
role = "serve"
exchange = "/srv/place"
"""

_BACKUP = {
    "version": 1,
    "duckdb": "1.5.5",
    "tables": {"market.bars": ["3", "ab"]},
    "files": {"settings.toml": "c" * 64},
}

_CARD = {
    "format": 1,
    "line_up": ["lightgbm_gbdt"],
    "features": ["a"],
    "classes": ["up"],
}


def _json(content: object) -> bytes:
    return json.dumps(content).encode()


ALL = (
    Entrance(
        name="settings",
        seeds=(_SETTINGS, b'source = "simulated"\n', b'source = "yahoo"\n'),
        feed=in_a_folder(read_settings),
        n_inputs=6_000,
    ),
    Entrance(
        name="backups",
        seeds=(_json(_BACKUP),),
        feed=in_a_folder(read_backup),
        n_inputs=5_000,
    ),
    Entrance(
        name="artifacts",
        seeds=(_json({"card.json": "d" * 64, "../../secret": "e" * 64}),),
        feed=in_a_folder(read_artifact),
        n_inputs=4_000,
    ),
    Entrance(
        name="files of artifacts",
        seeds=(_json(_CARD), b""),
        feed=in_a_folder(read_torn_artifact),
        n_inputs=2_000,
    ),
    Entrance(
        name="addresses of artifacts",
        seeds=(b"a" * 64, b"../secret"),
        feed=in_a_folder(read_address),
        n_inputs=5_000,
    ),
    Entrance(
        name="model cards", seeds=(_json(_CARD),), feed=read_scorer, n_inputs=15_000
    ),
    Entrance(
        name="warehouses",
        seeds=(b"0" * 8 + b"DUCK" + b"\0" * 4084, b"", _whole_warehouse()),
        feed=in_a_folder(read_warehouse),
        n_inputs=100,
    ),
    Entrance(
        name="exchange manifests",
        seeds=(_whole_manifest(),),
        feed=read_manifest,
        n_inputs=17_000,
    ),
    Entrance(
        name="partition keys",
        seeds=(b"2024-07-03", b"2024-W01-1", b"20240628"),
        feed=read_partition_key,
        n_inputs=17_000,
    ),
    Entrance(
        name="symbols",
        seeds=(b"BRK.B", b"^VIX", b"DX-Y.NYB", b"../../x?range=max#"),
        feed=read_symbol,
        n_inputs=9_000,
    ),
    Entrance(
        name="command lines",
        seeds=(
            b"run --symbols 16 --edge 8 --from 2021-05-03 --live-from 2024-01-02",
            b"verify --home x --json --link abc",
            b"exchange join serve sftp://user@host/place",
            b"replay --desk intraday --from 2018-01-02",
        ),
        feed=read_command,
        n_inputs=400,
    ),
    Entrance(
        name="moments",
        seeds=(b"2024-07-03", b"2024-07-03 23:00", b"2024-07-03T23:00:00+02:00"),
        feed=read_moment,
        n_inputs=17_000,
    ),
    Entrance(
        name="channels",
        seeds=(b"tgram://123456:planted-secret-token/42", b"mailto://a:b@c.example"),
        feed=read_channel,
        n_inputs=800,
    ),
)
"""Every entrance of this file."""
