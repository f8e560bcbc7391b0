"""Ways to cut a desk into partitions of Dagster's, and what each costs.

``python benchmarks/round_partitions.py [--years N]`` lists the keys of some years cut
into sessions, and into rounds of fifteen minutes in three ways: by a cron whose other
quarters of an hour are excluded, as session x round, and as keys that are added one by
one. It prints, for each, the keys, how many of them are no rounds, and the processor
time of one look at all of them, and of one run for a session.
"""

import argparse
import datetime as dt
import functools
import time
import zoneinfo
from collections.abc import Callable, Sequence

import dagster as dg

from turbomode_assets import rounds, sessions
from turbomode_assets.defs import partitions

LAST = dt.date(2024, 7, 2)
ZONE = zoneinfo.ZoneInfo("America/New_York")
NOW = dt.datetime.combine(LAST, dt.time(23), dt.UTC) + dt.timedelta(hours=2)


def main() -> None:
    """Print one line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=5)
    options = parser.parse_args()
    first = sessions.shift(LAST, -252 * options.years)
    print(f"{options.years} years\n\n| way | keys | no rounds | one look | one run |")
    print("|---|---|---|---|---|")
    n_rounds = rounds.between(first, LAST).height
    day = partitions.grains(first).daily
    _run(dg.StaticPartitionsDefinition(["warm"]), ["warm"])
    ways: dict[str, dg.PartitionsDefinition[str]] = {
        "sessions, rounds as rows": day,
        "cron of quarters, the others excluded": _by_cron(first),
        "session x round": _product(day),
    }
    for name, cut in ways.items():
        keys, look = _timed(functools.partial(cut.get_partition_keys, NOW))
        n_idle = max(0, len(keys) - n_rounds)
        print(f"| {name} | {len(keys):,} | {n_idle:,} | {look} | {_run(cut, keys)} |")
    print(f"| keys added one by one | {n_rounds:,} | 0 | {_added(first)} |")


def _timed(action: Callable[[], Sequence[str]]) -> tuple[Sequence[str], str]:
    used = time.process_time()
    found = action()
    return found, f"{1000 * (time.process_time() - used):,.0f} ms"


def _run(cut: dg.PartitionsDefinition[str], keys: Sequence[str]) -> str:
    """One materialization of an empty asset, of the last key."""

    @dg.asset(partitions_def=cut)
    def nothing() -> None: ...

    def action() -> Sequence[str]:
        dg.materialize([nothing], partition_key=keys[-1])
        return keys

    return _timed(action)[1]


def _by_cron(first: dt.date) -> dg.TimeWindowPartitionsDefinition:
    ends = set(rounds.between(first, LAST)["ends_at"])
    quarter = dt.timedelta(minutes=rounds.MINUTES)
    begin = dt.datetime.combine(first, dt.time(9), ZONE)
    days = [begin + dt.timedelta(days=n) for n in range((LAST - first).days + 1)]
    quarters = [day + n * quarter for day in days for n in range(28)]
    excluded = [at for at in quarters if (at + quarter).astimezone(dt.UTC) not in ends]
    return dg.TimeWindowPartitionsDefinition(
        start=begin.replace(tzinfo=None),
        fmt="%Y-%m-%d %H:%M",
        cron_schedule="*/15 9-15 * * 1-5",
        timezone=ZONE.key,
        # A window ends with the next tick: without it the last round of a session
        # would exist from the next morning on.
        end_offset=1,
        exclusions=excluded,
    )


def _product(day: dg.TimeWindowPartitionsDefinition) -> dg.MultiPartitionsDefinition:
    minutes = [f"{n * rounds.MINUTES:03}" for n in range(1, rounds.FULL_SESSION + 1)]
    each = dg.StaticPartitionsDefinition(minutes)
    return dg.MultiPartitionsDefinition({"round": each, "session": day})


def _added(first: dt.date) -> str:
    """One look at keys that an instance keeps, and one run."""
    cut = dg.DynamicPartitionsDefinition(name="round")
    ends = rounds.between(first, LAST)["ends_at"].dt.strftime("%Y-%m-%d %H:%M")
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("round", ends.to_list())
        look = _timed(
            lambda: cut.get_partition_keys(dynamic_partitions_store=instance)
        )[1]

        @dg.asset(partitions_def=cut)
        def nothing() -> None: ...

        run = _timed(
            lambda: [
                str(
                    dg.materialize(
                        [nothing], partition_key=ends[-1], instance=instance
                    ).success
                )
            ]
        )[1]
    return f"{look} | {run}"


if __name__ == "__main__":
    main()
