"""The Yahoo source of the intraday desk: rounds, options and stories, by yfinance.

Turns a span of days into one delivery, in order:

1. `IntradayYahoo._visits`  what is asked: bars of every name the desk looks at; options
   and stories of those it predicts, where the days asked for reach the present
2. `yahoo_round.Round`      asks one question after the other, and gives up
3. `_judge`                 reads with `yahoo_quarters`, `yahoo_options`, `yahoo_news`

Yahoo keeps 60 days of 15-minute bars; of what lies further back there are daily bars,
and an attempt with the result ``unavailable``. Bars always run to the present, for
their splits to be complete. Option quotes are those of the present and belong to the
last round that has ended: exchanges let them out fifteen minutes late, so none is
younger than that round. No storing and no judging of rows.

Yahoo's data are for personal use; its terms forbid passing them on.
"""

import contextlib
import dataclasses
import datetime as dt
import functools
import pathlib
import zoneinfo
from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl

from turbomode_assets import intraday_tables, market_tables, rounds
from turbomode_assets.intraday_policy import DeskPolicy
from turbomode_assets.schema import Table
from turbomode_assets.sources import (
    intraday_base,
    yahoo_chart,
    yahoo_client,
    yahoo_desk_rehearsal,
    yahoo_news,
    yahoo_options,
    yahoo_quarters,
    yahoo_rows,
)
from turbomode_assets.sources.yahoo_ahead import Ahead
from turbomode_assets.sources.yahoo_client import Answer, Client, Patience
from turbomode_assets.sources.yahoo_question import (
    About,
    Question,
    require_addressable,
)
from turbomode_assets.sources.yahoo_round import (
    Reading,
    Round,
    Verdict,
    Wanted,
    judge,
    weigh,
)

KEPT = dt.timedelta(days=60)
"""How far back Yahoo gives bars of fifteen minutes."""

EXPIRIES = 8
"""Nearest expiries whose options are asked for: two months of weekly ones, beyond which
no voter looks. Each is a question, and a round lasts fifteen minutes."""

PROMPT = Patience(fetch_seconds=600.0, longest_wait_seconds=120.0)
"""Patience of the desk: what is not answered within ten minutes is left to the next
round, which is due in fifteen."""

_ZONE = zoneinfo.ZoneInfo(yahoo_chart.ZONE)


class IntradayYahoo:
    """What the desk looks at, from Yahoo.

    Parameters
    ----------
    desk
        Who is predicted, and who is looked at beside, by their names at Yahoo.
    cache
        Private folder for cookies and the log of the child process.
    pace_seconds
        Shortest time between two questions: one second is what users report as safe.
    patience
        When to wait, to ask again and to give up.
    client
        Who is asked; by default a child process for the length of each fetch.

    Raises
    ------
    errors.SettingsError
        Where a symbol cannot stand in an address.
    """

    name: ClassVar[str] = "intraday_yahoo"

    def __init__(
        self,
        desk: DeskPolicy,
        cache: pathlib.Path,
        pace_seconds: float = 1.0,
        patience: Patience = PROMPT,
        client: Client | None = None,
    ) -> None:
        """Keep the settings; nothing is asked yet."""
        require_addressable(desk.names)
        self.desk, self.cache, self.pace_seconds = desk, cache, pace_seconds
        self.patience, self.client = patience, client

    @classmethod
    def example(cls, folder: pathlib.Path) -> Self:
        """A desk of artificial prices, asked for without a network."""
        desk = DeskPolicy()
        rehearsal = yahoo_desk_rehearsal.DeskRehearsal.of(desk)
        return cls(desk, folder, 0.0, client=rehearsal)

    def fetch_rounds(
        self, first: dt.date, last: dt.date, now: dt.datetime
    ) -> intraday_base.Delivery:
        """See `intraday_base.IntradaySource.fetch_rounds`."""
        span = Span(first, last, now)
        with self._connected() as client:
            asked, judging = Ahead(client), functools.partial(_judge, span=span)
            tour = Round(asked, judging, now, self.pace_seconds, self.patience)
            tour.attempts.extend(self._out_of_reach(span))
            found = list(self._visits(tour, span))
        bars = _stacked(found, "rounds", intraday_tables.DELIVERED)
        stories = _stacked(found, "headlines", intraday_tables.DELIVERED_HEADLINES)
        return intraday_base.Delivery(
            bars=bars.filter(span.holds(bars["stamped_at"])),
            headlines=stories.filter(span.holds(stories["published_at"])),
            chains=_stacked(found, "options", intraday_tables.DELIVERED_CHAINS),
            daily=_stacked(found, "daily", market_tables.DELIVERED),
            attempts=_attempts(tour.attempts, last),
        )

    def _visits(
        self, tour: Round, span: "Span"
    ) -> Iterator[tuple[About, pl.DataFrame | None]]:
        """Rows of every question; of a symbol's options, as many as expiries."""
        for symbol in self.desk.names if span.first < span.since else ():
            about = Question(symbol=symbol, about="daily", since=span.first)
            yield "daily", tour.visit(_wanted(about)).rows
        for symbol in self.desk.names if span.since <= span.last else ():
            about = Question(symbol=symbol, about="rounds", since=span.since)
            yield "rounds", tour.visit(_wanted(about)).rows
        for symbol in self.desk.symbols if span.reaches_quotes else ():
            nearest = Question(symbol=symbol, about="options")
            said = tour.visit(_wanted(nearest))
            yield "options", said.rows
            for expires_on in said.further[1:EXPIRIES]:
                other = dataclasses.replace(nearest, expires_on=expires_on)
                yield "options", tour.visit(_wanted(other)).rows
        for symbol in self.desk.symbols if span.reaches_stories else ():
            about = Question(symbol=symbol, about="headlines")
            yield "headlines", tour.visit(_wanted(about)).rows

    def _out_of_reach(self, span: "Span") -> list[dict[str, object]]:
        """An attempt for every name whose bars Yahoo keeps no longer."""
        if span.first >= span.since:
            return []
        kept = f"Yahoo keeps 15-minute bars for {KEPT.days} days"
        lost = {
            "about": "rounds",
            "asked_at": span.now,
            "attempt": 1,
            "ended_at": span.now,
            "result": "unavailable",
            "detail": f"{span.first} to {span.lost_to}: {kept}",
            "n_rows": 0,
        }
        return [{"symbol": symbol, **lost} for symbol in self.desk.names]

    def _connected(self) -> contextlib.AbstractContextManager[Client]:
        if self.client is not None:
            return contextlib.nullcontext(self.client)
        return yahoo_client.Child(self.cache, self.patience)


@dataclasses.dataclass(frozen=True)
class Span:
    """Days asked for, and when.

    Examples
    --------
    >>> noon = dt.datetime(2024, 7, 3, 16, 2, tzinfo=dt.UTC)
    >>> Span(dt.date(2024, 1, 2), dt.date(2024, 7, 3), noon).since.isoformat()
    '2024-05-05'
    """

    first: dt.date
    last: dt.date
    now: dt.datetime

    @property
    def since(self) -> dt.date:
        """First day asked for: the first that Yahoo keeps from its midnight on."""
        kept = (self.now - KEPT).astimezone(_ZONE).date() + dt.timedelta(days=1)
        return max(self.first, kept)

    @property
    def lost_to(self) -> dt.date:
        """Last day before those, of which there are daily bars alone."""
        return min(self.last, self.since - dt.timedelta(days=1))

    @property
    def moment(self) -> tuple[dt.date, int]:
        """Session and minute of the last round that has ended."""
        ended = rounds.named(np.array([rounds.ended_by(self.now)]))
        return ended["session"][0], ended["minute"][0]

    @property
    def reaches_quotes(self) -> bool:
        """Whether quotes of the present are of a session asked for."""
        return self.first <= self.moment[0] <= self.last

    @property
    def reaches_stories(self) -> bool:
        """Whether stories of the present are."""
        known = rounds.first_ending_after(pl.Series([self.now]))
        return self.first <= rounds.named(known)["session"][0] and (
            self.last >= self.moment[0]
        )

    def holds(self, moments: pl.Series) -> pl.Series:
        """Whether each moment, in UTC, is over and first known in a session asked for.

        True of what is no moment: it may be of any session.
        """
        known = rounds.first_ending_after(
            moments.fill_null(self.now).clip(None, self.now)
        )
        sessions = rounds.named(known)["session"]
        is_asked = sessions.is_between(self.first, self.last) & (moments <= self.now)
        return is_asked | moments.is_null()


def _wanted(question: Question) -> Wanted:
    # Unknown symbols are asked for again in the next round, not in this one.
    return Wanted(symbol=question.symbol, question=question, is_stored=False)


def _judge(answer: Answer, question: Question, *, span: Span) -> Verdict:
    """What an answer to any question of the desk amounts to."""
    symbol = question.symbol
    labels = {"symbol": symbol, "known_at": span.now, "source": IntradayYahoo.name}
    if question.about == "options":
        session, minute = span.moment
        labels |= {"session": session, "minute": minute}
        return weigh(answer, lambda body: yahoo_options.read(body, symbol, labels))
    if question.about == "headlines":
        return weigh(answer, lambda body: yahoo_news.read(body, symbol, labels))
    if question.about == "daily":
        said = judge(answer, symbol, yahoo_rows.Span.until(span.lost_to, span.now))
        return dataclasses.replace(said, rows=_labeled(said.rows, labels))
    return weigh(answer, lambda body: _read_rounds(body, labels, span.now))


def _labeled(rows: pl.DataFrame | None, labels: dict[str, Any]) -> pl.DataFrame | None:
    """Rows of `yahoo_rows.rebuild` as rows of `market_tables.DELIVERED`."""
    if rows is None:
        return None
    table = market_tables.DELIVERED
    told = rows.with_columns(
        pl.lit(value).alias(name) for name, value in labels.items()
    )
    return table.empty().vstack(told.select(table.column_names))


def _read_rounds(body: str, labels: dict[str, Any], now: dt.datetime) -> Reading:
    chart = yahoo_chart.parse(body)
    table = intraday_tables.DELIVERED
    refusal = yahoo_chart.explanation(chart)
    if refusal:
        return Reading(rows=table.empty(), refusal=refusal)
    quoted = yahoo_chart.read(chart, labels["symbol"], "15m")
    rows = yahoo_quarters.rebuild(quoted, now).with_columns(
        pl.lit(value).alias(name) for name, value in labels.items()
    )
    return Reading(
        rows=table.empty().vstack(rows.select(table.column_names)),
        may_be_empty=quoted.stamps.size > 0,
    )


def _stacked(
    found: list[tuple[About, pl.DataFrame | None]], about: About, table: Table
) -> pl.DataFrame:
    own = [rows for each, rows in found if each == about and rows is not None]
    return pl.concat([table.empty(), *own])


def _attempts(made: list[dict[str, object]], last: dt.date) -> pl.DataFrame:
    table = intraday_tables.FETCHES
    if not made:
        return table.empty()
    labels = {
        "source": pl.lit(IntradayYahoo.name),
        "session": pl.lit(last, pl.Date),
    }
    return table.conform(pl.DataFrame(made).with_columns(**labels))
