"""The numbers of a desk's page: what it said, what came of it, what luck and cost did.

Tables in, one record out. Words and charts stand in ``desk_page.py`` and
``desk_charts.py``. Live signals count where there are any; replayed ones are shown only
while there are none, and the page says so.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl

from turbomode_assets import policy
from turbomode_assets.reports import (
    learning_lines,
    learning_losses,
    scorecard,
    top_book,
    track_record,
)
from turbomode_assets.stats import reliability

N_TONIGHT, N_RANKED = 10, 20
"""Signals and symbols shown."""

REFERENCES = ("base_rate", "volatility")
"""What a champion is held against out of sample."""

WEEK = dt.timedelta(days=7)

_KEY = ["symbol", "session"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tables:
    """What a page is made of; any of them may be empty."""

    ledger: scorecard.Ledger
    rankings: pl.DataFrame
    """Rows of `market_tables.RANKINGS`."""
    quarantine: pl.DataFrame
    """Columns seen_on and reason of `market_tables.QUARANTINE`."""
    newest: Sequence[tuple[str, dt.date | None]]
    """Newest session of each table people wait for."""
    reasons: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Why a symbol is among the largest edges of the newest session, in a sentence."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sheet:
    """Everything a page shows."""

    as_of: dt.date
    mode: str
    generation: int
    reigns_from: dt.date | None
    """First session the champion spoke for; null where none reigns."""
    card: scorecard.Scorecard
    skill: pl.DataFrame
    """Of signals over the base rate: session, skill, low and high, see
    `learning_lines.rolling_skill`."""
    folds: dict[str, pl.DataFrame]
    """The same of the champion out of sample, over base_rate and over volatility."""
    calibration: dict[str, pl.DataFrame]
    """By class, see `reliability.reliability`."""
    tonight: pl.DataFrame
    reasons: Mapping[str, str]
    week: pl.DataFrame
    """Buys and sells that matured in seven days; base_rate is the share of all names of
    the session that moved as the side had hoped."""
    ranking: pl.DataFrame
    book: top_book.TopBook
    refused: pl.DataFrame
    """reason and n_rows of the last 30 days."""
    newest: Sequence[tuple[str, dt.date | None]]
    changes: tuple[str, ...]


def sheet(found: Tables, as_of: dt.date, chosen: policy.Policy) -> Sheet:
    """Numbers of the swing desk's page.

    Parameters
    ----------
    found
        Tables of the desk; nothing in them was known later than `as_of`.
    as_of
        Day of the page.
    chosen
        Policy in force.
    """
    signals, outcomes = found.ledger.signals, found.ledger.outcomes
    mode = "live" if (signals["mode"] == "live").any() else "replay"
    spoken = signals.filter(pl.col("mode") == mode)
    rows = track_record.matured(spoken, outcomes, chosen)
    graded = spoken.join(outcomes.drop("side"), on=_KEY)
    n_judged = found.ledger.verdicts["version"].n_unique()
    return Sheet(
        as_of=as_of,
        mode=mode,
        generation=generation(found.ledger.champions),
        reigns_from=found.ledger.champions["effective_from"].max(),  # type: ignore[arg-type]
        card=scorecard.scorecard(found.ledger, chosen),
        skill=_skill(rows.drop_nulls("p_up_base_rate"), "base_rate", chosen.gate),
        folds=folds(found.ledger.champions, found.ledger.oof, chosen.gate),
        calibration=_calibration(rows, chosen),
        tonight=tonight(spoken),
        reasons=found.reasons,
        week=_week(graded, outcomes, as_of),
        ranking=_ranking(found.rankings, mode),
        book=top_book.top_book(graded, chosen.paper, max(n_judged, 1)),
        refused=refused(found.quarantine, as_of),
        newest=found.newest,
        changes=_changes(found.ledger, spoken, as_of),
    )


def generation(champions: pl.DataFrame) -> int:
    """Different versions that have reigned."""
    return champions.filter(pl.col("version") != "")["version"].n_unique()


def _skill(rows: pl.DataFrame, reference: str, gate: policy.GatePolicy) -> pl.DataFrame:
    """Skill over time of rows that hold a reference's probabilities beside their own.

    Every row has both.
    """
    names = {f"p_{name}_{reference}": f"p_{name}" for name in ("up", "flat", "down")}
    usual = rows.drop(names.values()).rename(names)
    return learning_lines.rolling_skill(
        learning_losses.losses(rows), learning_losses.losses(usual), gate
    )


def folds(
    champions: pl.DataFrame, oof: pl.DataFrame, gate: policy.GatePolicy
) -> dict[str, pl.DataFrame]:
    """Skill of a champion out of sample over time, over each of `REFERENCES`.

    Parameters
    ----------
    champions, oof
        Rows of a desk's tables of reigns and of out-of-sample predictions.
    gate
        Gives the bootstrap.

    Returns
    -------
    dict of str to pl.DataFrame
        See `learning_lines.rolling_skill`; nothing below half a year.
    """
    _, rows = scorecard.out_of_sample(champions, oof)
    return {
        reference: _skill(known, reference, gate)
        for reference in REFERENCES
        for known in [rows.drop_nulls(f"p_up_{reference}")]
        if known["session"].n_unique() >= learning_lines.ROLLING_SESSIONS
    }


def _calibration(rows: pl.DataFrame, chosen: policy.Policy) -> dict[str, pl.DataFrame]:
    if rows["session"].n_unique() < track_record.FEWEST_SESSIONS:
        return {}
    return {
        name: reliability.reliability(rows, name, chosen.gate)
        for name in ("up", "down")
    }


def tonight(spoken: pl.DataFrame) -> pl.DataFrame:
    """Buys and sells of the newest session with the largest edges, at most `N_TONIGHT`.

    Parameters
    ----------
    spoken
        Signals of one mode.
    """
    last = spoken.filter(pl.col("session") == pl.col("session").max())
    taken = last.filter(pl.col("side") != "hold")
    ordered = taken.sort(-pl.col("edge").abs(), "symbol").head(N_TONIGHT)
    return ordered.select(*_KEY, "side", "p_up", "p_flat", "p_down", "edge", "rank")


def _week(graded: pl.DataFrame, outcomes: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    moved, hoped = pl.col("label_symmetric_10pct"), {"buy": "up", "sell": "down"}
    blind = outcomes.group_by("session").agg(
        (moved == label).mean().alias(side) for side, label in hoped.items()
    )
    usual = pl.when(pl.col("side") == "buy").then("buy").otherwise("sell")
    in_week = pl.col("matures_on").is_between(as_of - WEEK, as_of, closed="right")
    taken = graded.filter(in_week & (pl.col("side") != "hold"))
    shown = [*_KEY, "matures_on", "side", "realized_return", "is_hit", "base_rate"]
    rows = taken.join(blind, on="session").with_columns(base_rate=usual)
    return rows.select(shown).sort("matures_on", "symbol", descending=[True, False])


def _ranking(rankings: pl.DataFrame, mode: str) -> pl.DataFrame:
    newest = rankings.filter(
        (pl.col("month") == pl.col("month").max()) & (pl.col("mode") == mode)
    )
    return newest.sort("rank").head(N_RANKED)


def refused(quarantine: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Columns reason and n_rows of what was refused in the last 30 days.

    Parameters
    ----------
    quarantine
        Columns seen_on and reason.
    as_of
        Last of these days.
    """
    recent = quarantine.filter(pl.col("seen_on") > as_of - dt.timedelta(days=30))
    return recent.group_by("reason").agg(n_rows=pl.len()).sort("reason")


def _changes(
    ledger: scorecard.Ledger, spoken: pl.DataFrame, as_of: dt.date
) -> tuple[str, ...]:
    """What is otherwise than the session before."""
    days = spoken["session"].unique().sort().tail(2).to_list()
    told = []
    if len(days) == 2:  # noqa: PLR2004 - today and the session before
        before, today = (
            spoken.filter(session=day).select("symbol", "side", "champion_version")
            for day in days
        )
        both = today.join(before, on="symbol", suffix="_before")
        n_turned = both.filter(pl.col("side") != pl.col("side_before")).height
        told.append(
            f"{n_turned} of {both.height} symbols changed sides since {days[0]}."
        )
        speakers = [set(each["champion_version"]) for each in (before, today)]
        if speakers[0] != speakers[1]:
            told.append(f"{', '.join(sorted(speakers[1]))} speaks for the first time.")
    n_graded = ledger.outcomes.filter(pl.col("matures_on") == as_of).height
    told.append(f"{n_graded} outcomes matured on {as_of}.")
    return tuple(told)
