"""The model registry: content-addressed folders with a manifest, verified on load.

An artifact is a handful of files in each library's native format. It is written
aside, fsynced, renamed into ``<sha256>/`` and only then registered by whoever saves
it, so a crash leaves at worst an orphan nobody refers to. Of an artifact that was
pruned the manifest stays, as ``<sha256>.pruned``: the same training would give the same
address again. What a model is, who is champion, and whose artifact may go, does not
belong here.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from turbomode_assets import errors

MANIFEST = "manifest.json"
"""File that lists every other file of an artifact with its SHA-256."""

STATES = ("kept", "pruned", "missing")
"""What may have become of an artifact."""

_NAME = re.compile(r"[\w.-]+(/[\w.-]+)*")


def _manifest(artifact: Mapping[str, bytes]) -> bytes:
    hashes = {name: hashlib.sha256(artifact[name]).hexdigest() for name in artifact}
    return (json.dumps(hashes, sort_keys=True, indent=1) + "\n").encode()


def content_address(artifact: Mapping[str, bytes]) -> str:
    """SHA-256 of the manifest: one address per content.

    Examples
    --------
    >>> content_address({"a": b"1"}) == content_address({"a": b"2"})
    False
    """
    return hashlib.sha256(_manifest(artifact)).hexdigest()


def save(root: Path, artifact: Mapping[str, bytes]) -> str:
    """Store an artifact and return its content address.

    Parameters
    ----------
    root
        Folder of all artifacts.
    artifact
        Relative file names and their bytes.

    Returns
    -------
    str
        SHA-256 in hex, the name of the artifact's folder. Saving the same content
        again changes nothing, unless what is stored was damaged: that is replaced.
    """
    address = content_address(artifact)
    target = root / address
    if is_intact(root, address):
        return address
    is_damaged = target.exists()
    root.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".saving-", dir=root))
    _write_all(aside, {**artifact, MANIFEST: _manifest(artifact)})
    if is_damaged:
        _discard(root, address)
    try:
        aside.rename(target)
    except OSError:
        # Another process saved the same content first; theirs is as good.
        shutil.rmtree(aside)
        if not target.exists():
            raise
    _tombstone(root, address).unlink(missing_ok=True)
    _sync_folder(root)
    return address


def load(root: Path, address: str) -> dict[str, bytes]:
    """Bytes of an artifact, every one checked before it is handed out.

    Raises
    ------
    errors.ArtifactError
        Where the artifact was pruned, or where the folder, the manifest or a file is
        missing or was changed; names it.
    """
    folder = root / _safe(address)
    manifest_path = folder / MANIFEST
    if not manifest_path.is_file():
        raise errors.ArtifactError(_absence(root, address))
    manifest = manifest_path.read_bytes()
    if hashlib.sha256(manifest).hexdigest() != address:
        message = f"{manifest_path} does not match its address; it was changed"
        raise errors.ArtifactError(message)
    return {
        name: _verified(folder / _safe(name), expected)
        for name, expected in listed(manifest_path, manifest).items()
    }


def files(root: Path, address: str) -> dict[str, bytes]:
    """Files of an artifact by their SHA-256, its manifest under the address itself.

    Raises
    ------
    errors.ArtifactError
        As `load` does.
    """
    artifact = load(root, address)
    by_content = {hashlib.sha256(each).hexdigest(): each for each in artifact.values()}
    return by_content | {address: _manifest(artifact)}


def listed(path: Path, manifest: bytes) -> dict[str, str]:
    """Files of an artifact and their SHA-256, by its manifest.

    Parameters
    ----------
    path
        What the manifest is called where it cannot be read.
    manifest
        Its bytes.

    Raises
    ------
    errors.ArtifactError
        Where it is none.
    """
    try:
        return {str(name): str(sha256) for name, sha256 in json.loads(manifest).items()}
    except (ValueError, AttributeError, RecursionError) as fault:
        message = f"{path} must list files with their sha256, found: {fault!r}"
        raise errors.ArtifactError(message) from fault


def is_intact(root: Path, address: str) -> bool:
    """Whether `load` would hand the artifact out."""
    try:
        load(root, address)
    except errors.ArtifactError:
        return False
    return True


def _absence(root: Path, address: str) -> str:
    if state(root, address) == "pruned":
        return (
            f"the artifact at {root / address} was pruned: only those of the latest "
            "challengers and of former champions are kept; train its month again"
        )
    return f"no artifact at {root / address}: expected {MANIFEST}; train it again"


def state(root: Path, address: str) -> str:
    """One of `STATES`; whether what is kept is intact only `load` can tell."""
    if (root / _safe(address)).is_dir():
        return "kept"
    return "pruned" if _tombstone(root, address).is_file() else "missing"


def prune(root: Path, addresses: Iterable[str]) -> list[str]:
    """Remove artifacts for good, but for their manifests.

    A crash at any moment leaves an artifact whole or pruned: it is renamed away before
    the first file goes.

    Parameters
    ----------
    root
        Folder of all artifacts.
    addresses
        Which; those that are not kept are passed over.

    Returns
    -------
    list of str
        Addresses that were removed, in the given order.
    """
    for left in root.glob(".pruning-*"):
        shutil.rmtree(left)
    removed = [each for each in addresses if state(root, each) == "kept"]
    for address in removed:
        manifest = root / address / MANIFEST
        if manifest.is_file():
            _write_synced(_tombstone(root, address), manifest.read_bytes())
        _discard(root, address)
    return removed


def _discard(root: Path, address: str) -> None:
    aside = Path(tempfile.mkdtemp(prefix=".pruning-", dir=root))
    (root / address).rename(aside / address)
    _sync_folder(root)
    shutil.rmtree(aside)


def _tombstone(root: Path, address: str) -> Path:
    return root / f"{address}.pruned"


def _verified(path: Path, expected: str) -> bytes:
    if not path.is_file():
        message = f"{path} is missing; restore it or train again"
        raise errors.ArtifactError(message)
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        message = f"{path} must have sha256 {expected}, has {found}; it was changed"
        raise errors.ArtifactError(message)
    return content


def _safe(name: str) -> str:
    """Relative path that stays inside its artifact."""
    if not _NAME.fullmatch(name) or {".", ".."} & set(name.split("/")):
        message = f"artifact files must have plain relative names, was {name!r}"
        raise errors.ArtifactError(message)
    return name


def _write_all(folder: Path, artifact: Mapping[str, bytes]) -> None:
    for name, content in artifact.items():
        _write_synced(folder / _safe(name), content)
    for each in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        _sync_folder(each)


def _write_synced(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
