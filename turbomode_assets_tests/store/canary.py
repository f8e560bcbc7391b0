"""A process that writes and says so: ``python -m ... FILE FIRST LAST [BYTES]``.

In each round it replaces the rows of two tables in one transaction and says the number
of the round once that is stored. With BYTES it dies as it writes past that many in any
file. Imports little, since dozens of it are started.
"""

import datetime as dt
import resource
import signal
import sys
from pathlib import Path

import polars as pl

from turbomode_assets import schema
from turbomode_assets.store import warehouse

DAY = dt.date(2024, 7, 1)

ONE, OTHER = (
    schema.Table(
        name=f"canary.{name}",
        grain="number and day",
        key=("number", "day"),
        partition_column="day",
        sentence="Numbers.",
        columns=(
            schema.count("number", "A number."),
            schema.date("day", "A day."),
            schema.count("round", "Which transaction wrote it."),
        ),
    )
    for name in ("one", "other")
)
"""Two tables that must always agree."""

MANY = 1_500_000
"""Rows beyond the size from which DuckDB writes past its log."""


def write(path: Path, n: int, n_rows: int = 100) -> None:
    """A round."""
    numbers = pl.DataFrame({"number": range(n_rows)})
    rows = numbers.with_columns(day=pl.lit(DAY), round=pl.lit(n, pl.Int64))
    with warehouse.opened(path) as store, store.transaction():
        for table in (ONE, OTHER):
            store.replace(table, rows, DAY, DAY)


def stored(path: Path) -> int:
    """The round whose rows are stored, -1 before the first; both tables must agree."""
    with warehouse.opened(path) as store:
        one, other = store.read(ONE), store.read(OTHER)
    assert one.equals(other)
    rounds = one["round"].unique().to_list()
    assert len(rounds) <= 1
    return rounds[0] if rounds else -1


def main() -> None:
    """Write round by round."""
    path, first, last, *limit = sys.argv[1:]
    if limit:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit[0]), int(limit[0])))
    for n in range(int(first), int(last) + 1):
        write(Path(path), n)
        sys.stdout.write(f"{n}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
