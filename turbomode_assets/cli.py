"""The command line: which commands there are, and how errors are worded.

A command stands in a module of its own, which is loaded when the command is named:
whoever asks for help or mistypes does not wait for Dagster.
"""

import argparse
import pkgutil
import signal
import sys
from collections.abc import Container, Sequence
from typing import Any

from rich.console import Console

from turbomode_assets import errors

PLAIN_WIDTH = 120
"""Columns of what is printed where nobody says how wide the paper is."""

COMMANDS = {
    "run": ("live through history up to --to", "cli_run:add"),
    "up": ("open the Dagster user interface", "cli_up:add"),
    "bars": ("show bars as they are, or were, known", "cli_bars:add"),
    "replay": ("hold the loop against its arms", "cli_replay:add"),
    "champion": ("who reigned when, and rollback", "cli_champion:add"),
    "explain": ("why a signal says what it says", "cli_explain:add"),
    "verify": ("whether everything that must hold does", "cli_verify:add"),
    "status": ("whether all is well, and what comes next", "cli_status:add"),
    "report": ("write the page of each desk", "cli_report:add"),
    "notify": ("messages to people", "cli_notify:add"),
    "backup": ("keep a home in a folder, while it lives", "cli_backup:add"),
    "restore": ("bring a backup back as a new home", "cli_backup:add_restore"),
    "exchange": ("share the loop with another machine", "cli_exchange:add"),
    "train": ("pull, learn what is due, and push", "cli_exchange:add_train"),
    "migrate": ("copy a warehouse into another, row by row", "cli_migrate:add"),
}
"""Of each command what it does, and the function that gives it its options."""


class _Parser(argparse.ArgumentParser):
    """Tells which parser understood the last word."""

    def __init__(self, **told: Any) -> None:
        super().__init__(**told)
        self.set_defaults(parser=self)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code of the process.

    Returns
    -------
    int
        0 when all went well, 1 after an error that was explained, 130 when stopped.
    """
    words = sys.argv[1:] if arguments is None else arguments
    options, unknown = _parser(words[:1]).parse_known_args(words)
    if unknown:
        options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    # Within a run Dagster answers SIGTERM as SIGINT, which a script's shell may ignore.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    is_terminal = sys.stdout.isatty()
    console = Console(highlight=False, width=None if is_terminal else PLAIN_WIDTH)
    try:
        code: int = options.command(options, console)
    except errors.TurbomodeError as error:
        explained = f"turbomode: {error}"
        Console(stderr=True).print(explained, markup=False, soft_wrap=True)
        return 1
    except OSError as error:
        explained = f"turbomode: {error.strerror or error}: {error.filename or ''}"
        Console(stderr=True).print(explained, markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        further = " The same command continues from here."
        console.print(f"\nStopped.{further if options.is_resumed else ''}")
        return 130
    return code


def _parser(named: Container[str] = COMMANDS) -> argparse.ArgumentParser:
    """Parser that knows the options of the commands named."""
    parser = _Parser(
        prog="turbomode", description="A self-improving signal platform for stocks."
    )
    parser.set_defaults(home=None, is_resumed=False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (text, place) in COMMANDS.items():
        says = f"{text[0].upper()}{text[1:]}."
        command = commands.add_parser(name, help=text, description=says)
        if name in named:
            pkgutil.resolve_name(f"turbomode_assets.{place}")(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
