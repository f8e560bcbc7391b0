"""What a replay costs, and whether its arms tell noise from an edge.

``python benchmarks/replay.py [--months 12] [--symbols 50] [--edges 0 2] [--seeds 1 2]``
replays simulated markets by the command line, so what is timed is what is used. It
prints seconds, how much faster than life that is, and the sentences of the report; a
stopped benchmark continues where it was.
"""

import argparse
import datetime as dt
import sys
import tempfile

from turbomode_assets import cli, sessions

LAST = dt.date(2024, 6, 28)
HISTORY_FROM = "2020-01-02"


def main() -> int:
    """Replay every market asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--symbols", type=int, default=50)
    parser.add_argument("--edges", nargs="+", default=["0", "2"])
    parser.add_argument("--seeds", nargs="+", default=["1", "2"])
    parser.add_argument("--home", default=f"{tempfile.gettempdir()}/turbomode-bench")
    options = parser.parse_args()
    n_months = LAST.year * 12 + LAST.month - options.months
    first = sessions.on_or_after(dt.date(n_months // 12, n_months % 12 + 1, 1))
    asked = ["replay", "--from", str(first), "--to", str(LAST)]
    asked += ["--history-from", HISTORY_FROM, "--symbols", str(options.symbols)]
    asked += ["--edges", *options.edges, "--seeds", *options.seeds]
    return cli.main([*asked, "--home", options.home])


if __name__ == "__main__":
    sys.exit(main())
