"""How a feature is declared: a function, the windows it is listed with, and facts.

The name of a feature is that of its function and its windows, its family the file the
function stands in, and its sentence the first line of the function's docstring, in
which the parameters are replaced by their values. Which features exist is said in the
family files, how they are evaluated in `engine`.
"""

import dataclasses
import functools
import inspect
import re
from collections.abc import Callable
from typing import Literal

from turbomode_assets.features import bars
from turbomode_assets.features.formula import Formula

Unit = Literal[
    "fraction", "log return", "per session", "deviations", "ratio", "logarithm",
    "share", "correlation", "sessions", "rank"
]  # fmt: skip
"""What a value counts: *fraction* of a price, *log return*, volatility *per session*,
standard *deviations*, *ratio* of two like quantities, *logarithm* of a ratio, *share*
of a whole, *correlation* or place on a scale from -1, *sessions*, or *rank*."""

Bounds = tuple[float | None, float | None]
"""Smallest and largest value there can be; None where there is no bound."""

ANY: Bounds = (None, None)
POSITIVE: Bounds = (0.0, None)
SHARE: Bounds = (0.0, 1.0)
SIGNED: Bounds = (-1.0, 1.0)
FALL: Bounds = (-1.0, None)

QLIB = "Qlib Alpha158 "
"""Begins the source of every formula of Qlib's Alpha158; its name there follows."""

QLIB_WINDOWS = (5, 10, 20, 30, 60)
"""Windows of Alpha158."""

Window = int | tuple[int, ...]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Feature:
    """One column of `tables.FEATURES`."""

    name: str
    family: str
    formula: Formula

    unit: Unit
    bounds: Bounds
    sentence: str
    source: str
    over: Literal["symbol", "session"] = "symbol"
    """Value of a symbol, or its rank among the symbols of a session."""

    @property
    def lookback_sessions(self) -> int:
        """Earlier bars of the symbol needed: non-null from this row index on."""
        return self.formula.lookback

    @functools.cached_property
    def inputs(self) -> tuple[str, ...]:
        """Columns of a symbol the formula reads."""
        return tuple(
            name for name in bars.INPUTS if bars.column(name) in self.formula.leaves
        )

    @property
    def is_cross_sectional(self) -> bool:
        """Whether other symbols enter the value."""
        shared = {"market_log_return", "sector_log_return"}
        return self.over == "session" or not shared.isdisjoint(self.inputs)


@dataclasses.dataclass(frozen=True)
class Kind:
    """A function and the windows it is listed with; one feature each."""

    function: Callable[..., Formula]
    """From the bars of a symbol and windows to a formula."""

    windows: tuple[Window, ...]
    unit: Unit
    bounds: Bounds
    source: str

    def features(self) -> list[Feature]:
        """One feature per window."""
        listed = self.windows or ((),)
        return [self._feature(w if isinstance(w, tuple) else (w,)) for w in listed]

    def _feature(self, window: tuple[int, ...]) -> Feature:
        function = self.function
        return Feature(
            name="_".join([function.__name__, *map(str, window)]),
            family=function.__module__.rpartition(".")[2],
            formula=function(bars.Bars(), *window),
            unit=self.unit,
            bounds=self.bounds,
            sentence=self._sentence(window),
            source=self.source,
        )

    def _sentence(self, window: tuple[int, ...]) -> str:
        parameters = list(inspect.signature(self.function).parameters)[1:]
        values = dict(zip(parameters, map(str, window), strict=True))
        line = str(inspect.getdoc(self.function)).partition("\n")[0]
        return re.sub(r"`(\w+)`", lambda found: values[found[1]], line)
