"""Partitions: sessions, weeks, months and quarters, and how they see each other.

A session's window is a UTC day, so tonight's partition exists from 19:00 or 20:00 New
York time, after the close and before the 23:00 scan, with no offset and no daylight
saving. Mappings say what a partition depends on; which rows are read is decided by an
asset's own window (`window`), never by a mapping, because mappings across grains are
wrong at edges.

https://docs.dagster.io/guides/build/partitions-and-backfills
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping

import dagster as dg

from turbomode_assets import errors, sessions

KEY_FORMAT = "%Y-%m-%d"
"""Keys are ISO days: a session, the Sunday of a week, the first of a month."""

WEEKENDS = "0 0 * * 0,6"
"""Cron expression of the days that are never sessions."""


@dataclasses.dataclass(frozen=True)
class Window:
    """Calendar days from `first` to `last`, both included."""

    first: dt.date
    last: dt.date


@dataclasses.dataclass(frozen=True)
class Grains:
    """The partitions definitions of a home.

    Coarser grains start no later than finer ones, so that every session has a week,
    a month and a quarter.
    """

    daily: dg.TimeWindowPartitionsDefinition
    running: dg.TimeWindowPartitionsDefinition
    weekly: dg.TimeWindowPartitionsDefinition
    monthly: dg.TimeWindowPartitionsDefinition
    quarterly: dg.TimeWindowPartitionsDefinition


def grains(first: dt.date) -> Grains:
    """Partitions of a home whose history begins with session `first`.

    Parameters
    ----------
    first
        The first session.

    Returns
    -------
    Grains
        Weeks run Sunday to Saturday and include the open one, so that what matured
        early in it can be learned from at a month's turn. `running` has the sessions
        of `daily` and the one of today, for what happens within it; on a day without
        one, the next, in which no round has ended yet. Months are those a model is
        in force, and include the month that has begun; so do quarters.
    """
    holidays = [
        dt.datetime.combine(day, dt.time(), dt.UTC)
        for day in sessions.closed_weekdays(first, sessions.LAST_DAY)
    ]
    closed: list[str | dt.datetime] = [WEEKENDS, *holidays]
    return Grains(
        daily=_grain("0 0 * * *", first, exclusions=closed),
        running=_grain("0 0 * * *", first, end_offset=1, exclusions=closed),
        weekly=_grain("0 0 * * 0", sessions.week_start(first), end_offset=1),
        monthly=_grain("0 0 1 * *", sessions.month_start(first), end_offset=1),
        quarterly=_grain("0 0 1 */3 *", sessions.quarter_start(first), end_offset=1),
    )


def _grain(
    cron: str,
    start: dt.date,
    end_offset: int = 0,
    exclusions: list[str | dt.datetime] | None = None,
) -> dg.TimeWindowPartitionsDefinition:
    return dg.TimeWindowPartitionsDefinition(
        cron_schedule=cron,
        start=start.strftime(KEY_FORMAT),
        fmt=KEY_FORMAT,
        timezone="UTC",
        end_offset=end_offset,
        exclusions=exclusions,
    )


def key(day: dt.date) -> str:
    """Partition key of a day."""
    return day.strftime(KEY_FORMAT)


def parsed(partition_key: str) -> dt.date:
    """Day of a partition key.

    Raises
    ------
    errors.SettingsError
        Where the key is anything but a day written as `key` writes it.
    """
    message = f"expected a day such as 2024-06-28, found {partition_key!r}"
    try:
        day = dt.date.fromisoformat(partition_key)
    except ValueError as fault:
        raise errors.SettingsError(message) from fault
    if key(day) != partition_key:
        raise errors.SettingsError(message)
    return day


def session_window(partition_keys: list[str]) -> Window:
    """Days from the first to the last of these sessions."""
    days = sorted(map(parsed, partition_keys))
    return Window(days[0], days[-1])


def week_window(partition_keys: list[str]) -> Window:
    """Days from the first Sunday to the last Saturday of these weeks."""
    days = sorted(map(parsed, partition_keys))
    return Window(days[0], days[-1] + dt.timedelta(days=6))


_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def range_tags(window: Window) -> dict[str, str]:
    """Tags of a run over the partitions from `window.first` to `window.last`."""
    return dict(zip(_RANGE, (key(window.first), key(window.last)), strict=True))


def tagged_window(tags: Mapping[str, str]) -> Window:
    """Window that `range_tags` made these tags of."""
    first, last = (parsed(tags[name]) for name in _RANGE)
    return Window(first, last)


def looking_back(n_partitions: int) -> dg.TimeWindowPartitionMapping:
    """Mapping from a partition to itself and the `n_partitions` before it."""
    return dg.TimeWindowPartitionMapping(
        start_offset=-n_partitions,
        end_offset=0,
        allow_nonexistent_upstream_partitions=True,
    )


def known_before() -> dg.TimeWindowPartitionMapping:
    """Mapping from a month in force to the weeks of the month before it.

    The week that straddles the month's turn is among them and need not have ended;
    the challenger cuts rows by when their label was known.
    """
    return before(1)


def before(n_partitions: int) -> dg.TimeWindowPartitionMapping:
    """Mapping from a month or quarter in force to the `n_partitions` before it."""
    return dg.TimeWindowPartitionMapping(
        start_offset=-n_partitions,
        end_offset=-1,
        allow_nonexistent_upstream_partitions=True,
    )
