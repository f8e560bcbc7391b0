"""What the test suite takes for granted of what runs it."""

import subprocess
import sys
from pathlib import Path

GROUPED = """
import os, pathlib, pytest

@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("n", range(6))
def test_one(n):
    pathlib.Path(__file__).with_name(f"{os.getpid()}.pid").touch()
"""


def test_a_group_of_tests_stays_with_one_worker(tmp_path: Path) -> None:
    (tmp_path / "test_grouped.py").write_text(GROUPED)
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)  # noqa: S603
    assert len(list(tmp_path.glob("*.pid"))) == 1
