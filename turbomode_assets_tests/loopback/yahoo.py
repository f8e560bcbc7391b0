"""The Yahoo source as tests use it: some symbols, no patience, and no network."""

import datetime as dt
from collections.abc import Iterable

import polars as pl

from turbomode_assets import tables
from turbomode_assets.sources.yahoo_client import Answer, Patience, Pending
from turbomode_assets.sources.yahoo_question import Question
from turbomode_assets_tests.loopback import world

IMPATIENT = Patience(
    request_seconds=1.5, attempts=2, retry_seconds=0.0, limited_seconds=0.0
)
"""Waits that fit a server on the own machine."""


def members(symbols: Iterable[str]) -> pl.DataFrame:
    """Rows of `tables.UNIVERSE` for symbols that belong from 1996 on."""
    row = {
        "valid_from": dt.date(1996, 1, 2),
        "sector": "unknown",
        "cap_class": "unknown",
        "valid_to": None,
        "delisted_on": None,
        "reason": "listed",
        "is_point_in_time": False,
    }
    rows = [{"symbol": symbol, **row} for symbol in symbols]
    return tables.UNIVERSE.conform(pl.DataFrame(rows, schema=tables.UNIVERSE.schema()))


class Direct:
    """A client that asks a world without a network, and notes who asked for what."""

    def __init__(self, market: world.World) -> None:
        """Keep the world."""
        self.market = market
        self.asked: dict[str, dt.date] = {}

    def begin(self, question: Question) -> Pending:
        """Answer of the world."""
        since = question.since or dt.date(1970, 1, 1)
        self.asked[question.symbol] = since
        midnight = int(world.at(since, 0, 0).timestamp())
        said = self.market.answer(question.symbol, midnight)
        answer = Answer(status=said.status, body=said.body.decode())
        return lambda: answer
