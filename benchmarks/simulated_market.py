"""Time to simulate seven years of a hundred symbols, from nothing.

``python benchmarks/simulated_market.py``
"""

import datetime as dt
import time

from turbomode_assets.sources import simulated


def main() -> None:
    """Simulate and print; the market is built from its epoch on, 2005, each time."""
    for first_year in (simulated.EPOCH.year, 2018):
        source = simulated.Simulated(seed=first_year)
        began = time.monotonic()
        bars = source.bars(dt.date(first_year, 1, 3), dt.date(first_year + 6, 12, 31))
        seconds = time.monotonic() - began
        print(f"{first_year}-{first_year + 6}: {bars.height} bars in {seconds:.2f} s")


if __name__ == "__main__":
    main()
