"""What commands tell machines: one JSON document on standard output, nothing beside it.

Every command that ends takes ``--json``. How people are told stands with each command.
"""

import argparse
import json
from typing import Any

from rich.console import Console


def add(*parsers: argparse.ArgumentParser) -> None:
    """Option ``--json`` of commands and of their subcommands.

    Parameters
    ----------
    parsers
        Those that take it.
    """
    for parser in parsers:
        # A default of a subcommand would undo what was said before its name.
        parser.add_argument(
            "--json",
            action="store_true",
            default=argparse.SUPPRESS,
            help="everything, as JSON",
        )


def is_asked(options: argparse.Namespace) -> bool:
    """Whether a machine reads."""
    return bool(getattr(options, "json", False))


def say(console: Console, found: Any) -> None:
    """Print a document; days, moments and paths as text.

    Parameters
    ----------
    console
        Where it goes.
    found
        Lists, dicts and values.
    """
    # Written as it is: to lay a large document out anew takes Rich seconds.
    console.out(json.dumps(found, default=str, indent=1), highlight=False)


def aside(options: argparse.Namespace, console: Console) -> Console:
    """Where a command tells how far it is: beside the document, if there is one."""
    return Console(stderr=True, highlight=False) if is_asked(options) else console
