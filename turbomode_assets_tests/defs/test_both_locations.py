"""Both machines in one workspace: the loop is whole, and nothing is computed twice."""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import dagster as dg
import pytest
import yaml
from dagster._core.definitions.assets.graph.remote_asset_graph import (
    RemoteWorkspaceAssetNode,
)
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._grpc.client import DagsterGrpcClient

from turbomode_assets import tables
from turbomode_assets.defs import assembly, metadata, roles
from turbomode_assets.defs.assets import learning
from turbomode_assets.store import home
from turbomode_assets_tests import lakes

WORKSPACE = pathlib.Path(__file__).parents[2] / "deploy" / "two_machines.yaml"

PATIENCE_SECONDS = 120.0


def free_port() -> int:
    """A port nobody listens at."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


@contextlib.contextmanager
def code_server(root: pathlib.Path, role: str) -> Iterator[int]:
    """Port of a code server on a home with this role, which answers."""
    lakes.prepare(home.Home(root), home.Settings())
    home.join(home.Home(root), role, str(root.parent / "place"))
    port = free_port()
    served = ["-m", "turbomode_assets.definitions", "--host", "127.0.0.1"]
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [*(sys.executable, "-m", "dagster", "api", "grpc"), *served, "-p", str(port)],
        env=os.environ | {home.VARIABLE: str(root), "DAGSTER_HOME": str(root)},
    ) as process:
        try:
            until = time.monotonic() + PATIENCE_SECONDS
            client = DagsterGrpcClient(port=port, host="127.0.0.1")
            while client.health_check_query() != "SERVING":  # type: ignore[no-untyped-call]
                assert process.poll() is None, "the code server ended"
                assert time.monotonic() < until, "the code server does not answer"
                time.sleep(0.2)
            yield port
        finally:
            process.terminate()


def where_computed(node: RemoteWorkspaceAssetNode) -> list[str]:
    """Locations in which an asset can be materialized."""
    return [
        found.handle.location_name
        for found in node.repo_scoped_asset_infos
        if found.asset_node.is_executable
    ]


@pytest.mark.xdist_group("validate")
def test_one_workspace_shows_both_machines(tmp_path: pathlib.Path) -> None:
    told = yaml.safe_load(WORKSPACE.read_text())
    with contextlib.ExitStack() as running:
        for entry in told["load_from"]:
            server = entry["grpc_server"]
            role = server["location_name"]
            server["port"] = running.enter_context(code_server(tmp_path / role, role))
        ours = tmp_path / "workspace.yaml"
        ours.write_text(yaml.safe_dump(told))
        instance = running.enter_context(dg.DagsterInstance.local_temp(str(tmp_path)))
        workspace = running.enter_context(
            WorkspaceProcessContext(instance, WorkspaceFileTarget([str(ours)]))
        )
        request = workspace.create_request_context()
        assert request.code_location_names == ["serve", "train"]
        shown = {
            node.key: where_computed(node) for node in request.asset_graph.asset_nodes
        }
    whole = assembly.assemble(home.Home(tmp_path), home.Settings())
    graph = whole.get_repository_def().asset_graph
    assert shown.keys() == set(graph.get_all_asset_keys())
    assert {key for key, found in shown.items() if found} == (
        set(graph.executable_asset_keys) - roles.HANDED_OVER
    )
    assert [key for key, found in shown.items() if len(found) > 1] == []
    assert shown[metadata.key(tables.SIGNALS)] == ["serve"]
    assert shown[learning.CHALLENGER] == ["train"]
