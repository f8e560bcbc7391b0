"""Ticks: which partition of which job was due when.

A `Line` of the timetable is a cron expression in New York and the partition each of
its ticks asks for; `due` lists the ticks of all lines in the order of their times, with
daylight saving as Dagster's own scheduler reckons it. The lines themselves stand in
``automation.py``; whether a tick was followed is the business of ``progress.py``.
"""

import dataclasses
import datetime as dt
import itertools
import zoneinfo
from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg
from dagster._utils import schedules

TIMEZONE = "America/New_York"
"""Time zone of the timetable: the exchange's."""

NEW_YORK = zoneinfo.ZoneInfo(TIMEZONE)
"""The same, as a time zone."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the timetable."""

    name: str
    """Of the schedule."""

    job: str
    """Job whose runs the line asks for."""

    cron: str
    """When, in New York."""

    partition_on: Callable[[dt.date], str | None]
    """Partition key for a tick on a day in New York; null where there is none."""

    is_done: Callable[[Any, "Tick"], bool]
    """Whether a tick was followed, by the `progress.Progress` of a home."""

    is_turn: bool = False
    """Whether later sessions may come out otherwise once it is done."""

    is_ranged: bool = False
    """Whether neighboring partitions are made in one run."""

    needed: dg.AssetKey | None = None
    """Asset without whose partition nothing that was due later can be made."""


@dataclasses.dataclass(frozen=True)
class Tick:
    """A partition that was due, and when."""

    line: Line
    at: dt.datetime
    key: str
    place: int
    """Among the ticks of its line: neighbors ask for neighboring partitions."""

    @property
    def name(self) -> str:
        """Job and partition, in words."""
        return f"{self.line.job} {self.key}"


def due(
    timetable: Sequence[Line], since: dt.datetime, until: dt.datetime
) -> list[Tick]:
    """Ticks of all lines from `since` to `until`, both included, oldest first.

    Parameters
    ----------
    timetable
        Lines; those of one moment keep their order.
    since, until
        Moments, in any time zone.

    Returns
    -------
    list of Tick
        Ticks without a partition are left out.
    """
    found = [tick for line in timetable for tick in _ticks(line, since, until)]
    return sorted(found, key=lambda tick: tick.at)


def _ticks(line: Line, since: dt.datetime, until: dt.datetime) -> list[Tick]:
    moments = itertools.takewhile(
        lambda at: at <= until,
        schedules.schedule_execution_time_iterator(
            since.timestamp(), line.cron, TIMEZONE
        ),
    )
    asked = ((at, line.partition_on(at.date())) for at in moments)
    found = ((at, key) for at, key in asked if key is not None)
    return [Tick(line, at, key, place) for place, (at, key) in enumerate(found)]
