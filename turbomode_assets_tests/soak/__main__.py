"""``python -m turbomode_assets_tests.soak FOLDER``: years, day by day, under faults.

A home is made, and lives day by day with every fault of ``faults.py``. At the end of
each year what it holds is compared with a home that computed all of these years in one
range, and what was counted so far is written into ``docs/reliability.md``. Where
anything was wrong, the command fails.
"""

import argparse
import dataclasses
import datetime as dt
import random
import shutil
import sys
import time
from pathlib import Path

import dagster as dg
import polars as pl

from turbomode_assets import loop, market_tables, sessions, tables
from turbomode_assets.defs import assembly, partitions, resources
from turbomode_assets.promotion import alias
from turbomode_assets.signals import ledger
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import reliability_page
from turbomode_assets_tests.crashes.world import LEAN, of_the_loop
from turbomode_assets_tests.scenarios import simulated_time
from turbomode_assets_tests.scenarios.simulated_time import QUIET, Past, new_york
from turbomode_assets_tests.scenarios.troubled_market import TroubledMarket
from turbomode_assets_tests.soak import faults, life, mother

BEGIN = new_york("2013-12-29 12:00")
"""A Sunday before a month turns."""

SEED = 12

SAID = {
    tables.BARS: (),
    tables.FEATURES: (),
    tables.OUTCOMES: ("side", "is_hit"),
    tables.SAMPLES: ("origin",),
}
"""Tables that do not depend on who reigned, but for these columns."""


def _young(root: Path) -> Past:
    """A home with a history of two and a half years that has learned nothing yet."""
    settings = home.Settings(
        n_symbols=8, edge=8.0, first=dt.date(2011, 5, 2), is_intraday=False
    )
    eve = sessions.on_or_before(BEGIN.date())
    week = sessions.week_start(BEGIN.date()) - dt.timedelta(days=7)
    lived = [str(sessions.shift(eve, n)) for n in (-4, -3, 0)]
    runs = (
        ("history", str(settings.first), lived[0]),
        ("session", lived[1], lived[2]),
        ("sampling", str(sessions.week_start(settings.first)), str(week)),
    )
    return simulated_time.young(root, settings, runs, LEAN)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _in_one_piece(troubled: mother.Life, root: Path) -> home.Home:
    """A home that computed what the other one lived, in one range.

    Who belongs is told it: curation looks at what was known at the turn of a quarter.
    """
    where = home.Home(root)
    settings = home.read_settings(troubled.where)
    home.prepare(where, settings)
    corrections = [
        each
        for each in troubled.order.plan.corrections
        if dt.datetime.fromisoformat(each[3]) <= troubled.order.now
    ]
    stock = resources.market(where, settings).model_dump()
    market = TroubledMarket(**stock | {"corrections": corrections})
    definitions = assembly.assemble(where, settings, {"market": market}, rules=LEAN)
    with warehouse.opened(troubled.where.database) as store:
        days, weeks = map(store.partitions, (tables.OUTCOMES, tables.SAMPLES))
        curations = store.read(market_tables.CURATIONS)
    with warehouse.opened(where.database) as store:
        store.append(market_tables.CURATIONS, curations)
    with dg.DagsterInstance.ephemeral() as instance:
        windows = {
            "history": partitions.Window(settings.first, days[-1]),
            "sampling": partitions.Window(sessions.week_start(weeks[0]), weeks[-1]),
        }
        for name, window in windows.items():
            tags = partitions.range_tags(window)
            job = definitions.resolve_job_def(name)
            job.execute_in_process(QUIET, instance=instance, tags=tags)
    return where


def _differing(calm: home.Home, troubled: home.Home) -> list[str]:
    """What is not the same in both."""
    signaled = of_the_loop(troubled)[tables.SIGNALS.name]
    expected, ended = (_told(where, signaled) for where in (calm, troubled))
    return [
        f"{name}: {ended[name].height} rows, expected {rows.height} and the same"
        for name, rows in expected.items()
        if not ended[name].equals(rows)
    ]


def _told(where: home.Home, signaled: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """What does not depend on who reigned, nor on what was known at emission."""
    rows = of_the_loop(where)
    told = {table.name: rows[table.name].drop(apart) for table, apart in SAID.items()}
    samples = told[tables.SAMPLES.name]
    declared = [name for name in tables.SAMPLES.column_names if name in samples.columns]
    # Features of what was signaled stayed frozen, whatever a bar became later.
    told[tables.SAMPLES.name] = samples.select(declared)
    told["samples of history"] = samples.join(
        signaled, on=["symbol", "session"], how="anti"
    )
    return told


def _silent(where: home.Home) -> list[str]:
    """Sessions in which a champion reigned and a member was not signaled."""
    with warehouse.opened(where.database) as store:
        champions = store.read(tables.CHAMPIONS)
        known = store.columns(tables.FEATURES, ["symbol", "session"])
        members = ledger.eligible(known, store.read(tables.UNIVERSE))
        said = store.columns(tables.SIGNALS, ["symbol", "session"])
    lived = members.filter(pl.col("session") >= BEGIN.date())
    missing = lived.join(said, on=["symbol", "session"], how="anti")
    return [
        f"{session}: {len(group)} members were not signaled"
        for (session,), group in missing.group_by("session")
        if alias.reigning(champions, loop.DESK, session) is not None
    ]


def soak(folder: Path, n_years: int) -> bool:
    """Live, and write down what came of it year by year; whether nothing was wrong."""
    shutil.copytree(_young(folder / "young").root, folder / "lived")
    end = _turn(n_years)
    plan = faults.drawn(SEED, life.timetable(BEGIN, end))
    order = life.Order(
        root=folder / "lived", begin=BEGIN, until=BEGIN, plan=plan, now=BEGIN
    )
    lived = mother.Life(order, _tell)
    dice = random.Random(SEED)  # noqa: S311 - no secret
    for n in range(n_years):
        began = time.monotonic()
        lived.go_on(_turn(n + 1), dice)
        lived.measure(BEGIN.year + n + 1, time.monotonic() - began)
        lived.restore(folder)
        lived.wrong += _silent(lived.where)
        calm = _in_one_piece(lived, folder / f"in-one-piece-{n + 1}")
        lived.wrong += _differing(calm, lived.where)
        shutil.rmtree(calm.root)
        reliability_page.tell("soak", "life", _counted(lived))
        _tell(f"wrong: {lived.wrong}")
    return not lived.wrong


def _turn(n_years: int) -> dt.datetime:
    return BEGIN.replace(year=BEGIN.year + n_years) + dt.timedelta(days=3)


def _counted(lived: mother.Life) -> dict[str, object]:
    with warehouse.opened(lived.where.database) as store:
        n_sessions = len(store.partitions(tables.OUTCOMES))
        n_champions = store.read(tables.CHAMPIONS).height
    return {
        "years": len(lived.years),
        "seed": SEED,
        "ticks": lived.order.n_done,
        "sessions": n_sessions,
        "champions": n_champions,
        "looks": lived.n_looks,
        "faults": dict(lived.faults.most_common()),
        "answers": lived.answers,
        "wrong": lived.wrong,
        "by_year": [dataclasses.asdict(year) for year in lived.years],
    }


def main() -> None:
    """Live, and write down what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="holds the homes; must not exist")
    parser.add_argument("--years", type=int, default=10)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True)
    sys.exit(not soak(asked.folder.resolve(), asked.years))


if __name__ == "__main__":
    main()
