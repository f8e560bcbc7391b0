"""Warehouses of both kinds: what is true of one is true of the other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from turbomode_assets.store import address
from turbomode_assets_tests import postgres


@pytest.fixture(params=["file", "lake"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> address.Address:
    """Address of a warehouse that does not exist yet."""
    if request.param == "file":
        return tmp_path / "w.duckdb"
    cluster: postgres.Cluster = request.getfixturevalue("cluster")
    return address.Lake(cluster.words(cluster.create()), str(tmp_path / "lake"))


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """Address of an S3-compatible server with one bucket."""
    pytest.importorskip("s3fs", reason="needs turbomode-assets[exchange]")
    server = pytest.importorskip("moto.server", reason="needs moto[server]")
    boto3 = pytest.importorskip("boto3")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    address = f"http://{host}:{port}"
    names = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    names |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": address}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in names.items():
            patch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="turbomode")
        yield "s3://turbomode/exchange"
    running.stop()
