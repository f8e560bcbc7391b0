"""``turbomode up``: one terminal, this machine alone, nothing left behind."""

import http.client
import json
import os
import signal
import subprocess
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from turbomode_assets import cli
from turbomode_assets.defs import views
from turbomode_assets_tests import serving

pytestmark = pytest.mark.xdist_group("up")

WIPE = (
    "mutation{wipeAssets(assetPartitionRanges:"
    '[{assetKey:{path:["swing","signals"]}}]){__typename}}'
)

ATTACKS = {
    "foreign host": ("POST", {"Host": "evil.example"}, 403),
    "rebound name": ("POST", {"Host": "127.0.0.1.evil.example"}, 403),
    "foreign page": ("POST", {"Origin": "https://evil.example"}, 403),
    "page of a file": ("POST", {"Origin": "null"}, 403),
    "page of a neighbor": ("POST", {"Origin": "http://127.0.0.1:1"}, 403),
    "silent page": ("POST", {"Sec-Fetch-Site": "cross-site"}, 403),
    "image": ("GET", {"Sec-Fetch-Site": "cross-site"}, 403),
    "link": ("GET", {}, 405),
    "link that says html": ("GET", {"Accept": "text/html"}, 405),
}
"""How another page may try to wipe assets, and what it is told."""

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


def attacked(served: serving.Served, method: str, headers: dict[str, str]) -> int:
    """Status of an attempt to wipe the signals."""
    line = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    address = f"/graphql?{urllib.parse.urlencode({'query': WIPE})}"
    body = None if method == "GET" else json.dumps({"query": WIPE})
    kind = {"Content-Type": "application/json"}
    line.request(method, address if body is None else "/graphql", body, kind | headers)
    status = line.getresponse().status
    line.close()
    return status


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_other_page_wipes_assets(served: serving.Served, attack: str) -> None:
    method, headers, status = ATTACKS[attack]
    assert attacked(served, method, headers) == status


def test_its_own_page_may(served: serving.Served) -> None:
    own = {"Origin": served.url("").rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert attacked(served, "POST", own) == 200


def test_who_only_looks_on_is_guarded_too(served: serving.Served) -> None:
    with serving.up(served.home, "--read-only") as looking:
        assert attacked(looking, "GET", {}) == 405
        assert attacked(looking, "POST", {"Host": "evil.example"}) == 403


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
