"""``turbomode run``: live through history, and show what came of it.

Turns options into a home and hands over to ``defs``. Progress is worded here; nothing
is computed.
"""

import argparse
import dataclasses
import datetime as dt
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from turbomode_assets import (
    cli_options,
    cli_output,
    errors,
    loop,
    policy,
    sessions,
    tables,
)
from turbomode_assets.defs import assembly, driver, intake, resources
from turbomode_assets.reports import scorecard, terminal
from turbomode_assets.samples import splits
from turbomode_assets.sources import files
from turbomode_assets.store import home, warehouse

DEFAULT_LAST = dt.date(2024, 6, 28)
"""Last session of a simulated run: fixed, so that a demonstration can be compared."""

LIVED_MONTHS = 6
"""Months lived session by session where ``--live-from`` does not say: enough for a
handful of challengers."""

LEARNED_YEARS = policy.SWING.training.max_years
"""Years of history fetched where nobody says: as many as are learned from."""


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.set_defaults(command=run, is_resumed=True)
    parser.epilog = "What is left out is as the home has it, if it has settings."
    day, market = cli_options.day, home.Settings()
    option = parser.add_argument
    option("--source", choices=home.SOURCES, help=f"(default: {market.source})")
    option("--path", type=_full, help="panel or folder of --source files")
    option("--universe", type=_full, help="file of symbols, or membership intervals")
    option("--intraday-symbols", help="predicted by the intraday desk, as in RTX,LMT")
    minutes = "file of bars of minutes, or folder with bars, of --source files"
    option("--intraday-path", type=_full, help=minutes)
    spans = f"{market.first}, all a file has, or {LEARNED_YEARS} years of Yahoo"
    first = f"first session of history (default: {spans})"
    option("--from", dest="first", type=day, help=first)
    lived = f"first session lived singly (default: {LIVED_MONTHS} months before --to)"
    option("--live-from", type=day, help=lived)
    last = f"last session lived (default: the newest; simulated: {DEFAULT_LAST})"
    option("--to", dest="last", type=day, help=last)
    seed = f"of a simulated market (default: {market.seed})"
    option("--seed", type=int, help=seed)
    symbols = f"how many a simulated market has (default: {market.n_symbols})"
    option("--symbols", type=int, help=symbols)
    edge = f"how much a simulated market tells; 0: noise (default: {market.edge:g})"
    option("--edge", type=float, help=edge)
    pace = f"seconds between requests to Yahoo (default: {market.pace_seconds:g})"
    option("--pace", type=float, help=pace)
    cli_options.add_home(parser)
    cli_output.add(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Live up to a session, and print the scorecard.

    Raises
    ------
    errors.SettingsError
        Where the home was set up differently, or days are yet to come.
    """
    began = time.monotonic()
    where = cli_options.home_of(options)
    settings, last = _settings(where, options)
    live_from = options.live_from or _default_live_from(where, last)
    steps = driver.plan(settings.first, sessions.on_or_after(live_from), last)
    _require_history(settings, live_from)
    home.prepare(where, settings)
    beside = cli_output.aside(options, console)
    beside.print(f"Home {where.root}: {_described(settings)}.")
    definitions = assembly.assemble(where, home.read_settings(where))
    with driver.open_instance(where) as instance, driver.stoppable():
        agent = driver.Driver(where, definitions, instance)
        steps = agent.possible(steps)
        taken = list(_with_progress(agent.live(steps), steps, beside))
    card = _scorecard(where)
    if cli_output.is_asked(options):
        cli_output.say(console, dataclasses.asdict(card))
    else:
        console.print(terminal.render(card))
    beside.print(_closing(taken, time.monotonic() - began))
    return 0


def _require_history(settings: home.Settings, live_from: dt.date) -> None:
    """Refuse a history too short to learn from before it is backfilled for minutes.

    Raises
    ------
    errors.NotEnoughHistory
        Where even a sample of every session would be too few.
    """
    if settings.role != "all":
        return  # the history is another machine's, or is not learned from
    first = settings.first
    periods = loop.maturing(first, sessions.shift(live_from, -1))
    splits.walk_forward(
        periods.filter(pl.col("session") >= first), policy.SWING.training
    )


def _settings(
    where: home.Home, options: argparse.Namespace
) -> tuple[home.Settings, dt.date]:
    """Settings to live by, and the last session: what nobody says, the home knows."""
    is_new = not where.settings_file.exists()
    kept = home.read_settings(where)
    chosen = dataclasses.replace(kept, **_given(options))
    earliest, latest = _span(chosen)
    last = sessions.on_or_before(options.last or latest)
    closed = sessions.closed_by(resources.ClockResource().now())
    if last > closed:
        message = f"expected --to {closed} or earlier, which has closed, found {last}"
        raise errors.SettingsError(message)
    first = options.first or (None if is_new else kept.first)
    first = first or earliest or _years_before(last, LEARNED_YEARS)
    return home.with_first(chosen, sessions.on_or_after(first)), last


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """Settings that stand on the command line."""
    said = {
        "source": options.source,
        "path": options.path,
        "universe": options.universe,
        "intraday_path": options.intraday_path,
        "intraday_symbols": options.intraday_symbols,
        "seed": options.seed,
        "edge": options.edge,
        "n_symbols": options.symbols,
        "pace_seconds": options.pace,
    }
    return {name: value for name, value in said.items() if value is not None}


def _full(path: str) -> str:
    """Path from the root; empty where there is none."""
    return str(Path(path).resolve()) if path else ""


def _span(settings: home.Settings) -> tuple[dt.date | None, dt.date]:
    """First day a source has, if it ends, and the last."""
    if settings.source == "files":
        universe = Path(settings.universe) if settings.universe else None
        days = files.Files(Path(settings.path), universe=universe).panel["session"]
        return days.min(), days.max()  # type: ignore[return-value]
    if settings.is_living:
        return None, sessions.closed_by(resources.ClockResource().now())
    return settings.first, DEFAULT_LAST


def _years_before(day: dt.date, n_years: int) -> dt.date:
    return dt.date(day.year - n_years, day.month, 1)


def _default_live_from(where: home.Home, last: dt.date) -> dt.date:
    """Half a year before the last session, or where a home left off before that."""
    n_months = last.year * 12 + last.month - LIVED_MONTHS
    usual = dt.date(n_months // 12, n_months % 12 + 1, 1)
    address = where.warehouse
    if isinstance(address, Path) and not address.exists():
        return usual
    with warehouse.opened(address) as store:
        lived = store.partitions(tables.SIGNALS)[-1:]
    return min([usual, *map(sessions.month_start, lived)])


def _described(settings: home.Settings) -> str:
    if settings.source == "files":
        return f"bars of {settings.path} from {settings.first}"
    if settings.source == "yahoo":
        return f"US stocks by Yahoo from {settings.first}"
    market = f"simulated market, seed {settings.seed}, edge {settings.edge:g}"
    return f"{market}, from {settings.first}"


def _with_progress(
    taken: Iterable[driver.Taken], steps: Sequence[driver.Step], console: Console
) -> Iterator[driver.Taken]:
    """Pass steps on while a bar, or plain lines, show how far they are."""
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("sessions"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    total = sum(step.n_sessions for step in steps)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(_doing(steps[0]), total=total)
        log = logging.getLogger(intake.__name__)
        log.setLevel(logging.INFO)
        log.addHandler(_Shown(bar, task))
        for place, one in enumerate(taken, start=1):
            following = steps[min(place, len(steps) - 1)]
            bar.update(task, advance=one.step.n_sessions, description=_doing(following))
            line = _line(one)
            if line:
                console.print(line, soft_wrap=True)
            yield one


class _Shown(logging.Handler):
    """Shows what an intake says beside the bar."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        super().__init__(logging.INFO)
        self._bar, self._task = bar, task

    def emit(self, record: logging.LogRecord) -> None:
        """Put the sentence in the place of the description."""
        self._bar.update(self._task, description=record.getMessage())


def _doing(step: driver.Step) -> str:
    words = {
        driver.Kind.HISTORY: f"history {step.first:%Y}",
        driver.Kind.SAMPLING: "samples",
        driver.Kind.CURATION: f"universe {step.first:%Y-%m}",
        driver.Kind.RANKING: f"ranking {step.first:%Y-%m}",
        driver.Kind.FEATURE_REPORT: f"feature report {step.first:%Y-%m}",
        driver.Kind.RETRAINING: f"training {step.first:%Y-%m}",
        driver.Kind.SESSION: f"living {step.first}",
        driver.Kind.RESTATEMENT: f"restating {step.first}",
        driver.Kind.LEARNING_REPORT: "learning report",
    }
    return words[step.kind]


def _line(one: driver.Taken) -> str:
    """Line worth keeping about a finished step; empty for the small ones."""
    if one.step.kind is driver.Kind.HISTORY and not one.was_done:
        return f"{one.step.first:%Y}: {one.step.n_sessions} sessions of history"
    if one.step.kind is driver.Kind.RETRAINING:
        again = " (as before)" if one.was_done else ""
        return f"{one.step.first:%Y-%m}: challenger {one.verdict}{again}"
    return ""


def _scorecard(where: home.Home) -> scorecard.Scorecard:
    with warehouse.opened(where.warehouse) as store:
        ledger = scorecard.Ledger(
            outcomes=store.read(tables.OUTCOMES),
            signals=store.read(tables.SIGNALS),
            oof=store.read(tables.OOF_PREDICTIONS),
            verdicts=store.read(tables.VERDICTS),
            champions=store.read(tables.CHAMPIONS),
            universe=store.read(tables.UNIVERSE),
        )
    return scorecard.scorecard(ledger, policy.SWING)


def _closing(taken: Sequence[driver.Taken], seconds: float) -> str:
    n_done = sum(one.was_done for one in taken)
    own = resources.STOPWATCH.seconds
    lines = [
        f"{len(taken) - n_done} steps taken, {n_done} had nothing left to do.",
        f"{seconds:.0f} s in all, {own:.0f} s of them our own work; the rest is start",
        "and Dagster's bookkeeping, 5-15 ms per session and asset.",
        "Open the user interface with: turbomode up  (make up in a clone)",
    ]
    return "\n".join(lines)
