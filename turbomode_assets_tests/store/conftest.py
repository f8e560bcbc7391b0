"""Warehouses of both kinds: what is true of one is true of the other."""

from pathlib import Path

import pytest

from turbomode_assets.store import address
from turbomode_assets_tests.store import postgres


@pytest.fixture(params=["file", "lake"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> address.Address:
    """Address of a warehouse that does not exist yet."""
    if request.param == "file":
        return tmp_path / "w.duckdb"
    cluster: postgres.Cluster = request.getfixturevalue("cluster")
    return address.Lake(cluster.words(cluster.create()), str(tmp_path / "lake"))
