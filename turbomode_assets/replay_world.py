"""The world a replay lives in: what does not depend on who reigns, made once.

`build_world`      source  -> bars, features, outcomes, samples
`permute_labels`   world   -> the same world with nothing to learn

Who speaks in it stands in ``replay.py``. Everything is in memory.
"""

import dataclasses
import datetime as dt

import numpy as np
import polars as pl

from turbomode_assets import (
    loop,
    market_loop,
    market_tables,
    policy,
    sessions,
    tables,
)
from turbomode_assets.sources import base as sources_base


@dataclasses.dataclass(frozen=True, kw_only=True)
class World:
    """What does not depend on who reigns: made once, shared by every arm."""

    universe: pl.DataFrame
    features: pl.DataFrame
    outcomes: pl.DataFrame
    samples: pl.DataFrame


@dataclasses.dataclass(frozen=True, kw_only=True)
class Span:
    """History from `first` on, lived from `live_from` to `last`."""

    first: dt.date
    live_from: dt.date
    last: dt.date
    compare_from: dt.date | None = None
    """First session the arms are compared in, where the gate shall have its evidence
    by then; None compares from `live_from` on."""

    @property
    def compared_from(self) -> dt.date:
        """First session the arms are compared in."""
        return self.compare_from or self.live_from

    def months(self) -> list[dt.date]:
        """First days of the months that are lived."""
        lived = sessions.sessions_between(self.live_from, self.last)
        return sorted({sessions.month_start(day) for day in lived})

    def lived(self, month: dt.date) -> list[dt.date]:
        """Sessions lived in a month."""
        days = sessions.sessions_between(self.live_from, self.last)
        return [day for day in days if sessions.month_start(day) == month]


def build_world(
    source: sources_base.Source,
    span: Span,
    now: dt.datetime,
    rules: policy.Policy = policy.SWING,
) -> World:
    """Bars of a source, judged as an intake does, and everything made of them.

    Parameters
    ----------
    source
        Where bars come from; asked once for the whole span.
    span
        Sessions wanted.
    now
        Moment of the request, UTC.
    rules
        Policy in force.
    """
    request = sources_base.Request(
        first=span.first, last=span.last, now=now, since=span.first
    )
    accepted = [
        market_loop.judge_bars(
            delivery.rows, tables.BARS.empty(), rules, is_revising=source.is_revising
        ).accepted
        for delivery in source.fetch(request)
    ]
    bars = pl.concat([tables.BARS.empty(), *accepted], how="diagonal")
    bars = tables.BARS.conform(bars.select(tables.BARS.column_names))
    universe, silent = _curated(source, bars, span, rules), tables.SIGNALS.empty()
    periods = loop.maturing(span.first, span.last, rules)
    periods = periods.filter(pl.col("session") >= span.first)
    outcomes = loop.resolve_outcomes(bars, universe, silent, periods, rules)
    features = loop.compute_features(bars, universe, span.first, span.last, rules)
    samples = loop.gather_samples(outcomes, features, silent, rules)
    return World(
        universe=universe, features=features, outcomes=outcomes, samples=samples
    )


def _curated(
    source: sources_base.Source, bars: pl.DataFrame, span: Span, rules: policy.Policy
) -> pl.DataFrame:
    """Universe of the source, curated in each quarter that begins within the span."""
    curations = market_tables.CURATIONS.empty()
    begun = [day for day in span.months() if day == sessions.quarter_start(day)]
    for quarter in begun:
        eve = sessions.shift(quarter, -1)
        since = market_loop.bars_for_curation(quarter, rules)
        known = bars.filter(pl.col("session").is_between(since, eve))
        candidates = market_loop.list_universe(source, eve)
        decided = market_loop.curate_universe(
            known, candidates, curations, quarter, rules
        )
        curations = pl.concat([curations, decided])
    candidates = market_loop.list_universe(source, span.last)
    return market_loop.admit(candidates, curations, span.last)


def permute_labels(
    world: World, seed: int, rules: policy.Policy = policy.SWING
) -> World:
    """Same world, with what happened dealt out anew among all rows: nothing to learn.

    Returns, labels and sessions of maturity keep their frequencies; the two former
    lose any tie to the features.
    """
    label = f"label_{rules.training.label}"
    drawn = np.random.default_rng(seed).permutation(world.outcomes.height)
    dealt = world.outcomes.select("realized_return", label)[drawn]
    outcomes = world.outcomes.with_columns(dealt)
    silent = tables.SIGNALS.empty()
    samples = loop.gather_samples(outcomes, world.features, silent, rules)
    return dataclasses.replace(world, outcomes=outcomes, samples=samples)
