"""``turbomode replay``: the loop chained through history, held against its arms.

Turns options into replays, shows how far they are, and writes the learning report.
Nothing is computed here, and the live ledger is never opened.
"""

import argparse
import dataclasses
import datetime as dt
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from turbomode_assets import (
    cli_options,
    cli_output,
    cli_replay_intraday,
    errors,
    replay,
    replay_files,
    replay_world,
    sessions,
    tables,
)
from turbomode_assets.defs import resources
from turbomode_assets.reports import learning, learning_page
from turbomode_assets.store import home

FOLDER = "replay"
"""Folder of a home that keeps its replays."""

REPORT = "learning.html"
"""The report, in that folder."""

HISTORY_YEARS = 4
"""Years of history before the first month lived, where nobody says."""

_SEED = re.compile(r"-seed-\d+")  # all that tells replays of one market apart


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.set_defaults(command=run, is_resumed=True)
    day = cli_options.day
    market, arms = home.Settings(), ",".join(replay.ARMS)
    option = parser.add_argument
    desks = ("swing", "intraday")
    option("--desk", choices=desks, default="swing", help="(default: %(default)s)")
    cli_replay_intraday.add(parser)
    option("--from", dest="live_from", type=day, required=True, help="first day lived")
    option("--to", dest="last", type=day, required=True, help="last day lived")
    compared = "swing: first day arms are compared in (default: --from)"
    option("--compare-from", dest="compare_from", type=day, help=compared)
    history = f"swing: first day of history (default: {HISTORY_YEARS} years before)"
    option("--history-from", dest="first", type=day, help=history)
    option("--arms", type=_arms, default=replay.ARMS, help=f"swing: (default: {arms})")
    source = "(default: %(default)s)"
    option("--source", choices=home.SOURCES, default=market.source, help=source)
    option("--path", default="", help="panel or folder of --source files")
    option("--universe", default="", help="file of symbols, or membership intervals")
    seeds = f"of simulated markets (default: {market.seed})"
    option("--seeds", type=int, nargs="+", default=[market.seed], help=seeds)
    edges = f"how much simulated markets tell; 0: noise (default: {market.edge:g})"
    option("--edges", type=float, nargs="+", default=[market.edge], help=edges)
    symbols = "swing: how many a simulated market has (default: %(default)s)"
    option("--symbols", type=int, default=market.n_symbols, help=symbols)
    permuted = "swing: deal out what happened by chance"
    option("--permuted", action="store_true", help=permuted)
    workers = "swing: trainings at a time (default: %(default)s)"
    option("--workers", type=int, default=2, help=workers)
    cli_options.add_home(parser)
    cli_output.add(parser)


def _arms(text: str) -> tuple[str, ...]:
    asked = tuple(text.split(","))
    for name in asked:
        if name not in replay.ARMS:
            message = errors.unknown_name("arm", name, replay.ARMS)
            raise argparse.ArgumentTypeError(message)
    return asked


def run(options: argparse.Namespace, console: Console) -> int:
    """Replay every market asked for and write one report about all.

    Raises
    ------
    errors.SettingsError
        Where the days are not in order.
    """
    if options.desk == "intraday":
        options.is_resumed = False  # all of it is in memory
        return cli_replay_intraday.run(options, console)
    _require_order(options)
    began, now = time.monotonic(), resources.ClockResource().now()
    root = (options.home or home.locate().root).resolve() / FOLDER
    folders = [
        _prepared(root / name, settings, options, now)
        for name, settings in _markets(options)
    ]
    beside = cli_output.aside(options, console)
    trained = _trained(folders, options.workers, beside)
    with beside.status("living"):
        lived = list(replay_files.live_all(folders, now, options.workers))
    # Trainings of an earlier run were waited for then.
    before = sum(one.seconds for one in trained if one.was_done) / options.workers
    seconds = (time.monotonic() - began + before) / len(folders)
    reports = [_report(one, trained, seconds, options.arms) for one in lived]
    for report in reports:
        beside.print(f"[bold]{report.name}[/bold]")
        beside.print(*learning_page.verdict_in_words(report), sep="\n")
        beside.print(learning_page.cost_in_words(report.cost))
    target = root / REPORT
    target.write_text(learning_page.render(reports), encoding="utf-8")
    beside.print(f"Report: {target}")
    if cli_output.is_asked(options):
        arms = {one.name: list(map(dataclasses.asdict, one.arms)) for one in reports}
        cli_output.say(console, {"report": target, "arms": arms})
    return 0


def _require_order(options: argparse.Namespace) -> None:
    first, live_from, last = options.first, options.live_from, options.last
    if live_from > last or (first and first >= live_from):
        found = f"{first or 'none'}, {live_from}, {last}"
        message = f"expected --history-from < --from <= --to, found {found}"
        raise errors.SettingsError(message)
    compared = options.compare_from or live_from
    if not live_from <= compared <= last:
        found = f"{live_from}, {compared}, {last}"
        message = f"expected --from <= --compare-from <= --to, found {found}"
        raise errors.SettingsError(message)


def _markets(options: argparse.Namespace) -> Iterator[tuple[str, home.Settings]]:
    """Markets asked for, each with the name of its folder."""
    years = options.live_from.year - HISTORY_YEARS
    first = options.first or options.live_from.replace(year=years, day=1)
    settings = home.Settings(
        source=options.source,
        path=str(Path(options.path).resolve()) if options.path else "",
        universe=str(Path(options.universe).resolve()) if options.universe else "",
        n_symbols=options.symbols,
        first=sessions.on_or_after(first),
    )
    is_drawn = options.source == "simulated"
    ending = "-permuted" if options.permuted else ""
    for edge in options.edges if is_drawn else options.edges[:1]:
        for seed in (
            options.seeds if is_drawn or options.permuted else options.seeds[:1]
        ):
            market = f"edge-{edge:g}-symbols-{options.symbols}" if is_drawn else "panel"
            name = f"{options.source}-{market}-seed-{seed}-{settings.first}{ending}"
            yield name, dataclasses.replace(settings, seed=seed, edge=edge)


def _prepared(
    root: Path, settings: home.Settings, options: argparse.Namespace, now: dt.datetime
) -> replay_files.Folder:
    """Folder of a market, with its world."""
    span = replay_world.Span(
        first=settings.first,
        live_from=sessions.on_or_after(options.live_from),
        last=sessions.on_or_before(options.last),
        compare_from=options.compare_from
        and sessions.on_or_after(options.compare_from),
    )
    source = resources.market(home.Home(root), settings).source()
    world = replay_world.build_world(source, span, now)
    if options.permuted:
        world = replay_world.permute_labels(world, settings.seed)
    folder = replay_files.Folder(root, span)
    replay_files.keep(folder, world)
    return folder


def _trained(
    folders: Sequence[replay_files.Folder], n_workers: int, console: Console
) -> list[replay_files.Trained]:
    """Every training, and how long the others will take while they run."""
    n_all, trained = sum(len(folder.span.months()) for folder in folders), []
    with Progress(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("training", total=n_all)
        for one in replay_files.train_all(folders, n_workers):
            bar.advance(task)
            trained.append(one)
            if not (console.is_terminal or one.was_done):
                new = [each.seconds for each in trained if not each.was_done]
                left = sum(new) / len(new) * (n_all - len(trained)) / n_workers
                told = f"{len(trained)} of {n_all} trainings, {left / 60:.0f} min left"
                console.print(told)
    return trained


def _report(
    done: replay_files.Replayed,
    trained: Sequence[replay_files.Trained],
    seconds: float,
    arms: Sequence[str],
) -> learning.Learning:
    folder, span = done.folder, done.folder.span
    own = [one for one in trained if one.folder == folder]
    cost = learning.Cost(
        n_trainings=len(own),
        training_seconds=sum(one.seconds for one in own),
        cpu_seconds=sum(one.cpu_seconds for one in own),
        seconds=seconds,
        days=(span.last - span.live_from).days,
    )
    lived = learning.Lived(
        name=folder.root.name,
        arms={name: done.arms[name] for name in arms},
        older=done.arms[replay.OLDER],
        verdicts=done.ledger.read(tables.VERDICTS),
        standings=done.ledger.read(tables.STANDINGS),
        cost=cost,
        market=_SEED.sub("", folder.root.name),
    )
    return learning.learning(lived)
