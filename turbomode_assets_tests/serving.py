"""A real ``turbomode up`` for tests: started, waited for, and stopped in order."""

import contextlib
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

START_SECONDS = 180.0
"""How long a start may take on a machine that is busy with other tests."""

COMMAND = [sys.executable, "-m", "turbomode_assets.cli"]


@dataclasses.dataclass(frozen=True)
class Served:
    """A home that is up."""

    home: Path
    port: int
    process: subprocess.Popen[str]

    @property
    def log(self) -> Path:
        """What the command has said; each start of a home has a file of its own."""
        return self.home.parent / f"{self.home.name}-{self.port}.log"

    def url(self, path: str = "/") -> str:
        """Address of a page."""
        return f"http://127.0.0.1:{self.port}{path}"

    def ask(self, query: str) -> dict[str, Any]:
        """Answer of the GraphQL endpoint; raises where it is not there yet."""
        request = urllib.request.Request(  # noqa: S310 - our own server
            self.url("/graphql"),
            json.dumps({"query": query}).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310
            answer: dict[str, Any] = json.load(reply)
        return answer

    def processes(self) -> list[psutil.Process]:
        """Everything that was started, the command itself first."""
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    def stop(self, by: signal.Signals = signal.SIGINT) -> int:
        """Exit code after a signal; nothing that was started may outlive it."""
        started = self.processes()
        self.process.send_signal(by)
        code = self.process.wait(START_SECONDS)
        left = [each.cmdline() for each in started[1:] if _is_alive(each)]
        if left:
            message = f"expected everything to end with the command, found {left}"
            raise RuntimeError(message)
        return code


def _is_alive(process: psutil.Process) -> bool:
    """Whether it runs; what has ended and waits for its parent to notice does not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE and process.is_running())
    return False


@contextlib.contextmanager
def up(home: Path, *options: str) -> Iterator[Served]:
    """A home that is up, once its code location has loaded."""
    port = free_port()
    command = [*COMMAND, "up", "--home", str(home), "--port", str(port), *options]
    said = (home.parent / f"{home.name}-{port}.log").open("w")
    with (
        said,
        subprocess.Popen(  # noqa: S603 - our own command line
            command, stdout=said, stderr=said, text=True, env=dict(os.environ)
        ) as process,
    ):
        served = Served(home, port, process)
        try:
            _wait(served)
            yield served
        finally:
            if process.poll() is None:
                served.stop()


def free_port() -> int:
    """A port nobody listens at."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
    return port


_LOADED = "{workspaceOrError{... on Workspace{locationEntries{loadStatus}}}}"


def _wait(served: Served) -> None:
    until = time.monotonic() + START_SECONDS
    while not _is_loaded(served):
        if served.process.poll() is not None or time.monotonic() > until:
            message = f"expected a page within {START_SECONDS:.0f} s, found none: "
            raise TimeoutError(message + served.log.read_text()[-2000:])
        time.sleep(0.2)


def _is_loaded(served: Served) -> bool:
    try:
        entries = served.ask(_LOADED)["data"]["workspaceOrError"]["locationEntries"]
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
    return bool(entries) and all(e["loadStatus"] == "LOADED" for e in entries)
