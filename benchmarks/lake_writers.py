"""How fast one to four processes write one lake, and whether they end the same.

Starts a PostgreSQL server of its own for the catalog. Each run fills the same years of
bars into a new lake, month by month, the years shared out among its writers; then does
it again, which deletes and inserts. Processes start before the clock does; CPU seconds
are those of the writers, their start included, and of the server. Every lake is held
against the DuckDB file that one process fills, by fingerprints. At last writers are
killed at seeded random moments and begun anew: after each kill every month must be
there whole or not at all, and in the end the tables must be the same.

``python benchmarks/lake_writers.py [--symbols 500] [--years 8] [--kills 12]``
"""

import argparse
import dataclasses
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.append(str(Path(__file__).parents[1]))

from turbomode_assets import tables
from turbomode_assets.store import address, copying, warehouse
from turbomode_assets_tests import postgres
from turbomode_assets_tests.store import lake_writer

FIRST_YEAR = 2010
MOST_WRITERS = 4


@dataclasses.dataclass(frozen=True)
class Work:
    """Years to be filled, and the server that keeps the catalogs."""

    cluster: postgres.Cluster
    folder: Path
    years: list[int]
    n_symbols: int

    def lake(self, name: str) -> address.Lake:
        """A lake that does not exist yet."""
        words = self.cluster.words(self.cluster.create())
        return address.Lake(words, str(self.folder / name))

    def shares(self, n_writers: int) -> list[list[int]]:
        """Years of each writer."""
        return [self.years[number::n_writers] for number in range(n_writers)]

    def begun(self, place: address.Lake, years: list[int]) -> subprocess.Popen[str]:
        """Writer that has started, and waits for a line before it writes."""
        command = [sys.executable, "-m", lake_writer.__name__, "--wait"]
        command += [place.catalog, place.files, str(self.n_symbols), *map(str, years)]
        writer = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        next(iter(writer.stdout or ()))
        return writer


@dataclasses.dataclass(frozen=True)
class Taken:
    """What a fill took."""

    wall: float
    cpu: float


def go(writer: subprocess.Popen[str]) -> None:
    """Let it write."""
    print(file=writer.stdin, flush=True)


def require_ended_well(writers: list[subprocess.Popen[str]]) -> None:
    """Wait for writers; leave where one failed."""
    codes = [writer.wait() for writer in writers]
    if any(codes):
        sys.exit(f"expected writers that end well, found exit codes {codes}")


def cpu_seconds(cluster: postgres.Cluster) -> float:
    """CPU time of every process that this one and the server have waited for."""
    pid = int((Path(cluster.folder) / "kept" / "postmaster.pid").read_text().split()[0])
    server = psutil.Process(pid)
    alive = [one.cpu_times() for one in server.children()]
    ended = [psutil.Process().cpu_times(), server.cpu_times()]
    found = sum(one.user + one.system for one in alive)
    return float(found + sum(one.children_user + one.children_system for one in ended))


def filled(work: Work, place: address.Lake, n_writers: int) -> Taken:
    """What it takes some writers to fill their years."""
    spent = cpu_seconds(work.cluster)
    writers = [work.begun(place, share) for share in work.shares(n_writers)]
    began = time.monotonic()
    for writer in writers:
        go(writer)
    require_ended_well(writers)
    wall = time.monotonic() - began
    return Taken(wall, cpu_seconds(work.cluster) - spent)


def killed(work: Work, place: address.Lake, n_kills: int, seconds: float) -> int:
    """Fill years by writers that are killed again and again; how many died at work.

    Parameters
    ----------
    work, place
        What is filled, and where.
    n_kills
        Kills, each of a writer drawn at random.
    seconds
        What all writers together take when nobody kills them.
    """
    dice, n_died = random.Random(7), 0  # noqa: S311 - no secret
    shares = work.shares(MOST_WRITERS)
    writers = [work.begun(place, share) for share in shares]
    for writer in writers:
        go(writer)
    for _ in range(n_kills):
        number = dice.randrange(MOST_WRITERS)
        time.sleep(dice.uniform(0, seconds))
        writers[number].kill()
        n_died += writers[number].wait() == -signal.SIGKILL
        require_whole_months(place, work.n_symbols)
        writers[number] = work.begun(place, shares[number])
        go(writers[number])
    require_ended_well(writers)
    return n_died


def require_whole_months(place: address.Lake, n_symbols: int) -> None:
    """Leave where a session of a month is there, and not all of its rows."""
    with warehouse.opened(place) as store:
        found = store.columns(tables.BARS, ["session"])["session"]
    for first, last in lake_writer.months(found.dt.year().unique().to_list()):
        month = found.filter(found.is_between(first, last))
        wanted = lake_writer.rows(first, last, n_symbols).height
        if month.len() not in {0, wanted}:
            sys.exit(f"expected 0 or {wanted} rows from {first}, found {month.len()}")


def prints(place: address.Address) -> dict[str, list[str]]:
    """Fingerprints of all tables."""
    with warehouse.opened(place) as store:
        return copying.fingerprints(store)


def compare(work: Work, n_kills: int) -> None:
    """Fill a file, a lake by one to four writers, and one by writers that die."""
    alone = work.folder / "alone.duckdb"
    began, spent = time.monotonic(), time.process_time()
    lake_writer.fill(alone, work.years, work.n_symbols)
    seconds, spent = time.monotonic() - began, time.process_time() - spent
    wanted = prints(alone)
    n_rows = int(wanted[tables.BARS.name][0])
    print(f"one process, a file: {n_rows:,} rows, {seconds:.1f} s, {spent:.1f} CPU s")
    print("| writers | first s | rows/s | CPU s | again s | rows/s | CPU s | same |")
    print("|---|---|---|---|---|---|---|---|")
    first = Taken(seconds, spent)
    for n in range(1, MOST_WRITERS + 1):
        place = work.lake(f"lake{n}")
        first, again = (filled(work, place, n) for _ in range(2))
        told = " | ".join(
            f"{one.wall:.1f} | {n_rows / one.wall:,.0f} | {one.cpu:.1f}"
            for one in (first, again)
        )
        print(f"| {n} | {told} | {_same(prints(place) == wanted)} |", flush=True)
    place = work.lake("killed")
    n_died = killed(work, place, n_kills, first.wall / 2)
    same = _same(prints(place) == wanted)
    print(f"{n_died} of {n_kills} kills hit a writer at work; same tables: {same}")


def _same(is_same: bool) -> str:  # noqa: FBT001 - a word for a truth
    return "yes" if is_same else "NO"


def main() -> None:
    """Print the table, and whether every lake is the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--years", type=int, default=8)
    parser.add_argument("--kills", type=int, default=12)
    asked = parser.parse_args()
    years = list(range(FIRST_YEAR, FIRST_YEAR + asked.years))
    with postgres.running() as cluster, tempfile.TemporaryDirectory() as name:
        compare(Work(cluster, Path(name), years, asked.symbols), asked.kills)


if __name__ == "__main__":
    main()
