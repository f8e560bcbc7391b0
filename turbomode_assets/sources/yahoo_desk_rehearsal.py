"""Yahoo without Yahoo, for the intraday desk: answers in Yahoo's own format.

Turns bars of fifteen minutes, option quotes and stories into the texts Yahoo would send
(`render_*`), and two months of artificial ones into a client that needs neither network
nor process: what the contract suite asks the source for. The way back, in
`yahoo_quarters.py`, `yahoo_options.py` and `yahoo_news.py`, shares nothing with this.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from turbomode_assets import rounds
from turbomode_assets.intraday_policy import DeskPolicy
from turbomode_assets.sources.yahoo_client import Answer, Pending
from turbomode_assets.sources.yahoo_question import Question

FIRST, LAST = dt.date(2024, 2, 1), dt.date(2024, 3, 28)
"""Days of which a rehearsal has bars."""

QUOTES = ("open", "high", "low", "close", "volume")

Object = dict[str, Any]

_SECONDS = rounds.MINUTES * 60
_EXPIRY = int(dt.datetime(2024, 6, 21, tzinfo=dt.UTC).timestamp())
_CALL = {
    "right": "call",
    "strike": 100.0,
    "expiration": _EXPIRY,
    "bid": 4.9,
    "ask": 5.1,
    "lastPrice": 5.0,
    "volume": 20,
    "openInterest": 300,
    "impliedVolatility": 0.25,
    "contractSize": "REGULAR",
    "currency": "USD",
}
_PUT = _CALL | {"right": "put"}
_STORY = {
    "title": "Record contract won",
    "providerPublishTime": int(dt.datetime(2024, 3, 8, 13, tzinfo=dt.UTC).timestamp()),
}


class DeskRehearsal:
    """A client that answers from bars.

    Parameters
    ----------
    bars
        Columns symbol, stamp (second of the epoch at which the bar begins) and
        `QUOTES`; all that is ever known.
    """

    def __init__(self, bars: pl.DataFrame) -> None:
        """Keep the bars."""
        self.bars = {
            symbol: rows for (symbol,), rows in bars.sort("stamp").group_by("symbol")
        }

    @classmethod
    def of(cls, desk: DeskPolicy) -> "DeskRehearsal":
        """Rehearsal in which every name of a desk wanders about 100 dollars."""
        starts = rounds.between(FIRST, LAST)["ends_at"].dt.epoch("s") - _SECONDS
        step = pl.int_range(pl.len())
        parts = [
            pl.DataFrame({"stamp": starts}).with_columns(
                symbol=pl.lit(name), open=100.0 + (step * (place + 3) % 11) / 8
            )
            for place, name in enumerate(desk.names)
        ]
        bars = pl.concat(parts).with_columns(
            high=pl.col("open") + 0.5,
            low=pl.col("open") - 0.5,
            close=pl.col("open") + 0.25,
            volume=pl.lit(1000.0),
        )
        return cls(bars)

    def begin(self, question: Question) -> Pending:
        """Ask; see `yahoo_client.Client.begin`."""
        said = json.dumps(self._said(question))
        return lambda: Answer(status=200, body=said)

    def _said(self, question: Question) -> Object:
        if question.about == "headlines":
            return render_stories([_STORY | {"relatedTickers": [question.symbol]}])
        if question.about == "options":
            return render_options(question.symbol, [_EXPIRY], [_CALL, _PUT])
        rows = self.bars[question.symbol]
        since = question.since or FIRST
        later = rows.filter(pl.from_epoch("stamp").dt.date() >= since)
        return render_rounds(question.symbol, later, int(later["stamp"][-1]) + _SECONDS)


def render_rounds(
    symbol: str,
    bars: pl.DataFrame,
    priced_at: int,
    splits: Mapping[int, float] | None = None,
) -> Object:
    """Chart of 15-minute bars of one symbol, as Yahoo gives it.

    Parameters
    ----------
    symbol
        Symbol as Yahoo spells it.
    bars
        Columns stamp and `QUOTES`, ascending, as traded.
    priced_at
        Second of the epoch of the newest price.
    splits
        New shares per old one, by the second at which their session opens.
    """
    known = splits or {}
    stamps = bars["stamp"].to_numpy()
    later = np.ones(stamps.size)
    for second, ratio in known.items():
        later[stamps < second] *= ratio
    quote = {name: (bars[name].to_numpy() / later).tolist() for name in QUOTES[:4]}
    quote["volume"] = (bars["volume"].to_numpy() * later).tolist()
    periods = [[{"timezone": "EST", "start": 0, "end": priced_at, "gmtoffset": -18000}]]
    meta = {
        "currency": "USD",
        "symbol": symbol,
        "instrumentType": "INDEX" if symbol.startswith("^") else "EQUITY",
        "regularMarketTime": priced_at,
        "exchangeTimezoneName": "America/New_York",
        "dataGranularity": "15m",
        "tradingPeriods": periods,
        "validRanges": ["1d", "5d"],
    }
    events = {
        str(second): {"date": second, "numerator": ratio, "denominator": 1}
        for second, ratio in known.items()
    }
    result = {
        "meta": meta,
        "timestamp": stamps.tolist(),
        "events": {"splits": events},
        "indicators": {"quote": [quote]},
    }
    return {"chart": {"result": [result], "error": None}}


def render_options(
    symbol: str, expiries: Sequence[int], contracts: Iterable[Object]
) -> Object:
    """Options of one expiry, as Yahoo gives them.

    Parameters
    ----------
    symbol
        Symbol as Yahoo spells it.
    expiries
        Every expiry there is, as seconds of the epoch.
    contracts
        Yahoo's own fields, and `right`.
    """
    sides: dict[str, list[Object]] = {"call": [], "put": []}
    for contract in contracts:
        fields = {name: cell for name, cell in contract.items() if name != "right"}
        sides[contract["right"]].append(fields)
    page = {"calls": sides["call"], "puts": sides["put"]}
    result = {
        "underlyingSymbol": symbol,
        "expirationDates": list(expiries),
        "quote": {"symbol": symbol},
        "options": [page] if expiries else [],
    }
    return {"optionChain": {"result": [result], "error": None}}


def render_stories(stories: Iterable[Object]) -> Object:
    """What a search finds, as Yahoo gives it."""
    return {"quotes": [], "news": list(stories)}
