"""The command line: ``turbomode run`` and ``turbomode up``.

Turns options into a home and hands over to ``defs``. Progress and errors are worded
here; nothing is computed.
"""

import argparse
import dataclasses
import datetime as dt
import logging
import signal
import sys
import time
import zoneinfo
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import dagster as dg
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
    cli_backup,
    cli_champion,
    cli_exchange,
    cli_explain,
    cli_migrate,
    cli_notify,
    cli_output,
    cli_replay,
    cli_report,
    cli_status,
    cli_up,
    cli_verify,
    errors,
    policy,
    sessions,
    tables,
)
from turbomode_assets.defs import assembly, driver, intake, resources
from turbomode_assets.reports import scorecard, terminal
from turbomode_assets.sources import files
from turbomode_assets.store import bitemporal, home, warehouse

DEFAULT_LAST = dt.date(2024, 6, 28)
"""Last session of a simulated run: fixed, so that a demonstration can be compared."""

LIVED_MONTHS = 6
"""Months lived session by session where ``--live-from`` does not say: enough for a
handful of challengers."""


LEARNED_YEARS = policy.SWING.training.max_years
"""Years of history fetched where nobody says: as many as are learned from."""

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
"""Where a moment without a time zone is meant."""

PLAIN_WIDTH = 120
"""Columns of what is printed where nobody says how wide the paper is."""

_OTHERS = {
    "replay": ("hold the loop against its arms", cli_replay),
    "champion": ("who reigned when, and rollback", cli_champion),
    "explain": ("why a signal says what it says", cli_explain),
    "verify": ("whether everything that must hold does", cli_verify),
    "status": ("whether all is well, and what comes next", cli_status),
    "report": ("the page of the desk", cli_report),
    "notify": ("messages to people", cli_notify),
    "backup": ("keep a home in a folder, while it lives", cli_backup),
    "exchange": ("share the loop with another machine", cli_exchange),
    "migrate": ("copy a warehouse into another, row by row", cli_migrate),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code of the process.

    Returns
    -------
    int
        0 when all went well, 1 after an error that was explained, 130 when stopped.
    """
    options = _parser().parse_args(arguments)
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
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
        console.print("\nStopped. The same command continues from here.")
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="turbomode", description="A self-improving signal platform for stocks."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="live through history up to --to")
    run.set_defaults(command=_run)
    run.add_argument("--source", choices=home.SOURCES, default="simulated")
    run.add_argument("--path", default="", help="panel or folder of --source files")
    run.add_argument("--universe", default="", help="symbols, or membership intervals")
    _add_desk(run)
    run.add_argument("--from", dest="first", type=_day, help="first session of history")
    run.add_argument("--live-from", type=_day, help="first session lived one by one")
    run.add_argument("--to", dest="last", type=_day, help="last session lived")
    market = home.Settings()
    run.add_argument("--seed", type=int, default=market.seed, help="of that market")
    run.add_argument("--symbols", type=int, default=market.n_symbols)
    run.add_argument("--edge", type=float, default=market.edge, help="0: pure noise")
    run.add_argument(
        "--pace",
        type=float,
        default=market.pace_seconds,
        help="seconds between two requests to Yahoo",
    )
    _add_home(run)
    up = commands.add_parser("up", help="open the Dagster user interface")
    cli_up.add(up)
    _add_home(up)
    bars = commands.add_parser("bars", help="show bars as they are, or were, known")
    bars.set_defaults(command=_bars)
    bars.add_argument("symbol")
    bars.add_argument("--from", dest="first", type=_day, required=True)
    bars.add_argument("--to", dest="last", type=_day, help="the same day by default")
    bars.add_argument(
        "--as-of", type=_moment, help="known at this moment, such as 2024-06-28T23:00"
    )
    _add_home(bars)
    cli_output.add(run, bars)
    for name, (text, module) in _OTHERS.items():
        other = commands.add_parser(name, help=text)
        _add_home(other)
        module.add(other)
    back = commands.add_parser("restore", help="bring a backup back as a new home")
    _add_home(back)
    cli_backup.add_restore(back)
    train = commands.add_parser("train", help="pull, learn what is due, and push")
    cli_exchange.add_train(train)
    _add_home(train)
    return parser


def _add_desk(parser: argparse.ArgumentParser) -> None:
    named = "predicted by the intraday desk, as in RTX,LMT"
    parser.add_argument("--intraday-symbols", default="", help=named)
    minutes = "file of bars of minutes, or folder with bars, of --source files"
    parser.add_argument("--intraday-path", default="", help=minutes)


def _add_home(parser: argparse.ArgumentParser) -> None:
    text = f"folder that keeps everything (TURBOMODE_HOME, else ./{home.DEFAULT})"
    parser.add_argument("--home", type=Path, help=text)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as fault:
        message = f"expected a day such as 2024-06-28, found {text!r}"
        raise argparse.ArgumentTypeError(message) from fault


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as fault:
        message = f"expected a moment such as 2024-06-28T23:00, found {text!r}"
        raise argparse.ArgumentTypeError(message) from fault
    return moment if moment.tzinfo else moment.replace(tzinfo=NEW_YORK)


def _home_of(options: argparse.Namespace) -> home.Home:
    return home.Home(options.home.resolve()) if options.home else home.locate()


def _bars(options: argparse.Namespace, console: Console) -> int:
    moment = options.as_of or resources.ClockResource().now()
    first, last = options.first, options.last or options.first
    with warehouse.opened(home.existing(options.home).warehouse) as store:
        known = bitemporal.as_of(store, moment, first, last)
    rows = known.filter(pl.col("symbol") == options.symbol.upper())
    if rows.is_empty():
        message = (
            f"expected bars of {options.symbol} from {first} to {last} known at "
            f"{moment.astimezone(NEW_YORK):%Y-%m-%d %H:%M} New York time, found none"
        )
        raise errors.MissingUpstream(message)
    if cli_output.is_asked(options):
        cli_output.say(console, rows.to_dicts())
    else:
        console.print(terminal.bars(rows))
    return 0


def _run(options: argparse.Namespace, console: Console) -> int:
    began = time.monotonic()
    where = _home_of(options)
    settings, last = _settings(options)
    live_from = options.live_from or _default_live_from(where, last)
    steps = driver.plan(settings.first, sessions.on_or_after(live_from), last)
    home.prepare(where, settings)
    beside = cli_output.aside(options, console)
    beside.print(f"Home {where.root}: {_described(settings)}.")
    definitions = assembly.assemble(where, home.read_settings(where))
    with driver.open_instance(where) as instance:
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


def _settings(options: argparse.Namespace) -> tuple[home.Settings, dt.date]:
    """Settings asked for, and the last session to live."""
    chosen = home.Settings(
        source=options.source,
        path=_full(options.path),
        universe=_full(options.universe),
        intraday_path=_full(options.intraday_path),
        intraday_symbols=options.intraday_symbols,
        seed=options.seed,
        edge=options.edge,
        n_symbols=options.symbols,
        pace_seconds=options.pace,
    )
    earliest, latest = _span(chosen)
    last = sessions.on_or_before(options.last or latest)
    closed = sessions.closed_by(resources.ClockResource().now())
    if last > closed:
        message = f"expected --to {closed} or earlier, which has closed, found {last}"
        raise errors.SettingsError(message)
    first = options.first or earliest or _years_before(last, LEARNED_YEARS)
    return home.with_first(chosen, sessions.on_or_after(first)), last


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
                console.print(line)
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


if __name__ == "__main__":
    sys.exit(main())
