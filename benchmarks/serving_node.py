"""What a machine that serves needs: memory of a nightly scan, and of everything else.

``python benchmarks/serving_node.py [--symbols 82]`` builds a home of role ``serve``
with a simulated market and a trained champion, and measures in megabytes

* scan: a process that runs Dagster's job ``scan`` for one more night - bars, universe,
  features, signals - at its peak, and the libraries that train among what it imported;
* node: every process of ``turbomode up`` on that home at rest, pages they share
  counted once.

While a scan runs both are there: their sum is what the machine needs.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import serving  # type: ignore[import-not-found] # lies beside this file

from turbomode_assets.store import home

NIGHT = "2024-07-01"
MEGABYTE = 2**20
N_CHILDREN = 4
"""Web server, daemon, and a code server for each of them."""

REST_SECONDS = 30
"""How long a node is left alone before it is measured: everything has loaded."""

SCAN = """
import json, pathlib, sys
from turbomode_assets import tables
from turbomode_assets.defs import assembly, driver
from turbomode_assets.store import home, warehouse
where = home.Home(pathlib.Path(sys.argv[1]))
definitions = assembly.assemble(where, home.read_settings(where))
with driver.open_instance(where) as instance:
    job = definitions.resolve_job_def("scan")
    done = job.execute_in_process(instance=instance, partition_key=sys.argv[2])
with warehouse.opened(where.warehouse) as store:
    n_signals = store.read(tables.SIGNALS).height
teachers = {"lightgbm", "xgboost", "catboost", "sklearn"} & set(sys.modules)
"""

TOLD = """
print(json.dumps({"signals": n_signals, "peak_mb": resident(),
    "teachers": sorted(teachers)}))
"""


def build(root: Path, n_symbols: int) -> home.Home:
    """A home that serves, its champion trained until a month before the night."""
    where = home.Home(root)
    serving.build(root, n_symbols)
    (root / "bench.duckdb").rename(where.database)
    market = home.Settings(n_symbols=n_symbols, edge=2.0, first=serving.FIRST)
    home.prepare(where, market)
    home.join(where, "serve", str(root / "place"))
    return where


def scanned(where: home.Home) -> dict[str, object]:
    """What the process of a scan reports."""
    script = SCAN + serving.RESIDENT + TOLD
    command = [sys.executable, "-c", script, str(where.root), NIGHT]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def node(where: home.Home, port: int) -> dict[str, float]:
    """Processes of a node at rest, and their memory."""
    command = [sys.executable, "-m", "turbomode_assets.cli", "up", "--home"]
    command += [str(where.root), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as up:  # noqa: S603
        own = psutil.Process(up.pid)
        while len(own.children(recursive=True)) < N_CHILDREN:
            time.sleep(1)
        time.sleep(REST_SECONDS)
        every = [own, *own.children(recursive=True)]
        shared_once = sum(one.memory_full_info().pss for one in every)
        up.terminate()
    return {"processes": len(every), "node_mb": shared_once / MEGABYTE}


def main() -> None:
    """Build, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=82)
    parser.add_argument("--port", type=int, default=3999)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        where = build(Path(folder), options.symbols)
        scan = scanned(where)
        rest = node(where, options.port)
    print(json.dumps(scan | rest, indent=1))


if __name__ == "__main__":
    main()
