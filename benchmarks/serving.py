"""What a night costs: a fresh process loads the champion and scores tonight's symbols.

``python benchmarks/serving.py [--symbols 82] [--many 3000]`` builds a home with a
simulated market and a trained champion, and then starts processes of three kinds in
it, several times each:

* served: the warehouse, the registry and `scoring`, as the nightly signals use them;
* native: the same, but each base model through the library that taught it;
* scan: the whole nightly scan without Dagster - bars into features, champion, signals
  written once.

Cold is from the first import to the first probabilities, warm the median of further
calls. CPU seconds stand beside wall seconds, since the machine may be shared; those of
a cold start include the interpreter's own.
"""

import argparse
import datetime as dt
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

from turbomode_assets import loop, policy, sessions, tables
from turbomode_assets.models import card
from turbomode_assets.sources import simulated
from turbomode_assets.store import registry, warehouse

LAST = dt.date(2024, 6, 28)
MONTH = dt.date(2024, 6, 1)
FIRST = dt.date(2020, 1, 2)
N_STARTS = 5

SERVED = """
import time; began = time.perf_counter()
import datetime as dt, pathlib, statistics, sys
from turbomode_assets import tables
from turbomode_assets.models import scoring
from turbomode_assets.store import registry, warehouse
root, many = pathlib.Path(sys.argv[1]), int(sys.argv[2])
night = dt.date.fromisoformat(sys.argv[3])
with warehouse.opened(root / "bench.duckdb") as store:
    champion = store.read(tables.CHAMPIONS).sort("effective_from")["version"][-1]
    row = store.read(tables.MODELS, match={"version": champion}).row(0, named=True)
    tonight = store.read(tables.FEATURES, night, night)
artifact = registry.load(root / "models", row["artifact_sha256"])
"""

# Not getrusage: a child begins with the peak of the parent that forked it.
RESIDENT = """
def resident():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
"""

MEASURE = """
score(tonight)
cold = time.perf_counter() - began
cpu = time.process_time()
memory = resident()
def warm(frame):
    wall, cpu = [], []
    for _ in range(15):
        start, start_cpu = time.perf_counter(), time.process_time()
        score(frame)
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    return statistics.median(wall), statistics.median(cpu)
import json
import polars as pl
crowd = pl.concat([tonight] * (many // tonight.height + 1)).head(many)
heavy = sorted({"lightgbm", "xgboost", "catboost", "sklearn"} & set(sys.modules))
few, many = warm(tonight), warm(crowd)
print(json.dumps({"cold_s": cold, "cold_cpu_s": cpu, "warm_ms": 1000 * few[0],
    "warm_cpu_ms": 1000 * few[1], "many_s": many[0], "many_cpu_s": many[1],
    "resident_mb": memory, "libraries": len(heavy)}))
"""

OURS = "score = scoring.load(artifact).score\n"

NATIVE = """
import numpy as np
from turbomode_assets.models import archive, base, layout
scorer = scoring.load(artifact)
models = [base.find(name).load(archive.folder(artifact, scoring.folder_of(name)))
          for name in scorer.line_up]
def score(frame):
    codes = scorer.borders.encode(layout.as_values(frame, scorer.borders.names))
    chances = np.hstack([model.predict(codes) for model in models])
    return scorer.calibrator.predict(scorer.meta.predict(chances))
"""

SCAN = """
import time; began = time.perf_counter()
import datetime as dt, json, pathlib, sys
from turbomode_assets import loop, tables
from turbomode_assets.models import scoring
from turbomode_assets.promotion import alias
from turbomode_assets.signals import ledger
from turbomode_assets.store import registry, warehouse
root, night = pathlib.Path(sys.argv[1]), dt.date.fromisoformat(sys.argv[3])
imported = time.perf_counter() - began
with warehouse.opened(root / "bench.duckdb") as store:
    bars = store.read(tables.BARS, loop.bars_for_features(night), night)
    universe = store.read(tables.UNIVERSE)
    features = loop.compute_features(bars, universe, night, night)
    store.replace(tables.FEATURES, features, night, night)
    version = alias.reigning(store.read(tables.CHAMPIONS), loop.DESK, night)
    row = store.read(tables.MODELS, match={"version": version}).row(0, named=True)
    scorer = scoring.load(registry.load(root / "models", row["artifact_sha256"]))
    champion = loop.Champion(version=version, scorer=scorer)
    said = loop.emit_signals(features, universe, champion)
    now = dt.datetime(2024, 6, 29, 3, tzinfo=dt.UTC)
    rows = ledger.stamp(said, now, dt.timedelta(hours=12))
    store.replace(tables.SIGNALS, rows, night, night)
wall = time.perf_counter() - began
"""

SCANNED = """
print(json.dumps({"wall_s": wall, "imports_s": imported,
    "cpu_s": time.process_time(), "resident_mb": resident(), "signals": rows.height}))
"""


def build(root: Path, n_symbols: int) -> None:
    """A warehouse with bars, features and a champion, and its artifact."""
    source = simulated.Simulated(seed=7, edge=2.0, n_symbols=n_symbols)
    bars, universe = source.bars(FIRST, LAST), source.universe(LAST)
    periods = loop.maturing(FIRST, LAST).filter(pl.col("session") >= FIRST)
    silent = tables.SIGNALS.empty()
    outcomes = loop.resolve_outcomes(bars, universe, silent, periods)
    features = loop.compute_features(bars, universe, FIRST, LAST)
    samples = loop.gather_samples(outcomes, features, silent)
    trained = loop.train_challenger(samples, MONTH)
    record = card.Record(
        desk=loop.DESK,
        trained=trained,
        known=loop.known_before(samples, MONTH),
        month=MONTH,
        address=registry.save(root / "models", trained.artifact),
    )
    now = dt.datetime(2024, 6, 1, tzinfo=dt.UTC)
    crowning = loop.Crowning(version=record.version, month=MONTH, decided_at=now)
    with warehouse.opened(root / "bench.duckdb") as store:
        store.replace(tables.BARS, bars)
        store.replace(tables.UNIVERSE, universe)
        store.replace(tables.FEATURES, features)
        store.append(tables.MODELS, record.card({}, policy.SWING, (now, now)))
        crowned = loop.crown(crowning, tables.CHAMPIONS.empty(), None)
        store.append(tables.CHAMPIONS, crowned)


def started(script: str, root: Path, many: int) -> dict[str, float]:
    """Medians of what fresh processes report."""
    night = sessions.on_or_before(LAST)
    command = [sys.executable, "-c", script, str(root), str(many), str(night)]
    answers: list[dict[str, float]] = []
    for _ in range(N_STARTS):
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        answers.append(json.loads(done.stdout))
    return {
        name: statistics.median(answer[name] for answer in answers)
        for name in answers[0]
    }


def main() -> None:
    """Build, start and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=82)
    parser.add_argument("--many", type=int, default=3000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        build(root, options.symbols)
        found = {
            "served": started(SERVED + OURS + RESIDENT + MEASURE, root, options.many),
            "native": started(SERVED + NATIVE + RESIDENT + MEASURE, root, options.many),
        }
        scan = started(SCAN + RESIDENT + SCANNED, root, options.many)
    heads = list(found["served"])
    print(f"| {options.symbols} symbols | {' | '.join(heads)} |")
    print(f"|{'---|' * (len(heads) + 1)}")
    for kind, numbers in found.items():
        print(f"| {kind} | {' | '.join(f'{numbers[h]:.3g}' for h in heads)} |")
    ratios = [found["native"][h] / found["served"][h] for h in heads[:-1]]
    print(f"| ratio | {' | '.join(f'{ratio:.1f}' for ratio in ratios)} | |")
    shown = {name: round(value, 3) for name, value in scan.items()}
    print(f"nightly scan as a process: {json.dumps(shown)}")


if __name__ == "__main__":
    main()
