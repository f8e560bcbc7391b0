"""Features per CPU second: this catalog beside five libraries, on the same bars.

``python benchmarks/features.py [--symbols 82] [--years 7]`` needs the extra ``bench``;
a library that is not installed is left out by name. Every library runs in a process of
its own, on one thread, several times; the best run counts. Bars are generated and laid
out as each library wants them, for the catalog adjusted and cut into blocks, before its
clock starts; ``turbomode_raw`` starts from raw bars and adjusts them on its own time.
The ``matched`` runs compute the windowed formulas of Alpha158 that TA-Lib has too.

Qlib needs an older pyarrow than the platform: ``pip install -e '.[bench]' pyqlib`` into
an environment of its own, without the constraints, and run this with its Python.

Printed are seconds and nanoseconds per computed cell, CPU and wall, the ratio to the
catalog and to the floor (one cumulative sum over as many cells), and peak memory.
"""

import argparse
import dataclasses
import datetime as dt
import importlib.util
import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable

ONE_THREAD = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
for _name in ONE_THREAD:
    os.environ[_name] = "1"  # before NumPy and Polars are imported

import feature_peers  # type: ignore[import-not-found]  # noqa: E402
import numpy as np  # noqa: E402
import polars as pl  # noqa: E402

from turbomode_assets import sessions  # noqa: E402
from turbomode_assets.features import catalog, declaration, engine  # noqa: E402
from turbomode_assets.prices import adjustment  # noqa: E402

LAST = dt.date(2023, 12, 29)
REPEATS = 5
MOST_SECONDS = 30.0
"""After so much time a library is not repeated."""

WINDOW_ENDINGS = tuple(f"_{n}" for n in feature_peers.WINDOWS)
MOST_EXPONENT = 1.05
MOST_NIGHTLY = 0.150
LEFT_OUT_ABOVE = {"pandas_ta_classic": 1_500_000, "ta": 1_500_000, "qlib": 1_500_000}
"""Rows of bars above which a library would take more than ten minutes."""

WANTED = {"talib": 1.0, "pandas_ta_classic": 15.0, "qlib": 20.0, "floor": 1 / 8}
"""CPU time per cell in times the catalog's that is wanted at least."""


@dataclasses.dataclass(frozen=True)
class Run:
    """What one library took for one panel of bars."""

    library: str
    n_cells: int
    n_features: int
    cpu_seconds: float
    wall_seconds: float
    peak_mb: float

    @property
    def cpu_ns(self) -> float:
        """CPU nanoseconds per computed cell."""
        return self.cpu_seconds / self.n_cells * 1e9


def draw_bars(n_symbols: int, years: int) -> pl.DataFrame:
    """Rows of `tables.BARS` of random walks with splits and dividends."""
    days = sessions.sessions_between(LAST.replace(year=LAST.year - years), LAST)
    draw, shape = np.random.default_rng(0), (n_symbols, len(days))
    close = 50 * np.exp(draw.normal(0, 0.02, shape).cumsum(axis=1))
    opened = close * np.exp(draw.normal(0, 0.008, shape))
    spread = np.exp(draw.exponential(0.005, (2, *shape)))
    columns = {
        "open": opened,
        "high": np.maximum(opened, close) * spread[0],
        "low": np.minimum(opened, close) / spread[1],
        "close": close,
        "volume": np.exp(draw.normal(13, 0.6, shape)).round(),
        "dividend": 0.001 * close * (draw.random(shape) < 1 / 63),
        "split_ratio": np.where(draw.random(shape) < 1 / 2520, 2.0, 1.0),
    }
    symbols = pl.DataFrame({"symbol": [f"S{n:04}" for n in range(n_symbols)]})
    keys = symbols.join(pl.DataFrame({"session": days}), how="cross")
    values = {name: each.ravel() for name, each in columns.items()}
    return keys.with_columns(**values, source=pl.lit("drawn"))


def one_of_eleven(symbols: pl.Series) -> pl.DataFrame:
    """Rows of `tables.UNIVERSE` that put each symbol into one of eleven sectors."""
    return pl.DataFrame(
        {
            "symbol": symbols,
            "valid_from": dt.date(1996, 1, 2),
            "valid_to": None,
            "sector": (symbols.str.slice(1).cast(pl.Int64) % 11).cast(pl.String),
        },
        schema_overrides={"valid_to": pl.Date},
    )


def turbomode(bars: pl.DataFrame, feature_set: str = "full") -> Callable[[], int]:
    """The catalog, block by block; frames are let go as they would be stored."""
    universe = one_of_eleven(bars["symbol"].unique())
    blocks = engine.blocks(bars["session"].min(), LAST)  # type: ignore[arg-type]
    adjusted = [adjustment.adjust(_needed(bars, block)) for block in blocks]
    n_features = len(catalog.names(feature_set=feature_set))

    def run() -> int:
        made = zip(adjusted, blocks, strict=True)
        frames = (engine.compute(a, universe, b, feature_set) for a, b in made)
        return sum(frame.height for frame in frames) * n_features

    return run


def turbomode_matched(bars: pl.DataFrame) -> Callable[[], int]:
    """The windowed formulas of Alpha158 that TA-Lib can compute, too."""
    others = {declaration.QLIB + name for name in feature_peers.NOT_IN_TALIB}
    catalog.SETS["matched"] = frozenset(
        feature.name
        for feature in catalog.features("alpha158")
        if feature.source not in others and feature.name.endswith(WINDOW_ENDINGS)
    )
    return turbomode(bars, "matched")


def turbomode_raw(bars: pl.DataFrame) -> Callable[[], int]:
    """The catalog from raw bars: adjusted within the time that is measured."""
    universe = one_of_eleven(bars["symbol"].unique())
    blocks = engine.blocks(bars["session"].min(), LAST)  # type: ignore[arg-type]

    def run() -> int:
        made = ((adjustment.adjust(_needed(bars, b)), b) for b in blocks)
        frames = (engine.compute(a, universe, b, "full") for a, b in made)
        return sum(frame.height for frame in frames) * len(catalog.features("full"))

    return run


def _needed(bars: pl.DataFrame, block: engine.Block) -> pl.DataFrame:
    return bars.filter(pl.col("session").is_between(block.load_from, block.last))


def floor(bars: pl.DataFrame) -> Callable[[], int]:
    """One cumulative sum over as many cells as the catalog computes."""
    close = bars["close"].to_numpy()
    n_features = len(catalog.names(feature_set="full"))

    def run() -> int:
        for _ in range(n_features):
            np.cumsum(close)
        return close.size * n_features

    return run


LIBRARIES = {
    "turbomode": turbomode,
    "turbomode_raw": turbomode_raw,
    "turbomode_matched": turbomode_matched,
    "floor": floor,
    **feature_peers.PEERS,
}


def measure(library: str, bars: pl.DataFrame) -> Run:
    """Best of some runs of a library; the first one also warms it up."""
    run = LIBRARIES[library](bars)
    before = _peak_mb()
    timed = []
    for _ in range(REPEATS):
        wall, cpu = time.perf_counter(), _cpu_seconds()
        n_cells = run()
        timed.append((_cpu_seconds() - cpu, time.perf_counter() - wall))
        if sum(seconds for _, seconds in timed) > MOST_SECONDS:
            break
    return Run(
        library=library,
        n_cells=n_cells,
        n_features=n_cells // bars.height,
        cpu_seconds=min(cpu for cpu, _ in timed),
        wall_seconds=min(wall for _, wall in timed),
        peak_mb=_peak_mb() - before,
    )


def _cpu_seconds() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    others = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_own_process(library: str, n_symbols: int, years: int) -> Run | None:
    """Run of a library in a process of its own; None where it is not installed."""
    if library in feature_peers.PEERS:
        if not importlib.util.find_spec(library.removesuffix("_matched")):
            print(f"{library:18} left out: not installed")
            return None
        if n_symbols * years * 252 > LEFT_OUT_ABOVE.get(library, math.inf):
            print(f"{library:18} left out: would take more than ten minutes")
            return None
    command = [sys.executable, __file__, "--only", library]
    command += ["--symbols", str(n_symbols), "--years", str(years)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        print(f"{library:18} left out: {reason}")
        return None
    return Run(**json.loads(done.stdout.splitlines()[-1]))


def compare(n_symbols: int, years: int, libraries: list[str]) -> None:
    """Print every library beside the catalog."""
    print(f"\n{n_symbols} symbols x {years} years")
    print(
        "library            features   CPU s  wall s  CPU ns/cell  x ours  MB  wanted"
    )
    ours = in_own_process("turbomode", n_symbols, years)
    if ours is None:
        message = "the catalog did not run: try --only turbomode"
        raise SystemExit(message)
    others = (in_own_process(name, n_symbols, years) for name in libraries)
    for run in (ours, *filter(None, others)):
        times = run.cpu_ns / ours.cpu_ns
        wanted = WANTED.get(run.library)
        verdict = "" if wanted is None else f"{wanted:.3g} {_met(times, wanted)}"
        print(
            f"{run.library:18} {run.n_features:8} {run.cpu_seconds:7.2f} "
            f"{run.wall_seconds:7.2f} {run.cpu_ns:12.1f} {times:7.2f} "
            f"{run.peak_mb:5.0f}  {verdict}"
        )


def _met(times: float, wanted: float) -> str:
    return "met" if times >= wanted else "MISSED"


def scaling() -> None:
    """Print by which power of the number of rows the CPU time of the catalog grows."""
    sizes = ((40, 7), (80, 7), (160, 7), (320, 7))
    runs = [(n * y, in_own_process("turbomode", n, y)) for n, y in sizes]
    points = [(np.log(size), np.log(run.cpu_seconds)) for size, run in runs if run]
    rows, seconds = np.array(points).T
    exponent = np.polyfit(rows, seconds, 1)[0]
    met = "met" if exponent <= MOST_EXPONENT else "MISSED"
    print(f"\nscaling exponent {exponent:.3f}, wanted {MOST_EXPONENT} at most: {met}")


def nightly() -> None:
    """Print what one session of 100 symbols takes, bars in memory."""
    (block,) = engine.blocks(LAST, LAST)
    bars = draw_bars(100, 3).filter(pl.col("session") >= block.load_from)
    universe = one_of_eleven(bars["symbol"].unique())
    taken = []
    for _ in range(20):
        start = time.perf_counter()
        engine.compute(adjustment.adjust(bars), universe, block, "full")
        taken.append(time.perf_counter() - start)
    met = "met" if min(taken) <= MOST_NIGHTLY else "MISSED"
    print(
        f"\none session of 100 symbols: {min(taken) * 1e3:.0f} ms at best, "
        f"{float(np.median(taken)) * 1e3:.0f} ms in the middle; "
        f"wanted {MOST_NIGHTLY * 1e3:.0f} ms at most: {met}"
    )


def main() -> None:
    """Measure what is asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=82)
    parser.add_argument("--years", type=int, default=7)
    parser.add_argument("--only", choices=LIBRARIES)
    options = parser.parse_args()
    if options.only:
        run = measure(options.only, draw_bars(options.symbols, options.years))
        print(json.dumps(dataclasses.asdict(run)))
        return
    others = [name for name in LIBRARIES if name != "turbomode"]
    compare(options.symbols, options.years, others)
    scaling()
    nightly()


if __name__ == "__main__":
    main()
