"""Everything a voter may see at a moment, and how it is cut out of the tables.

`History.of` lays the stored rows out as arrays once; `History.at` cuts one moment out
of them. A snapshot holds copies that end at its moment, never a view that goes on, so
that a voter cannot look ahead. Building one for any past moment gives what was known
then: of bars, those that `knowledge.at` gives to `History.of`.

Prices are as traded, those before a split in the shares of the snapshot's session. A
session without rounds shows its daily bar, from the session after it on. No vote, no
weight and no label here.
"""

import dataclasses
import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import errors, intraday_tables, rounds
from turbomode_assets.intraday import bar_arrays
from turbomode_assets.intraday_policy import DeskPolicy

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

_QUOTES = ("bid", "ask", "last", "traded", "open_interest", "implied_vol")


@dataclasses.dataclass(frozen=True)
class Headline:
    """A title and its age in minutes."""

    age: float
    title: str
    tone: float | None = None
    """Tone in [-1, 1] by a language model; None where a lexicon is to read it."""


@dataclasses.dataclass(frozen=True, eq=False)
class Chain:
    """Option quotes of one moment; one entry per contract, NaN where not quoted."""

    age: float
    """Session minutes since the quotes were taken."""

    days: Floats
    """Days from the session to the expiry."""

    strike: Floats
    is_call: npt.NDArray[np.bool_]
    bid: Floats
    ask: Floats
    last: Floats
    traded: Floats
    open_interest: Floats
    implied_vol: Floats


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """What could be known of `symbol` at the end of a round."""

    desk: DeskPolicy
    """Who is who; its `names` are the rows of `daily`."""

    symbol: str
    session: dt.date
    minute: int

    daily: Floats
    """Shape (n_names, 5, n_sessions): `bar_arrays.FIELDS` of the last sessions; the
    last column is the session so far, NaN where nothing traded."""

    ages: Floats
    """Session minutes since each name's newest bar; infinite where there is none."""

    headlines: tuple[Headline, ...]
    """Headlines of the symbol, newest first."""

    chain: Chain | None
    """Newest option quotes of the symbol, or None."""

    def bars(self, name: str) -> Floats:
        """Daily bars of `name`, shape (5, n), oldest first; those that traded.

        The last is the session so far. A name the desk does not know has none.
        """
        return _traded(self._rows(name))

    def whole(self, name: str) -> Floats:
        """As `bars`, without the session so far."""
        return _traded(self._rows(name)[:, :-1])

    def closes(self, name: str) -> Floats:
        """Closes of `name`, shape (n,), oldest first; the last is the newest price."""
        closes: Floats = self.bars(name)[3]
        return closes

    def together(self, name: str, other: str) -> Floats:
        """Closes of two symbols in the sessions both traded in, shape (2, n)."""
        pair = np.stack([self._rows(name)[3], self._rows(other)[3]])
        both: Floats = pair[:, np.isfinite(pair).all(axis=0)]
        return both

    def age(self, name: str) -> float:
        """Session minutes since the newest bar of `name`; infinite without one."""
        names = self.desk.names
        return float(self.ages[names.index(name)]) if name in names else np.inf

    def _rows(self, name: str) -> Floats:
        names = self.desk.names
        if name not in names:
            return np.full(self.daily.shape[1:], np.nan)
        rows: Floats = self.daily[names.index(name)]
        return rows


def _traded(bars: Floats) -> Floats:
    return bars[:, np.isfinite(bars[3])]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class _Told:
    """Headlines of one symbol, in the order of their publication."""

    known: Places
    """Round that could first know each."""

    published: Places
    """Microseconds since 1970."""

    titles: list[str]
    tones: list[float | None]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class _Quoted:
    """Chains of one symbol: where each begins, its round, and the columns of all."""

    known: Places
    begins: Places
    columns: dict[str, Floats]


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """Stored rows as arrays over all rounds from the first session to the last."""

    desk: DeskPolicy
    grid: pl.DataFrame
    """Columns of `rounds.between`."""

    so_far: Floats
    """Shape (n_names, 5, n_rounds): each session's bar up to the end of the round."""

    sessions_done: Floats
    """Shape (n_names, 5, n_sessions): the bar of each whole session."""

    shares: Floats
    """Shape (n_names, n_sessions): shares that one of the first session has become."""

    session_of: Places
    """Place of each round's session."""

    newest: Places
    """Shape (n_names, n_rounds): place of the newest bar, -1 before the first."""

    told: dict[str, _Told]
    quoted: dict[str, _Quoted]

    @classmethod
    def of(
        cls,
        desk: DeskPolicy,
        bars: pl.DataFrame,
        headlines: pl.DataFrame,
        chains: pl.DataFrame,
        daily: pl.DataFrame | None = None,
    ) -> "History":
        """Lay out what the desk looks at.

        Parameters
        ----------
        desk
            Which symbols there are, and how far back a snapshot reaches.
        bars, headlines, chains
            Rows of `intraday_tables.BARS`, ``.HEADLINES`` and ``.CHAINS``; of several
            revisions of a bar the last known counts.
        daily
            Rows of `intraday_tables.DAILY_BARS`, for sessions without rounds.

        Raises
        ------
        errors.MissingUpstream
            Where there is no bar at all.
        """
        if bars.is_empty():
            message = (
                "expected bars of the desk's symbols, found none: fetch them first"
            )
            raise errors.MissingUpstream(message)
        whole = intraday_tables.DAILY_BARS.empty() if daily is None else daily
        grid = bar_arrays.grid(bars, whole, desk.lookback_sessions)
        raw = bar_arrays.of_rounds(desk.names, bars, grid)
        session_of = (grid["session"].rank("dense").to_numpy() - 1).astype(np.int64)
        so_far = bar_arrays.so_far(raw, grid["minute"].to_numpy())
        closing = np.flatnonzero(np.diff(session_of, append=session_of[-1] + 1))
        days = grid["session"].gather(closing)
        own = bar_arrays.of_days(desk.names, whole, days)
        is_own = np.isnan(so_far[:, 3, closing])
        place = np.where(np.isfinite(raw[:, 3]), np.arange(grid.height), -1)
        bar_arrays.mark(place, is_own & np.isfinite(own[:, 3]), closing)
        origin = int(grid["round"][0])
        return cls(
            desk=desk,
            grid=grid,
            so_far=so_far,
            sessions_done=np.where(is_own[:, None], own, so_far[:, :, closing]),
            shares=bar_arrays.shares(desk.names, [whole, bars], days),
            session_of=session_of,
            newest=np.maximum.accumulate(place, axis=1),
            told={s: _headlines(s, headlines, origin) for s in desk.symbols},
            quoted={s: _chains(s, chains, origin) for s in desk.symbols},
        )

    def at(self, symbol: str, number: int) -> Snapshot:
        """What could be known of `symbol` at the end of round `number`."""
        place = number - int(self.grid["round"][0])
        session, minute, _, ends_at = self.grid.row(place)
        day = int(self.session_of[place])
        start = max(0, day + 1 - self.desk.lookback_sessions)
        today = self.so_far[:, :, place, None]
        newest = self.newest[:, place]
        ages = (place - newest) * float(rounds.MINUTES)
        return Snapshot(
            desk=self.desk,
            symbol=symbol,
            session=session,
            minute=minute,
            daily=np.concatenate([self._whole(start, day), today], axis=2),
            ages=np.where(newest < 0, np.inf, ages),
            headlines=self._headlines_at(symbol, place, ends_at),
            chain=self._chain_at(symbol, place, session),
        )

    def _whole(self, start: int, day: int) -> Floats:
        """Whole sessions before `day`, in the shares of `day`."""
        found = self.sessions_done[:, :, start:day].copy()
        now_one = self.shares[:, day, None] / self.shares[:, start:day]
        found[:, :4] /= now_one[:, None]
        found[:, 4] *= now_one
        return found

    def _headlines_at(
        self, symbol: str, place: int, now: dt.datetime
    ) -> tuple[Headline, ...]:
        told, moment = self.told[symbol], int(now.timestamp()) * 1_000_000
        span = [moment - int(self.desk.headline_hours * 3600e6), moment]
        first = int(np.searchsorted(told.published, span[0], side="left"))
        end = int(np.searchsorted(told.published, span[1], side="right"))
        known = first + np.flatnonzero(told.known[first:end] <= place)
        return tuple(
            Headline((moment - int(told.published[i])) / 60e6, told.titles[i], tone)
            for i in known[::-1][: self.desk.n_headlines].tolist()
            for tone in [told.tones[i]]
        )

    def _chain_at(self, symbol: str, place: int, session: dt.date) -> Chain | None:
        quoted = self.quoted[symbol]
        newest = int(np.searchsorted(quoted.known, place, side="right")) - 1
        if newest < 0:
            return None
        rows = slice(int(quoted.begins[newest]), int(quoted.begins[newest + 1]))
        part = {name: values[rows].copy() for name, values in quoted.columns.items()}
        expires = part.pop("expires")
        return Chain(
            age=(place - int(quoted.known[newest])) * float(rounds.MINUTES),
            days=expires - (session - dt.date(1970, 1, 1)).days,
            is_call=part.pop("is_call").astype(np.bool_),
            **part,
        )


def _headlines(symbol: str, rows: pl.DataFrame, origin: int) -> _Told:
    own = rows.filter(pl.col("symbol") == symbol).sort("published_at", "title")
    return _Told(
        known=rounds.numbers(own) - origin,
        published=own["published_at"].to_physical().to_numpy(),
        titles=own["title"].to_list(),
        tones=own["tone"].to_list(),
    )


def _chains(symbol: str, rows: pl.DataFrame, origin: int) -> _Quoted:
    own = rows.filter(pl.col("symbol") == symbol)
    own = own.sort("session", "minute", "expires_on", "strike", "right")
    known, begins = np.unique(rounds.numbers(own) - origin, return_index=True)
    columns = {
        "expires": own["expires_on"].to_physical().to_numpy().astype(np.float64),
        "strike": own["strike"].to_numpy(),
        "is_call": (own["right"] == "call").to_numpy().astype(np.float64),
    } | {name: own[name].fill_null(np.nan).to_numpy() for name in _QUOTES}
    return _Quoted(
        known=known.astype(np.int64),
        begins=np.append(begins, own.height).astype(np.int64),
        columns=columns,
    )
