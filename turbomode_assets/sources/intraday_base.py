"""The port every source of intraday data implements, and how they are found.

Turns "which sessions, asked when" into a delivery of rows as they came. A source says
how it stamps its bars and what it could not read; rounds, judging and quarantine belong
to ``intraday/bars.py``.

A new source is one file in this folder that holds one class with the members of
`IntradaySource`; `discover` finds it and the contract suite tests it.
"""

import dataclasses
import datetime as dt
import pathlib
from typing import Protocol, Self

import polars as pl

from turbomode_assets import intraday_tables, market_tables
from turbomode_assets.sources import base


@dataclasses.dataclass(frozen=True)
class Delivery:
    """What a source has of some sessions.

    Parameters
    ----------
    bars
        Columns of `intraday_tables.DELIVERED`, in any order of rows.
    headlines
        Columns of `intraday_tables.DELIVERED_HEADLINES`; none where a source has none.
    chains
        Columns of `intraday_tables.DELIVERED_CHAINS`; none where a source has none.
    daily
        Columns of `market_tables.DELIVERED`: bars of whole sessions asked for whose
        rounds the source has no longer; none where it has all it ever had.
    attempts
        Rows of `intraday_tables.FETCHES`; none for a source that cannot fail in part.
    """

    bars: pl.DataFrame
    headlines: pl.DataFrame = dataclasses.field(
        default_factory=intraday_tables.DELIVERED_HEADLINES.empty
    )
    chains: pl.DataFrame = dataclasses.field(
        default_factory=intraday_tables.DELIVERED_CHAINS.empty
    )
    daily: pl.DataFrame = dataclasses.field(
        default_factory=market_tables.DELIVERED.empty
    )
    attempts: pl.DataFrame = dataclasses.field(
        default_factory=intraday_tables.FETCHES.empty
    )


class IntradaySource(Protocol):
    """Something that knows what traded within a session."""

    @property
    def name(self) -> str:
        """Word by which settings ask for it; unique."""

    def fetch_rounds(self, first: dt.date, last: dt.date, now: dt.datetime) -> Delivery:
        """What traded from `first` to `last`, as far as it was over at `now`.

        Parameters
        ----------
        first, last
            Days wanted; they need not be sessions.
        now
            Present moment, UTC. Nothing stamped later is delivered.

        Returns
        -------
        Delivery
            Every source row of those days, readable or not, as known at `now`: what
            was delivered before may come again. What could not be fetched is an
            attempt, not an error.

        Raises
        ------
        errors.SourceError
            Where nothing behind the source can be read at all.
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
        IntradaySource
            Delivers the sessions of February and March 2024.
        """


def discover() -> dict[str, type[IntradaySource]]:
    """Every source of intraday data in this folder, by name.

    Examples
    --------
    >>> "intraday_files" in discover()
    True
    """
    found = base.classes_with(("name", "fetch_rounds", "example"))
    return {kind.name: kind for kind in found if kind is not IntradaySource}
