"""The port every source of bars implements, and how sources are found.

Turns "which sessions" into deliveries of rows as they came, and "as of when" into rows
of `market.universe`. A source delivers what traded, as it traded, and says what it
could not read or reach: judging rows, quarantine and adjustment belong to the prices
stage, storage to the store.

A new source is one file in this folder that holds one class with the members of
`Source`; `discover` finds it and the contract suite tests it.
"""

import dataclasses
import datetime as dt
import importlib
import inspect
import pathlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, Self

import polars as pl

from turbomode_assets import market_tables, sessions, sources, tables


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked of a source.

    `first` and `last` are days and need not be sessions; `now` is a moment in UTC.
    """

    first: dt.date
    """First day wanted."""

    last: dt.date
    """Last day wanted."""

    now: dt.datetime
    """When this is asked, in UTC; a bar whose session closed later is not final."""

    since: dt.date
    """Where the history of the home begins: for a symbol nothing is stored of."""

    stored: Mapping[str, dt.date] = dataclasses.field(default_factory=dict)
    """Latest stored session of each symbol; symbols without one are absent."""


@dataclasses.dataclass(frozen=True)
class Delivery:
    """What a source has for some of its symbols.

    Parameters
    ----------
    rows
        Columns of `market_tables.DELIVERED`, in any order of rows. A row before
        `Request.first` is a repetition or a correction.
    attempts
        Rows of `market_tables.ATTEMPTS`; none for a source that cannot fail in part.
    """

    rows: pl.DataFrame
    attempts: pl.DataFrame = dataclasses.field(
        default_factory=market_tables.ATTEMPTS.empty
    )


class Source(Protocol):
    """Something that knows what traded."""

    @property
    def name(self) -> str:
        """Word that stands in the column `source` of its bars; unique."""

    @property
    def is_revising(self) -> bool:
        """Whether it may correct later what it delivered, or post an action late."""

    def fetch(self, request: Request) -> Iterator[Delivery]:
        """What traded, in parts that can each be stored before the next is fetched.

        Parameters
        ----------
        request
            Days wanted, and what the asker has.

        Yields
        ------
        Delivery
            Only what was known at `Request.last`, and at `Request.now`: no bar of a
            session that has not closed. Every source row is delivered, readable or
            not; a symbol that could not be fetched is an attempt, not an error.

        Raises
        ------
        errors.SourceError
            Where nothing behind the source can be read at all.
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
    members = ("name", "is_revising", "fetch", "universe", "example")
    return {kind.name: kind for kind in classes_with(members) if kind is not Source}


def classes_with(members: tuple[str, ...]) -> Iterator[Any]:
    """Every class of this folder that has all of `members`, ports included."""
    for module in pkgutil.iter_modules(sources.__path__):
        holder = importlib.import_module(f"{sources.__name__}.{module.name}")
        for kind in vars(holder).values():
            is_own = inspect.isclass(kind) and kind.__module__ == holder.__name__
            if is_own and all(hasattr(kind, member) for member in members):
                yield kind


def known_at_close(bars: pl.DataFrame) -> pl.DataFrame:
    """Bars of a source that knows each of them at the close of its session.

    Parameters
    ----------
    bars
        Columns of `tables.BARS` but `known_at`.

    Returns
    -------
    pl.DataFrame
        Rows of `tables.BARS`.
    """
    days = bars["session"].unique().to_list()
    closes = pl.DataFrame(
        {"session": days, "known_at": [sessions.close_at(day) for day in days]},
        schema={"session": pl.Date, "known_at": pl.Datetime("us", "UTC")},
    )
    return tables.BARS.conform(bars.join(closes, on="session", how="left"))


def delivered(bars: pl.DataFrame) -> pl.DataFrame:
    """Sound bars, prices as traded, as a delivery has them.

    Parameters
    ----------
    bars
        Rows of `tables.BARS`.

    Returns
    -------
    pl.DataFrame
        Columns of `market_tables.DELIVERED`.
    """
    nothing = pl.lit(None, pl.String)
    whole = bars.with_columns(later_splits=1.0, row=nothing, fault=nothing)
    return whole.select(market_tables.DELIVERED.column_names)
