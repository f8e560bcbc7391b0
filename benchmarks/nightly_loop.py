"""Time of each stage of ``turbomode run``, and Dagster's own share.

``python benchmarks/nightly_loop.py [--symbols N] [--to DAY]`` lives through the default
history in a temporary home and prints what every job and every asset cost.
"""

import argparse
import collections
import datetime as dt
import resource
import tempfile
import time
from pathlib import Path

import dagster as dg

from turbomode_assets import cli_run, sessions
from turbomode_assets.defs import assembly, driver, resources
from turbomode_assets.store import home

LIVE_FROM = dt.date(2024, 1, 2)


def main() -> None:
    """Live once and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=100)
    parser.add_argument(
        "--to", type=dt.date.fromisoformat, default=cli_run.DEFAULT_LAST
    )
    options = parser.parse_args()
    settings = home.Settings(n_symbols=options.symbols)
    with tempfile.TemporaryDirectory() as folder:
        where = home.Home(Path(folder))
        home.prepare(where, settings)
        _live(where, settings, options.to)


def _live(where: home.Home, settings: home.Settings, last: dt.date) -> None:
    steps = driver.plan(settings.first, LIVE_FROM, last)
    spent: dict[driver.Kind, float] = collections.defaultdict(float)
    own: dict[driver.Kind, float] = collections.defaultdict(float)
    with driver.open_instance(where) as instance:
        agent = driver.Driver(where, assembly.assemble(where, settings), instance)
        began, counted = time.monotonic(), 0.0
        for taken in agent.live(steps):
            now, counts = time.monotonic(), resources.STOPWATCH.seconds
            spent[taken.step.kind] += now - began
            own[taken.step.kind] += counts - counted
            began, counted = now, counts
        _print(steps, spent, own)
        _print_assets(instance)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"\npeak memory {peak:.2f} GB")


def _print(
    steps: list[driver.Step],
    spent: dict[driver.Kind, float],
    own: dict[driver.Kind, float],
) -> None:
    print(f"{'job':<12}{'runs':>6}{'partitions':>12}{'wall s':>9}{'own s':>9}", end="")
    print(f"{'Dagster s':>11}{'ms per run':>12}")
    for kind, seconds in spent.items():
        mine = [step for step in steps if step.kind is kind]
        n_partitions = sum(_partitions(step) for step in mine)
        rest = seconds - own[kind]
        print(
            f"{kind.value:<12}{len(mine):>6}{n_partitions:>12}{seconds:>9.1f}"
            f"{own[kind]:>9.1f}{rest:>11.1f}{1000 * rest / len(mine):>12.0f}"
        )
    total, mine_s = sum(spent.values()), sum(own.values())
    share = 100 * (1 - mine_s / total)
    print(f"all: {total:.0f} s, {mine_s:.0f} s of them our own, Dagster {share:.0f} %")


def _partitions(step: driver.Step) -> int:
    if step.kind is driver.Kind.SAMPLING:
        return (step.last - step.first).days // 7 + 1
    return len(sessions.sessions_between(step.first, step.last)) or 1


def _print_assets(instance: dg.DagsterInstance) -> None:
    seconds: dict[tuple[str, str], list[float]] = collections.defaultdict(list)
    for record in instance.get_run_records():
        run = record.dagster_run
        for step in instance.get_run_step_stats(run.run_id):
            began, ended = step.start_time, step.end_time
            if began is not None and ended is not None:
                seconds[run.job_name, step.step_key].append(float(ended - began))
    print(f"\n{'job':<12}{'step':<26}{'runs':>6}{'mean ms':>10}{'sum s':>9}")
    for (job, step_key), took in sorted(seconds.items()):
        mean = 1000 * sum(took) / len(took)
        print(f"{job:<12}{step_key:<26}{len(took):>6}{mean:>10.0f}{sum(took):>9.1f}")


if __name__ == "__main__":
    main()
