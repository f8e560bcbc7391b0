"""An artifact is what its address says, or it does not load."""

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


@pytest.mark.parametrize("name", ["../escape", "/etc/escape", "a//b", "a/../b", ""])
def test_a_name_that_leaves_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(errors.ArtifactError, match="plain relative names"):
        registry.save(tmp_path / "models", {name: b""})
