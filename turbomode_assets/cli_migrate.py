"""``turbomode migrate``: another warehouse for a home, proven row by row.

How it is copied stands in ``store/moving.py``.
"""

import argparse
from pathlib import Path

from rich.console import Console

from turbomode_assets import cli_options, cli_output
from turbomode_assets.store import address, home, moving

WAIT_SECONDS = 600.0
"""How long to wait for a run that writes: a night's scan of a large universe."""


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.set_defaults(command=run)
    cli_options.add_home(parser)
    cli_output.add(parser)
    kinds = f"{address.FILE}/path, or {address.LAKE}dbname=..."
    parser.add_argument("source", metavar="FROM", help=f"URL: {kinds}")
    parser.add_argument("target", metavar="TO", help="URL of one that is empty")
    parser.add_argument("--lake-path", default="", help="where the files of a lake lie")


def run(options: argparse.Namespace, console: Console) -> int:
    """Copy a warehouse, and point the home at the copy where it was its own."""
    where = cli_options.home_of(options)
    source = address.parse(options.source, "", where.database)
    target = address.parse(options.target, options.lake_path, where.database)
    moved = moving.migrate(source, target, WAIT_SECONDS)
    rows = {name.replace('"', ""): n_rows for name, n_rows in moved.items()}
    is_used = _is_of(where, source)
    if is_used:
        home.point(where, options.target, options.lake_path)
    if cli_output.is_asked(options):
        told = {"target": str(target), "is_used": is_used, "rows": rows}
        cli_output.say(console, told)
        return 0
    for name, n_rows in rows.items():
        console.print(f"{n_rows:>12,}  {name}")
    console.print(f"{sum(rows.values()):>12,}  rows in {target}, each as it was.")
    if is_used:
        console.print(f"{where.root} uses it from now on.", soft_wrap=True)
    return 0


def _is_of(where: home.Home, source: address.Address) -> bool:
    """Whether a home uses a warehouse, wherever the files of a lake lie."""
    used = where.warehouse
    if isinstance(used, Path) or isinstance(source, Path):
        return used == source
    return used.catalog == source.catalog
