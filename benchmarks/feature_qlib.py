"""Alpha158 by the expression engine of Qlib, without its caches, for `features.py`.

``PYTHON benchmarks/feature_qlib.py FOLDER`` runs in an environment of its own that has
``pyqlib`` (0.9.7) and nothing of this project. It reads the files that
`feature_peers.write_qlib` laid out, and prints what the best of some runs took.
"""

import json
import resource
import sys
import time
from pathlib import Path

import qlib
from qlib.contrib.data.loader import Alpha158DL
from qlib.data import D

REPEATS = 2


def cpu_seconds() -> float:
    """CPU time of this process and its children."""
    used = (
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return sum(each.ru_utime + each.ru_stime for each in used)


def peak_mb() -> float:
    """Most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(folder: Path) -> None:
    """Compute all of it some times and print the best."""
    qlib.init(
        provider_uri=str(folder), kernels=1, joblib_backend="sequential",
        expression_cache=None, dataset_cache=None, logging_level=40,
    )  # fmt: skip
    fields, _ = Alpha158DL.get_feature_config()
    lines = (folder / "instruments" / "all.txt").read_text().splitlines()
    symbols = [line.partition("\t")[0] for line in lines]
    before, timed = peak_mb(), []
    for _ in range(REPEATS):
        wall, cpu = time.perf_counter(), cpu_seconds()
        found = D.features(symbols, fields, disk_cache=0)
        timed.append((cpu_seconds() - cpu, time.perf_counter() - wall))
    answer = {
        "n_cells": int(found.size),
        "n_features": found.shape[1],
        "cpu_seconds": min(cpu for cpu, _ in timed),
        "wall_seconds": min(wall for _, wall in timed),
        "peak_mb": peak_mb() - before,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
