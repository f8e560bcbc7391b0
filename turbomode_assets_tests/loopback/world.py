"""A small market, and what Yahoo would have said of it at any moment.

How a chart comes about, and where each step lives:

1. `traded`     a listing to its bars as traded: the truth, rounded to cents
2. `posted`     what of its actions Yahoo has posted, and not withdrawn, by a moment
3. `World.answer`  the bars visible at `World.now`, divided by every split posted that
   lies after them; volume multiplied, dividends divided; `adjclose` from dividends
4. a listing that is renamed, gone or unknown is refused in Yahoo's words

Move time by setting `World.now`; nothing else changes between two fetches. The truth
to compare with is `World.truth`.

Nothing here knows a socket, a fault or the code that is tested.
"""

import dataclasses
import datetime as dt
import zlib
import zoneinfo
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from turbomode_assets import market_tables, sessions
from turbomode_assets_tests.loopback import reply

ZONE = zoneinfo.ZoneInfo("America/New_York")
ALWAYS = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
NEVER = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)


def at(day: dt.date, hour: int = 9, minute: int = 30) -> dt.datetime:
    """Moment of a day at the exchange, in UTC; by default the open."""
    local = dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)
    return local.astimezone(dt.UTC)


@dataclasses.dataclass(frozen=True)
class Split:
    """New shares per old one from `ex_on`; posted when Yahoo adjusts its history."""

    ex_on: dt.date
    ratio: float
    posted_at: dt.datetime = ALWAYS


@dataclasses.dataclass(frozen=True)
class Dividend:
    """Cash per share after a split of the same day, and when Yahoo knows of it."""

    ex_on: dt.date
    amount: float
    posted_at: dt.datetime = ALWAYS
    withdrawn_at: dt.datetime = NEVER


@dataclasses.dataclass(frozen=True)
class Gap:
    """Sessions without a bar: halted for ever, or lost until Yahoo finds them."""

    first: dt.date
    last: dt.date
    found_at: dt.datetime = NEVER


@dataclasses.dataclass(frozen=True, kw_only=True)
class Listing:
    """A company's shares and everything that happens to them.

    `symbol` holds from the first day until `renamed_at`, `later_symbol` from then on.
    """

    symbol: str
    first: dt.date
    last: dt.date = sessions.LAST_DAY
    gone_at: dt.datetime = NEVER
    splits: Sequence[Split] = ()
    dividends: Sequence[Dividend] = ()
    gaps: Sequence[Gap] = ()
    renamed_at: dt.datetime = NEVER
    later_symbol: str = ""

    def name_at(self, moment: dt.datetime) -> str:
        """Symbol Yahoo knows it by; empty once it has forgotten it."""
        if moment >= self.gone_at:
            return ""
        return self.later_symbol if moment >= self.renamed_at else self.symbol


class World:
    """Listings, and the moment at which Yahoo is asked.

    Parameters
    ----------
    listings
        Everything that ever trades.
    now
        In UTC; set it to move time.

    Examples
    --------
    >>> day = dt.date(2024, 7, 3)
    >>> world = World([Listing(symbol="AAA", first=day)], at(day, 18))
    >>> world.truth("AAA").height
    1
    """

    def __init__(self, listings: Sequence[Listing], now: dt.datetime) -> None:
        """Keep the listings; bars are made when they are asked for."""
        self.listings = tuple(listings)
        self.now = now

    def truth(self, symbol: str) -> pl.DataFrame:
        """What traded until now, whatever its name: a bar's columns with its key.

        A late-posted split counts from its day, a dividend withdrawn by now never, and
        a lost session traded all the same; a halted one did not.
        """
        for each in self.listings:
            if symbol in (each.symbol, each.later_symbol):
                known = traded(each, _last_open(self.now))
                lost = [gap for gap in each.gaps if gap.found_at == NEVER]
                bars = known.filter(~_is_in(lost)).with_columns(
                    _actions(each, self.now)
                )
                values = [column.name for column in market_tables.BAR_COLUMNS]
                return bars.select(pl.lit(symbol).alias("symbol"), "session", *values)
        message = f"{symbol} is not listed in this world"
        raise LookupError(message)

    def answer(self, symbol: str, since: int) -> reply.Reply:
        """Chart of a symbol from a second of the epoch on, as known now."""
        for each in self.listings:
            if symbol == each.name_at(self.now):
                return _chart(each, symbol, since, self.now)
        return reply.unknown()


def _chart(each: Listing, symbol: str, since: int, now: dt.datetime) -> reply.Reply:
    quoted = _quoted(each, now).filter(pl.col("stamp") >= since)
    if quoted.is_empty() and now.date() > each.last:
        reason = f"Data doesn't exist for startDate = {since}"
        return reply.refusal(400, "Bad Request", reason)
    names = ("open", "high", "low", "close", "volume")
    quote = {name: quoted[name].to_list() for name in names}
    result: dict[str, Any] = {
        "meta": _meta(symbol, now),
        "timestamp": quoted["stamp"].to_list(),
        "events": _events(each, since, now),
        "indicators": {
            "quote": [quote],
            "adjclose": [{"adjclose": quoted["adjclose"].to_list()}],
        },
    }
    return reply.chart(result)


def traded(each: Listing, last: dt.date) -> pl.DataFrame:
    """Bars of every session up to `last`, as traded, in whole cents."""
    days = sessions.sessions_between(each.first, min(last, each.last))
    dice = np.random.default_rng(zlib.crc32(each.symbol.encode()))
    # One row of draws a session: a later `last` never changes an earlier bar.
    draws = dice.standard_normal((len(days), 4))
    value = 100.0 * np.exp(np.cumsum(0.01 * draws[:, 0]))
    close = np.round(value / _split_so_far(each, days), 2)
    opened = np.round(close * (1 + 0.004 * draws[:, 1]), 2)
    columns = {
        "session": days,
        "open": opened,
        "high": np.round(np.maximum(opened, close) * 1.01, 2),
        "low": np.round(np.minimum(opened, close) * 0.99, 2),
        "close": close,
        "volume": np.round(1e6 * np.exp(0.3 * draws[:, 2])),
    }
    return pl.DataFrame(columns, schema_overrides={"session": pl.Date})


def _split_so_far(each: Listing, days: Sequence[dt.date]) -> np.ndarray[Any, Any]:
    table = np.array(days, dtype="datetime64[D]")
    factor = np.ones(table.size)
    for split in each.splits:
        factor[table >= np.datetime64(split.ex_on)] *= split.ratio
    return factor


def _last_open(now: dt.datetime) -> dt.date:
    """Last session that had opened."""
    day = sessions.on_or_before(now.astimezone(ZONE).date())
    return day if at(day) <= now else sessions.shift(day, -1)


def _is_in(gaps: Sequence[Gap]) -> pl.Expr:
    inside = [pl.col("session").is_between(gap.first, gap.last) for gap in gaps]
    return pl.any_horizontal(pl.lit(value=False), *inside)


def posted(each: Listing, now: dt.datetime) -> tuple[list[Split], list[Dividend]]:
    """Splits and dividends Yahoo shows: gone ex, posted and not withdrawn."""
    last = _last_open(now)
    splits = [s for s in each.splits if s.ex_on <= last and s.posted_at <= now]
    dividends = [
        d
        for d in each.dividends
        if d.ex_on <= last and d.posted_at <= now < d.withdrawn_at
    ]
    return splits, dividends


def _actions(each: Listing, now: dt.datetime) -> list[pl.Expr]:
    """Columns split_ratio and dividend as they were in truth."""
    ratio, cash, day = pl.lit(1.0), pl.lit(0.0), pl.col("session")
    for split in each.splits:
        ratio *= pl.when(day == split.ex_on).then(split.ratio).otherwise(1.0)
    for dividend in each.dividends:
        if dividend.withdrawn_at > now:
            cash += pl.when(day == dividend.ex_on).then(dividend.amount).otherwise(0.0)
    return [ratio.alias("split_ratio"), cash.alias("dividend")]


def _later(splits: Sequence[Split], day: pl.Expr) -> pl.Expr:
    factor = pl.lit(1.0)
    for split in splits:
        factor *= pl.when(day < split.ex_on).then(split.ratio).otherwise(1.0)
    return factor


def _quoted(each: Listing, now: dt.datetime) -> pl.DataFrame:
    """Visible bars as Yahoo adjusts them, with stamp and adjclose."""
    splits, _ = posted(each, now)
    missing = [gap for gap in each.gaps if now < gap.found_at]
    last = _last_open(now)
    later = _later(splits, pl.col("session"))
    bars = (
        traded(each, last)
        .filter(~_is_in(missing))
        .with_columns(
            pl.col("open", "high", "low", "close") / later,
            volume=pl.col("volume") * later,
            stamp=pl.col("session").map_elements(_stamp, return_dtype=pl.Int64),
        )
    )
    running = (pl.col("session") == last) & (now < sessions.close_at(last))
    # While a session runs, its bar ends at the latest trade and is stamped with it.
    bars = bars.with_columns(
        close=pl.when(running).then("open").otherwise("close"),
        volume=pl.when(running).then(pl.col("volume") / 2).otherwise("volume"),
        stamp=pl.when(running).then(int(now.timestamp())).otherwise("stamp"),
    )
    return bars.with_columns(adjclose=_adjusted(each, bars, now))


def _stamp(day: dt.date) -> int:
    return int(at(day).timestamp())


def _adjusted(each: Listing, bars: pl.DataFrame, now: dt.datetime) -> pl.Series:
    """Close less the dividends after it, the way Yahoo does it."""
    splits, dividends = posted(each, now)
    days = bars["session"].to_numpy().astype("datetime64[D]")
    adjusted = bars["close"].to_numpy().copy()
    close = adjusted.copy()
    for dividend in dividends:
        before = days < np.datetime64(dividend.ex_on)
        if before.any():
            later = np.prod([s.ratio for s in splits if s.ex_on > dividend.ex_on])
            adjusted[before] *= 1 - dividend.amount / later / close[before][-1]
    return pl.Series("adjclose", adjusted)


def _events(each: Listing, since: int, now: dt.datetime) -> dict[str, Any]:
    """Actions from `since` on; dividends divided by later splits."""
    splits, dividends = posted(each, now)
    found: dict[str, dict[str, Any]] = {"dividends": {}, "splits": {}}
    for dividend in dividends:
        later = float(np.prod([s.ratio for s in splits if s.ex_on > dividend.ex_on]))
        stamp = _stamp(dividend.ex_on)
        event = {"amount": dividend.amount / later, "date": stamp}
        found["dividends"][str(stamp)] = event
    for split in splits:
        stamp = _stamp(split.ex_on)
        up, down = (split.ratio, 1) if split.ratio >= 1 else (1, 1 / split.ratio)
        event = {"date": stamp, "numerator": up, "denominator": down}
        found["splits"][str(stamp)] = event | {"splitRatio": f"{up:g}:{down:g}"}
    late = {
        kind: {stamp: event for stamp, event in events.items() if int(stamp) >= since}
        for kind, events in found.items()
    }
    return {kind: events for kind, events in late.items() if events}


def _meta(symbol: str, now: dt.datetime) -> dict[str, Any]:
    """What Yahoo says of the symbol beside its prices, as far as anyone reads it."""
    return {
        "currency": "USD",
        "symbol": symbol,
        "exchangeName": "NYQ",
        "instrumentType": "EQUITY",
        "regularMarketTime": int(now.timestamp()),
        "timezone": now.astimezone(ZONE).tzname(),
        "exchangeTimezoneName": ZONE.key,
        "priceHint": 2,
        "currentTradingPeriod": {},
        "dataGranularity": "1d",
        "range": "",
        "validRanges": [
            "1d",
            "5d",
            "1mo",
            "3mo",
            "6mo",
            "1y",
            "2y",
            "5y",
            "10y",
            "max",
        ],
    }
