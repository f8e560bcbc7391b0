"""Whether the loop learns: simulated markets with an edge, without one, and broken.

``python benchmarks/replay.py [--kinds turn drift break none permuted] [--seeds 1 2 3]``
lives small markets by the code of ``turbomode replay`` and prints what the arms were
worth over the seeds; stopped, it continues where it was. Every market has its own
years, laid around the day its planted edge turns from plus to minus:

turn      From half a year before that day to two and a half years after it.
drift     From half a year before that day on too, but compared where the edge turns
          back three years later, when the gate has its evidence: from half a year
          before that to two and a half years after it.
break     Years in which the edge is steady; in the fourth month lived it turns round.
none      The year around the day, without an edge.
permuted  The same with an edge, but what happened is dealt out by chance.

Models are two, histories three years and symbols forty, so that a training takes a
second; gate, succession and replay are those of the product.
"""

import argparse
import dataclasses
import datetime as dt
import functools
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from turbomode_assets import (
    policy,
    replay,
    replay_files,
    replay_world,
    sessions,
    tables,
)
from turbomode_assets.reports import learning, learning_page, learning_pool
from turbomode_assets.sources import simulated, simulated_processes

KINDS = ("turn", "drift", "break", "none", "permuted")
EDGE, N_SYMBOLS, HISTORY_MONTHS = 4.0, 40, 38
TRAINING = policy.TrainingPolicy(
    line_up="lean_two", max_years=3, stride_sessions=5, n_folds=3, fold_sessions=126
)
RULES = dataclasses.replace(policy.SWING, training=TRAINING)
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LIVED = {
    "turn": (-6, 30),
    "drift": (-6, 67),
    "break": (-27, -9),
    "none": (-6, 6),
    "permuted": (-6, 6),
}
"""First month lived and the month after the last, from the month the edge turns."""

COMPARED = {"drift": 31}
"""First month in which arms are compared, where it is not the first lived; the edge
turns back in month 37."""

BREAK_MONTH = -24
N_WAVE = 10 * 366


def main() -> int:
    """Train, live and print every market asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--seeds", type=int, nargs="+", default=range(1, 9))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--home", default=f"{tempfile.gettempdir()}/turbomode-bench")
    options = parser.parse_args()
    for kind in options.kinds:
        prepared = functools.partial(_prepared, Path(options.home), kind)
        with replay_files.processes(options.workers) as executor:
            folders = list(executor.map(prepared, options.seeds))
        _train(folders, options.workers)
        _print(kind, list(replay_files.live_all(folders, NOW, options.workers)))
    return 0


def _train(folders: Sequence[replay_files.Folder], n_workers: int) -> None:
    began, n_all = time.monotonic(), sum(len(f.span.months()) for f in folders)
    for n, _ in enumerate(replay_files.train_all(folders, n_workers), start=1):
        left = (time.monotonic() - began) / n * (n_all - n)
        print(f"{n} of {n_all} trainings, {left / 60:.0f} min left", flush=True)


def _prepared(root: Path, kind: str, seed: int) -> replay_files.Folder:
    """Folder of a market, with its world."""
    turns_on = sessions.month_start(_turn(seed))
    first, after = (_months(turns_on, n) for n in LIVED[kind])
    span = replay_world.Span(
        first=sessions.on_or_after(_months(first, -HISTORY_MONTHS)),
        live_from=sessions.on_or_after(first),
        last=sessions.shift(after, -1),
        compare_from=_months(turns_on, COMPARED[kind]) if kind in COMPARED else None,
    )
    folder = replay_files.Folder(root / f"{kind}-{seed}", span, RULES)
    if (folder.root / "samples.parquet").exists():
        return folder
    source = simulated.Simulated(
        seed=seed,
        edge=0.0 if kind == "none" else EDGE,
        n_symbols=N_SYMBOLS,
        breaks_on=_months(turns_on, BREAK_MONTH) if kind == "break" else None,
    )
    world = replay_world.build_world(source, span, NOW, RULES)
    if kind == "permuted":
        world = replay_world.permute_labels(world, seed, RULES)
    replay_files.keep(folder, world)
    return folder


def _turn(seed: int) -> dt.date:
    """Day on which the edge of a market turns from plus to minus."""
    days = np.datetime64("2011-01-01") + np.arange(N_WAVE)
    planted = simulated_processes.drift(days, seed)
    place = np.flatnonzero((planted[:-1] > 0) & (planted[1:] <= 0))[0]
    turned: dt.date = days[place + 1].item()
    return turned


def _months(day: dt.date, n: int) -> dt.date:
    month = day.year * 12 + day.month - 1 + n
    return dt.date(month // 12, month % 12 + 1, 1)


def _print(kind: str, lived: Sequence[replay_files.Replayed]) -> None:
    reports = [learning.learning(_as_lived(one), RULES) for one in lived]
    n_months = sum(len(one.folder.span.months()) for one in lived)
    decided = [d.decision for report in reports for d in report.decisions]
    told = ", ".join(
        f"{decided.count(name)} {name}" for name in ("promoted", "demoted")
    )
    print(f"\n{kind}: {len(lived)} markets, {n_months} months, {told}\n")
    head = ("nats a row, or a share", "markets", "mean", "low", "high", "p")
    rows = [
        (r.name, r.n_replays, r.mean, *(r.interval or (None, None)), r.p)
        for r in learning_pool.pool(reports)
    ]
    print(learning_page.as_markdown(head, rows))
    if kind == "break":
        delays = [_delay(one) for one in lived]
        found = [n for n in delays if n is not None]
        median = statistics.median(found) if found else "none"
        print(f"\nsessions until the champion fell: {delays}, median {median}")


def _as_lived(done: replay_files.Replayed) -> learning.Lived:
    span = done.folder.span
    cost = learning.Cost(
        n_trainings=len(span.months()),
        training_seconds=0.0,
        cpu_seconds=None,
        seconds=None,
        days=(span.last - span.live_from).days,
    )
    return learning.Lived(
        name=done.folder.root.name,
        arms={arm: done.arms[arm] for arm in replay.ARMS},
        older=done.arms[replay.OLDER],
        verdicts=done.ledger.read(tables.VERDICTS),
        standings=done.ledger.read(tables.STANDINGS),
        cost=cost,
    )


def _delay(done: replay_files.Replayed) -> int | None:
    """Sessions from the break until whoever reigned then lost its seat; None if never.

    A challenger of the new times that takes over has found the break as well.
    """
    breaks_on = _months(done.folder.span.live_from, BREAK_MONTH - LIVED["break"][0])
    began = done.ledger.read(tables.CHAMPIONS)["effective_from"].sort()
    later = began.filter(began > breaks_on).to_list()
    is_reigning = began.filter(began <= breaks_on).len() > 0
    return (
        len(sessions.sessions_between(breaks_on, later[0]))
        if (later and is_reigning)
        else None
    )


if __name__ == "__main__":
    sys.exit(main())
