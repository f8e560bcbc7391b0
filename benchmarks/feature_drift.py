"""How often drift is named where there is none, and when on real prices, as Markdown.

``python benchmarks/feature_drift.py --panel PANEL [--universe CSV] > page`` measures
the alarm of `stats.drift` in worlds that do not change (autoregressions, half of each
value shared by all symbols), then runs the monthly report over the panel.
"""

import argparse
import datetime as dt
import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from turbomode_assets import loop, policy, sessions
from turbomode_assets.features import catalog
from turbomode_assets.sources import files
from turbomode_assets.stats import drift

RULES = policy.SWING.drift
YEARS = policy.SWING.training.max_years
NAMES = [f"feature_{n}" for n in range(6)]
WORLDS = [(0.0, 525), (0.9, 525), (0.98, 525), (0.98, 1785), (0.995, 1785)]
N_SYMBOLS, N_LATEST, N_TRIALS, WARM_UP = 20, 21, 200, 400
FOLKLORE = 0.25


def wandering(dice: np.random.Generator, memory: float, n_days: int) -> pl.DataFrame:
    """Features of a world that does not change."""
    n_each = N_SYMBOLS + 1
    values = dice.normal(size=(WARM_UP + n_days, n_each, len(NAMES)))
    values[1:] *= np.sqrt(1 - memory**2)
    for n in range(1, len(values)):
        values[n] += memory * values[n - 1]
    shared = values[WARM_UP:, :1] if memory else 0.0
    mixed = (values[WARM_UP:, 1:] + shared).reshape(-1, len(NAMES))
    days = [dt.date(2015, 1, 1) + dt.timedelta(days=n) for n in range(n_days)]
    session = pl.Series("session", [day for day in days for _ in range(N_SYMBOLS)])
    return pl.DataFrame(mixed, NAMES).with_columns(session)


def false_alarms(memory: float, n_days: int) -> tuple[float, float]:
    """Share of worlds with any alarm: ours, and by the reading of .25."""
    ours = theirs = 0
    for seed in range(N_TRIALS):
        rows = wandering(np.random.default_rng(seed), memory, n_days)
        since = rows["session"].unique().sort()[-N_LATEST]
        found = drift.measure(rows, NAMES, since, RULES)
        ours += bool(found["is_drifting"].any())
        theirs += bool((found["psi"] > FOLKLORE).any())
    return ours / N_TRIALS, theirs / N_TRIALS


def months(
    panel: Path, universe: Path | None
) -> Iterator[tuple[dt.date, pl.DataFrame]]:
    """Every month of the panel with seven years before it, and what moved in it."""
    source = files.Files(panel, universe=universe)
    first, last = source.panel["session"].min(), source.panel["session"].max()
    assert isinstance(first, dt.date)  # noqa: S101
    assert isinstance(last, dt.date)  # noqa: S101
    bars, members = source.bars(first, last), source.universe(last)
    features = loop.compute_features(bars, members, first, last)
    starts = sorted({sessions.month_start(day) for day in features["session"].unique()})
    for month, following in itertools.pairwise(starts):
        window_from = month.replace(year=month.year - YEARS)
        if window_from >= first:
            window = pl.col("session").is_between(window_from, following, "left")
            rows = features.filter(window)
            yield month, drift.measure(rows, catalog.names(), month, RULES)


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panel", type=Path, required=True)
    parser.add_argument("--universe", type=Path)
    options = parser.parse_args()
    print("# Drift of features\n\nWritten by `benchmarks/feature_drift.py`.\n")
    print(
        "A feature drifts where its stability index (PSI, deciles) over the last month"
    )
    print(
        "exceeds what moved stretches of the seven years before it reach, whatever the"
    )
    print("other features do; see `turbomode_assets/stats/drift.py`.\n")
    print("## Where nothing changes\n")
    print(f"{N_TRIALS} worlds of {N_SYMBOLS} symbols and {len(NAMES)} features each;")
    print(
        f"an alarm is any feature named; {RULES.alarm_rate:.0%} is meant. Memory is the"
    )
    print("autocorrelation from one session to the next. Each month before the latest")
    print(
        "counts by its most unlike stretch: fewer alarms than meant where sessions are"
    )
    print("independent. Where values remember for a good part of the window, too few")
    print("months are independent of each other: more alarms than meant.\n")
    print(f"| memory | sessions | alarms | psi above {FOLKLORE} |\n|---|---|---|---|")
    for memory, n_days in WORLDS:
        ours, theirs = false_alarms(memory, n_days)
        print(f"| {memory} | {n_days} | {ours:.1%} | {theirs:.1%} |", flush=True)
    began = time.process_time()
    found = list(months(options.panel, options.universe))
    seconds = (time.process_time() - began) / len(found)
    loud = [(month, rows) for month, rows in found if rows["is_drifting"].any()]
    folklore = [(rows["psi"] > FOLKLORE).mean() for _, rows in found]
    print("\n## On real prices\n")
    print(f"{len(found)} months from {found[0][0]:%Y-%m} to {found[-1][0]:%Y-%m}, each")
    print(f"against {YEARS} years; {seconds:.1f} s of CPU a month. Psi lies above")
    print(f"{FOLKLORE} in {np.mean(np.array(folklore)):.0%} of features and months.\n")
    print("| month | features that drift | the farthest |\n|---|---|---|")
    for month, rows in loud:
        beyond = pl.col("psi") / pl.col("psi_bar")
        drifts = rows.filter("is_drifting").sort(-beyond)
        farthest = ", ".join(f"`{name}`" for name in drifts["feature"].head(3))
        print(f"| {month:%Y-%m} | {drifts.height} of {rows.height} | {farthest} |")


if __name__ == "__main__":
    main()
