"""``turbomode report``: the desk's page, in one file that needs no network.

Writes the page of the newest session into the home and says where it is; ``--open``
shows it in the browser.
"""

import argparse
import json
import webbrowser

from rich.console import Console

from turbomode_assets import errors
from turbomode_assets.defs import swing_page
from turbomode_assets.store import home, warehouse


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.set_defaults(command=run)
    parser.add_argument("--open", action="store_true", help="show it in the browser")
    parser.add_argument("--json", action="store_true", help="where it is, as JSON")


def run(options: argparse.Namespace, console: Console) -> int:
    """Write the page.

    Raises
    ------
    errors.MissingUpstream
        Where nothing was signaled or graded yet.
    """
    where = home.Home(options.home.resolve()) if options.home else home.locate()
    with warehouse.opened(where.database) as store:
        as_of = swing_page.newest_day(store)
        if as_of is None:
            message = f"expected signals or outcomes in {where.root}, found none; "
            raise errors.MissingUpstream(message + "begin with: turbomode run")
        page = swing_page.write(where.root, store, as_of)
    told = {"page": str(page), "as_of": str(as_of)}
    if options.json:
        console.print_json(json.dumps(told), highlight=False)
    else:
        console.print(f"{page}: up to {as_of}.", soft_wrap=True)
    if options.open:
        webbrowser.open(page.as_uri())
    return 0
