"""What a held contract would fetch in a round: quoted where it is, else by the pricer.

The volatility a position was bought at is that of its own price. Later it moves as the
surfaces of the chains say; without a fresh chain it stays. The spread keeps its share
of the price. A mark says whether it was quoted. Nothing is sold here.
"""

import dataclasses

import numpy as np
import polars as pl

from turbomode_assets import rounds
from turbomode_assets.options import book, lives, outcomes, pricing, quotes
from turbomode_assets.options_policy import OPTIONS, OptionsPolicy

_ROUND_YEARS = rounds.MINUTES / (365 * 24 * 60)
_CONTRACT = ("expires_on", "strike", "right")


@dataclasses.dataclass(frozen=True)
class Bids:
    """Bids per share of one position in one round."""

    worst: float
    """At the price of the share that was worst for it."""

    close: float
    basis: str
    """Of the bid at the close; the worst is always the model's."""

    is_expired: bool
    """Whether its last session is over: both bids are what exercise pays."""


class Marker:
    """Prices of rounds, chains and surfaces, laid out to be asked about positions."""

    def __init__(
        self,
        bars: pl.DataFrame,
        quoted: pl.DataFrame,
        paid: pl.DataFrame,
        rules: OptionsPolicy = OPTIONS,
    ) -> None:
        """Lay out bars, rows of `options_tables.QUOTES` and dividends."""
        known = quotes.latest(bars)
        columns = known.with_columns(number=pl.Series(rounds.numbers(known)))
        self._bars = {
            (symbol, number): prices
            for symbol, number, *prices in columns.select(
                "symbol", "number", "open", "high", "low", "close"
            ).iter_rows()
        }
        sound = quoted.filter(pl.col("finding").is_null(), basis="quoted")
        taken = sound.with_columns(number=pl.Series(rounds.numbers(sound)))
        self._quoted = {
            tuple(key): bid
            for *key, bid in taken.select(
                "symbol", "number", *_CONTRACT, "bid"
            ).iter_rows()
        }
        self._surfaces = outcomes.Surfaces.of(quoted, rules)
        self._paid = paid
        self._rules = rules

    def has_bar(self, symbol: str, number: int) -> bool:
        """Whether the share traded in the round."""
        return (symbol, number) in self._bars

    def bids(self, position: book.Position, number: int) -> Bids:
        """What a position would fetch in a round in which its share traded."""
        bought = position.bought
        _, high, low, close = self._bars[bought["symbol"], number]
        worst = low if bought["right"] == "call" else high
        terms = self._terms(position, number, [worst, close])
        if terms["years"][0] <= 0:
            sign = 1.0 if bought["right"] == "call" else -1.0
            pays = [max(sign * (one - bought["strike"]), 0.0) for one in (worst, close)]
            return Bids(pays[1], pays[1], "model", is_expired=True)
        share = (bought["ask"] - bought["bid"]) / (bought["ask"] + bought["bid"])
        least = self._rules.model.least_spread_usd / 2
        price = pl.col("price")
        bid = (price - pl.max_horizontal(price * share, least)).clip(0.0)
        found = pricing.value(terms).select(bid).to_series()
        contract = tuple(bought[name] for name in _CONTRACT)
        quoted = self._quoted.get((bought["symbol"], number, *contract))
        if quoted is not None:
            return Bids(min(found[0], quoted), quoted, "quoted", is_expired=False)
        return Bids(found[0], found[1], "model", is_expired=False)

    def _terms(
        self, position: book.Position, number: int, spots: list[float]
    ) -> pl.DataFrame:
        """Terms of the contract at each price of the share at the end of a round."""
        entry = self._entry(position)
        then = rounds.named(np.array([number])).select("session", "minute")
        contract = entry.select("symbol", *_CONTRACT, "rate")
        later = pl.concat([then, contract], how="horizontal")
        years = lives.years_left(later)
        moved = pl.concat([later] * len(spots)).with_columns(
            spot=pl.Series(spots), years=pl.lit(years.item()), number=pl.lit(number)
        )
        left = self._left(entry, moved)
        moved = moved.with_columns(dividend_yield=left)
        before = self._surfaces.vols(entry, "spot", "years", "number")
        after = self._surfaces.vols(moved, "spot", "years", "number")
        shift = np.nan_to_num(after - before[0])
        vol = pl.lit(entry["vol"].item()) + pl.Series(shift)
        return moved.with_columns(vol=vol.clip(lower_bound=self._rules.quotes.min_vol))

    def _left(self, entry: pl.DataFrame, moved: pl.DataFrame) -> pl.Series:
        """Yield of the dividends still expected, at each price of the share."""
        expected = ("spot", "years", "dividend_yield")
        held = moved.select(
            "symbol",
            *(pl.lit(entry[name].item()).alias(name) for name in expected),
            entered_on=pl.lit(entry["session"].item()),
            left_on="session",
            exit_spot="spot",
            exit_years="years",
        )
        return lives.dividends_left(held, self._paid)["exit_yield"]

    def _entry(self, position: book.Position) -> pl.DataFrame:
        """Terms of the contract when it was bought, and the volatility of its price."""
        bought = position.bought
        row = pl.DataFrame([{name: bought[name] for name in ("symbol", *_CONTRACT)}])
        moment = pl.DataFrame([{n: bought[n] for n in ("session", "minute")}])
        number = int(rounds.numbers(moment)[0])
        entered = rounds.named(np.array([number + 1])).select("session", "minute")
        timed = pl.concat([row, entered], how="horizontal").with_columns(
            spot=pl.lit(self._bars[bought["symbol"], number + 1][0]),
            rate=pl.lit(self._rules.model.rate),
            price=pl.lit((bought["ask"] + bought["bid"]) / 2),
            number=pl.lit(number),
        )
        lasting = timed.with_columns(lives.years_left(timed) + _ROUND_YEARS)
        terms = lasting.with_columns(lives.dividend_yield(lasting, self._paid))
        return pricing.imply(terms)
