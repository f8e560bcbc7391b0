"""One quantity of some symbols, and its windows.

Arrays have one shape: rows are the bars of each symbol, the latest last, and columns
are symbols; see `panel`. Sums over windows are differences of running totals that begin
at the symbol's first loaded bar. So a value has the same bits whichever rows are asked
for, and whichever symbols stand beside it.
"""

import functools
from collections.abc import Callable
from typing import Self

import numpy as np

from turbomode_assets.features import windows
from turbomode_assets.features.windows import Array


class Column:
    """All loaded values of one quantity; zero where a symbol has none yet."""

    def __init__(self, values: Array, age: Array, lookback: int = 0) -> None:
        """Column of `values`, which count from the row with `lookback` earlier bars."""
        self.age = age
        is_known = age >= lookback
        self.values = values if is_known.all() else np.where(is_known, values, 0.0)

    @functools.cached_property
    def totals(self) -> Array:
        """Running totals from each symbol's first bar; one row more than `values`."""
        totals = np.zeros((len(self.values) + 1, self.values.shape[1]))
        # Two columns are added at once as one complex number: half the time, same bits.
        paired = complex if self.values.shape[1] % 2 == 0 else float
        np.cumsum(self.values.view(paired), axis=0, out=totals.view(paired)[1:])
        return totals

    @functools.cached_property
    def squares(self) -> Self:
        """Column of the squares."""
        return type(self)(np.square(self.values), self.age)

    @functools.cached_property
    def aged(self) -> Self:
        """Column of the values times the number of bars before them."""
        return type(self)(self.values * self.age, self.age)

    @functools.cached_property
    def previous(self) -> Array:
        """Values one bar earlier; the first row repeats itself."""
        return np.concatenate([self.values[:1], self.values[:-1]])


def _remembered(method: Callable[..., Array]) -> Callable[..., Array]:
    """Method of a track whose result is kept for all features that ask again."""

    @functools.wraps(method)
    def lookup(self: "Track", n: int) -> Array:
        key = (method.__name__, n)
        if key not in self.memory:
            self.memory[key] = method(self, n)
        return self.memory[key]

    return lookup


class Track:
    """A column as seen from the rows asked for; results have `n_rows` rows."""

    def __init__(self, column: Column, n_rows: int) -> None:
        """Track of `column`."""
        self.column = column
        self.n_rows = n_rows
        self.memory: dict[tuple[str, int], Array] = {}

    @property
    def all(self) -> Array:
        """Values of all loaded rows, for the formulas of derived columns."""
        return self.column.values

    @property
    def previous(self) -> Array:
        """Values of all loaded rows, one bar earlier."""
        return self.column.previous

    @property
    def now(self) -> Array:
        """Values of the rows asked for."""
        return self.ago(0)

    def ago(self, n: int) -> Array:
        """Values `n` bars earlier."""
        end = len(self.all) - n
        return self.all[end - self.n_rows : end]

    def window(self, n: int) -> Array:
        """Values of the rows asked for and of the ``n - 1`` before them."""
        return self.all[len(self.all) - self.n_rows - n + 1 :]

    @_remembered
    def sum(self, n: int) -> Array:
        """Sum of the last `n` values."""
        return self._sum(self.column, n)

    def _sum(self, column: Column, n: int) -> Array:
        end = len(column.totals)
        latest = column.totals[end - self.n_rows :]
        return latest - column.totals[end - self.n_rows - n : end - n]

    def mean(self, n: int) -> Array:
        """Mean of the last `n` values."""
        return self.sum(n) / n

    def mean_square(self, n: int) -> Array:
        """Mean of the squares of the last `n` values; never negative."""
        return np.maximum(self._sum(self.column.squares, n) / n, 0.0)

    @_remembered
    def variance(self, n: int) -> Array:
        """Variance of the last `n` values, divided by ``n - 1``; never negative."""
        centered = self.mean_square(n) - np.square(self.mean(n))
        return np.maximum(centered, 0.0) * (n / (n - 1))

    def std(self, n: int) -> Array:
        """Standard deviation of the last `n` values, divided by ``n - 1``."""
        return np.sqrt(self.variance(n))

    @_remembered
    def slope(self, n: int) -> Array:
        """Slope per bar of the least-squares line through the last `n` values."""
        age = self.column.age[len(self.all) - self.n_rows :]
        middle = age - (n - 1) / 2
        shared = self._sum(self.column.aged, n) / n - self.mean(n) * middle
        return shared / ((n**2 - 1) / 12)

    @_remembered
    def highest(self, n: int) -> Array:
        """Largest of the last `n` values."""
        return windows.highest(self.window(n), n)

    @_remembered
    def lowest(self, n: int) -> Array:
        """Smallest of the last `n` values."""
        return windows.lowest(self.window(n), n)

    @_remembered
    def place_of_highest(self, n: int) -> Array:
        """Place of the first largest of the last `n` values; 1 is the oldest."""
        return windows.place_of_highest(self.window(n), n)

    @_remembered
    def place_of_lowest(self, n: int) -> Array:
        """Place of the first smallest of the last `n` values; 1 is the oldest."""
        return windows.place_of_highest(-self.window(n), n)

    @_remembered
    def fifths(self, n: int) -> Array:
        """Quantiles of .2 and .8 of the last `n` values, stacked in this order.

        Interpolated between neighbors.
        """
        order = windows.ordered(self.window(n), n)
        return np.stack([_quantile(order, share) for share in (0.2, 0.8)])


def _quantile(order: Array, share: float) -> Array:
    last = order.shape[-1] - 1
    whole, part = divmod(share * last, 1)
    low, high = order[..., int(whole)], order[..., min(int(whole) + 1, last)]
    between: Array = low + (high - low) * part
    return between
