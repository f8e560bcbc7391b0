"""The embedded source: a simulated market that needs no network and no file.

Turns a seed into bars and listings of plainly artificial symbols in eleven sectors.
Volatility clusters and has regimes, tails are fat, volume follows volatility; shares
are split, pay dividends, are listed late and delisted. A planted part of known
strength, whose sign drifts over years and may break on a day, is what a learner can
find; with `edge` 0 there is nothing to find in direction. Stylized facts after Cont
(2001).

Same parameters, same bars; a later `last` never changes an earlier bar. Only slicing
and caching stand here: `simulated_market.py` builds the years.

References
----------
R. Cont, "Empirical properties of asset returns: stylized facts and statistical
issues", Quantitative Finance 1(2), 2001.
"""

import datetime as dt
import functools
import pathlib
from collections.abc import Iterator
from typing import ClassVar, Self

import polars as pl

from turbomode_assets import errors, tables
from turbomode_assets.sources import base, simulated_market
from turbomode_assets.sources.simulated_cast import Market

EPOCH = dt.date(2005, 1, 3)
"""First session of the simulated market."""


class Simulated:
    """A market of artificial symbols, the same for the same parameters.

    Parameters
    ----------
    seed
        Seed of every draw; not negative.
    edge
        Strength of the planted part; 0 leaves noise, 1 a daily rank correlation of
        about 0.1 to 0.2 between footprint and 14-day return in strong years.
    n_symbols
        Symbols alive in every session, at least 1; who leaves is replaced in the next
        session.
    breaks_on
        Session from which the planted part means the opposite of what it did; bars
        before it are the same as without a break.

    Raises
    ------
    errors.SettingsError
        Where a parameter lies outside what is meaningful.

    Examples
    --------
    >>> day = dt.date(2005, 1, 3)
    >>> Simulated(n_symbols=2).bars(day, day).select("symbol", "session").rows()
    [('SIM001', datetime.date(2005, 1, 3)), ('SIM002', datetime.date(2005, 1, 3))]
    """

    name: ClassVar[str] = "simulated"
    is_revising: ClassVar[bool] = False

    def __init__(
        self,
        seed: int = 7,
        edge: float = 1.0,
        n_symbols: int = 100,
        breaks_on: dt.date | None = None,
    ) -> None:
        """Keep the parameters; years are built when they are asked for."""
        self.market = Market(
            seed=seed, edge=edge, n_symbols=n_symbols, breaks_on=breaks_on
        )

    @classmethod
    def example(cls, folder: pathlib.Path) -> Self:  # noqa: ARG003 - reads no file
        """Small market for the contract suite."""
        return cls(n_symbols=12)

    def bars(self, first: dt.date, last: dt.date) -> pl.DataFrame:
        """What traded from `first` to `last`; rows of `tables.BARS`.

        Raises
        ------
        errors.SourceError
            Where `first` lies before the market's epoch.
        """
        _require_epoch(first)
        years = [_year(self.market, y).bars for y in range(first.year, last.year + 1)]
        if not years:
            return tables.BARS.empty()
        kept = [
            bars.filter(pl.col("session").is_between(first, last)) for bars in years
        ]
        named = pl.concat(kept).with_columns(source=pl.lit(self.name))
        return base.known_at_close(named)

    def fetch(self, request: base.Request) -> Iterator[base.Delivery]:
        """What traded, in one part; see `base.Source.fetch`."""
        yield base.Delivery(base.delivered(self.bars(request.first, request.last)))

    def universe(self, as_of: dt.date) -> pl.DataFrame:
        """Who was listed, as known at `as_of`; see `base.Source.universe`.

        Raises
        ------
        errors.SourceError
            Where `as_of` lies before the market's epoch.
        """
        _require_epoch(as_of)
        years = [_year(self.market, y) for y in range(EPOCH.year, as_of.year + 1)]
        listed = pl.concat(year.listings for year in years)
        left = pl.concat(year.departures for year in years)
        known = listed.filter(pl.col("valid_from") <= as_of).join(
            left.filter(pl.col("valid_to") < as_of), on="symbol", how="left"
        )
        return tables.UNIVERSE.conform(
            known.with_columns(
                pl.col("reason").fill_null("listed"),
                delisted_on="valid_to",
                is_point_in_time=pl.lit(value=True),
            )
        )


def _require_epoch(day: dt.date) -> None:
    if day < EPOCH:
        message = f"the simulated market begins on {EPOCH}, {day} was asked for"
        raise errors.SourceError(message)


# 48 years hold one market up to the calendar's end, in about 120 MB.
@functools.lru_cache(maxsize=48)
def _year(market: Market, year: int) -> simulated_market.Year:
    """One built year; every earlier one is built, and cached, on the way."""
    before = _year(market, year - 1).state if year > EPOCH.year else None
    return simulated_market.build_year(market, year, before)
