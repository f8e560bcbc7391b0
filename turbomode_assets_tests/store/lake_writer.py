"""A process that backfills part of a history on a lake: the tests start some of them.

Each month is one write of known rows, so that one writer and many must end with the
same tables.
"""

import argparse
import datetime as dt
import sys
from collections.abc import Sequence

import polars as pl

from turbomode_assets import sessions, tables
from turbomode_assets.store import address, warehouse


def rows(first: dt.date, last: dt.date, n_symbols: int) -> pl.DataFrame:
    """Rows of `tables.BARS` that follow from their key."""
    days = sessions.sessions_between(first, last)
    symbols = [f"S{i:04d}" for i in range(n_symbols)]
    keys = pl.DataFrame({"session": days}).join(
        pl.DataFrame({"symbol": symbols}), how="cross"
    )
    price = pl.struct("symbol", "session").hash(7) % 10_000 / 100.0 + 1.0
    known_at = dt.datetime(2024, 7, 2, 20, tzinfo=dt.UTC)
    return keys.with_columns(
        *(price.alias(name) for name in ("open", "high", "low", "close")),
        volume=pl.lit(1e6),
        dividend=pl.lit(0.0),
        split_ratio=pl.lit(1.0),
        source=pl.lit("test"),
        known_at=pl.lit(known_at, pl.Datetime("us", "UTC")),
    ).select(tables.BARS.column_names)


def months(years: Sequence[int]) -> list[tuple[dt.date, dt.date]]:
    """First and last day of each month of these years."""
    first = [dt.date(year, month, 1) for year in years for month in range(1, 13)]
    following = [(day + dt.timedelta(days=31)).replace(day=1) for day in first]
    last = [day - dt.timedelta(days=1) for day in following]
    return list(zip(first, last, strict=True))


def fill(place: address.Address, years: Sequence[int], n_symbols: int) -> None:
    """Write each month of some years."""
    with warehouse.opened(place) as store:
        for first, last in months(years):
            store.replace(tables.BARS, rows(first, last, n_symbols), first, last)


def main() -> None:
    """Fill a lake, as its arguments say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--wait", action="store_true", help="say so, and wait")
    parser.add_argument("catalog")
    parser.add_argument("files")
    parser.add_argument("n_symbols", type=int)
    parser.add_argument("years", type=int, nargs="+")
    asked = parser.parse_args()
    if asked.wait:
        print(flush=True)  # noqa: T201 - whoever started it reads this
        sys.stdin.readline()
    fill(address.Lake(asked.catalog, asked.files), asked.years, asked.n_symbols)


if __name__ == "__main__":
    main()
