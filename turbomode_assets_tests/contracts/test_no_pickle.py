"""Nothing here can make a reader run code: no pickle in the code or in an artifact."""

import ast
import pickletools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import turbomode_assets
from turbomode_assets.store import registry
from turbomode_assets_tests.conftest import Lived

pytestmark = pytest.mark.xdist_group("lived")

PACKAGE = Path(turbomode_assets.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
RUNS_CODE = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve", "torch"}
CALLS = {"eval", "exec", "compile", "__import__", "system", "popen"}
OPTIONS = {"allow_pickle", "shell"}


def imported(tree: ast.AST) -> Iterator[str]:
    """Top-level modules that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def called(tree: ast.AST) -> Iterator[str]:
    """Names a module calls, but for methods of others such as `re.compile`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from (word.arg or "" for word in node.keywords if not _is_off(word))
            if isinstance(node.func, ast.Name):
                yield node.func.id
            elif isinstance(node.func, ast.Attribute) and node.func.attr != "compile":
                yield node.func.attr


def _is_off(word: ast.keyword) -> bool:
    return isinstance(word.value, ast.Constant) and word.value.value is False


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_module_loads_no_code_from_data(module: Path) -> None:
    tree = ast.parse(module.read_text())
    assert not RUNS_CODE & set(imported(tree))
    assert not (CALLS | OPTIONS) & set(called(tree))


def is_pickle(content: bytes) -> bool:
    """Whether bytes can be read as a pickle of any protocol, up to its end."""
    try:
        for operation, _, _ in pickletools.genops(content):
            if operation.name == "STOP":
                return True
    except ValueError:
        return False
    return False


def test_a_pickle_would_be_seen() -> None:
    assert is_pickle(b"\x80\x04}\x94.")
    assert is_pickle(b"(dp0\n.")
    assert not is_pickle(b'{"a": 1}')


def test_no_artifact_is_a_pickle(lived: Lived) -> None:
    files = [path for path in lived.where.models.rglob("*") if path.is_file()]
    arrays = [path for path in files if path.suffix == ".npz"]
    others = [path for path in files if path.suffix != ".npz"]
    assert {path.suffix for path in others} <= {".json", ".txt", ".ubj", ".cbm"}
    assert registry.MANIFEST in {path.name for path in others}
    assert [path for path in others if is_pickle(path.read_bytes())] == []
    for path in arrays:
        with np.load(path, allow_pickle=False) as held:
            assert not any(held[name].dtype.hasobject for name in held.files)
