"""``turbomode up``: one terminal, this machine alone, nothing left behind."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from turbomode_assets import cli
from turbomode_assets.defs import views
from turbomode_assets_tests import serving

pytestmark = pytest.mark.xdist_group("up")

LAUNCH = (
    "mutation{launchRun(executionParams:{selector:{"
    'repositoryName:"__repository__",'
    'repositoryLocationName:"turbomode_assets.definitions",'
    'pipelineName:"grading"},mode:"default"}){__typename}}'
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[serving.Served]:
    """An empty home that is up, its schedules paused."""
    home = tmp_path_factory.mktemp("served") / "home"
    with serving.up(home, "--paused") as served:
        yield served


def test_it_listens_to_this_machine_alone(served: serving.Served) -> None:
    found = [
        connection.laddr
        for process in served.processes()
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert [(place.ip, place.port) for place in found] == [("127.0.0.1", served.port)]


def test_it_fits_a_small_server(served: serving.Served) -> None:
    used = sum(process.memory_info().rss for process in served.processes())
    assert used < 1.5e9


def test_it_says_where_to_look(served: serving.Served) -> None:
    said = served.log.read_text()
    for view in views.ALL:
        assert served.url(view.path) in said


def test_a_home_is_lived_once(served: serving.Served) -> None:
    port = str(serving.free_port())
    second = subprocess.run(  # noqa: S603 - our own command line
        [*serving.COMMAND, "up", "--home", str(served.home), "--port", port],
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"process {served.process.pid} does" in second.stderr


def test_a_taken_port_is_named_at_once(
    served: serving.Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["up", "--home", str(tmp_path / "other"), "--port", str(served.port)]
    assert cli.main(asked) == 1
    assert f"port {served.port}" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "other").exists()


def test_who_only_looks_on_changes_nothing(served: serving.Served) -> None:
    with serving.up(served.home, "--read-only") as looking:
        assert looking.ask("{version}")["data"]["version"]
        refused = looking.ask(LAUNCH)["data"]["launchRun"]
        allowed = served.ask(LAUNCH)["data"]["launchRun"]
    assert refused["__typename"] == "UnauthorizedError"
    assert allowed["__typename"] != "UnauthorizedError"


def test_a_service_manager_ends_everything(tmp_path: Path) -> None:
    with serving.up(tmp_path / "home", "--paused") as served:
        assert len(served.processes()) > 3
        assert served.stop(signal.SIGTERM) == os.EX_OK
