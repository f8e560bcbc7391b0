"""``turbomode up``: the user interface of a home, and the daemon that lives it on.

Prepares the home and becomes Dagster, its web server behind the guard of ``web``:
Ctrl-C or SIGTERM ends the web server, the daemon and the code server together. What is
shown and what runs is not decided here.
"""

import argparse
import fcntl
import os
import socket
import sys

from rich.console import Console

from turbomode_assets import cli_options, errors
from turbomode_assets.defs import views
from turbomode_assets.store import home
from turbomode_assets.web import development, server

MODULE = ["-m", "turbomode_assets.definitions"]
"""What Dagster is told to load."""

_SUPERSEDED = "ignore:Function `dev_command`"
"""`dagster dev` recommends `dg dev`, which needs a project of its own to start."""


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.set_defaults(command=run)
    parser.add_argument("--port", type=int, default=3000, help="(default: %(default)s)")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen at (default: %(default)s); Dagster asks nobody for a "
        "password, so any other belongs behind a proxy that does, see "
        "docs/operations.md",
    )
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        help="name people call the server by, such as that of a proxy; requests that "
        "call it otherwise are refused; may be given more than once",
    )
    cli_options.add_home(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--paused",
        action="store_true",
        help="leave schedules and sensors switched off",
    )
    how.add_argument(
        "--read-only",
        action="store_true",
        help="show everything, change and run nothing; may stand beside another `up`",
    )


def run(options: argparse.Namespace, console: Console) -> int:
    """Become the user interface of a home; returns only where that is refused.

    Raises
    ------
    errors.HomeBusy
        Where another ``turbomode up`` lives the home.
    errors.SettingsError
        Where the port is taken.
    """
    where = cli_options.home_of(options)
    _refuse_taken(options.host, options.port)
    home.prepare(where, home.read_settings(where))
    if not options.read_only:
        _claim(where)
    names = {
        "DAGSTER_HOME": str(where.root),
        home.VARIABLE: str(where.root),
        home.PAUSED: "1" if options.paused else "",
        server.NAMES: ",".join([options.host, *options.name]),
    }
    console.print(*_greeting(where, options), sep="\n", soft_wrap=True)
    os.execve(sys.executable, _command(options), os.environ | names)  # noqa: S606


def _refuse_taken(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as fault:
            message = (
                f"expected to listen at {host}, port {port}, found: {fault.strerror}; "
                "name another --port"
            )
            raise errors.SettingsError(message) from fault


def _claim(where: home.Home) -> None:
    """Keep others from living the same home for as long as this process is there.

    The lock stands on a file that stays open when the process becomes Dagster.
    """
    kept = os.open(where.root / "up.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(kept, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        holder = os.read(kept, 20).decode() or "unknown"
        os.close(kept)
        message = (
            f"expected nobody to live {where.root}, but process {holder} does; stop "
            "it, or look on with --read-only and another --port"
        )
        raise errors.HomeBusy(message) from fault
    os.truncate(kept, 0)
    os.write(kept, str(os.getpid()).encode())
    os.set_inheritable(kept, True)  # noqa: FBT003 - it takes no names


def _greeting(where: home.Home, options: argparse.Namespace) -> list[str]:
    address = f"http://{options.host}:{options.port}"
    running = "schedules and sensors run unless switched off"
    if options.paused:
        running = "schedules and sensors are off unless switched on"
    if options.read_only:
        running = "nothing can be changed, and nothing runs from here"
    links = [f"  {view.name:<14} {address}{view.path}" for view in views.ALL]
    return [f"Home {where.root}: {running}. Ctrl-C stops.", f"  {address}", *links]


def _command(options: argparse.Namespace) -> list[str]:
    place = [*MODULE, "-h", options.host, "-p", str(options.port)]
    if options.read_only:
        return [sys.executable, "-m", server.__name__, "--read-only", *place]
    return [
        sys.executable,
        "-W",
        _SUPERSEDED,
        "-m",
        development.__name__,
        "dev",
        *place,
    ]
