"""How long daily report and pages take on years of history, and how large they are.

    python benchmarks/report.py --years 5 --symbols 100
    python benchmarks/report.py --home .turbomode

Without a home, tables are drawn from a seed, and timed is what is done once they are
read: compute, draw, write. With one, it is all that ``turbomode report`` and the daily
message do, reading and reasons included. The first round of a process loads matplotlib
and arch, which the second finds there.
"""

import argparse
import datetime as dt
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg

sys.path.append(str(Path(__file__).parents[1]))

from turbomode_assets import intraday_policy, policy
from turbomode_assets.defs import daily_report, pages
from turbomode_assets.reports import (
    daily,
    desk_charts,
    desk_page,
    desk_sheet,
    intraday_page,
    intraday_sheet,
)
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests.reports import desk_tables, rounds_tables

LAST = dt.date(2023, 12, 29)

Task = tuple[str, Callable[[], int]]
"""What is timed, and something that does it and says how many bytes it made."""


def main() -> None:
    """Time everything twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument("--symbols", type=int, default=100)
    parser.add_argument("--home", type=Path, help="a home that has lived")
    options = parser.parse_args()
    if options.home:
        _time(list(_of_home(home.Home(options.home.resolve()))))
    else:
        first = dt.date(LAST.year - options.years, LAST.month, LAST.day)
        _time(list(_drawn(first, options.symbols)))


def _time(tasks: list[Task]) -> None:
    for round_ in ("first", "second"):
        for name, task in tasks:
            began, cpu = time.perf_counter(), time.process_time()
            n_bytes = task()
            took, spent = time.perf_counter() - began, time.process_time() - cpu
            print(
                f"{round_} {name}: {took:.2f} s, processor {spent:.2f} s, "
                f"{n_bytes / 1e3:.0f} kB"
            )


def _drawn(first: dt.date, n_symbols: int) -> Iterator[Task]:
    """Pages and report of desks that never were."""
    nightly = desk_tables.made(first, LAST, n_symbols)
    rounds = rounds_tables.made(first, LAST)
    n_signals = nightly.ledger.signals.height
    print(f"{first} to {LAST}: {n_signals:,} signals of {n_symbols} symbols a night,")
    print(f"{rounds.signals.height:,} of 2 symbols and 3 horizons within the day")

    def swing() -> int:
        return _kept(desk_page.render(desk_sheet.sheet(nightly, LAST, policy.SWING)))

    def intraday() -> int:
        gate = intraday_policy.INTRADAY.gate
        return _kept(intraday_page.render(intraday_sheet.sheet(rounds, LAST, gate)))

    def report() -> int:
        sheet = desk_sheet.sheet(nightly, LAST, policy.SWING)
        for days in daily.SPANS:
            daily.graded(nightly.ledger.signals, nightly.ledger.outcomes, LAST, days)
        return len(desk_charts.picture(sheet.skill, sheet.book.lines))

    yield from (
        ("page of the swing desk", swing),
        ("page of the intraday desk", intraday),
        ("daily report", report),
    )


def _kept(page: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        path.write_text(page, encoding="utf-8")
        return path.stat().st_size


def _of_home(where: home.Home) -> Iterator[Task]:
    """Pages and report of a home, as it makes them."""

    def page(desk: str) -> int:
        with warehouse.opened(where.database) as store:
            found = pages.write(where, store, desk)
        return sum(path.stat().st_size for path, _ in found.values())

    def report() -> int:
        with (
            warehouse.opened(where.database) as store,
            dg.DagsterInstance.ephemeral() as instance,
        ):
            day = pages.DESKS["swing"].newest_day(store)
            now = dt.datetime.combine(day, dt.time(22, 30), dt.UTC)
            made = daily_report.compose(where, store, instance, now)
        return len(made.text) + len(made.picture or "")

    yield ("page of the swing desk", lambda: page("swing"))
    yield ("page of the intraday desk", lambda: page("intraday"))
    yield ("daily report", report)


if __name__ == "__main__":
    main()
