"""Health of a home, by asking: each probe looks at the thing itself.

A probe never reports what was not looked at. What is done about it is decided by
whoever asks: ``turbomode status``, the daily report.
"""

import dataclasses
import datetime as dt
import fcntl
import shutil
from collections.abc import Iterator

import dagster as dg
import polars as pl

from turbomode_assets import policy, report_tables, sessions, tables
from turbomode_assets.defs import automation, catching_up, freshness, ticks
from turbomode_assets.notify import outbox
from turbomode_assets.store import home, warehouse

FREE_BYTES = 2 * 1024**3
"""Least free space: a year of a hundred symbols takes a tenth of it, and a training
writes some megabytes."""

FAILED_HOURS = 24
"""How far back failed runs count."""

LATE = dt.timedelta(hours=2)
"""From which age a message that is not delivered is worth a word: twice the longest
wait between two attempts."""

_ROW = ("symbol", "session")


@dataclasses.dataclass(frozen=True)
class Probe:
    """What one look found."""

    name: str
    is_well: bool
    sentence: str


def probes(
    where: home.Home,
    store: warehouse.Warehouse,
    instance: dg.DagsterInstance,
    now: dt.datetime,
) -> list[Probe]:
    """Every probe of a home.

    Parameters
    ----------
    where
        The home.
    store
        Its open warehouse.
    instance
        Its Dagster instance.
    now
        The present moment.
    """
    return [
        *_fresh(where, store, now),
        _runs(instance, now),
        _disk(where),
        _grades(store),
        _messages(store, now),
    ]


def overdue(store: warehouse.Warehouse) -> tuple[int, int]:
    """Signals not graded: those that matured by the newest bar, and all others.

    Parameters
    ----------
    store
        The open warehouse.
    """
    bars = store.partitions(tables.BARS)
    signals = store.columns(tables.SIGNALS, _ROW)
    graded = store.columns(tables.OUTCOMES, _ROW)
    waiting = signals.join(graded, on=_ROW, how="anti")
    if waiting.is_empty() or not bars:
        return 0, waiting.height
    days = waiting["session"].unique().sort().to_list()
    periods = sessions.holding_periods(days, policy.SWING.horizon.calendar_days)
    matured = periods.filter(pl.col("matures_on") <= bars[-1])
    n_late = waiting.join(matured, on="session", how="semi").height
    return n_late, waiting.height - n_late


def is_lived(where: home.Home) -> bool:
    """Whether a ``turbomode up`` lives the home now: without one, nothing runs.

    Parameters
    ----------
    where
        The home.
    """
    lock = where.root / "up.lock"
    if not lock.exists():
        return False
    with lock.open() as kept:
        try:
            fcntl.flock(kept, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def next_runs(role: str, now: dt.datetime) -> list[tuple[str, dt.datetime]]:
    """Next tick of each line of the timetable, soonest first.

    Parameters
    ----------
    role
        Of the home, which has its own timetable.
    now
        The present moment.
    """
    ahead = now + dt.timedelta(days=100)
    found: dict[str, dt.datetime] = {}
    for tick in ticks.due(automation.timetable(role), now, ahead):
        found.setdefault(tick.line.name, tick.at)
    return sorted(found.items(), key=lambda pair: pair[1])


def undelivered(store: warehouse.Warehouse) -> pl.DataFrame:
    """Parts of messages on their way: channel, message, part, attempts, queued_at.

    Parameters
    ----------
    store
        The open warehouse.
    """
    log = store.read(report_tables.DELIVERIES)
    parts = [
        outbox.unfinished(rows).with_columns(channel=pl.lit(channel))
        for (channel,), rows in log.partition_by("channel", as_dict=True).items()
    ]
    if not parts:
        return pl.DataFrame(schema={"channel": pl.String(), "message": pl.String()})
    queued = log.filter(pl.col("event") == outbox.QUEUED).select(
        "channel", "message", "part", queued_at="happened_at"
    )
    return pl.concat(parts).join(queued, on=["channel", "message", "part"])


def _fresh(
    where: home.Home, store: warehouse.Warehouse, now: dt.datetime
) -> Iterator[Probe]:
    settings = home.read_settings(where)
    if settings.is_living and settings.role != "train":
        for table in freshness.WATCHED:
            is_well, sentence = freshness.ask(store, table, now)
            yield Probe(f"{table.base_name} up to date", is_well, sentence)
        return
    stored = store.partitions(tables.BARS)
    told = f"reach {stored[-1]}" if stored else "are not there yet"
    yield Probe(
        "bars", bool(stored), f"Bars {told}; this source does not follow the calendar."
    )


def _runs(instance: dg.DagsterInstance, now: dt.datetime) -> Probe:
    since = now - dt.timedelta(hours=FAILED_HOURS)
    failed = instance.get_runs(
        dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=since)
    )
    # A challenger that is refused ends its run, as it shall.
    ill = [run for run in failed if not catching_up.is_refusal(instance, run)]
    names = sorted({run.job_name for run in ill})
    told = f"{len(ill)} failed in the last {FAILED_HOURS} h"
    return Probe(
        "runs", not ill, f"{told}: {', '.join(names)}." if names else f"{told}."
    )


def _disk(where: home.Home) -> Probe:
    free = shutil.disk_usage(where.root).free
    told = f"{free / 1024**3:.1f} GB free, {FREE_BYTES / 1024**3:.0f} needed."
    return Probe("disk", free >= FREE_BYTES, told)


def _grades(store: warehouse.Warehouse) -> Probe:
    n_late, n_open = overdue(store)
    told = f"{n_late} signals matured and are not graded; {n_open} have not matured."
    return Probe("grades", not n_late, told)


def _messages(store: warehouse.Warehouse, now: dt.datetime) -> Probe:
    waiting = undelivered(store)
    if waiting.is_empty():
        return Probe("messages", True, "Nothing waits to be delivered.")  # noqa: FBT003
    late = waiting.filter(pl.col("queued_at") < now - LATE)
    named = ", ".join(sorted(set(waiting["channel"])))
    told = f"{waiting.height} parts wait for {named}, {late.height} of them for long."
    return Probe("messages", late.is_empty(), told)
