"""What each stage takes from a hundred symbols to five thousand, over twenty years.

Lives through a simulated market with the code of the assets, year by year as a
backfill cut into runs does: bars taken in, judged and made current; every feature; the
outcome of every symbol and session. Each stage is a process of its own, so that its
peak memory is its own. Time is CPU, printed with the exponent by which it grows from
size to size and over all; the file is measured after each stage.

``python benchmarks/scale.py [--symbols 100 500 1000 5000] [--years 20]``
"""

import argparse
import contextlib
import datetime as dt
import itertools
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from turbomode_assets import loop, sessions, tables
from turbomode_assets.defs import grading, intake, partitions
from turbomode_assets.sources import simulated
from turbomode_assets.store import warehouse

FIRST_YEAR = 2005
MOST_GB = 8.0
MOST_EXPONENT = 1.1
SIZES = (100, 500, 1000, 5000)
STAGES = ("ingest", "features", "outcomes")


def windows(n_years: int) -> Iterator[partitions.Window]:
    """Sessions of each year."""
    for year in range(FIRST_YEAR, FIRST_YEAR + n_years):
        days = sessions.sessions_between(dt.date(year, 1, 1), dt.date(year, 12, 31))
        yield partitions.Window(days[0], days[-1])


def ingest(
    store: warehouse.Warehouse, market: simulated.Simulated, window: partitions.Window
) -> int:
    """Bars of a year, taken in and made current; how many."""
    now = dt.datetime.combine(window.last, dt.time(23), dt.UTC) + dt.timedelta(days=1)
    asked = intake.request(store, window, window.first, now)
    intake.take_in(store, market, asked, lambda _: None)
    rows, _ = intake.refresh(store, window)
    listed = market.universe(window.last)
    store.replace(tables.UNIVERSE, listed)
    return rows.height


def features(
    store: warehouse.Warehouse, _: simulated.Simulated, window: partitions.Window
) -> int:
    """Features of a year; rows."""
    bars = store.read(tables.BARS, loop.bars_for_features(window.first), window.last)
    universe = store.read(tables.UNIVERSE)
    rows = loop.compute_features(bars, universe, window.first, window.last)
    return store.replace(tables.FEATURES, rows, window.first, window.last)


def outcomes(
    store: warehouse.Warehouse, _: simulated.Simulated, window: partitions.Window
) -> int:
    """Outcomes that matured in a year; rows."""
    return grading.grade(store, window).height


def live(stage: str, path: Path, n_symbols: int, n_years: int) -> None:
    """Take one stage through every year; print what it took as JSON."""
    one = {"ingest": ingest, "features": features, "outcomes": outcomes}[stage]
    market = simulated.Simulated(n_symbols=n_symbols)
    drawn, wall, cpu = 0.0, time.perf_counter(), time.process_time()
    n_rows = 0
    for window in windows(n_years):
        if stage == "ingest":
            began = time.process_time()
            market.bars(window.last, window.last)
            drawn += time.process_time() - began
        with warehouse.opened(path) as store:
            n_rows += one(store, market, window)
    taken = {
        "rows": n_rows,
        "cpu": time.process_time() - cpu - drawn,
        "wall": time.perf_counter() - wall,
        "drawn": drawn,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
        "bytes": path.stat().st_size,
    }
    print(json.dumps(taken))


def measured(folder: Path, n_symbols: int, n_years: int) -> dict[str, dict[str, Any]]:
    """What each stage took, each in a process of its own."""
    path, found, before = folder / f"{n_symbols}.duckdb", {}, 0
    for stage in STAGES:
        sizes = ["--symbols", str(n_symbols), "--years", str(n_years)]
        command = [sys.executable, __file__, *sizes, "--stage", stage, str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        found[stage] = json.loads(done.stdout)
        found[stage]["bytes"], before = (
            found[stage]["bytes"] - before,
            found[stage]["bytes"],
        )
        show(n_symbols, stage, found[stage])
    path.unlink()
    return found


def show(n_symbols: int, stage: str, taken: dict[str, Any]) -> None:
    """Print one line of the table."""
    each = taken["cpu"] / taken["rows"] * 1e6
    print(
        f"| {n_symbols:,} | {stage} | {taken['rows']:,} | {taken['cpu']:.0f} | "
        f"{taken['wall']:.0f} | {each:.1f} | {taken['peak']:.1f} | "
        f"{taken['bytes'] / 1e9:.2f} |",
        flush=True,
    )


def exponents(found: dict[int, dict[str, dict[str, Any]]]) -> None:
    """Print by which power of the rows CPU time grows, from size to size and over all.

    A straight line through the logarithms would hide a step; so both are shown.
    """
    sizes = sorted(found)
    pairs = [*itertools.pairwise(sizes), (sizes[0], sizes[-1])]
    for stage in (*STAGES, "all"):
        grown = [_exponent(found, stage, *pair) for pair in pairs]
        steps = ", ".join(f"{power:.2f}" for power in grown[:-1])
        print(f"{stage}: {grown[-1]:.2f} over all ({steps} from size to size)")
    worst = max(one["peak"] for taken in found.values() for one in taken.values())
    whole = _exponent(found, "all", *pairs[-1])
    small, flat = _met(holds=worst <= MOST_GB), _met(holds=whole <= MOST_EXPONENT)
    print(f"exponent {whole:.2f}, wanted {MOST_EXPONENT} at most: {flat}")
    print(f"peak {worst:.1f} GB, wanted {MOST_GB:.0f} GB at most: {small}")


def _met(*, holds: bool) -> str:
    return "met" if holds else "MISSED"


def _exponent(
    found: dict[int, dict[str, dict[str, Any]]], stage: str, small: int, large: int
) -> float:
    """Power by which CPU time grows with rows between two sizes."""

    def total(size: int, what: str) -> float:
        chosen = STAGES if stage == "all" else (stage,)
        return sum(float(found[size][one][what]) for one in chosen)

    rows, cpu = (total(large, what) / total(small, what) for what in ("rows", "cpu"))
    return math.log(cpu) / math.log(rows)


def main() -> None:
    """Print the table of all sizes, or what one stage of one size took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--symbols", type=int, nargs="+", default=[100, 500, 1000, 5000]
    )
    parser.add_argument("--years", type=int, default=20)
    parser.add_argument("--stage", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.stage:
        stage, path = asked.stage
        live(stage, Path(path), asked.symbols[0], asked.years)
        return
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(None):
        measured(Path(folder), 2, 1)  # what is compiled once is kept by then
    print("| symbols | stage | rows | CPU s | wall s | µs a row | peak GB | GB |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        found = {n: measured(Path(folder), n, asked.years) for n in asked.symbols}
    if len(found) > 1:
        exponents(found)


if __name__ == "__main__":
    main()
