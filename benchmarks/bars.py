"""Speed and memory of taking bars in: load, judge and adjust panels of three sizes.

``python benchmarks/bars.py`` writes panels of Parquet files, takes each in with the
file source in a process of its own, and prints rows per second, the peak of its memory
and how time grows with rows (1 is linear).
"""

import argparse
import datetime as dt
import json
import math
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
import polars as pl

from turbomode_assets import policy, sessions, tables
from turbomode_assets.prices import adjustment, quality
from turbomode_assets.sources import base, files

FIRST, LAST = dt.date(2005, 1, 3), dt.date(2024, 12, 31)
SYMBOLS = (30, 258, 2981)
"""Sizes of 0.15, 1.3 and 15 million rows."""

SYMBOLS_IN_FILE = 100


def main() -> None:
    """Measure the sizes asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, nargs="*", default=SYMBOLS)
    parser.add_argument("--take-in", type=pathlib.Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.take_in:
        print(json.dumps(take_in(asked.take_in)))
        return
    took: list[dict[str, float]] = []
    for n_symbols in asked.symbols:
        with tempfile.TemporaryDirectory() as folder:
            write(pathlib.Path(folder), n_symbols)
            took.append(_in_a_child(folder))
        print(_line(took[-1]), flush=True)
    if len(took) > 1:
        growth = took[-1]["seconds"] / took[0]["seconds"]
        exponent = math.log(growth) / math.log(took[-1]["rows"] / took[0]["rows"])
        print(f"exponent of time over rows: {exponent:.2f}")


def write(folder: pathlib.Path, n_symbols: int) -> None:
    """Random walks with dividends, splits and one bad row in a thousand."""
    days = sessions.sessions_between(FIRST, LAST)
    for start in range(0, n_symbols, SYMBOLS_IN_FILE):
        count = min(SYMBOLS_IN_FILE, n_symbols - start)
        rng = np.random.default_rng(start)
        shape = (count, len(days))
        close = 50.0 * np.exp(np.cumsum(0.01 * rng.normal(size=shape), axis=1))
        split = np.where(rng.random(shape) < 1 / 2520, 2.0, 1.0)
        close = close / np.cumprod(split, axis=1)
        bad = rng.random(shape) < 1 / 1000
        names = [f"S{start + i:05d}" for i in range(count)]
        pl.DataFrame(
            {
                "symbol": np.repeat(names, len(days)),
                "session": np.tile(np.array(days, "datetime64[D]"), count),
                "open": close.ravel(),
                "high": np.where(bad, 0.5, 1.01).ravel() * close.ravel(),
                "low": 0.99 * close.ravel(),
                "close": close.ravel(),
                "volume": rng.integers(100_000, 1_000_000, close.size).astype(float),
                "dividend": np.where(rng.random(shape) < 1 / 63, 0.1, 0.0).ravel()
                * 0.01
                * close.ravel(),
                "split_ratio": split.ravel(),
            }
        ).write_parquet(folder / f"{start:05d}.parquet")


def take_in(folder: pathlib.Path) -> dict[str, float]:
    """Rows, refused rows, seconds of each stage and peak memory of this process."""
    clock = {"load": 0.0, "judge": 0.0, "adjust": 0.0}
    now = dt.datetime(2025, 1, 1, 12, tzinfo=dt.UTC)
    asked = base.Request(first=FIRST, last=LAST, now=now, since=FIRST)
    sessions.is_session(FIRST)  # the calendar is not what is timed
    delivered = refused = adjusted = 0
    began = mark = time.perf_counter()
    for delivery in files.Files(folder).fetch(asked):
        clock["load"] += time.perf_counter() - mark
        mark = time.perf_counter()
        found = quality.inspect(
            delivery.rows, tables.BARS.empty(), policy.SWING.quality, is_revising=False
        )
        clock["judge"] += time.perf_counter() - mark
        mark = time.perf_counter()
        bars = found.accepted.select(tables.BARS.column_names)
        adjusted += adjustment.adjust(bars).height
        clock["adjust"] += time.perf_counter() - mark
        delivered += delivery.rows.height
        refused += found.refused.height
        mark = time.perf_counter()
    if adjusted + refused != delivered:
        sys.exit(f"{delivered} rows in, {adjusted} adjusted and {refused} refused")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    seconds = time.perf_counter() - began
    return {
        "rows": delivered,
        "refused": refused,
        "seconds": seconds,
        "gb": peak,
    } | clock


def _in_a_child(folder: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--take-in", folder]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _line(took: dict[str, float]) -> str:
    stages = ", ".join(
        f"{took[name]:.1f} s {name}" for name in ("load", "judge", "adjust")
    )
    return (
        f"{took['rows'] / 1e6:6.2f} M rows, {took['refused']:.0f} refused: "
        f"{took['seconds']:6.1f} s ({stages}), "
        f"{took['rows'] / took['seconds'] / 1e6:.2f} M rows/s, peak {took['gb']:.2f} GB"
    )


if __name__ == "__main__":
    main()
