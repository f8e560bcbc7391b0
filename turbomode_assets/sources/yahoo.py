"""The Yahoo source: daily bars of US stocks, as traded, through the yfinance client.

Turns a request into deliveries of a few symbols each: who is due and from which day on
stands here; `yahoo_round.py` asks and gives up, `yahoo_client.py` speaks through a
child process, `yahoo_chart.py` and `yahoo_rows.py` read. Yahoo corrects bars and posts
actions late, so every window reaches back over what is stored. No storing and no
judging of rows.

Yahoo's data are for personal use; its terms forbid passing them on.
"""

import contextlib
import datetime as dt
import functools
import itertools
import pathlib
from collections.abc import Iterator, Sequence
from typing import ClassVar, Self

import polars as pl

from turbomode_assets import market_tables, tables
from turbomode_assets.sources import (
    base,
    simulated,
    yahoo_ahead,
    yahoo_client,
    yahoo_rehearsal,
    yahoo_round,
    yahoo_rows,
)
from turbomode_assets.sources.yahoo_client import Client, Patience
from turbomode_assets.sources.yahoo_question import Question, require_addressable

OVERLAP = dt.timedelta(days=45)
"""How far a window reaches back over stored bars: late postings of splits, dividends
and missing sessions were seen up to some weeks after the day."""

_Step = tuple[yahoo_round.Wanted, yahoo_round.Wanted | None]
"""Who is asked for, and who comes next."""


class Yahoo:
    """Bars of the members of a universe, from Yahoo.

    Parameters
    ----------
    members
        Rows of `tables.UNIVERSE`; every symbol in it is fetched, also who has left,
        since its last signals are still to be graded.
    cache
        Private folder for cookies and the log of the child process.
    pace_seconds
        Shortest time between two symbols: one second is what users report as safe.
    patience
        When to wait, to ask again and to give up.
    client
        Who is asked; by default a child process for the length of each fetch.

    Raises
    ------
    errors.SettingsError
        Where a symbol cannot stand in an address.

    Examples
    --------
    >>> Yahoo(tables.UNIVERSE.empty(), pathlib.Path("cache")).symbols
    []
    """

    name: ClassVar[str] = "yahoo"
    is_revising: ClassVar[bool] = True

    def __init__(
        self,
        members: pl.DataFrame,
        cache: pathlib.Path,
        pace_seconds: float = 1.0,
        patience: Patience | None = None,
        client: Client | None = None,
    ) -> None:
        """Keep the settings; nothing is asked yet."""
        self.members = tables.UNIVERSE.conform(members)
        self.symbols = sorted(set(self.members["symbol"]))
        require_addressable(self.symbols)
        self.cache, self.pace_seconds = cache, pace_seconds
        self.patience = patience or Patience()
        self.client = client

    @classmethod
    def example(cls, folder: pathlib.Path) -> Self:
        """Three years of twelve artificial symbols, asked for without a network."""
        market = simulated.Simulated(n_symbols=12)
        bars = market.bars(dt.date(2020, 1, 1), dt.date(2022, 12, 31))
        members = market.universe(bars["session"][-1])
        traded = members.join(bars, on="symbol", how="semi")
        return cls(traded, folder, 0.0, client=yahoo_rehearsal.Rehearsal(bars))

    def fetch(self, request: base.Request) -> Iterator[base.Delivery]:
        """What traded, a few symbols at a time; see `base.Source.fetch`.

        A symbol whose stored bars reach the last final session, or its last ever, is
        not asked for.
        """
        span = yahoo_rows.Span.until(request.last, request.now)
        due = [
            _wanted(symbol, request)
            for symbol in self.symbols
            if self._is_due(symbol, request, span.last)
        ]
        route = list(itertools.zip_longest(due, due[1:]))
        with self._connected() as client:
            asked = yahoo_ahead.Ahead(client)
            tour = yahoo_round.Round(
                asked,
                lambda said, about: yahoo_round.judge(said, about.symbol, span),
                request.now,
                self.pace_seconds,
                self.patience,
            )
            for start in range(0, len(due), self.patience.chunk_symbols):
                chunk = route[start : start + self.patience.chunk_symbols]
                yield _visit_all(tour, chunk, request)

    def universe(self, as_of: dt.date) -> pl.DataFrame:
        """Who belonged, as known at `as_of`; see `base.Source.universe`."""
        ends = ("valid_to", "delisted_on")
        return tables.UNIVERSE.conform(
            self.members.filter(pl.col("valid_from") <= as_of).with_columns(
                pl.when(pl.col(end) < as_of).then(end).alias(end) for end in ends
            )
        )

    @functools.cached_property
    def _ends(self) -> dict[str, dt.date | None]:
        """Last session each symbol ever traded in; None while it trades."""
        ended = pl.col("delisted_on")
        known = pl.when(ended.is_not_null().all()).then(ended.max())
        return dict(self.members.group_by("symbol").agg(known).iter_rows())

    def _is_due(self, symbol: str, request: base.Request, last: dt.date) -> bool:
        stored = request.stored.get(symbol, request.since - dt.timedelta(days=1))
        return stored < min(last, self._ends[symbol] or last)

    def _connected(self) -> contextlib.AbstractContextManager[Client]:
        if self.client is not None:
            return contextlib.nullcontext(self.client)
        return yahoo_client.Child(self.cache, self.patience)


def _visit_all(
    tour: yahoo_round.Round, chunk: Sequence[_Step], request: base.Request
) -> base.Delivery:
    """One delivery: rows of the symbols and every attempt made for them."""
    n_before = len(tour.attempts)
    found = [(step[0].symbol, tour.visit(*step).rows) for step in chunk]
    rows = [r.with_columns(symbol=pl.lit(s)) for s, r in found if r is not None]
    made = pl.DataFrame(tour.attempts[n_before:]).drop("about")
    attempts = made.with_columns(
        source=pl.lit(Yahoo.name), session=pl.lit(request.last, pl.Date)
    )
    labels = (
        pl.lit(request.now, pl.Datetime("us", "UTC")).alias("known_at"),
        pl.lit(Yahoo.name).alias("source"),
    )
    return base.Delivery(
        rows=pl.concat(
            [market_tables.DELIVERED.empty(), *rows], how="diagonal"
        ).with_columns(labels),
        attempts=market_tables.ATTEMPTS.conform(attempts),
    )


def _wanted(symbol: str, request: base.Request) -> yahoo_round.Wanted:
    stored = request.stored.get(symbol)
    since = min(stored, request.first) - OVERLAP if stored else request.since
    return yahoo_round.Wanted(
        symbol=symbol,
        # Yahoo writes classes of shares after a hyphen.
        question=Question(symbol=symbol.replace(".", "-"), since=since),
        is_stored=stored is not None,
    )
