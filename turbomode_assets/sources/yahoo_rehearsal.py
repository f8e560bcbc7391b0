"""Yahoo without Yahoo: bars one has, answered in Yahoo's own format.

Turns bars as traded into a client that needs neither network nor process: what the
contract suite asks the Yahoo source for. The way back, from a chart to bars, stands in
`yahoo_rows.py` and shares nothing with this.
"""

import datetime as dt
import functools
import json
import zoneinfo
from typing import Any

import polars as pl

from turbomode_assets.sources.yahoo_client import Answer, Pending
from turbomode_assets.sources.yahoo_question import Question

_OPENS = dt.time(9, 30, tzinfo=zoneinfo.ZoneInfo("America/New_York"))


class Rehearsal:
    """A client that answers from bars as traded.

    Parameters
    ----------
    bars
        Columns of `tables.BARS`; all that is ever known of the symbols.
    """

    def __init__(self, bars: pl.DataFrame) -> None:
        """Keep the bars."""
        self.bars = bars.sort("symbol", "session")

    def begin(self, question: Question) -> Pending:
        """Ask for a daily chart; see `yahoo_client.Client.begin`."""
        return functools.partial(self._answer, question)

    def _answer(self, question: Question) -> Answer:
        is_asked = pl.col("symbol") == question.symbol
        known = self.bars.filter(is_asked, pl.col("session") >= question.since)
        if known.is_empty():
            error = {"code": "Not Found", "description": "No data found"}
            body = json.dumps({"chart": {"result": None, "error": error}})
            return Answer(status=404, body=body)
        return Answer(status=200, body=json.dumps(render(known)))


def render(bars: pl.DataFrame) -> dict[str, Any]:
    """Chart of one symbol as Yahoo would give it after the last bar.

    Parameters
    ----------
    bars
        Rows of `tables.BARS` of one symbol, by session; prices as traded.
    """
    ratio = pl.col("split_ratio")
    later = ratio.cum_prod(reverse=True) / ratio
    quoted = bars.with_columns(
        pl.col("open", "high", "low", "close", "dividend") / later,
        volume=pl.col("volume") * later,
        stamp=pl.Series([_stamp(day) for day in bars["session"]]),
    )
    meta = {
        "currency": "USD",
        "symbol": bars["symbol"][0],
        "instrumentType": "EQUITY",
        "exchangeTimezoneName": "America/New_York",
        "dataGranularity": "1d",
    }
    names = ("open", "high", "low", "close", "volume")
    result = {
        "meta": meta,
        "timestamp": quoted["stamp"].to_list(),
        "events": {"dividends": _dividends(quoted), "splits": _splits(quoted)},
        "indicators": {"quote": [{name: quoted[name].to_list() for name in names}]},
    }
    return {"chart": {"result": [result], "error": None}}


def _stamp(day: dt.date) -> int:
    return int(dt.datetime.combine(day, _OPENS).timestamp())


def _dividends(quoted: pl.DataFrame) -> dict[str, Any]:
    paid = quoted.filter(pl.col("dividend") > 0).select("stamp", "dividend")
    return {str(at): {"date": at, "amount": amount} for at, amount in paid.iter_rows()}


def _splits(quoted: pl.DataFrame) -> dict[str, Any]:
    done = quoted.filter(pl.col("split_ratio") != 1).select("stamp", "split_ratio")
    return {
        str(at): {"date": at, "numerator": ratio, "denominator": 1}
        for at, ratio in done.iter_rows()
    }
