"""What a backfill of years costs: our own work, beside Dagster's bookkeeping.

Backfills bars, features, outcomes and samples of a simulated market in an empty home,
each as one range by Dagster's own command line, as a person would. Our own seconds are
those the materializations report; the start is an import of the definitions, timed
alone; what is left of the wall is Dagster's: an event per partition and asset, checks,
and the run itself.

``python benchmarks/backfill.py [--years 5] [--symbols 100]``
"""

import argparse
import dataclasses
import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dagster as dg

from turbomode_assets import cli_run, sessions, tables
from turbomode_assets.defs import driver, metadata, partitions
from turbomode_assets.store import home, warehouse

MODULE = ["-m", "turbomode_assets.definitions"]

STEPS = (
    (("market/bar_revisions", "market/bars"), "sessions"),
    (("market/universe",), ""),
    (("swing/features", "swing/outcomes"), "sessions"),
    (("swing/samples",), "weeks"),
)
"""Assets of each command, and what its range counts."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """Seconds of one command, and the partitions it wrote."""

    assets: tuple[str, ...]
    n_partitions: int
    wall: float
    own: float


def main() -> None:
    """Backfill a home and print what each command took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument("--symbols", type=int, default=100)
    options = parser.parse_args()
    last = cli_run.DEFAULT_LAST
    first = sessions.on_or_after(last.replace(year=last.year - options.years))
    with tempfile.TemporaryDirectory() as folder:
        where = home.Home(Path(folder))
        settings = home.Settings(first=first, n_symbols=options.symbols)
        home.prepare(where, settings)
        os.environ |= {home.VARIABLE: folder, "DAGSTER_HOME": folder}
        started = _seconds(
            [sys.executable, "-c", "import turbomode_assets.definitions"]
        )
        with driver.open_instance(where) as instance:
            costs = [_taken(instance, step, (first, last)) for step in STEPS]
        _show(costs, started, _rows(where))


def _taken(
    instance: dg.DagsterInstance,
    step: tuple[tuple[str, ...], str],
    span: tuple[dt.date, dt.date],
) -> Cost:
    assets, counts = step
    keys = {"sessions": sessions.sessions_between(*span), "weeks": _weeks(*span)}
    days = keys.get(counts, [])
    command = [sys.executable, "-m", "dagster", "asset", "materialize", *MODULE]
    command += ["--select", ",".join(f'key:"{asset}"' for asset in assets)]
    if days:
        ends = map(partitions.key, (days[0], days[-1]))
        command += ["--partition-range", "...".join(ends)]
    wall = _seconds(command)
    own = sum(_own(instance, dg.AssetKey(asset.split("/"))) for asset in assets)
    return Cost(assets, len(days) * len(assets), wall, own)


def _weeks(first: dt.date, last: dt.date) -> list[dt.date]:
    sunday = sessions.week_start(first)
    n_weeks = (last - sunday).days // 7 + 1
    return [sunday + dt.timedelta(weeks=n) for n in range(n_weeks)]


def _seconds(command: list[str]) -> float:
    began = time.monotonic()
    done = subprocess.run(  # noqa: S603 - our own interpreter
        command, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return time.monotonic() - began


def _own(instance: dg.DagsterInstance, key: dg.AssetKey) -> float:
    """Seconds the latest materialization of an asset says it took."""
    event = instance.get_latest_materialization_event(key)
    if event is None or event.asset_materialization is None:
        sys.exit(f"expected a materialization of {key.to_user_string()}, found none")
    return float(event.asset_materialization.metadata["seconds"].value)  # type: ignore[arg-type]


def _rows(where: home.Home) -> dict[str, int]:
    kept = (tables.BARS, tables.FEATURES, tables.OUTCOMES, tables.SAMPLES)
    with warehouse.opened(where.warehouse) as store:
        return {
            metadata.key(t).to_user_string(): store.columns(t, t.key).height
            for t in kept
        }


def _show(costs: list[Cost], started: float, rows: dict[str, int]) -> None:
    print(f"rows: {', '.join(f'{name} {n:,}' for name, n in rows.items())}")
    print("| assets | partitions | wall s | start s | own s | Dagster s | ms each |")
    print("|---|---|---|---|---|---|---|")
    for cost in costs:
        _print_row(", ".join(cost.assets), cost, started)
    every = Cost(
        ("all",),
        sum(cost.n_partitions for cost in costs),
        sum(cost.wall for cost in costs),
        sum(cost.own for cost in costs),
    )
    _print_row("all", every, started * len(costs))


def _print_row(name: str, cost: Cost, started: float) -> None:
    rest = cost.wall - cost.own - started
    each = f"{1000 * rest / cost.n_partitions:.1f}" if cost.n_partitions else "-"
    print(
        f"| {name} | {cost.n_partitions:,} | {cost.wall:.1f} | {started:.1f} | "
        f"{cost.own:.1f} | {rest:.1f} | {each} |"
    )


if __name__ == "__main__":
    main()
