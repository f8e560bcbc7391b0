"""A folder, a real OpenSSH server and an S3-compatible one are one kind of place."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from turbomode_assets import errors, tables
from turbomode_assets.store import remote
from turbomode_assets_tests.store import exchanged, sftp_server
from turbomode_assets_tests.store.exchanged import DAYS

pytestmark = pytest.mark.xdist_group("servers")


@pytest.fixture(scope="module")
def sftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sftp_server.Server]:
    """An OpenSSH server that lets this process in."""
    pytest.importorskip("paramiko", reason="needs turbomode-assets[exchange]")
    if sftp_server.program() is None or os.geteuid() != 0:
        pytest.skip("needs the package openssh-server, and root to start it")
    server = sftp_server.start(tmp_path_factory.mktemp("sshd"))
    # A closed connection is told to a logger without a handler.
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    yield server
    server.process.terminate()
    server.process.wait()


@pytest.fixture
def known(sftp: sftp_server.Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A home in which SSH finds its keys; the server is known there."""
    monkeypatch.setenv("HOME", str(sftp.root))
    sftp.know(sftp.port)
    return str(sftp.root)


@pytest.fixture(params=["folder", "sftp", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place of each kind."""
    if request.param == "sftp":
        request.getfixturevalue("known")
        server: sftp_server.Server = request.getfixturevalue("sftp")
        return server.url(tmp_path / "place")
    if request.param == "s3":
        return str(request.getfixturevalue("s3"))
    return str(tmp_path / "place")


def test_files_are_listed_and_read_as_they_were_written(url: str) -> None:
    place = remote.opened(url)
    assert place.names("blobs") == []
    for content in (b"one", b"another", b""):
        place.write("blobs/a", content)
        assert place.read("blobs/a") == content
    place.write("blobs/b", b"22")
    assert place.sizes("blobs") == {"a": 0, "b": 2}
    assert remote.opened(url).sizes("blobs") == {"a": 0, "b": 2}


def test_an_absent_file_is_explained(url: str) -> None:
    with pytest.raises(errors.ExchangeFailed, match="reading nowhere/a failed"):
        remote.opened(url).read("nowhere/a")


def test_two_homes_exchange(url: str, tmp_path: Path) -> None:
    both = exchanged.pair(tmp_path / "homes", f"{url}/of-two")
    for day in DAYS[:2]:
        exchanged.put(both.serving, tables.BARS, exchanged.bars(day))
    assert (both.push(), both.pull(), both.push()) == ([1], [1], [])
    exchanged.put(both.serving, tables.BARS, exchanged.bars(DAYS[2]))
    assert (both.push(), both.pull()) == ([2], [2])
    found = [exchanged.read(w, tables.BARS) for w in (both.serving, both.training)]
    assert found[0].equals(found[1])
    assert found[0].height == 9


def test_a_server_whose_key_is_unknown_is_refused(
    sftp: sftp_server.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".ssh").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(errors.ExchangeFailed, match="not found in known_hosts"):
        remote.opened(sftp.url(tmp_path / "place"))


def test_a_server_that_is_gone_is_named(known: str) -> None:
    assert known
    port = sftp_server.free_port()
    with pytest.raises(errors.ExchangeFailed, match=f"127.0.0.1:{port}/srv"):
        remote.opened(f"sftp://me:secret@127.0.0.1:{port}/srv")


def test_a_password_is_never_told(known: str) -> None:
    assert known
    port = sftp_server.free_port()
    with pytest.raises(errors.ExchangeFailed) as caught:
        remote.opened(f"sftp://me:secret@127.0.0.1:{port}/srv")
    assert "secret" not in str(caught.value)


def test_an_unknown_kind_of_place_is_explained() -> None:
    with pytest.raises(errors.ExchangeFailed, match="Protocol not known"):
        remote.opened("carrier-pigeon://roof")


@pytest.mark.parametrize("n_bytes", [2_000, 5_000, 6_500, 8_000, 10_000, 14_000])
def test_a_connection_cut_among_the_bytes_costs_nothing(
    sftp: sftp_server.Server, known: str, tmp_path: Path, n_bytes: int
) -> None:
    assert known
    both = exchanged.pair(tmp_path / "homes", sftp.url(tmp_path / "place"))
    exchanged.put(both.serving, tables.BARS, exchanged.bars(DAYS[0]))
    link = sftp_server.Link(sftp.port, n_bytes)
    sftp.know(link.port)
    with pytest.raises(errors.ExchangeFailed):
        _exchange_through(both, sftp.url(tmp_path / "place", link.port))
    link.close()
    assert link.was_cut
    assert exchanged.read(both.training, tables.BARS).height in (0, 3)
    both.push()
    both.pull()
    assert exchanged.read(both.training, tables.BARS).height == 3
    assert exchanged.read(both.training, tables.BARS).equals(
        exchanged.read(both.serving, tables.BARS)
    )


def _exchange_through(both: exchanged.Pair, url: str) -> None:
    """Push and pull over a link; the place is the same one."""
    place = remote.opened(url)
    place.place = both.place.place
    both.push(place)
    both.pull(place)
