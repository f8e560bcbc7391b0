"""``turbomode report``: a page for each desk, in one file that needs no network.

Writes the pages of the newest session into the home and says where they are; ``--open``
shows them in the browser.
"""

import argparse
import webbrowser
from pathlib import Path

from rich.console import Console

from turbomode_assets import cli_options, cli_output, errors
from turbomode_assets.defs import pages
from turbomode_assets.store import home, warehouse


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.set_defaults(command=run)
    parser.add_argument("--desk", choices=pages.DESKS, help="(default: both)")
    parser.add_argument("--open", action="store_true", help="show it in the browser")
    cli_options.add_home(parser)
    cli_output.add(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Write the page of each desk that has spoken.

    Raises
    ------
    errors.MissingUpstream
        Where nothing was signaled or graded yet.
    """
    where = home.existing(options.home)
    with warehouse.opened(where.warehouse) as store:
        found = pages.write(where, store, options.desk)
    told = [
        {"desk": name, "page": str(path), "as_of": str(as_of)}
        for name, (path, as_of) in found.items()
    ]
    if not told:
        message = f"expected signals or outcomes in {where.root}, found none; "
        raise errors.MissingUpstream(message + "begin with: turbomode run")
    if cli_output.is_asked(options):
        cli_output.say(console, told)
    else:
        for one in told:
            console.print(f"{one['page']}: up to {one['as_of']}.", soft_wrap=True)
    if options.open:
        _show(told)
    return 0


def _show(told: list[dict[str, str]]) -> None:
    for one in told:
        webbrowser.open(Path(one["page"]).as_uri())
