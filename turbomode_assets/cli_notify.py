"""``turbomode notify``: whether messages arrive where they should.

``notify test`` sends one message to every channel of the environment, through the same
outbox as every other, and says of each what became of it.
"""

import argparse

import polars as pl
from rich.console import Console
from rich.table import Table

from turbomode_assets import cli_options, cli_output, errors
from turbomode_assets.defs import messaging, resources
from turbomode_assets.notify import channels, outbox
from turbomode_assets.reports import news
from turbomode_assets.store import mail, warehouse


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the command and of its subcommands."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    test = commands.add_parser("test", help="send a message to every channel")
    test.set_defaults(command=run)
    cli_options.add_home(parser, test)
    cli_output.add(test)


def run(options: argparse.Namespace, console: Console) -> int:
    """Send a test to every channel; 1 where one did not confirm it.

    Raises
    ------
    errors.SettingsError
        Where no channel is set.
    """
    where = cli_options.home_of(options)
    clock, addressed = resources.ClockResource(), channels.opened()
    if not addressed:
        message = (
            f"expected a variable such as {channels.PREFIX}PHONE=tgram://TOKEN/CHAT, "
            "found none; https://appriseit.com lists the URLs of services"
        )
        raise errors.SettingsError(message)
    now = clock.now()
    test = news.News(
        kind="test",
        subject=now.isoformat(),
        title="turbomode: a test",
        text=f"Sent by `turbomode notify test` from {where.root}.",
    )
    with warehouse.opened(where.warehouse) as store:
        messaging.write(store, [test], addressed, now)
    ledger = mail.Mail(where.warehouse, where.root)
    messaging.deliver(ledger, addressed, clock)
    told = {one.name: _became(ledger.log(one.name), test.name) for one in addressed}
    if cli_output.is_asked(options):
        cli_output.say(console, told)
    else:
        drawn = Table("channel", "what became of it")
        for row in told.items():
            drawn.add_row(*row)
        console.print(drawn)
    return int(set(told.values()) != {outbox.SENT})


def _became(log: pl.DataFrame, message: str) -> str:
    """What became of a message on a channel."""
    own = log.filter(message=message)
    if outbox.SENT in own["event"].to_list():
        return outbox.SENT
    last = own.sort("attempt", "happened_at").row(-1, named=True)
    return str(last["reason"] or "waits behind older messages")
