"""The place both machines reach: named files behind any fsspec URL.

A folder, SFTP, S3, or whatever else fsspec opens. Whatever goes wrong out there -
refused, cut, full, timed out - becomes one exception with the address in it, and never
the password. What the files mean does not belong here.
"""

import contextlib
import posixpath
import sys
from collections.abc import Iterator
from typing import Any, Protocol
from urllib.parse import urlsplit

import fsspec
import fsspec.core

from turbomode_assets import errors

_OWN = dict.fromkeys(("sftp", "ssh"), "turbomode_assets.store.sftp.KnownHosts")
"""Implementations that take the place of fsspec's; imported where used."""

_OTHERS = {
    "paramiko.ssh_exception": "SSHException",
    "botocore.exceptions": "BotoCoreError",
}
"""Base of what a library raises that is no OSError, by the module that defines it."""


class Remote(Protocol):
    """Files by name; a name is a relative path."""

    @property
    def place(self) -> str:
        """Address without a password."""

    def names(self, folder: str) -> list[str]:
        """Names of the files in a folder, within it; none where it is absent."""

    def sizes(self, folder: str) -> dict[str, int]:
        """Bytes of each of them."""

    def read(self, name: str) -> bytes:
        """Content of a file."""

    def write(self, name: str, content: bytes) -> None:
        """Put a file there, whole or not at all where the place can rename."""


def anonymous(url: str) -> str:
    """URL without a password.

    Examples
    --------
    >>> anonymous("sftp://me:secret@server:22/srv")
    'sftp://me@server:22/srv'
    >>> anonymous("/srv/exchange")
    '/srv/exchange'
    """
    parts = urlsplit(url)
    user = parts.username or ""
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{user}@{host}" if user else host).geturl()


class FsspecRemote:
    """Files behind a file system of fsspec.

    Parameters
    ----------
    files
        An fsspec file system.
    root
        Folder within it.
    place
        Address without a password.
    """

    def __init__(self, files: Any, root: str, place: str) -> None:
        """Keep the file system; nothing is created before it is written."""
        self._files, self._root, self.place = files, root, place

    def names(self, folder: str) -> list[str]:
        """Names of the files in a folder, within it; none where it is absent."""
        return list(self.sizes(folder))

    def sizes(self, folder: str) -> dict[str, int]:
        """Bytes of each of them."""
        with explained(self.place, f"listing {folder}"):
            self._files.invalidate_cache()
            try:
                listed = self._files.ls(self._path(folder), detail=True)
            except FileNotFoundError:
                return {}
        files = (entry for entry in listed if entry["type"] == "file")
        return {posixpath.basename(entry["name"]): entry["size"] for entry in files}

    def read(self, name: str) -> bytes:
        """Content of a file."""
        with explained(self.place, f"reading {name}"):
            return bytes(self._files.cat_file(self._path(name)))

    def write(self, name: str, content: bytes) -> None:
        """Put a file there under another name, and rename it when it is whole."""
        path = self._path(name)
        with explained(self.place, f"writing {name}"):
            self._files.makedirs(posixpath.dirname(path), exist_ok=True)
            self._files.pipe_file(f"{path}.partial", content)
            self._files.mv(f"{path}.partial", path)

    def _path(self, name: str) -> str:
        return posixpath.join(self._root, name)


def opened(url: str) -> FsspecRemote:
    """Files at a URL.

    Parameters
    ----------
    url
        A folder, or what fsspec understands, such as ``sftp://me@server/srv/exchange``
        or ``s3://bucket/exchange``. Keys and credentials come from where SSH and AWS
        look for them.

    Raises
    ------
    errors.ExchangeFailed
        Where the place cannot be reached or the package for it is not installed.
    """
    scheme = fsspec.utils.get_protocol(url)
    if scheme in _OWN:
        fsspec.register_implementation(scheme, _OWN[scheme], clobber=True)
    place = anonymous(url)
    with explained(place, "opening it"):
        # A file system kept from an earlier exchange may hold a dead connection.
        files, root = fsspec.core.url_to_fs(url, skip_instance_cache=True)
    return FsspecRemote(files, root, place)


@contextlib.contextmanager
def explained(place: str, doing: str) -> Iterator[None]:
    """Turn what a file system raises into one exception.

    Raises
    ------
    errors.ExchangeFailed
        Says what was being done, and where.
    """
    try:
        yield
    except ImportError as fault:
        message = (
            f"expected the package that opens {place}, found: {fault}; install "
            "turbomode-assets[exchange]"
        )
        raise errors.ExchangeFailed(message) from fault
    except _faults() as fault:
        message = (
            f"{place}: {doing} failed: {type(fault).__name__}: {fault}; nothing was "
            "changed here, the next try goes on from there"
        )
        raise errors.ExchangeFailed(message) from fault


def _faults() -> tuple[type[Exception], ...]:
    """What may be raised out there; by libraries only once they are imported."""
    loaded = [
        getattr(sys.modules[module], name)
        for module, name in _OTHERS.items()
        if module in sys.modules
    ]
    return (OSError, EOFError, ValueError, *loaded)
