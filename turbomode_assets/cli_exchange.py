"""``turbomode exchange`` and ``turbomode train``: two machines that share the loop.

``join`` gives a home its role and the place both reach; ``push`` and ``pull`` send and
take over, ``status`` looks. ``train`` pulls, learns what is due, and pushes. What goes
which way stands in ``defs/exchanging.py``, what is due in ``defs/training.py``.
"""

import argparse
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from turbomode_assets import cli_options, cli_output, errors
from turbomode_assets.defs import assembly, driver, exchanging, resources, training
from turbomode_assets.store import exchange, home, manifest, remote, warehouse

_NOTHING = "nothing yet"


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the command and of its subcommands."""
    parser.set_defaults(is_resumed=True)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    into = commands.add_parser("join", help="say which part this home plays, and where")
    into.set_defaults(command=join)
    parts = "predict and grade every day, or learn from it"
    into.add_argument("role", choices=home.ROLES[1:], help=parts)
    into.add_argument("url", help="a folder, sftp://user@host/folder, s3://bucket/...")
    into.add_argument(
        "--first",
        type=cli_options.day,
        help="first session of the history, where the home is new "
        f"(default: {home.Settings().first})",
    )
    for name, text, command in (
        ("push", "send what the other machine does not have yet", push),
        ("pull", "take over what the other machine has sent", pull),
        ("status", "how far both ways are", status),
    ):
        one = commands.add_parser(name, help=text)
        one.set_defaults(command=command)
        cli_options.add_home(one)
        cli_output.add(one)
    cli_options.add_home(parser, into)
    cli_output.add(into)


def add_train(parser: argparse.ArgumentParser) -> None:
    """Options of ``turbomode train``."""
    parser.set_defaults(command=train, is_resumed=True)
    cli_options.add_home(parser)
    cli_output.add(parser)


def _side(where: home.Home) -> tuple[exchange.Side, str]:
    """End of the exchange a home is, and the role it plays."""
    settings = home.read_settings(where)
    return (
        exchanging.side(where, settings, resources.ClockResource().now()),
        settings.role,
    )


def join(options: argparse.Namespace, console: Console) -> int:
    """Write role and place into the settings of a home."""
    where = cli_options.home_of(options)
    if options.first:
        home.prepare(where, home.with_first(home.read_settings(where), options.first))
    home.join(where, options.role, options.url)
    place = remote.anonymous(options.url)
    if cli_output.is_asked(options):
        told = {"home": where.root, "role": options.role, "place": place}
        cli_output.say(console, told)
    else:
        console.print(f"{where.root}: {options.role}, exchanging through {place}.")
    return 0


def push(options: argparse.Namespace, console: Console) -> int:
    """Send, and say what was sent."""
    here, role = _side(cli_options.home_of(options))
    beside = cli_output.aside(options, console)
    sent = _tell(exchanging.push(here, role), beside, "sent")
    _close(options, console, {"sent": sent})
    return 0


def pull(options: argparse.Namespace, console: Console) -> int:
    """Take over, and say what was taken over and who reigns then."""
    where = cli_options.home_of(options)
    here, role = _side(where)
    beside = cli_output.aside(options, console)
    taken = _tell(exchanging.pull(here, role, beside.print), beside, "taken over")
    version = _follow_up(where, beside) if role == "serve" else None
    _close(options, console, {"taken_over": taken, "champion": version})
    return 0


def _close(
    options: argparse.Namespace, console: Console, told: dict[str, object]
) -> None:
    """Tell a machine what people were told on the way."""
    if cli_output.is_asked(options):
        cli_output.say(console, told)


def _follow_up(where: home.Home, console: Console) -> str | None:
    """Open the door for whoever reigns now, who is returned if it is another."""
    with warehouse.opened(where.warehouse) as store:
        exchanging.tidy(store, where)
        with driver.open_instance(where) as instance:
            version = exchanging.open_the_door(store, instance)
    if version is not None:
        console.print(f"{version or 'Nobody'} reigns.")
    return version


def _tell(
    found: Iterable[manifest.Manifest], console: Console, done: str
) -> list[dict[str, object]]:
    """Tell of every increment as it is done; all of them."""
    told: list[dict[str, object]] = []
    for each in found:
        n_rows = sum(part.n_rows for part in each.parts)
        reached = f", up to {each.watermark}" if each.watermark else ""
        name = f"{each.channel} {each.sequence}"
        console.print(f"{name}: {n_rows} rows {done}{reached}.")
        one = {"channel": each.channel, "sequence": each.sequence, "n_rows": n_rows}
        told.append({**one, "watermark": each.watermark})
    if not told:
        console.print(f"Nothing to be {done}.")
    return told


def status(options: argparse.Namespace, console: Console) -> int:
    """Print how far both channels are; 1 where one of them cannot go on."""
    here, role = _side(cli_options.home_of(options))
    drawn = Table("channel", "", "increments", "up to", "last", "waiting")
    faults: list[str] = []
    standings = []
    ways = ((exchanging.SENT, "sent"), (exchanging.RECEIVED, "received"))
    for channels, way in ways:
        channel = channels[role]
        try:
            found = exchange.standing(here, channel, way)
        except (errors.ExchangeFailed, errors.ExchangeRefused) as fault:
            faults.append(str(fault))
            drawn.add_row(channel.name, way, *["-"] * 3, "see below")
            continue
        standings.append(vars(found))
        drawn.add_row(*_cells(found))
    if cli_output.is_asked(options):
        cli_output.say(console, {"channels": standings, "faults": faults})
        return int(bool(faults))
    console.print(drawn)
    for sentence in faults:
        console.print(sentence, markup=False, soft_wrap=True)
    return 1 if faults else 0


def _cells(found: exchange.Standing) -> tuple[str, ...]:
    moment = found.exchanged_at
    return (
        found.channel,
        found.way,
        str(found.sequence),
        str(found.watermark or "-"),
        f"{moment:%Y-%m-%d %H:%M} UTC" if moment else _NOTHING,
        str(found.n_waiting),
    )


def train(options: argparse.Namespace, console: Console) -> int:
    """Pull, learn what is due, push; nothing where nothing is new.

    Raises
    ------
    errors.SettingsError
        Where the home does not train for another one.
    """
    where = cli_options.home_of(options)
    settings = home.read_settings(where)
    if settings.role != "train":
        message = (
            f"expected a home that trains for another, found role {settings.role!r}; "
            "`turbomode run` and `turbomode up` train for themselves"
        )
        raise errors.SettingsError(message)
    here, role = _side(where)
    beside, learned = cli_output.aside(options, console), []
    taken = _tell(exchanging.pull(here, role, beside.print), beside, "taken over")
    definitions = assembly.assemble(where, settings)
    with driver.open_instance(where) as instance, driver.stoppable():
        for sentence in training.learn(where, definitions, instance, here):
            beside.print(sentence)
            learned.append(sentence)
    sent = _tell(exchanging.push(here, role), beside, "sent")
    _close(options, console, {"taken_over": taken, "learned": learned, "sent": sent})
    return 0
