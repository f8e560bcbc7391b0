"""Options that many commands share, and how their words are understood."""

import argparse
import datetime as dt
import zoneinfo
from pathlib import Path

from turbomode_assets.store import home

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
"""Where a moment without a time zone is meant."""


def add_home(*parsers: argparse.ArgumentParser) -> None:
    """Option ``--home`` of commands and of their subcommands.

    Parameters
    ----------
    parsers
        Those that take it.
    """
    text = f"folder that keeps everything (TURBOMODE_HOME, else ./{home.DEFAULT})"
    for parser in parsers:
        # A default of a subcommand would undo what was said before its name.
        parser.add_argument("--home", type=Path, default=argparse.SUPPRESS, help=text)


def home_of(options: argparse.Namespace) -> home.Home:
    """Home a person names, else that of the environment; it need not be there."""
    return home.Home(options.home.resolve()) if options.home else home.locate()


def day(text: str) -> dt.date:
    """Day as it is written on the command line.

    Raises
    ------
    argparse.ArgumentTypeError
        With an example.
    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError as fault:
        message = f"expected a day such as 2024-06-28, found {text!r}"
        raise argparse.ArgumentTypeError(message) from fault


def moment(text: str) -> dt.datetime:
    """Moment as it is written on the command line; New York's where no zone is named.

    Raises
    ------
    argparse.ArgumentTypeError
        With an example.
    """
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError as fault:
        message = f"expected a moment such as 2024-06-28T23:00, found {text!r}"
        raise argparse.ArgumentTypeError(message) from fault
    return found if found.tzinfo else found.replace(tzinfo=NEW_YORK)
