"""How fast one to four processes write one lake, and whether they end the same.

Starts a PostgreSQL server of its own for the catalog. Each run fills the same years of
bars into a new lake, month by month, the years shared out among its writers; then does
it again, which deletes and inserts. Processes start before the clock does. Every lake
is held against the DuckDB file that one writer fills, by fingerprints; at the end two
of four writers are killed at a random moment and started anew, and theirs is too.

``python benchmarks/lake_writers.py [--symbols 500] [--years 8]``
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from turbomode_assets.store import address, copying, warehouse
from turbomode_assets_tests import postgres
from turbomode_assets_tests.store import lake_writer

FIRST_YEAR = 2010
MOST_WRITERS = 4


def begun(
    place: address.Lake, years: list[int], n_symbols: int
) -> subprocess.Popen[str]:
    """Writer that waits for a line before it writes."""
    command = [sys.executable, "-m", lake_writer.__name__, "--wait"]
    command += [place.catalog, place.files, str(n_symbols), *map(str, years)]
    return subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def ready(writer: subprocess.Popen[str]) -> None:
    """Wait until it has started."""
    next(iter(writer.stdout or ()))


def go(writer: subprocess.Popen[str]) -> None:
    """Let it write."""
    print(file=writer.stdin, flush=True)


def filled(
    place: address.Lake, years: list[int], n_symbols: int, n_writers: int
) -> float:
    """Seconds in which some writers fill their years."""
    shares = [years[number::n_writers] for number in range(n_writers)]
    writers = [begun(place, share, n_symbols) for share in shares]
    for writer in writers:
        ready(writer)
    began = time.monotonic()
    for writer in writers:
        go(writer)
    codes = [writer.wait() for writer in writers]
    if any(codes):
        sys.exit(f"expected writers that end well, found exit codes {codes}")
    return time.monotonic() - began


def killed(place: address.Lake, years: list[int], n_symbols: int, after: float) -> None:
    """Fill years by four writers, two of which are killed and started anew."""
    shares = [years[number::MOST_WRITERS] for number in range(MOST_WRITERS)]
    writers = [begun(place, share, n_symbols) for share in shares]
    for writer in writers:
        ready(writer)
        go(writer)
    time.sleep(after)
    for number in (0, 1):
        writers[number].kill()
        writers[number].wait()
        writers[number] = begun(place, shares[number], n_symbols)
        ready(writers[number])
        go(writers[number])
    if any(writer.wait() for writer in writers):
        sys.exit("expected writers that end well")


def prints(place: address.Address) -> dict[str, list[str]]:
    """Fingerprints of all tables."""
    with warehouse.opened(place) as store:
        return copying.fingerprints(store)


def main() -> None:
    """Print the table, and whether every lake is the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--years", type=int, default=8)
    asked = parser.parse_args()
    years = list(range(FIRST_YEAR, FIRST_YEAR + asked.years))
    with postgres.running() as cluster, tempfile.TemporaryDirectory() as name:
        compare(cluster, Path(name), years, asked.symbols)


def compare(
    cluster: postgres.Cluster, folder: Path, years: list[int], n_symbols: int
) -> None:
    """Fill a file, a lake by one to four writers, and one by writers that die."""
    began = time.monotonic()
    lake_writer.fill(folder / "alone.duckdb", years, n_symbols)
    seconds, wanted = time.monotonic() - began, prints(folder / "alone.duckdb")
    n_rows, first = int(wanted["market.bars"][0]), 0.0
    print(f"one process, DuckDB file: {seconds:.1f} s, {n_rows:,} rows")
    print("| writers | first s | rows/s | again s | rows/s | same tables |")
    print("|---|---|---|---|---|---|")
    for n in range(1, MOST_WRITERS + 1):
        words = cluster.words(cluster.create())
        place = address.Lake(words, str(folder / f"lake{n}"))
        first, again = (filled(place, years, n_symbols, n) for _ in range(2))
        same = "yes" if prints(place) == wanted else "NO"
        print(
            f"| {n} | {first:.1f} | {n_rows / first:,.0f} | {again:.1f} | "
            f"{n_rows / again:,.0f} | {same} |",
            flush=True,
        )
    place = address.Lake(cluster.words(cluster.create()), str(folder / "killed"))
    after = random.Random(7).uniform(0.2, first)  # noqa: S311 - no secret
    killed(place, years, n_symbols, after)
    same = "yes" if prints(place) == wanted else "NO"
    print(f"two of four killed after {after:.1f} s; same tables: {same}")


if __name__ == "__main__":
    main()
