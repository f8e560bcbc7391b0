"""``turbomode bars``: bars of a symbol as they are, or at some moment were, known."""

import argparse

import polars as pl
from rich.console import Console

from turbomode_assets import cli_options, cli_output, errors
from turbomode_assets.defs import resources
from turbomode_assets.reports import terminal
from turbomode_assets.store import bitemporal, home, warehouse


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.set_defaults(command=run)
    parser.add_argument("symbol", help="as in SIM142")
    parser.add_argument(
        "--from", dest="first", type=cli_options.day, required=True, help="first day"
    )
    parser.add_argument(
        "--to", dest="last", type=cli_options.day, help="last day (default: --from)"
    )
    parser.add_argument(
        "--as-of",
        type=cli_options.moment,
        help="known at this moment, such as 2024-06-28T23:00, New York time "
        "(default: now)",
    )
    cli_options.add_home(parser)
    cli_output.add(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Print the bars.

    Raises
    ------
    errors.MissingUpstream
        Where none were known.
    """
    moment = options.as_of or resources.ClockResource().now()
    first, last = options.first, options.last or options.first
    with warehouse.opened(home.existing(options.home).warehouse) as store:
        known = bitemporal.as_of(store, moment, first, last)
    rows = known.filter(pl.col("symbol") == options.symbol.upper())
    if rows.is_empty():
        message = (
            f"expected bars of {options.symbol} from {first} to {last} known at "
            f"{moment.astimezone(cli_options.NEW_YORK):%Y-%m-%d %H:%M} New York time, "
            "found none"
        )
        raise errors.MissingUpstream(message)
    if cli_output.is_asked(options):
        cli_output.say(console, rows.to_dicts())
    else:
        console.print(terminal.bars(rows))
    return 0
