"""Windows over plain arrays: rows are bars, the latest last; columns are symbols.

Each function takes ``n - 1`` rows more than it returns and looks at one window at a
time, so that a value is the same bits wherever the array begins. Sums of long windows
are cheaper from running totals, see `panel.Track`. Nothing here knows prices.
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def highest(values: Array, n: int) -> Array:
    """Largest of each `n` rows.

    Examples
    --------
    >>> highest(np.array([[3.0], [1.0], [2.0]]), 2).ravel().tolist()
    [3.0, 2.0]
    """
    width = 1
    # A window is the union of two windows half as long; they may overlap.
    while width < n:
        step = min(width, n - width)
        values = np.maximum(values[:-step], values[step:])
        width += step
    return values


def lowest(values: Array, n: int) -> Array:
    """Smallest of each `n` rows."""
    return -highest(-values, n)


def place_of_highest(values: Array, n: int) -> Array:
    """Place of the first largest value in each `n` rows, from 1 (oldest) to `n`.

    Examples
    --------
    >>> place_of_highest(np.array([[3.0], [1.0], [3.0], [2.0]]), 3).ravel().tolist()
    [1.0, 2.0]
    """
    place = np.broadcast_to(
        np.arange(len(values), dtype=np.int16)[:, None], values.shape
    )
    width = 1
    while width < n:
        step = min(width, n - width)
        is_later = values[step:] > values[:-step]
        place = np.where(is_later, place[step:], place[:-step])
        values = np.maximum(values[:-step], values[step:])
        width += step
    first = np.arange(len(values))[:, None]
    return (place - first + 1.0).astype(np.float64)


def total(values: Array, n: int) -> Array:
    """Sum of each `n` rows, added from the oldest to the latest.

    Examples
    --------
    >>> total(np.array([[1.0], [2.0], [3.0]]), 2).ravel().tolist()
    [3.0, 5.0]
    """
    rows = len(values) - n + 1
    added = values[:rows].copy()
    for offset in range(1, n):
        added += values[offset : offset + rows]
    return added


def mean_deviation(values: Array, mean: Array, n: int) -> Array:
    """Mean distance of each `n` rows from `mean`, given per window."""
    rows, added = len(mean), np.zeros_like(mean)
    for offset in range(n):
        added += np.abs(values[offset : offset + rows] - mean)
    return added / n


def ordered(values: Array, n: int) -> Array:
    """Each `n` rows in ascending order, along a new last axis."""
    view = np.lib.stride_tricks.sliding_window_view(values, n, axis=0)
    return np.sort(view, axis=-1)


def rank_of_latest(values: Array, n: int) -> Array:
    """Rank of the latest among each `n` rows, ties at their mean, over `n`; in (0, 1].

    Examples
    --------
    >>> rank_of_latest(np.array([[2.0], [1.0], [2.0]]), 3).item()
    0.8333333333333334
    """
    rows = len(values) - n + 1
    latest = values[n - 1 :]
    twice = np.full(latest.shape, 2, dtype=np.int16)
    for offset in range(n - 1):
        earlier = values[offset : offset + rows]
        twice += earlier < latest
        twice += earlier <= latest
    return twice / (2.0 * n)
