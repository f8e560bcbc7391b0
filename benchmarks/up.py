"""What `turbomode up` costs: seconds to its first page and to stop, memory at rest.

``python benchmarks/up.py [--home HOME] [--times 3]``

Starts a home, an empty one unless told otherwise, with all its schedules and sensors,
several times one after another. The first page is there once the web server answers
and everything is loaded. At rest it is left alone for half a minute before every
process is asked for its memory: resident, and with pages they share counted once. The
last line is a home that is only shown.
"""

import argparse
import dataclasses
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from turbomode_assets_tests import serving

REST_SECONDS = 30
"""How long a home is left alone before it is measured."""

GIGABYTE = 1e9


@dataclasses.dataclass(frozen=True)
class Cost:
    """One start."""

    options: tuple[str, ...]
    page_seconds: float
    stop_seconds: float
    n_processes: int
    resident: float
    shared_once: float


def taken(home: Path, *options: str) -> Cost:
    """Start, rest, measure and stop a home."""
    began = time.monotonic()
    with serving.up(home, *options) as served:
        there = time.monotonic() - began
        time.sleep(REST_SECONDS)
        every = [each.memory_full_info() for each in served.processes()]
        began = time.monotonic()
        served.stop(signal.SIGTERM)
        stopped = time.monotonic() - began
    return Cost(
        options,
        there,
        stopped,
        len(every),
        sum(each.rss for each in every) / GIGABYTE,
        sum(each.pss for each in every) / GIGABYTE,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--times", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = asked.home or Path(folder) / "home"
        starts = [*[()] * asked.times, ("--read-only",)]
        costs = [taken(home, *options) for options in starts]
    print("| up | first page s | stop s | processes | resident GB | shared once GB |")
    print("|---|---|---|---|---|---|")
    for cost in costs:
        print(
            f"| {' '.join(cost.options)} | {cost.page_seconds:.1f} | "
            f"{cost.stop_seconds:.1f} | {cost.n_processes} | {cost.resident:.2f} | "
            f"{cost.shared_once:.2f} |"
        )


if __name__ == "__main__":
    main()
