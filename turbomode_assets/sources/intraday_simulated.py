"""The embedded intraday source: a simulated market with something to find in it.

Turns a seed into bars, headlines and option chains of plainly artificial symbols.
What is planted, and where, stands in `intraday_market.py`: stories that headlines tell
(a voter who reads them is good), option flow whose meaning turns around every
`turns_every` sessions (a voter who reads it drifts), and nothing else. With `edge` 0
there is nothing to find.

Only slicing and caching stand here.
"""

import datetime as dt
import functools
import pathlib
from typing import ClassVar, Self

import numpy as np
import polars as pl

from turbomode_assets import errors
from turbomode_assets.intraday_policy import DeskPolicy
from turbomode_assets.sources import intraday_base, intraday_market, intraday_rows

EPOCH = dt.date(2018, 1, 2)
"""First session of the simulated intraday market."""

SYMBOLS = ("SIM",)
"""Symbols that are traded where nobody names others."""


class IntradaySimulated:
    """A market of artificial symbols, the same for the same parameters.

    Parameters
    ----------
    seed
        Seed of every draw; not negative.
    edge
        Strength of what is planted; 0 leaves noise.
    symbols
        Symbols that are traded: those with stories and options.
    turns_every
        Sessions after which option flow means the opposite.

    Raises
    ------
    errors.SettingsError
        Where a parameter lies outside what is meaningful.
    """

    name: ClassVar[str] = intraday_rows.SOURCE

    def __init__(
        self,
        seed: int = 7,
        edge: float = 1.0,
        symbols: tuple[str, ...] = SYMBOLS,
        turns_every: int = 252,
    ) -> None:
        """Keep the parameters; years are built when they are asked for."""
        self.market = intraday_market.Market(
            seed=seed, edge=edge, symbols=symbols, turns_every=turns_every
        )

    @property
    def desk(self) -> DeskPolicy:
        """Who is who in this market, as the desk wants to know it."""
        market = self.market
        return DeskPolicy(
            symbols=market.symbols,
            peers=market.peers,
            indices=market.indices,
            volatility_index=market.volatility_index,
            dollar_index=market.dollar_index,
        )

    @classmethod
    def example(cls, folder: pathlib.Path) -> Self:  # noqa: ARG003 - reads no file
        """Small market for the contract suite."""
        return cls()

    def fetch_rounds(
        self, first: dt.date, last: dt.date, now: dt.datetime
    ) -> intraday_base.Delivery:
        """See `intraday_base.IntradaySource.fetch_rounds`.

        Raises
        ------
        errors.SourceError
            Where `first` lies before the market's epoch.
        """
        if first < EPOCH:
            message = f"the simulated market begins on {EPOCH}, {first} was asked for"
            raise errors.SourceError(message)
        years = [_rows(self.market, y) for y in range(first.year, last.year + 1)]
        days = {"bars": "stamped_at", "headlines": "published_at", "chains": "known_at"}
        parts = {
            name: pl.concat(getattr(year, name) for year in years).filter(
                pl.col(moment).dt.date().is_between(first, last),
                pl.col("known_at") <= now,
            )
            for name, moment in days.items()
        }
        return intraday_base.Delivery(**parts)


@functools.lru_cache(maxsize=32)
def _year(market: intraday_market.Market, year: int) -> intraday_market.Year:
    """One built year; every earlier one is built, and cached, on the way."""
    if year > EPOCH.year:
        before = _year(market, year - 1).state
    else:
        before = intraday_market.opening(market)
    return intraday_market.build_year(market, year, before)


@functools.lru_cache(maxsize=32)
def _rows(market: intraday_market.Market, year: int) -> intraday_base.Delivery:
    built = _year(market, year)
    # Each kind of rows has a generator of its own, so that one may change alone.
    draws = [np.random.default_rng((market.seed, year, kind)) for kind in (1, 2, 3)]
    return intraday_base.Delivery(
        bars=intraday_rows.bars(market, built, draws[0]),
        headlines=intraday_rows.headlines(market, built, draws[1]),
        chains=intraday_rows.chains(market, built, draws[2]),
    )
