"""How long the page of a desk takes on years of history, and how large it is.

    python benchmarks/report.py --years 5 --symbols 100

Tables are drawn from a seed; timed is what ``turbomode report`` does once it has read
them: compute, draw, write. The first page of a process loads matplotlib and arch,
which the second finds there.
"""

import argparse
import datetime as dt
import tempfile
import time
from pathlib import Path

from turbomode_assets import policy
from turbomode_assets.reports import desk_page, desk_sheet
from turbomode_assets_tests.reports import desk_tables

LAST = dt.date(2023, 12, 29)


def main() -> None:
    """Time two pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument("--symbols", type=int, default=100)
    options = parser.parse_args()
    first = dt.date(LAST.year - options.years, LAST.month, LAST.day)
    tables = desk_tables.made(first, LAST, options.symbols)
    n_signals = tables.ledger.signals.height
    print(f"{options.years} years, {options.symbols} symbols, {n_signals:,} signals")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("first page", "second page"):
            began, cpu = time.perf_counter(), time.process_time()
            sheet = desk_sheet.sheet(tables, LAST, policy.SWING)
            computed = time.perf_counter()
            page = Path(folder) / "swing.html"
            page.write_text(desk_page.render(sheet), encoding="utf-8")
            ended = time.perf_counter()
            spent, kilobytes = time.process_time() - cpu, page.stat().st_size / 1e3
            computing, drawing = computed - began, ended - computed
            print(
                f"{name}: {ended - began:.2f} s ({computing:.2f} computing, "
                f"{drawing:.2f} drawing), processor {spent:.2f} s, {kilobytes:.0f} kB"
            )


if __name__ == "__main__":
    main()
