"""The port every source of bars implements, and how sources are found.

Turns "which sessions" into rows of `market.bars` and "as of when" into rows of
`market.universe`. A source delivers what traded, as it traded: cleaning, adjustment
and quarantine belong to the prices stage, storage to the store.

A new source is one file in this folder that holds one class with the members of
`Source`; `discover` finds it and the contract suite tests it.
"""

import datetime as dt
import importlib
import inspect
import pathlib
import pkgutil
from typing import Any, Protocol, Self

import polars as pl

from turbomode_assets import sources


class Source(Protocol):
    """Something that knows what traded."""

    @property
    def name(self) -> str:
        """Word that stands in the column `source` of its bars; unique."""

    def bars(self, first: dt.date, last: dt.date) -> pl.DataFrame:
        """What traded from `first` to `last`, both included.

        Parameters
        ----------
        first, last
            Calendar days; they need not be sessions.

        Returns
        -------
        pl.DataFrame
            Rows of `tables.BARS`, sorted by its key, without nulls; empty where
            nothing traded. Only what was known at `last`: a later `last` adds rows
            and changes none.

        Raises
        ------
        errors.SourceError
            Where what lies behind the source cannot be read as bars.
        """

    def universe(self, as_of: dt.date) -> pl.DataFrame:
        """Who belonged, as it could be known at `as_of`.

        Parameters
        ----------
        as_of
            Last day whose close is known.

        Returns
        -------
        pl.DataFrame
            Rows of `tables.UNIVERSE`, sorted by its key; no symbol that lists after
            `as_of`, and `valid_to` null until that session has passed.
        """

    @classmethod
    def example(cls, folder: pathlib.Path) -> Self:
        """Small instance for the contract suite, without a network.

        Parameters
        ----------
        folder
            Empty folder for whatever the instance reads.

        Returns
        -------
        Source
            Delivers bars in 2020, 2021 and 2022.
        """


def discover() -> dict[str, type[Source]]:
    """Every source of this folder, by name.

    Examples
    --------
    >>> "simulated" in discover()
    True
    """
    found: dict[str, Any] = {}
    for module in pkgutil.iter_modules(sources.__path__):
        holder = importlib.import_module(f"{sources.__name__}.{module.name}")
        for kind in vars(holder).values():
            is_own = inspect.isclass(kind) and kind.__module__ == holder.__name__
            if is_own and _is_source(kind):
                found[kind.name] = kind
    return found


def _is_source(kind: type) -> bool:
    members = ("name", "bars", "universe", "example")
    return kind is not Source and all(hasattr(kind, member) for member in members)
