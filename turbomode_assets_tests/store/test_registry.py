"""An artifact is what its address says, or it does not load."""

import hashlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from turbomode_assets import errors
from turbomode_assets.store import registry

ARTIFACT = {"card.json": b"{}", "trees.txt": b"tree", "base/one/model.txt": b"1"}


def test_an_artifact_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    assert registry.load(tmp_path, registry.save(tmp_path, ARTIFACT)) == ARTIFACT


def test_saving_again_changes_nothing(tmp_path: Path) -> None:
    first = registry.save(tmp_path, ARTIFACT)
    assert registry.save(tmp_path, dict(reversed(ARTIFACT.items()))) == first
    assert [path.name for path in tmp_path.iterdir()] == [first]


@pytest.mark.parametrize("name", ["trees.txt", "base/one/model.txt", registry.MANIFEST])
def test_a_tampered_file_is_named(tmp_path: Path, name: str) -> None:
    address = registry.save(tmp_path, ARTIFACT)
    (tmp_path / address / name).write_bytes(b"other")
    with pytest.raises(errors.ArtifactError, match=name):
        registry.load(tmp_path, address)


@pytest.mark.parametrize("name", ["trees.txt", "base/one/model.txt", registry.MANIFEST])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    address = registry.save(tmp_path, ARTIFACT)
    (tmp_path / address / name).unlink()
    with pytest.raises(errors.ArtifactError, match=name):
        registry.load(tmp_path, address)


@pytest.mark.parametrize("name", ["trees.txt", "base/one/model.txt", registry.MANIFEST])
def test_training_again_mends_what_was_damaged(tmp_path: Path, name: str) -> None:
    address = registry.save(tmp_path, ARTIFACT)
    (tmp_path / address / name).write_bytes(b"other")
    assert registry.save(tmp_path, ARTIFACT) == address
    assert registry.load(tmp_path, address) == ARTIFACT
    (tmp_path / address / name).unlink()
    assert registry.save(tmp_path, ARTIFACT) == address
    assert registry.load(tmp_path, address) == ARTIFACT
    assert [path.name for path in tmp_path.iterdir()] == [address]


def test_a_pruned_artifact_says_so_and_its_manifest_stays(tmp_path: Path) -> None:
    address = registry.save(tmp_path, ARTIFACT)
    other = registry.save(tmp_path, {"card.json": b"other"})
    assert registry.prune(tmp_path, [address, "0" * 64]) == [address]
    assert registry.state(tmp_path, address) == "pruned"
    with pytest.raises(errors.ArtifactError, match=f"{address} was pruned"):
        registry.load(tmp_path, address)
    manifest = (tmp_path / f"{address}.pruned").read_bytes()
    assert hashlib.sha256(manifest).hexdigest() == address
    assert registry.load(tmp_path, other) == {"card.json": b"other"}
    assert registry.prune(tmp_path, [address]) == []


def test_training_again_brings_a_pruned_artifact_back(tmp_path: Path) -> None:
    address = registry.save(tmp_path, ARTIFACT)
    registry.prune(tmp_path, [address])
    assert registry.save(tmp_path, ARTIFACT) == address
    assert registry.load(tmp_path, address) == ARTIFACT
    assert [path.name for path in tmp_path.iterdir()] == [address]


def test_what_a_crash_left_of_a_pruning_goes_with_the_next(tmp_path: Path) -> None:
    address = registry.save(tmp_path, ARTIFACT)
    (tmp_path / address).rename(tmp_path / ".pruning-crashed")
    registry.prune(tmp_path, [])
    assert list(tmp_path.iterdir()) == []


def test_an_address_nobody_saved_is_missing(tmp_path: Path) -> None:
    assert registry.state(tmp_path, "0" * 64) == "missing"
    with pytest.raises(errors.ArtifactError, match=r"no artifact at .*train it again"):
        registry.load(tmp_path, "0" * 64)


KILLED = """
import pathlib, resource, signal, sys
from turbomode_assets.store import registry
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # the kernel kills who writes too much
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
registry.save(pathlib.Path(sys.argv[1]), {f"{n}.bin": bytes(100 * n) for n in range(4)})
"""


@pytest.mark.parametrize("limit", [50, 150, 250, 310])
def test_a_save_that_was_killed_leaves_nothing_at_the_address(
    tmp_path: Path, limit: int
) -> None:
    artifact = {f"{n}.bin": bytes(100 * n) for n in range(4)}
    address = registry.content_address(artifact)
    command = [sys.executable, "-B", "-c", KILLED, str(tmp_path), str(limit)]
    killed = subprocess.run(command, check=False)  # noqa: S603
    assert killed.returncode == -signal.SIGXFSZ
    with pytest.raises(errors.ArtifactError, match="no artifact"):
        registry.load(tmp_path, address)
    assert registry.save(tmp_path, artifact) == address
    assert registry.load(tmp_path, address) == artifact


@pytest.mark.parametrize("name", ["../escape", "/etc/escape", "a//b", "a/../b", ""])
def test_a_name_that_leaves_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(errors.ArtifactError, match="plain relative names"):
        registry.save(tmp_path / "models", {name: b""})
