"""Features per CPU second: this catalog beside five libraries, on the same bars.

``python benchmarks/features.py [--qlib PYTHON] > docs/feature_speed.md`` needs the
extra ``bench``; ``--symbols 82 --years 7`` measures one size alone. A library that is
not installed is left out by name. Every library runs in a process of its own, on one
thread, several times; the best run counts. Bars are generated and laid out as each
library wants them, for the catalog adjusted and cut into blocks, before its clock
starts; ``turbomode_raw`` starts from raw bars and adjusts them on its own time. The
``matched`` runs compute the windowed formulas of Alpha158 that TA-Lib has too. The loop
over TA-Lib ends where the catalog does, in frames of 32-bit columns with nulls;
``talib_dropped`` forgets every value at once and leaves no table. Slow libraries, which
all work symbol by symbol, get fewer of the symbols (`FEWER`).

Qlib needs an older pyarrow than the platform, so an environment of its own, with
``pyqlib`` and nothing of this project: ``--qlib`` names its Python.

Printed is a Markdown page: seconds and nanoseconds per computed cell, CPU and wall,
the ratio to the catalog and to the floor (one cumulative sum over as many cells), peak
memory beyond the bars, and by which power of the cells the time grows.
"""

import argparse
import dataclasses
import datetime as dt
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

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
REPEATS = 20
LEAST_REPEATS = 2
"""So that none is judged by the run that warms it up."""

MOST_SECONDS = 5.0
"""After so much time a library is not repeated more often than that."""

WINDOW_ENDINGS = tuple(f"_{n}" for n in feature_peers.WINDOWS)
SIZES = ((82, 7), (500, 10), (3000, 20))
"""Symbols and years."""

FEWER = {"polars_ta": 300, "pandas_ta_classic": 100, "ta": 20, "qlib": 60}
"""Most symbols a slow library is given; of polars-ta the columns of more would not fit
into memory."""

MOST_EXPONENT = 1.05
MOST_NIGHTLY = 0.150

PAGE = """# What features cost

Printed by `benchmarks/features.py`, where every figure is explained: this catalog
(`turbomode`) beside libraries that compute the same kinds of indicators, one thread
each, on the same generated bars. *MB* is peak memory beyond the bars. *Wanted* is the
ratio to ours in CPU time per computed cell that is wanted at least."""

WANTED = {"talib": 1.0, "pandas_ta_classic": 15.0, "qlib": 20.0, "floor": 1 / 8}
"""CPU time per cell in times the catalog's that is wanted at least."""


@dataclasses.dataclass(frozen=True)
class Run:
    """What one library took for one panel of bars."""

    library: str
    n_symbols: int
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
        for feature in catalog.features("full")
        if feature.source.startswith(declaration.QLIB)
        and feature.source not in others
        and feature.name.endswith(WINDOW_ENDINGS)
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
        is_long = sum(seconds for _, seconds in timed) > MOST_SECONDS
        if is_long and len(timed) >= LEAST_REPEATS:
            break
    return Run(
        library=library,
        n_symbols=bars["symbol"].n_unique(),
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


def in_own_process(library: str, n_symbols: int, years: int) -> Run | str:
    """Run of a library in a process of its own, or why there is none."""
    name = library.partition("_")[0] if library.startswith("talib") else library
    if library in feature_peers.PEERS and not importlib.util.find_spec(name):
        return "not installed"
    command = [sys.executable, __file__, "--only", library]
    command += ["--symbols", str(n_symbols), "--years", str(years)]
    return _answer(library, n_symbols, command)


def qlib(python: str, n_symbols: int, years: int) -> Run | str:
    """Run of Alpha158 by Qlib in its own environment, or why there is none."""
    if not python:
        return "not asked for"
    script = str(Path(__file__).with_name("feature_qlib.py"))
    with tempfile.TemporaryDirectory() as folder:
        feature_peers.write_qlib(draw_bars(n_symbols, years), Path(folder))
        return _answer("qlib", n_symbols, [python, script, folder])


def _answer(library: str, n_symbols: int, command: list[str]) -> Run | str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["no message"])[-1]
    found = {"library": library, "n_symbols": n_symbols}
    return Run(**found | json.loads(done.stdout.splitlines()[-1]))


def compare(n_symbols: int, years: int, python: str) -> Run:
    """Print every library beside the catalog, and return the catalog's run."""
    print(f"\n## {n_symbols:,} symbols x {years} years\n")
    print(
        "| | symbols | features | CPU, s | wall, s | CPU, ns a cell | x ours | MB "
        "| wanted |\n|---|---|---|---|---|---|---|---|---|"
    )
    ours: Run | None = None
    for name in (*LIBRARIES, "qlib"):
        n_given = min(n_symbols, FEWER.get(name, n_symbols))
        run = (
            qlib(python, n_given, years)
            if name == "qlib"
            else in_own_process(name, n_given, years)
        )
        if isinstance(run, str):
            print(f"| {name} | left out: {run} |")
            continue
        ours = ours or run
        print(_line(run, ours), flush=True)
    if ours is None:
        message = "the catalog did not run: try --only turbomode"
        raise SystemExit(message)
    return ours


def _line(run: Run, ours: Run) -> str:
    times = run.cpu_ns / ours.cpu_ns
    wanted = WANTED.get(run.library)
    verdict = "" if wanted is None else f"{wanted:.3g} {_met(times >= wanted)}"
    cells = (
        run.library,
        f"{run.n_symbols:,}",
        run.n_features,
        f"{run.cpu_seconds:.2f}",
        f"{run.wall_seconds:.2f}",
        f"{run.cpu_ns:.1f}",
        f"{times:.2f}",
        f"{run.peak_mb:,.0f}",
        verdict,
    )
    return f"| {' | '.join(map(str, cells))} |"


def _met(is_met: bool) -> str:  # noqa: FBT001
    return "met" if is_met else "MISSED"


def scaling(runs: list[Run]) -> None:
    """Print by which power of the number of cells the CPU time of the catalog grows."""
    cells = np.log([run.n_cells for run in runs])
    exponent = np.polyfit(cells, np.log([run.cpu_seconds for run in runs]), 1)[0]
    print(
        f"\nThe catalog's CPU time grows with the power {exponent:.3f} of the cells; "
        f"wanted {MOST_EXPONENT} at most: {_met(exponent <= MOST_EXPONENT)}."
    )


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
    met = _met(min(taken) <= MOST_NIGHTLY)
    print(
        f"\nOne session of 100 symbols: {min(taken) * 1e3:.0f} ms at best, "
        f"{float(np.median(taken)) * 1e3:.0f} ms in the middle; "
        f"wanted {MOST_NIGHTLY * 1e3:.0f} ms at most: {met}."
    )


def main() -> None:
    """Measure what is asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int)
    parser.add_argument("--years", type=int, default=7)
    parser.add_argument("--only", choices=LIBRARIES)
    parser.add_argument("--qlib", default="")
    options = parser.parse_args()
    if options.only:
        run = measure(options.only, draw_bars(options.symbols or 82, options.years))
        print(json.dumps(dataclasses.asdict(run)))
        return
    sizes = ((options.symbols, options.years),) if options.symbols else SIZES
    print(PAGE)
    runs = [compare(n, years, options.qlib) for n, years in sizes]
    if len(runs) > 1:
        scaling(runs)
    nightly()


if __name__ == "__main__":
    main()
