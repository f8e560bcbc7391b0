"""The options book over the signals of the intraday desk, from rows to the equity.

1. `quotes`      chains, bars        -> quotes       quoted, or of the model
2. `selection`   signals, quotes     -> contracts    or the reason why there is none
3. `outcomes`    contracts, outcomes -> what each would have made
4. `proposals`   signals, outcomes   -> proposals    with rank and expectancy
5. `walk`        proposals, book     -> fills and positions

Frames in, frames out. Where no chains are given every quote is the model's, and every
row says so in ``basis``.
"""

import dataclasses
import datetime as dt

import polars as pl

from turbomode_assets import intraday_tables
from turbomode_assets.options import (
    book,
    marks,
    outcomes,
    proposals,
    quotes,
    selection,
    walk,
)
from turbomode_assets.options_policy import OPTIONS, OptionsPolicy


@dataclasses.dataclass(frozen=True, kw_only=True)
class World:
    """Rows of the intraday desk that the book stands on, of the tables of that name."""

    signals: pl.DataFrame
    outcomes: pl.DataFrame
    bars: pl.DataFrame
    chains: pl.DataFrame
    """None of them: quotes are the model's."""

    daily_bars: pl.DataFrame = dataclasses.field(
        default_factory=intraday_tables.DAILY_BARS.empty
    )
    """Of sessions before the bars begin, for the model's volatility."""

    paid: pl.DataFrame = dataclasses.field(default_factory=quotes.NO_DIVIDENDS.clone)
    """Dividends, as `lives.dividend_yield` wants them."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Replayed:
    """What came of it; rows of the tables of `options_tables` of those names."""

    quotes: pl.DataFrame
    chosen: pl.DataFrame
    """As `selection.choose` returns them."""

    outcomes: pl.DataFrame
    walked: walk.Walked


def run(world: World, rules: OptionsPolicy = OPTIONS) -> Replayed:
    """Everything, by a book that begins with its capital.

    Parameters
    ----------
    world
        Rows of whole sessions.
    rules
        Policy in force.
    """
    quoted = quotes_of(world, rules)
    chosen = selection.choose(world.signals, quoted, rules)
    made = outcomes.of_signals(chosen, world.outcomes, quoted, world.paid, rules)
    proposed = proposals.of_signals(world.signals, chosen, made, rules)
    marker = marks.Marker(world.bars, quoted, world.paid, rules)
    first, _ = _span(world.signals)
    last = _span(world.bars)[1]
    begun = book.begin(rules.risk)
    walked = walk.through(begun, proposed, marker, first, last)
    return Replayed(quotes=quoted, chosen=chosen, outcomes=made, walked=walked)


def quotes_of(world: World, rules: OptionsPolicy = OPTIONS) -> pl.DataFrame:
    """Quotes of the chains, or of the model where there are none."""
    if world.chains.height:
        return quotes.of_chains(world.chains, world.bars, world.paid, rules)
    first, last = _span(world.signals)
    moments = quotes.realized_vol(world.bars, world.daily_bars, rules.model).filter(
        pl.col("session").is_between(first, last + dt.timedelta(days=7)),
        pl.col("symbol").is_in(world.signals["symbol"].unique().implode()),
    )
    return quotes.modeled(moments, world.paid, rules)


def _span(rows: pl.DataFrame) -> tuple[dt.date, dt.date]:
    first, last = rows.select(
        pl.col("session").min().alias("first"), pl.col("session").max().alias("last")
    ).row(0)
    return first, last
