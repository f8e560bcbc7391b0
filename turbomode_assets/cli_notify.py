"""``turbomode notify``: whether messages arrive where they should.

``notify test`` sends one message to every channel of the environment, through the same
outbox as every other, and says of each what became of it.
"""

import argparse

from rich.console import Console
from rich.table import Table

from turbomode_assets import errors
from turbomode_assets.defs import messaging, resources
from turbomode_assets.notify import channels, outbox
from turbomode_assets.reports import news
from turbomode_assets.store import home, mail, warehouse


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the command and of its subcommands."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    test = commands.add_parser("test", help="send a message to every channel")
    test.set_defaults(command=run)


def run(options: argparse.Namespace, console: Console) -> int:
    """Send a test to every channel; 1 where one did not confirm it.

    Raises
    ------
    errors.SettingsError
        Where no channel is set.
    """
    where = home.Home(options.home.resolve()) if options.home else home.locate()
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
    with warehouse.opened(where.database) as store:
        messaging.write(store, [test], addressed, now)
    ledger = mail.Mail(where.database)
    messaging.deliver(ledger, addressed, clock)
    drawn, code = Table("channel", "what became of it"), 0
    for channel in addressed:
        log = ledger.log(channel.name).filter(message=test.name)
        last = log.sort("attempt", "happened_at").to_dicts()[-1]
        is_sent = outbox.SENT in log["event"].to_list()
        word = "sent" if is_sent else last["reason"] or "waits behind older messages"
        drawn.add_row(channel.name, word)
        code |= not is_sent
    console.print(drawn)
    return code
