"""``turbomode backup`` and ``turbomode restore``: a home, kept and brought back.

A child process opens every copy and holds all invariants against it before it gets its
name. What is copied, and how, stands in ``store/backup.py``.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from turbomode_assets import cli_options, cli_output, errors
from turbomode_assets.store import backup, home

WAIT_SECONDS = 600.0
"""How long a backup waits for a run that writes: a night's scan of a large universe."""


def add(parser: argparse.ArgumentParser) -> None:
    """Options of ``turbomode backup``."""
    parser.set_defaults(command=write)
    parser.add_argument("to", type=Path, help="folder to write, not there yet")
    cli_options.add_home(parser)
    cli_output.add(parser)


def add_restore(parser: argparse.ArgumentParser) -> None:
    """Options of ``turbomode restore``."""
    parser.set_defaults(command=restore)
    parser.add_argument("backup", type=Path, help="folder that `backup` wrote")
    cli_options.add_home(parser)
    cli_output.add(parser)


def write(options: argparse.Namespace, console: Console) -> int:
    """Back a home up; 0 where every invariant holds in the copy."""
    where, to = cli_options.home_of(options), options.to.resolve()
    with backup.written(where, to, WAIT_SECONDS) as (copy, prints):
        found = _looked_at(copy, prints)
    return _told(f"{where.root} is kept in {to}.", found, options, console)


def restore(options: argparse.Namespace, console: Console) -> int:
    """Bring a backup back into a home that is not there yet."""
    where = cli_options.home_of(options)
    with backup.restored(options.backup.resolve(), where) as (copy, prints):
        found = _looked_at(copy, prints)
    return _told(f"{where.root} is {options.backup} again.", found, options, console)


def _looked_at(copy: home.Home, prints: backup.Prints) -> list[dict[str, Any]]:
    """Findings of ``turbomode verify`` in a copy, by a child process.

    Raises
    ------
    errors.BackupError
        Where it does not open, or holds something else; names the tables.
    """
    command = [sys.executable, "-m", "turbomode_assets.cli", "verify", "--json"]
    done = subprocess.run(  # noqa: S603 - our own command line
        [*command, "--home", str(copy.root)],
        capture_output=True,
        text=True,
        check=False,
    )
    if not done.stdout:
        message = f"expected a copy that opens, found: {done.stderr.strip()}"
        raise errors.BackupError(message)
    said = json.loads(done.stdout)
    differing = [
        name for name, one in prints.items() if said["tables"].get(name) != one
    ]
    if differing:
        message = f"expected the same rows in the copy, found others in {differing}"
        raise errors.BackupError(message)
    found: list[dict[str, Any]] = said["invariants"]
    return found


def _told(
    sentence: str,
    found: Sequence[dict[str, Any]],
    options: argparse.Namespace,
    console: Console,
) -> int:
    broken = [one["sentence"] for one in found if not one["holds"]]
    if cli_output.is_asked(options):
        told = {"done": sentence, "n_invariants": len(found), "broken": broken}
        cli_output.say(console, told)
        return int(bool(broken))
    console.print(sentence, soft_wrap=True)
    console.print(f"{len(found)} invariants looked at, {len(broken)} broken.")
    for one in broken:
        console.print(f"  broken: {one}", soft_wrap=True)
    return int(bool(broken))
