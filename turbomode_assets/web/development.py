"""``dagster dev`` with the guarded web server: ``python -m ...web.development dev``.

Takes the options of ``dagster`` and is it, but starts the web server of ``server.py``
where it would have started its own. A Dagster that starts its web server differently is
refused: better no user interface than one without the guard.
"""

import subprocess
from collections.abc import Sequence
from typing import Any

from dagster._cli import dev
from dagster._cli import main as dagster

from turbomode_assets import errors
from turbomode_assets.web import server

STOCK = "dagster_webserver"
"""Module of the web server that is replaced."""

_SEAM = "open_ipc_subprocess"
"""Function by which that module starts its processes."""

_start = vars(dev)[_SEAM]


def guarded(command: Sequence[str]) -> list[str]:
    """The same command, with the guarded web server for the stock one.

    Examples
    --------
    >>> guarded(["python", "-m", "dagster_webserver", "--port", "3000"])
    ['python', '-m', 'turbomode_assets.web.server', '--port', '3000']
    """
    return [server.__name__ if part == STOCK else part for part in command]


def _start_guarded(command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
    wanted = guarded(command)
    if wanted == list(command) and "dagster._daemon" not in command:
        message = f"expected a web server or a daemon to start, found {command}"
        raise errors.SettingsError(message)
    started: subprocess.Popen[Any] = _start(wanted, **options)
    return started


def main() -> None:
    """Run until told to stop."""
    vars(dev)[_SEAM] = _start_guarded
    dagster()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
