"""The bars of some symbols side by side: what every feature is computed from.

A panel is a stack of arrays of one shape: rows are the bars of each symbol, the latest
last, and columns are symbols. Row `i` of two symbols need not be the same session; a
symbol with fewer bars has zeros above its first. Of all rows, the last `n_rows` are
asked for; the ones before are their past.

Windows of one quantity are the business of `track`; which features exist is said in
the family files.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from turbomode_assets.features.track import Column, Track
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

    def __init__(self, columns: Mapping[Any, Column], age: Array, n_rows: int) -> None:
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

    def derived(self, formula: Callable[["Panel"], Array], lookback: int = 0) -> Track:
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
