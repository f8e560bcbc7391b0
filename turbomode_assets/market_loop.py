"""Stage 1 of the loop and what stands beside it: bars, universe, rankings.

::

    source, bars known        -> revisions, quarantine    judge_bars, revise_bars
    revisions                 -> bars                     latest_bars
    bars, candidates          -> curations                curate_universe
    candidates, curations     -> universe                 list_universe, depart, admit
    outcomes, signals         -> rankings                 rank_symbols, value_rankings

Frames in, frames out; the other six stages stand in ``loop.py``. Nothing here reads a
clock, a file or a database.
"""

import datetime as dt
from collections.abc import Mapping

import polars as pl

from turbomode_assets import policy, sessions
from turbomode_assets.prices import quality, revisions
from turbomode_assets.sources import base
from turbomode_assets.universe import (
    curation,
    departures,
    membership,
    ranking,
    ranking_value,
)

JUDGED_BESIDE_SESSIONS = 40
"""Sessions before a delivered row that it is judged beside."""


def judge_bars(
    delivered: pl.DataFrame,
    known: pl.DataFrame,
    rules: policy.Policy = policy.SWING,
    *,
    is_revising: bool = False,
) -> quality.Inspection:
    """What a source delivered, each row accepted or refused with its reason.

    Parameters
    ----------
    delivered
        Columns of `market_tables.DELIVERED`.
    known
        Rows of `tables.BARS` known before, from `bars_for_judging` on.
    rules
        Policy in force.
    is_revising
        Whether the source may correct itself later.
    """
    return quality.inspect(delivered, known, rules.quality, is_revising=is_revising)


def bars_for_judging(first: dt.date) -> dt.date:
    """First session whose bars the rows delivered from `first` on are judged beside."""
    earliest = sessions.FIRST_DAY + dt.timedelta(days=2 * JUDGED_BESIDE_SESSIONS)
    return sessions.shift(
        sessions.on_or_after(max(first, earliest)), -JUDGED_BESIDE_SESSIONS
    )


def revise_bars(
    accepted: pl.DataFrame, known: pl.DataFrame, rules: policy.Policy = policy.SWING
) -> pl.DataFrame:
    """Rows of `market_tables.BAR_REVISIONS` that say something new beside `known`."""
    return revisions.changed(accepted, known, rules.quality.same_within)


def latest_bars(known: pl.DataFrame) -> pl.DataFrame:
    """Rows of `tables.BARS` as the newest of `market_tables.BAR_REVISIONS` has them."""
    return revisions.as_of(known)


def list_universe(source: base.Source, as_of: dt.date) -> pl.DataFrame:
    """Rows of `tables.UNIVERSE` as the source knows them at `as_of`."""
    return source.universe(as_of)


def depart(
    candidates: pl.DataFrame,
    fetches: pl.DataFrame,
    newest: Mapping[str, dt.date],
    rules: policy.Policy = policy.SWING,
) -> pl.DataFrame:
    """Candidates with the end of those the source has forgotten.

    Parameters
    ----------
    candidates
        Rows of `tables.UNIVERSE`.
    fetches
        Rows of `market_tables.FETCHES` of the last weeks.
    newest
        Latest stored session of each symbol.
    rules
        Policy in force.
    """
    n_nights = rules.quality.gone_sessions
    return departures.with_departures(candidates, fetches, newest, n_nights)


def bars_for_curation(quarter: dt.date, rules: policy.Policy = policy.SWING) -> dt.date:
    """First session whose bars the curation of a quarter looks at."""
    return curation.bars_from(quarter, rules.curation)


def curate_universe(
    bars: pl.DataFrame,
    candidates: pl.DataFrame,
    previous: pl.DataFrame,
    quarter: dt.date,
    rules: policy.Policy = policy.SWING,
) -> pl.DataFrame:
    """Decision on every candidate for a quarter; rows of `market.curations`.

    Parameters
    ----------
    bars
        Rows of `tables.BARS` from ``bars_for_curation`` on.
    candidates
        Rows of `tables.UNIVERSE` as the source knows them on the eve of the quarter.
    previous
        Rows of `market_tables.CURATIONS` of earlier quarters.
    quarter
        First day of the quarter.
    rules
        Policy in force.
    """
    return curation.curate(bars, candidates, previous, rules.curation, quarter)


def admit(
    candidates: pl.DataFrame, curations: pl.DataFrame, as_of: dt.date
) -> pl.DataFrame:
    """Rows of `tables.UNIVERSE`: candidates as far as curation let them in."""
    in_force = curations.filter(pl.col("effective_from") <= as_of)
    return membership.curated(candidates, in_force)


def outcomes_for_ranking(
    month: dt.date, rules: policy.Policy = policy.SWING
) -> dt.date:
    """First day whose maturities a ranking, or the worth of those before, rests on."""
    return min(
        ranking.outcomes_from(month, rules.ranking),
        ranking_value.months_from(month, rules.ranking),
    )


def rank_symbols(
    outcomes: pl.DataFrame,
    signals: pl.DataFrame,
    month: dt.date,
    rules: policy.Policy = policy.SWING,
) -> pl.DataFrame:
    """Symbols by the skill of the signals on them; rows of `market.rankings`.

    Parameters
    ----------
    outcomes
        Rows of `tables.OUTCOMES` from ``outcomes_for_ranking`` on.
    signals
        Rows of `tables.SIGNALS` of their sessions.
    month
        First day of the month; what matured in it or later changes nothing.
    rules
        Policy in force.
    """
    return ranking.rank(outcomes, signals, rules.ranking, month)


def value_rankings(
    rankings: pl.DataFrame,
    outcomes: pl.DataFrame,
    signals: pl.DataFrame,
    month: dt.date,
    rules: policy.Policy = policy.SWING,
) -> tuple[ranking_value.Value, ...]:
    """Whether the rankings of the months before `month` foretold what followed."""
    first = ranking_value.months_from(month, rules.ranking)
    judged = rankings.filter(pl.col("month") >= first, pl.col("month") < month)
    known = outcomes.filter(pl.col("matures_on") < month)
    return ranking_value.predictive_value(judged, known, signals, rules.ranking)
