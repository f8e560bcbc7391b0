"""Ranks of values among those of the same session.

A value travels as the upper half of a whole number, the row it comes from as the lower
half. Few of them are sorted fastest by NumPy; of many it compares each with ever more,
while sorting by digits takes the same time for each.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from turbomode_assets.features.groups import Codes, Singles
from turbomode_assets.features.jit import entry, part

_LAST = 0x7FFFFFFF << 32
"""Sort key after those of all numbers."""

_ROWS = (1 << 32) - 1
"""Bits of a sort key that hold the row."""

_INFINITY = 0x7F800000
"""Bits of the smallest thing that is no number."""

FEW = 300
"""Keys of a session up to which NumPy is faster: where the two meet."""

_N_DIGITS = 4
_DIGIT_BITS = 8
"""Parts of the upper half of a key, together all of it; so many that the last one is
sorted back into the keys."""


def replace_by_ranks(lines: Iterable[Singles], day: Codes) -> None:
    """Replace values by their ranks among those of their session.

    Parameters
    ----------
    lines
        Values of one feature each, one per row; written to. A rank is ``(place - 0.5)
        / values in the session``; equal values share their mean place; nan stays nan.
    day
        Number of the session of each row, from 0.

    Examples
    --------
    >>> values = np.array([[3, np.nan, 1, 1]], dtype=np.float32)
    >>> replace_by_ranks(values, np.zeros(4, dtype=int))
    >>> values.round(2).tolist()
    [[0.8299999833106995, nan, 0.33000001311302185, 0.33000001311302185]]
    """
    places = _places(day)
    keys = np.empty((day.max() + 1, places.max() + 1), dtype=np.int64)
    for line in lines:
        keys[:] = _LAST
        # Adding 0 makes -0 equal to 0.
        _write_keys((line + np.float32(0)).view(np.int32), day, places, keys)
        if keys.shape[1] <= FEW:
            keys.sort(axis=1)
        else:
            _sort_by_digits(keys)
        _write_ranks(keys, line)


@entry
def _places(day: Codes) -> Codes:
    """Number of each row among the rows of its session, from 0."""
    seen = np.zeros(day.max() + 1, dtype=np.int64)
    places = np.empty_like(day)
    for row in range(day.size):
        places[row] = seen[day[row]]
        seen[day[row]] += 1
    return places


@entry
def _write_keys(
    bits: npt.NDArray[np.int32], day: Codes, places: Codes, keys: Codes
) -> None:
    for row in range(bits.size):
        value = np.int64(bits[row])
        if value < 0:
            # The bits of negative numbers fall as the numbers rise.
            value ^= 0x7FFFFFFF
        if abs(value) < _INFINITY:
            keys[day[row], places[row]] = value << 32 | row


@entry
def _sort_by_digits(keys: Codes) -> None:
    """Sort each session by the upper half of its keys, the lowest digit first.

    Keys come in the order of their rows, which equal values keep.
    """
    spare = np.empty(keys.shape[1], dtype=np.int64)
    place = np.empty((_N_DIGITS, 1 << _DIGIT_BITS), dtype=np.int64)
    for session in keys:
        _count_smaller(session, place)
        source, target = session, spare
        for n in range(_N_DIGITS):
            for key in source:
                digit = _digit(key, n)
                target[place[n, digit]] = key
                place[n, digit] += 1
            source, target = target, source


@part
def _count_smaller(keys: Codes, place: Codes) -> None:
    """How many keys have a smaller digit, for each digit and each of its values."""
    place[:] = 0
    for key in keys:
        for n in range(_N_DIGITS):
            place[n, _digit(key, n)] += 1
    for counts in place:
        n_smaller = 0
        for value in range(counts.size):
            n_smaller, counts[value] = n_smaller + counts[value], n_smaller


@part
def _digit(key: int, n: int) -> int:
    # Half of all numbers are added, so that negative ones come first.
    return (key >> 32) + (1 << 31) >> n * _DIGIT_BITS & (1 << _DIGIT_BITS) - 1


@entry
def _write_ranks(keys: Codes, line: Singles) -> None:
    for day in range(len(keys)):
        ordered = keys[day]
        count = np.searchsorted(ordered, _LAST)
        first = 0
        while first < count:
            last = first
            while last + 1 < count and ordered[last + 1] >> 32 == ordered[first] >> 32:
                last += 1
            for place in range(first, last + 1):
                row = ordered[place] & _ROWS
                line[row] = (first + last + 1) / (2 * count)
            first = last + 1
