"""The bars of some symbols side by side, and the window sums features are made of.

A panel is a stack of arrays of one shape: rows are the bars of each symbol, the latest
last, and columns are symbols. Row `i` of two symbols need not be the same session; a
symbol with fewer bars has zeros above its first. Of all rows, the last `n_rows` are
asked for; the ones before are their past.

Sums over windows are differences of running totals that begin at the symbol's first
loaded bar. So a value has the same bits whichever rows are asked for, and whichever
symbols stand beside it. Which features exist is said in the family files.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from turbomode_assets.features import windows
from turbomode_assets.features.windows import Array

INPUTS = (
    "open",
    "high",
    "low",
    "close",
    "volume",
    "log_return",
    "market_log_return",
    "sector_log_return",
    "weekday",
    "sessions_into_month",
    "sessions_to_month_end",
    "sessions_to_expiry",
)
"""Columns every panel is given: adjusted bars, log returns since the symbol's previous
bar (of its own close, of the equal-weight market, of its sector), and the calendar."""

LEAST_VOL = 1e-6
"""Volatility per session below which a price stood still: a hundredth of a basis
point, far below one tick and far above the rounding of a sum."""

LEAST_RANGE = 1e-9
"""Range or movement, as a fraction of the close, below which there was none."""


class Column:
    """All loaded values of one quantity; zero where a symbol has none yet."""

    def __init__(self, values: Array, age: Array, lookback: int = 0) -> None:
        """Column of `values`, which count from the row with `lookback` earlier bars."""
        self.age = age
        self.values = np.where(age >= lookback, values, 0.0)

    @functools.cached_property
    def totals(self) -> Array:
        """Running totals from each symbol's first bar; one row more than `values`."""
        totals = np.zeros((len(self.values) + 1, self.values.shape[1]))
        np.cumsum(self.values, axis=0, out=totals[1:])
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

    @_remembered
    def mean(self, n: int) -> Array:
        """Mean of the last `n` values."""
        return self.sum(n) / n

    @_remembered
    def mean_square(self, n: int) -> Array:
        """Mean of the squares of the last `n` values; never negative."""
        return np.maximum(self._sum(self.column.squares, n) / n, 0.0)

    @_remembered
    def variance(self, n: int) -> Array:
        """Variance of the last `n` values, divided by ``n - 1``; never negative."""
        centered = self.mean_square(n) - np.square(self.mean(n))
        return np.maximum(centered, 0.0) * (n / (n - 1))

    @_remembered
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
    def ordered(self, n: int) -> Array:
        """The last `n` values in ascending order, along a third axis."""
        return windows.ordered(self.window(n), n)

    def quantile(self, n: int, share: float) -> Array:
        """Quantile of the last `n` values, interpolated between neighbors."""
        whole, part = divmod(share * (n - 1), 1)
        below, order = int(whole), self.ordered(n)
        low, high = order[..., below], order[..., min(below + 1, n - 1)]
        return low + (high - low) * part


class Panel:
    """Tracks of some symbols, given and derived.

    Parameters
    ----------
    columns
        One per name of `INPUTS`, and those derived so far.
    age
        Bars of the symbol before each row, from its first loaded one; negative where
        the symbol has no bar.
    n_rows
        Rows asked for. As many rows more as any feature looks back must be loaded.
    """

    def __init__(
        self, columns: Mapping[Any, Column], age: Array, n_rows: int
    ) -> None:
        """Panel of `columns`."""
        self.columns = dict(columns)
        self.age = age
        self.n_rows = n_rows
        self.inputs_read: set[str] = set()
        self._tracks: dict[Any, Track] = {}
        self._earlier: dict[int, Panel] = {}

    def track(self, name: str) -> Track:
        """Track of a given column."""
        self.inputs_read.add(name)
        return self._track(name)

    def _track(self, key: Any) -> Track:
        if key not in self._tracks:
            self._tracks[key] = Track(self.columns[key], self.n_rows)
        return self._tracks[key]

    @property
    def open(self) -> Track:
        """First price."""
        return self.track("open")

    @property
    def high(self) -> Track:
        """Highest price."""
        return self.track("high")

    @property
    def low(self) -> Track:
        """Lowest price."""
        return self.track("low")

    @property
    def close(self) -> Track:
        """Last price."""
        return self.track("close")

    @property
    def volume(self) -> Track:
        """Shares traded."""
        return self.track("volume")

    @property
    def log_return(self) -> Track:
        """Log return of the close since the symbol's previous bar."""
        return self.track("log_return")

    @property
    def market(self) -> Track:
        """Log return of the equal-weight market since the symbol's previous bar."""
        return self.track("market_log_return")

    @property
    def sector(self) -> Track:
        """Log return of the symbol's sector since the symbol's previous bar."""
        return self.track("sector_log_return")

    def derived(
        self, formula: Callable[["Panel"], Array], lookback: int = 0
    ) -> Track:
        """Track of a column computed once from all loaded rows.

        Parameters
        ----------
        formula
            From this panel to values of all loaded rows; a named function.
        lookback
            Bars before the current one that the formula needs.
        """
        if formula not in self.columns:
            self.columns[formula] = Column(formula(self), self.age, lookback)
        return self._track(formula)

    def product(self, one: Track, other: Track) -> Track:
        """Track of the products of two tracks."""
        key = (one.column, other.column)
        if key not in self.columns:
            self.columns[key] = Column(one.all * other.all, self.age)
        return self._track(key)

    def covariance(self, one: Track, other: Track, n: int) -> Array:
        """Covariance of the last `n` values of two tracks, divided by ``n - 1``."""
        centered = self.product(one, other).mean(n) - one.mean(n) * other.mean(n)
        return centered * (n / (n - 1))

    def correlation(self, one: Track, other: Track, n: int) -> Array:
        """Correlation of the last `n` values; 0 where either stood still."""
        scale = one.variance(n) * other.variance(n)
        found = self.covariance(one, other, n) / np.sqrt(scale)
        return np.clip(np.where(scale > LEAST_VOL**4, found, 0.0), -1.0, 1.0)

    def earlier(self, n: int) -> "Panel":
        """The same panel asked for `n` more rows, for features of features."""
        if n not in self._earlier:
            wider = Panel({}, self.age, self.n_rows + n)
            wider.columns, wider.inputs_read = self.columns, self.inputs_read
            self._earlier[n] = wider
        return self._earlier[n]
