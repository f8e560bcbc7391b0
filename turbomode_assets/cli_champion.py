"""``turbomode champion``: who reigned when, how they compare, and the way back.

Shows the history of a home's champions; ``compare`` lays two model cards side by side;
``rows`` lists what a verdict rests on; ``rollback`` appends to the history and opens
the door of the loop. Who may follow whom stands in `succession`.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

from turbomode_assets import (
    cli_options,
    cli_output,
    errors,
    judging,
    loop,
    succession,
    tables,
)
from turbomode_assets.defs import driver, resources
from turbomode_assets.defs.assets import learning
from turbomode_assets.models import scoring
from turbomode_assets.promotion import alias
from turbomode_assets.stats import classification
from turbomode_assets.store import home, registry, warehouse

_FACTS = (
    "month",
    "window_from",
    "window_to",
    "labels_known_on",
    "n_samples",
    "data_fingerprint",
    "feature_version",
    "policy_version",
)
"""Columns of a card that are shown as they are."""

_LEFT_OUT = ("error_correlation", "fold", "interval")
"""Metrics that say little side by side."""

NOBODY = "nobody"
"""How a person calls for an empty seat."""

_LOSSES = ("loss", "loss_right")


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the command and of its subcommands."""
    parser.set_defaults(command=show)
    commands = parser.add_subparsers(metavar="COMMAND")
    pair = commands.add_parser("compare", help="two model cards side by side")
    pair.set_defaults(command=compare)
    pair.add_argument("version", help="a champion or challenger")
    pair.add_argument("other", nargs="?", help="without it the reigning champion")
    back = commands.add_parser("rollback", help="seat an earlier champion again")
    back.set_defaults(command=roll_back)
    whom = f"a former champion, or {NOBODY} (default: the predecessor)"
    back.add_argument("--to", metavar="VERSION", help=whom)
    rows = commands.add_parser("rows", help="list the rows a verdict rests on")
    rows.set_defaults(command=list_rows)
    rows.add_argument("version", help="a challenger that was judged")
    rows.add_argument("--to", type=Path, help="CSV file every row is written to")
    cli_options.add_home(parser, pair, back, rows)
    cli_output.add(parser, pair, back, rows)


def _home_of(options: argparse.Namespace) -> home.Home:
    return home.existing(options.home)


def show(options: argparse.Namespace, console: Console) -> int:
    """Print every reign with what its signals were worth at the last look."""
    where = _home_of(options)
    with warehouse.opened(where.warehouse) as store:
        reigns = alias.history(store.read(tables.CHAMPIONS), loop.DESK)
        standings = store.read(tables.STANDINGS)
    last = standings.sort("month").unique("version", keep="last", maintain_order=True)
    both = reigns.join(last, on="version", how="left").sort("effective_from")
    if cli_output.is_asked(options):
        cli_output.say(console, both.to_dicts())
    elif both.is_empty():
        console.print("Nobody has reigned yet.")
    else:
        console.print(_table(both))
    return 0


def _table(both: pl.DataFrame) -> Table:
    head = ("from", "champion", "why", "sessions", "gain", "evidence against")
    drawn = Table(*head)
    for row in both.iter_rows(named=True):
        gain = "-" if row["gain"] is None else f"{row['gain']:+.4f} nats"
        against = row["observed"]
        fall = "-" if against is None else f"{against:.3g} of {row['required']:.3g}"
        since, who = str(row["effective_from"]), row["version"] or "nobody"
        n_sessions = str(row["n_sessions"] or "-")
        drawn.add_row(since, who, row["reason"], n_sessions, gain, fall)
    return drawn


def compare(options: argparse.Namespace, console: Console) -> int:
    """Print two model cards side by side, and their losses on rows both predicted."""
    where = _home_of(options)
    with warehouse.opened(where.warehouse) as store:
        cards, champions = store.read(tables.MODELS), store.read(tables.CHAMPIONS)
        names = [options.version, options.other or _reigning(champions)]
        pair = [_card(cards, name) for name in names]
        oof = [store.read(tables.OOF_PREDICTIONS, match={"version": n}) for n in names]
    if cli_output.is_asked(options):
        metrics = [{**card, "metrics": json.loads(card["metrics"])} for card in pair]
        cli_output.say(console, {"cards": metrics, "losses": _paired(*oof)})
        return 0
    drawn = Table("", *names, "difference")
    for name in _FACTS:
        drawn.add_row(name.replace("_", " "), *(str(card[name]) for card in pair))
    drawn.add_row(
        "training took", *(str(c["trained_at"] - c["began_at"]) for c in pair)
    )
    states = (registry.state(where.models, card["artifact_sha256"]) for card in pair)
    drawn.add_row("artifact", *states, end_section=True)
    drawn.add_row(*_paired(*oof), end_section=True)
    for row in _metric_rows(pair):
        drawn.add_row(*row)
    console.print(drawn)
    console.print("Below the losses on common rows, each card has its own folds.")
    return 0


def _reigning(champions: pl.DataFrame) -> str:
    reigns = alias.history(champions, loop.DESK)
    version = "".join(reigns["version"].to_list()[-1:])
    if not version:
        message = "expected a reigning champion, found none; name both versions"
        raise errors.MissingUpstream(message)
    return version


def _card(cards: pl.DataFrame, version: str) -> dict[str, Any]:
    known = cards["version"].to_list()
    if version not in known:
        raise errors.MissingUpstream(errors.unknown_name("version", version, known))
    return cards.row(known.index(version), named=True)


def _paired(first: pl.DataFrame, second: pl.DataFrame) -> tuple[str, ...]:
    """Mean log-loss of both on the rows that both predicted out of sample."""
    both = [
        rows.select("symbol", "session", loss=classification.log_loss(""))
        for rows in (first, second)
    ]
    common = both[0].join(both[1], on=["symbol", "session"])
    what = f"log_loss on {common.height:,} common rows"
    if common.is_empty():
        return what, "-", "-", ""
    one, other = (float(common[name].to_numpy().mean()) for name in _LOSSES)
    return what, f"{one:.6g}", f"{other:.6g}", f"{one - other:+.4g}"


def _metric_rows(pair: list[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Name, both values and their difference of each metric either card has."""
    first, second = (dict(_flat(json.loads(card["metrics"]))) for card in pair)
    for name in first | second:
        values = [found.get(name) for found in (first, second)]
        shown = ["-" if value is None else f"{value:.6g}" for value in values]
        numbers = [value for value in values if value is not None]
        both = len(numbers) == len(values)
        yield name, *shown, f"{numbers[0] - numbers[1]:+.4g}" if both else ""


def _flat(metrics: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Numbers within nested metrics, each under its path."""
    if isinstance(metrics, dict | list):
        named = metrics if isinstance(metrics, dict) else dict(enumerate(metrics))
        for key, value in named.items():
            if key not in _LEFT_OUT:
                yield from _flat(value, f"{name} {key}".strip())
    elif isinstance(metrics, int | float):
        yield name, metrics


def roll_back(options: argparse.Namespace, console: Console) -> int:
    """Append a reign, after its artifact was verified, and open the door.

    Raises
    ------
    errors.PromotionRefused
        Where the seat would be empty and nobody asked for that.
    """
    where, now = _home_of(options), resources.ClockResource().now()
    with warehouse.opened(where.warehouse) as store:
        row = succession.roll_back(store, _wanted(store, options.to), now.date(), now)
        version = str(row["version"][0])
        for address in succession.artifacts(store, row):
            registry.load(where.models, address)  # refuses what is torn or pruned
        store.append(tables.CHAMPIONS, row)
    since = row["effective_from"][0]
    with driver.open_instance(where) as instance:
        learning.report_door(instance, since, version)
    if cli_output.is_asked(options):
        cli_output.say(console, {"champion": version or None, "reigns_from": since})
    else:
        console.print(f"{version or 'Nobody'} reigns from {since}.")
    return 0


def _wanted(store: warehouse.Warehouse, said: str | None) -> str | None:
    """Version to seat; null for the predecessor, who must be there."""
    if said is not None:
        return alias.NOBODY if said == NOBODY else said
    reigns = alias.history(store.read(tables.CHAMPIONS), loop.DESK)
    last = "".join(reigns["version"].tail(1))
    if last and not alias.predecessor(reigns, loop.DESK):
        message = (
            f"expected a predecessor of {last}, found none; to have nobody reign, and "
            f"no signals until a challenger passes, say: rollback --to {NOBODY}"
        )
        raise errors.PromotionRefused(message)
    return None


def list_rows(options: argparse.Namespace, console: Console) -> int:
    """Print the rows of a verdict month by month, and write every one to a file."""
    where = _home_of(options)

    def scorer_of(address: str) -> scoring.Scorer:
        return scoring.load(registry.load(where.models, address))

    with warehouse.opened(where.warehouse) as store:
        rows = judging.compared_rows(store, options.version, scorer_of)
    by_month = _by_month(rows)
    if options.to:
        rows.write_csv(options.to)
    if cli_output.is_asked(options):
        cli_output.say(console, by_month.to_dicts())
        return 0
    drawn = Table("month", "rows", "loss", "compared", "loss there", "champion's")
    for row in by_month.iter_rows(named=True):
        losses = ("loss", "loss_bet_on", "loss_champion")
        loss, compared, other = (
            "-" if row[name] is None else f"{row[name]:.4f}" for name in losses
        )
        count = (str(row["n_own"]), loss, str(row["n_bets"]), compared, other)
        drawn.add_row(f"{row['month']:%Y-%m}", *count)
    console.print(drawn)
    n_bets = int(rows["is_bet_on"].sum())
    console.print(
        f"{rows.height - n_bets} out-of-sample rows of {options.version}; {n_bets} in "
        "which an earlier challenger is compared with the champion of its time."
    )
    if options.to:
        console.print(f"{rows.height} rows written to {options.to}.")
    return 0


def _by_month(rows: pl.DataFrame) -> pl.DataFrame:
    own, bets = (
        pl.col("loss").filter(pl.col("is_bet_on") == bet) for bet in (False, True)
    )
    return (
        rows.group_by(month=pl.col("session").dt.truncate("1mo"))
        .agg(
            own.len().alias("n_own"),
            own.mean().alias("loss"),
            bets.len().alias("n_bets"),
            bets.mean().alias("loss_bet_on"),
            pl.col("loss_champion").mean(),
        )
        .sort("month")
    )
