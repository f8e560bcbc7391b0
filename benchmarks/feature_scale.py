"""The whole catalog over more rows than fit into memory at once.

``python benchmarks/feature_scale.py [--symbols 3000] [--years 20]`` draws bars into a
Parquet file (15 million rows), then computes every feature year by year in a fresh
process, as a backfill does, and prints its CPU time and peak memory.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import features  # type: ignore[import-not-found]
import polars as pl

from turbomode_assets.features import catalog, engine
from turbomode_assets.prices import adjustment

MOST_GB = 8.0
DRAWN_AT_ONCE = 300


def draw(folder: Path, n_symbols: int, years: int) -> None:
    """Write bars of some symbols at a time, each part under names of its own."""
    for first in range(0, n_symbols, DRAWN_AT_ONCE):
        bars = features.draw_bars(min(DRAWN_AT_ONCE, n_symbols - first), years)
        number = pl.col("symbol").str.slice(1).cast(pl.Int64) + first
        named = bars.with_columns("S" + number.cast(pl.String).str.zfill(5))
        named.write_parquet(folder / f"{first:05}.parquet")


def compute(folder: Path) -> None:
    """Compute every feature, year by year, and print what it took."""
    stored = pl.scan_parquet(folder / "*.parquet")
    first, last = (
        stored.select(first=pl.col("session").min(), last=pl.col("session").max())
        .collect()
        .row(0)
    )
    universe = features.one_of_eleven(
        stored.select(pl.col("symbol").unique()).collect().to_series()
    )
    n_rows, wall, cpu = 0, time.perf_counter(), time.process_time()
    for block in engine.blocks(first, last):
        needed = pl.col("session").is_between(block.load_from, block.last)
        adjusted = adjustment.adjust(stored.filter(needed).collect())
        n_rows += engine.compute(adjusted, universe, block, "full").height
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    n_cells = n_rows * len(catalog.features("full"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    met = "met" if peak <= MOST_GB else "MISSED"
    print(
        f"{n_rows:,} rows, {n_cells:,} cells: {cpu:.0f} s CPU, {wall:.0f} s wall, "
        f"{cpu / n_cells * 1e9:.1f} ns CPU per cell; peak {peak:.1f} GB, "
        f"wanted {MOST_GB:.0f} GB at most: {met}",
        flush=True,
    )


def main() -> None:
    """Draw, then compute in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=3000)
    parser.add_argument("--years", type=int, default=20)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.folder:
        compute(options.folder)
        return
    with tempfile.TemporaryDirectory() as name:
        draw(Path(name), options.symbols, options.years)
        command = [sys.executable, __file__, "--folder", name]
        subprocess.run(command, check=True)  # noqa: S603


if __name__ == "__main__":
    main()
