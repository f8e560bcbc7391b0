"""A source that fails and corrects itself when it is told to: trouble for stories."""

import dataclasses
import datetime as dt
from collections.abc import Iterator

import polars as pl
import pydantic

from turbomode_assets import errors
from turbomode_assets.defs import resources
from turbomode_assets.sources import base, simulated


@dataclasses.dataclass(frozen=True)
class Correction:
    """A close that a source has wrong until it is corrected."""

    session: dt.date
    symbol: str
    factor: float
    known_at: dt.datetime


class Troubled:
    """The simulated market behind a source that fails and corrects itself."""

    name = "simulated"
    is_revising = True

    def __init__(
        self,
        market: simulated.Simulated,
        down: list[tuple[dt.datetime, dt.datetime]],
        corrections: list[Correction],
    ) -> None:
        self._market, self._down, self._corrections = market, down, corrections

    def fetch(self, request: base.Request) -> Iterator[base.Delivery]:
        """What traded, and what is corrected by now."""
        if any(since <= request.now < until for since, until in self._down):
            message = "expected an answer from the source, found none; try again"
            raise errors.SourceError(message)
        yield from self._market.fetch(request)
        for one in self._corrections:
            if one.known_at <= request.now:
                yield base.Delivery(base.delivered(self._corrected(one)))

    def _corrected(self, one: Correction) -> pl.DataFrame:
        bars = self._market.bars(one.session, one.session)
        return bars.filter(pl.col("symbol") == one.symbol).with_columns(
            pl.col("close", "high") * one.factor, known_at=pl.lit(one.known_at)
        )

    def universe(self, as_of: dt.date) -> pl.DataFrame:
        """Unchanged."""
        return self._market.universe(as_of)


class TroubledMarket(resources.MarketResource):
    """Resource of that source; moments as ISO text."""

    down: list[list[str]] = pydantic.Field(default_factory=list)
    corrections: list[list[str]] = pydantic.Field(default_factory=list)

    def source(self) -> base.Source:
        """The market with its troubles."""
        down = [(_moment(since), _moment(until)) for since, until in self.down]
        corrections = [
            Correction(
                dt.date.fromisoformat(session), symbol, float(factor), _moment(known_at)
            )
            for session, symbol, factor, known_at in self.corrections
        ]
        market = simulated.Simulated(self.seed, self.edge, self.n_symbols)
        return Troubled(market, down, corrections)  # type: ignore[return-value]


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
