"""The numbers of the intraday desk's page: what it said, what came of it, at what cost.

Tables in, one record out; words and charts stand in ``intraday_page.py``. Live signals
count where there are any; replayed ones are shown only while there are none. A line of
the page is one symbol and horizon, since signals of several overlap and never add up.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence

import polars as pl

from turbomode_assets import policy, rounds
from turbomode_assets.reports import desk_sheet, intraday_worth, scorecard
from turbomode_assets.stats import reliability

FEWEST_SESSIONS = 21
"""Sessions below which no reliability is drawn: a month."""

N_REASONS = 3
"""Votes named beside a signal, those with the most behind them."""

_KEY = ["symbol", "session", "minute", "horizon"]
_LINE = ["symbol", "horizon"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tables:
    """What a page is made of; any of them may be empty."""

    signals: pl.DataFrame
    """`_KEY`, mode, side, p_up, conviction, n_speaking, n_agreeing and p_base, which is
    what the base rate said in the same round."""
    outcomes: pl.DataFrame
    """Rows of `intraday_tables.OUTCOMES`."""
    votes: pl.DataFrame
    """Rows of `intraday_tables.VOTES` of the newest round of each symbol."""
    voters: pl.DataFrame
    """voter, n, spoken_share and last_excuse of the last week, weight and skill."""
    weights: pl.DataFrame
    """symbol, expert and a column for each horizon; today's."""
    champions: pl.DataFrame
    """Rows of `desks.CHAMPIONS`."""
    oof: pl.DataFrame
    """Rows of `desks.PREDICTIONS`."""
    n_judged: int
    """Challengers that were judged."""
    equity: pl.DataFrame
    """session, book and shares, each beginning at 1, of the options book and of its
    capital in equal parts of the shares."""
    traded: float
    """Value of all purchases and sales of the book, in shares of its capital."""
    quarantine: pl.DataFrame
    """seen_on and reason of rows of the desk's symbols that were refused."""
    newest: Sequence[tuple[str, dt.date | None]]
    """Newest session of each table people wait for."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sheet:
    """Everything a page shows."""

    as_of: dt.date
    mode: str
    champion: str | None
    generation: int
    n_signals: int
    n_pending: int
    worths: tuple[intraday_worth.Worth, ...]
    hits: tuple[intraday_worth.Hits, ...]
    lines: dict[str, pl.DataFrame]
    """Skill over time by horizon, see `learning_lines.rolling_skill`."""
    folds: dict[str, pl.DataFrame]
    """Of the champion out of sample, over all horizons, see `desk_sheet.folds`."""
    fold_skills: tuple[scorecard.SkillRow, ...]
    """The same in one figure each."""
    calibration: dict[str, pl.DataFrame]
    """By horizon, see `reliability.reliability`."""
    newest_signals: pl.DataFrame
    reasons: dict[str, str]
    """By symbol."""
    week: pl.DataFrame
    """session, horizon, n_taken, n_hits and mean_return of sides taken."""
    book: intraday_worth.Book
    refused: pl.DataFrame
    """reason and n_rows of the last 30 days."""
    tables: Tables
    changes: tuple[str, ...]


def sheet(found: Tables, as_of: dt.date, gate: policy.GatePolicy) -> Sheet:
    """Numbers of the intraday desk's page.

    Parameters
    ----------
    found
        Tables of the desk; nothing in them was known later than `as_of`.
    as_of
        Day of the page.
    gate
        Gives the bootstrap.
    """
    mode = "live" if (found.signals["mode"] == "live").any() else "replay"
    spoken = found.signals.filter(pl.col("mode") == mode)
    rows = intraday_worth.graded(spoken, found.outcomes)
    taken = intraday_worth.sided(rows)
    newest = spoken.filter(_is_last("session")).filter(_is_last("minute"))
    judged = found.outcomes.filter(pl.col("maturity") == "pending")
    return Sheet(
        as_of=as_of,
        mode=mode,
        champion=scorecard.reigning(found.champions),
        generation=desk_sheet.generation(found.champions),
        n_signals=spoken.height,
        n_pending=judged.join(spoken, on=_KEY, how="semi").height,
        worths=tuple(intraday_worth.worth(one, gate) for one in _parted(rows, _LINE)),
        hits=tuple(map(intraday_worth.hits, _parted(taken, [*_LINE, "side"]))),
        lines={
            part["horizon"][0]: intraday_worth.line(part, gate)
            for part in _parted(rows, ["horizon"])
        },
        folds=desk_sheet.folds(found.champions, found.oof, gate),
        fold_skills=_fold_skills(found, gate),
        calibration={
            part["horizon"][0]: reliability.reliability(part, "up", gate)
            for part in _parted(rows, ["horizon"])
            if part["session"].n_unique() >= FEWEST_SESSIONS
        },
        newest_signals=pl.concat(_parted(newest, _LINE)) if newest.height else newest,
        reasons=_reasons(found.votes),
        week=_week(taken, as_of),
        book=intraday_worth.book(found.equity, found.traded, max(found.n_judged, 1)),
        refused=desk_sheet.refused(found.quarantine, as_of),
        tables=found,
        changes=tuple(_changes(found, spoken, as_of)),
    )


def _fold_skills(
    found: Tables, gate: policy.GatePolicy
) -> tuple[scorecard.SkillRow, ...]:
    version, rows = scorecard.out_of_sample(found.champions, found.oof)
    return tuple(
        scorecard.skill_row(version, reference, rows, gate)
        for reference in (desk_sheet.REFERENCES if rows.height else ())
    )


def _is_last(column: str) -> pl.Expr:
    return pl.col(column) == pl.col(column).max().over("symbol")


def _parted(rows: pl.DataFrame, by: list[str]) -> list[pl.DataFrame]:
    """Parts of rows, symbols in order and horizons from the shortest."""
    place = pl.col("horizon").replace_strict(
        {name: n for n, name in enumerate(rounds.HORIZONS)}, return_dtype=pl.Int64
    )
    ordered = rows.sort(
        *(place if name == "horizon" else name for name in by), maintain_order=True
    )
    return ordered.partition_by(by, maintain_order=True)


def _reasons(votes: pl.DataFrame) -> dict[str, str]:
    """What the voters with the most behind them saw, a sentence for each symbol."""
    spoke = votes.filter(pl.col("score").is_not_null())
    weighty = spoke.sort(
        "symbol", -(pl.col("score") * pl.col("confidence")).abs(), "voter"
    )
    named = weighty.select(
        "symbol",
        said=pl.format(
            "{} {}: {}",
            "voter",
            pl.col("score").round(2),
            pl.col("reason").str.strip_chars_end("."),
        ),
    )
    told = named.group_by("symbol", maintain_order=True).agg(
        pl.col("said").head(N_REASONS).str.join("; ")
    )
    return dict(told.iter_rows())


def _week(taken: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Sides judged in the last seven days, by the session they were judged in."""
    since = as_of - desk_sheet.WEEK
    recent = taken.filter(pl.col("exit_on").is_between(since, as_of, "right"))
    return (
        recent.group_by(session="exit_on", horizon="horizon")
        .agg(
            n_taken=pl.len().cast(pl.Int64),
            n_hits=pl.col("is_hit").sum().cast(pl.Int64),
            mean_return=pl.col("realized_return").mean(),
        )
        .sort("session", "horizon", descending=[True, False])
    )


def _changes(found: Tables, spoken: pl.DataFrame, as_of: dt.date) -> Iterator[str]:
    """What is otherwise than the session before."""
    by_day = spoken.group_by("session").agg(
        n_taken=(pl.col("side") != "hold").sum(),
        n=pl.len(),
    )
    for day, n_taken, n in by_day.sort("session").tail(2).rows():
        yield f"{day}: a side was taken in {n_taken} of {n} signals."
    crowned = found.champions.filter(pl.col("effective_from") == as_of)
    for version in crowned["version"]:
        yield f"{version or 'Nobody'} reigns from {as_of}."
    judged = found.outcomes.filter(
        (pl.col("exit_on") == as_of) & (pl.col("maturity") == "final")
    )
    yield f"{judged.height} outcomes were judged on {as_of}."
    if found.equity.height > 1:
        before, after = found.equity["book"].tail(2)
        yield f"The options book went from {before:.3f} to {after:.3f} of its capital."
