"""A day of an intraday desk, and what Yahoo would have said of it at any moment.

What Yahoo really does stands here, not in the code that is tested:

* `daily`      the bars of every session added up, as far back as there are any
* `_rounds`    a bar is stamped at its start and grows until it is over; after the bars
  comes the newest price under its own moment, without volume; an index runs late and
  trades in hours of its own; bars older than 60 days are refused, in Yahoo's words
* `_options`   the nearest expiry, or the one of the date asked for, and the list of all
* `_stories`   the newest stories, some of them of other companies

Move time by setting `DeskWorld.now`. The truths to compare with are `DeskWorld.bars`,
``.contracts`` and ``.told``.
"""

import datetime as dt
import json
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from turbomode_assets import rounds
from turbomode_assets.sources.yahoo_desk_rehearsal import (
    Object,
    render_options,
    render_rounds,
    render_stories,
)
from turbomode_assets.sources.yahoo_rehearsal import render
from turbomode_assets_tests.loopback import reply, world

SECONDS = 900
DAY = 86_400
KEPT = 60 * DAY
DELAY = 20 * 60
"""Seconds by which the price of an index is late."""

EXPIRIES = tuple(
    int(dt.datetime(2024, 7, day, tzinfo=dt.UTC).timestamp()) for day in (5, 12, 19, 26)
)
PRICES = ("open", "high", "low", "close")


class DeskWorld:
    """Symbols that trade every quarter of an hour.

    Parameters
    ----------
    symbols
        All there are; those that begin with ^ are indices.
    first
        First day of their bars.
    now
        In UTC; set it to move time.
    splits
        New shares per old one, by session.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        first: dt.date,
        now: dt.datetime,
        splits: Mapping[dt.date, float] | None = None,
    ) -> None:
        """Keep them; bars are made when they are asked for."""
        self.symbols, self.first, self.now = symbols, first, now
        self.splits = splits or {}

    def bars(self, symbol: str) -> pl.DataFrame:
        """Every bar that is over, as traded: stamp and `QUOTES`."""
        grown = self._grown(symbol)
        return grown.filter(pl.col("stamp") + SECONDS <= self._newest(symbol))

    def contracts(self, symbol: str, expiry: int) -> list[Object]:
        """Contracts of an expiry as they are quoted now; in the last no one traded."""
        moment = int(self.now.timestamp()) // 60
        found = []
        for place, strike in enumerate((95.0, 100.0, 105.0)):
            for right in ("call", "put"):
                bid = round(1.0 + (moment + place + len(symbol)) % 7 / 10, 2)
                contract: Object = {
                    "contractSymbol": f"{symbol}{expiry}{right}{strike}",
                    "right": right,
                    "strike": strike,
                    "currency": "USD",
                    "lastPrice": bid + 0.05,
                    "openInterest": 40 + place,
                    "bid": bid,
                    "ask": bid + 0.1,
                    "contractSize": "REGULAR",
                    "expiration": expiry,
                    "impliedVolatility": 0.25,
                    "inTheMoney": False,
                }
                found.append(contract | ({"volume": 10 + place} if place < 2 else {}))
        return found

    def told(self, symbol: str) -> list[tuple[int, str]]:
        """Stories of a symbol so far: one before the open, one every two hours."""
        today = self.now.astimezone(world.ZONE).date()
        opened = int(rounds.between(today, today)["ends_at"][0].timestamp())
        moments = [opened - 5 * 3600 + 7200 * i for i in range(8)]
        return [
            (moment, f"{symbol} wins contract {moment // 3600 % 24}")
            for moment in moments
            if moment <= self.now.timestamp()
        ]

    def answer(self, asked: reply.Asked) -> reply.Reply:
        """What Yahoo says."""
        if asked.symbol not in self.symbols:
            return reply.unknown()
        ways = {
            "rounds": self._rounds,
            "options": self._options,
            "headlines": self._stories,
        }
        return ways[asked.about](asked)

    def daily(self, symbol: str, since: int) -> reply.Reply:
        """Daily chart from a second of the epoch on: every session's bars added up."""
        if symbol not in self.symbols:
            return reply.unknown()
        return reply.as_json(render(self.days(symbol).filter(_close() >= since)))

    def days(self, symbol: str) -> pl.DataFrame:
        """Columns of `tables.BARS` a daily chart is rendered from, without splits."""
        bars = self.bars(symbol).with_columns(
            pl.from_epoch("stamp").dt.date().alias("session")
        )
        return bars.group_by("session", maintain_order=True).agg(
            pl.lit(symbol).alias("symbol"),
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
            dividend=pl.lit(0.0),
            split_ratio=pl.lit(1.0),
        )

    def _newest(self, symbol: str) -> int:
        late = DELAY if symbol.startswith("^") else 0
        return int(self.now.timestamp()) - late

    def _grown(self, symbol: str) -> pl.DataFrame:
        """Bars that have begun, as far as Yahoo knows; the last may not be over."""
        newest = self._newest(symbol)
        grid = rounds.between(self.first, self.now.date())
        stamps = grid["ends_at"].dt.epoch("s").to_numpy() - SECONDS
        dice = np.random.default_rng(zlib.crc32(symbol.encode()))
        # One row of draws a round: a later end never changes an earlier bar.
        draws = dice.standard_normal((stamps.size, 3))
        close = 100.0 * np.exp(np.cumsum(0.002 * draws[:, 0]))
        for day, ratio in self.splits.items():
            close[(grid["session"] >= day).to_numpy()] /= ratio
        opened = close * (1 + 0.001 * draws[:, 1])
        frame = pl.DataFrame(
            {
                "stamp": stamps,
                "open": opened,
                "high": np.maximum(opened, close) * 1.001,
                "low": np.minimum(opened, close) * 0.999,
                "close": close,
                "volume": np.round(1e5 * np.exp(0.3 * draws[:, 2])),
            }
        ).filter(pl.col("stamp") < newest)
        is_running = pl.col("stamp") + SECONDS > newest
        return frame.with_columns(
            close=pl.when(is_running).then("open").otherwise("close"),
            volume=pl.when(is_running).then(pl.col("volume") / 2).otherwise("volume"),
        )

    def _rounds(self, asked: reply.Asked) -> reply.Reply:
        since = int(asked.query["period1"])
        if since < self.now.timestamp() - KEPT:
            until = asked.query["period2"]
            reason = (
                f"15m data not available for startTime={since} and endTime={until}. "
                "The requested range must be within the last 60 days."
            )
            return reply.refusal(422, "Unprocessable Entity", reason)
        grown = self._grown(asked.symbol).filter(pl.col("stamp") >= since)
        newest = self._newest(asked.symbol)
        chart = self._with_newest_price(grown, newest)
        if asked.symbol.startswith("^"):
            night = grown.head(1).with_columns(pl.col("stamp") - SECONDS * 5)
            chart = pl.concat([night, chart])
        ends = {day: int(_opens(day)) for day in self.splits if day <= self.now.date()}
        splits = {ends[day]: self.splits[day] for day in ends}
        return reply.as_json(render_rounds(asked.symbol, chart, newest, splits))

    def _with_newest_price(self, grown: pl.DataFrame, newest: int) -> pl.DataFrame:
        """Bars, and the newest price under its own moment while the session runs."""
        last = grown.tail(1)
        if last.is_empty() or newest >= last["stamp"][0] + SECONDS * 2:
            return grown
        close = pl.col("close")
        price = last.with_columns(
            stamp=pl.lit(newest),
            volume=pl.lit(0.0),
            **dict.fromkeys(PRICES, close),
        )
        return pl.concat([grown, price.cast(dict(grown.schema))])  # type: ignore[arg-type]

    def _options(self, asked: reply.Asked) -> reply.Reply:
        expiry = int(asked.query.get("date", EXPIRIES[0]))
        contracts = self.contracts(asked.symbol, expiry)
        return reply.as_json(render_options(asked.symbol, EXPIRIES, contracts))

    def _stories(self, asked: reply.Asked) -> reply.Reply:
        own = [
            {
                "title": title,
                "providerPublishTime": at,
                "relatedTickers": ["^X", asked.symbol],
            }
            for at, title in self.told(asked.symbol)
        ]
        moment = int(self.now.timestamp()) - 60
        others = [
            {
                "title": "Others rise",
                "providerPublishTime": moment,
                "relatedTickers": ["OTHER"],
            },
            {"title": "Stocks rise", "providerPublishTime": moment},
        ]
        return reply.as_json(render_stories([*own, *others][::-1]))


def _close() -> pl.Expr:
    """Second of the epoch at which the day of a session ends in UTC."""
    return pl.col("session").cast(pl.Datetime).dt.epoch("s") + DAY


def _opens(day: dt.date) -> float:
    opened: dt.datetime = rounds.between(day, day)["ends_at"][0]
    return opened.timestamp() - SECONDS


def body(said: reply.Reply) -> Object:
    """The object a reply holds."""
    found: Object = json.loads(said.body)
    return found
