"""What of a warehouse another machine does not have yet, cut into increments.

1. `sent`        manifests                              -> fingerprints there
2. `changed`     fingerprints here, fingerprints there  -> partitions that differ
3. `next_slice`  partitions that differ                 -> the oldest of them
4. `runs`        partitions of a table                  -> ranges without a stranger

Slices end with a day, oldest first: whoever has some of them has a true history up to
a day. Pure; rows are read and written in ``exchange.py``.
"""

import bisect
import itertools
from collections.abc import Iterable, Mapping, Sequence

from turbomode_assets.store import fingerprints, manifest

ROWS_PER_INCREMENT = 50_000
"""Rows after which an increment ends: a hundred symbols over about four months. A cut
link costs one of them, and a machine with half a gigabyte holds it easily."""

Known = Mapping[str, Mapping[str, str]]
"""Fingerprints by partition, by table."""


def sent(manifests: Iterable[manifest.Manifest]) -> dict[str, dict[str, str]]:
    """Fingerprints of what the other end has, once it has all of these increments."""
    there: dict[str, dict[str, str]] = {}
    for part in (part for found in manifests for part in found.parts):
        stored = there.setdefault(part.table, {})
        first, last = (
            str(day or fingerprints.WHOLE) for day in (part.first, part.last)
        )
        for day in [day for day in stored if first <= day <= last]:
            del stored[day]
        stored.update(part.partitions)
    return there


def changed(here: Known, there: Known) -> list[tuple[str, str]]:
    """Partition and table wherever the two sides differ, by partition.

    Parameters
    ----------
    here
        What is stored.
    there
        What was sent; a partition that is stored no more differs too.

    Examples
    --------
    >>> changed({"t": {"2024-07-02": "1:5", "2024-07-01": "1:7"}}, {"t": {}})
    [('2024-07-01', 't'), ('2024-07-02', 't')]
    """
    differing = [
        (partition, table)
        for table, stored in here.items()
        for partition in stored.keys() | there.get(table, {}).keys()
        if stored.get(partition) != there.get(table, {}).get(partition)
    ]
    return sorted(differing)


def next_slice(
    differing: Sequence[tuple[str, str]], here: Known, most: int = ROWS_PER_INCREMENT
) -> tuple[dict[str, list[str]], str | None]:
    """Oldest partitions that differ, and the first one left for the next time.

    Parameters
    ----------
    differing
        As `changed` returns them.
    here
        What is stored.
    most
        Rows after which no further day begins.

    Returns
    -------
    dict of str to list of str
        Partitions by table.
    str or None
        First partition that is left; null where all fit.
    """
    taken: dict[str, list[str]] = {}
    n_rows = 0
    for partition, of_day in itertools.groupby(differing, key=lambda pair: pair[0]):
        if n_rows >= most:
            return taken, partition
        for _, table in of_day:
            taken.setdefault(table, []).append(partition)
            n_rows += _n_rows(here[table], [partition])
    return taken, None


def _n_rows(stored: Mapping[str, str], wanted: Iterable[str]) -> int:
    return sum(fingerprints.n_rows(stored[day]) for day in wanted if day in stored)


def runs(wanted: Sequence[str], stored: Iterable[str]) -> list[tuple[str, str]]:
    """Wanted partitions as ranges in which no other stored partition lies.

    Examples
    --------
    >>> runs(["a", "b", "d"], ["a", "c", "d"])
    [('a', 'b'), ('d', 'd')]
    """
    strangers = sorted(set(stored) - set(wanted))
    groups = itertools.groupby(wanted, lambda day: bisect.bisect(strangers, day))
    listed = [list(days) for _, days in groups]
    return [(days[0], days[-1]) for days in listed]
