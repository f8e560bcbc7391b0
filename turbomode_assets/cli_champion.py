"""``turbomode champion``: who reigned when, how they compare, and the way back.

Shows the history of a home's champions; ``rows`` lists what a verdict rests on;
``rollback`` appends to the history and opens the door of the loop. Who may follow whom
stands in `succession`.
"""

import argparse
from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from turbomode_assets import loop, succession, tables
from turbomode_assets.defs import driver, resources
from turbomode_assets.defs.assets import learning
from turbomode_assets.models import scoring
from turbomode_assets.promotion import alias
from turbomode_assets.store import home, registry, warehouse


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the command and of its subcommand."""
    parser.set_defaults(command=show)
    commands = parser.add_subparsers(metavar="COMMAND")
    back = commands.add_parser("rollback", help="seat an earlier champion again")
    back.set_defaults(command=roll_back)
    back.add_argument("--to", help="version; without it the predecessor, or nobody")
    rows = commands.add_parser("rows", help="list the rows a verdict rests on")
    rows.set_defaults(command=list_rows)
    rows.add_argument("version", help="a challenger that was judged")
    rows.add_argument("--to", type=Path, help="CSV file every row is written to")


def _home_of(options: argparse.Namespace) -> home.Home:
    return home.Home(options.home.resolve()) if options.home else home.locate()


def show(options: argparse.Namespace, console: Console) -> int:
    """Print every reign with what its signals were worth at the last look."""
    where = _home_of(options)
    with warehouse.opened(where.database) as store:
        reigns = alias.history(store.read(tables.CHAMPIONS), loop.DESK)
        standings = store.read(tables.STANDINGS)
    if reigns.is_empty():
        console.print("Nobody has reigned yet.")
        return 0
    console.print(_table(reigns, standings))
    return 0


def _table(reigns: pl.DataFrame, standings: pl.DataFrame) -> Table:
    head = ("from", "champion", "why", "sessions", "gain", "evidence against")
    drawn = Table(*head)
    last = standings.sort("month").unique("version", keep="last", maintain_order=True)
    both = reigns.join(last, on="version", how="left").sort("effective_from")
    for row in both.iter_rows(named=True):
        gain = "-" if row["gain"] is None else f"{row['gain']:+.4f} nats"
        against = row["observed"]
        fall = "-" if against is None else f"{against:.3g} of {row['required']:.3g}"
        since, who = str(row["effective_from"]), row["version"] or "nobody"
        n_sessions = str(row["n_sessions"] or "-")
        drawn.add_row(since, who, row["reason"], n_sessions, gain, fall)
    return drawn


def roll_back(options: argparse.Namespace, console: Console) -> int:
    """Append a reign, after its artifact was verified, and open the door."""
    where, now = _home_of(options), resources.ClockResource().now()
    with warehouse.opened(where.database) as store:
        row = succession.roll_back(store, options.to, now.date(), now)
        version = str(row["version"][0])
        card = store.read(tables.MODELS, match={"version": version})
        for address in card["artifact_sha256"]:
            registry.load(where.models, address)
        store.append(tables.CHAMPIONS, row)
    since = row["effective_from"][0]
    with driver.open_instance(where) as instance:
        learning.report_door(instance, since, version)
    console.print(f"{version or 'Nobody'} reigns from {since}.")
    return 0


def list_rows(options: argparse.Namespace, console: Console) -> int:
    """Print the rows of a verdict month by month, and write every one to a file."""
    where = _home_of(options)

    def scorer_of(address: str) -> scoring.Scorer:
        return scoring.load(registry.load(where.models, address))

    with warehouse.opened(where.database) as store:
        rows = succession.compared_rows(store, options.version, scorer_of)
    drawn = Table("month", "rows", "loss", "shared rows", "loss there", "champion's")
    for row in _by_month(rows).iter_rows(named=True):
        losses = ("loss", "loss_shared", "loss_champion")
        loss, shared, other = (
            "-" if row[name] is None else f"{row[name]:.4f}" for name in losses
        )
        count = (str(row["rows"]), loss, str(row["n_shared"]), shared, other)
        drawn.add_row(f"{row['month']:%Y-%m}", *count)
    console.print(drawn)
    if options.to:
        rows.write_csv(options.to)
        console.print(f"{rows.height} rows written to {options.to}.")
    return 0


def _by_month(rows: pl.DataFrame) -> pl.DataFrame:
    is_shared = pl.col("loss_champion").is_not_null()
    return (
        rows.group_by(month=pl.col("session").dt.truncate("1mo"))
        .agg(
            pl.len().alias("rows"),
            pl.col("loss").mean(),
            is_shared.sum().alias("n_shared"),
            pl.col("loss").filter(is_shared).mean().alias("loss_shared"),
            pl.col("loss_champion").mean(),
        )
        .sort("month")
    )
