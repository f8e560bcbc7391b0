"""A book that buys the largest edges of each session, beside buying everything.

Graded signals in, its equity and what that is worth out. Each session invests one
tranche at the next open and books what it earned when it matures. Equal weight pays no
costs, so the book is held against the harder rival. No order is ever placed.
"""

import dataclasses

import polars as pl

from turbomode_assets import report_policy
from turbomode_assets.stats import overlap, sharpe

SESSIONS_A_YEAR = 252


@dataclasses.dataclass(frozen=True, kw_only=True)
class Worth:
    """What a book was worth; fractions of the stake, None where nothing matured."""

    name: str
    total_return: float | None
    drawdown: float | None
    turnover: float | None
    """Mean share of a session's names that were not held by the session before."""
    sharpe: sharpe.Sharpe
    """Of independent holding periods."""
    periods_a_year: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class TopBook:
    """Both books: session, book and equal, each beginning at 1; and their worth."""

    lines: pl.DataFrame
    worth: tuple[Worth, ...]


def top_book(
    rows: pl.DataFrame, paper: report_policy.PaperPolicy, n_trials: int
) -> TopBook:
    """Book of the largest edges.

    Parameters
    ----------
    rows
        Columns symbol, session, entry_on, matures_on, edge and realized_return; rows
        without a return are left out, so are sessions with fewer names than are held.
    paper
        Names held, the cost of a side, and tranches.
    n_trials
        Models that were tried, see `sharpe.sharpe`.

    Returns
    -------
    TopBook
        Ties of the edge go to the first symbol of the alphabet.
    """
    known = rows.drop_nulls("realized_return").sort(
        "session", pl.col("edge") * -1, "symbol"
    )
    place = pl.int_range(pl.len()).over("session")
    known = known.with_columns(is_held=place < paper.n_names).filter(
        pl.len().over("session") >= paper.n_names
    )
    own = pl.col("realized_return").filter("is_held").mean() - 2.0 * paper.cost
    cohorts = known.group_by("session", "entry_on", maintain_order=True).agg(
        pl.col("matures_on").max(), book=own, equal=pl.col("realized_return").mean()
    )
    daily = cohorts.group_by("matures_on").agg(pl.col("book", "equal").sum())
    lines = daily.sort("matures_on").select(
        pl.col("matures_on").alias("session"),
        ((pl.col("book", "equal") / paper.tranches).cum_sum() + 1.0),
    )
    turned = {"book": _turnover(known.filter("is_held")), "equal": _turnover(known)}
    worth = tuple(
        _worth(name, cohorts, lines, share, n_trials if name == "book" else 1)
        for name, share in turned.items()
    )
    return TopBook(lines=lines, worth=worth)


def _worth(
    name: str,
    cohorts: pl.DataFrame,
    lines: pl.DataFrame,
    turnover: float | None,
    n_trials: int,
) -> Worth:
    apart = overlap.keep_apart(cohorts)
    peak = pl.max_horizontal(pl.col(name).cum_max(), 1.0)
    fall = lines.select((1.0 - pl.col(name) / peak).max()).item()
    years = max(cohorts.height, 1) / SESSIONS_A_YEAR
    return Worth(
        name=name,
        total_return=lines[name][-1] - 1.0 if lines.height else None,
        drawdown=fall,
        turnover=turnover,
        sharpe=sharpe.sharpe(apart[name], n_trials),
        periods_a_year=apart.height / years,
    )


def _turnover(held: pl.DataFrame) -> float | None:
    """Mean share of names that were not held the session before."""
    days = held.select("session").unique().sort("session")
    following = days.with_columns(before=pl.col("session").shift(1)).drop_nulls()
    both = held.select("session", "symbol").join(following, on="session")
    former = held.select("symbol", before=pl.col("session"), was_held=pl.lit(1.0))
    shares = (
        both.join(former, on=["before", "symbol"], how="left")
        .group_by("session")
        .agg(turned=pl.col("was_held").is_null().mean())
    )
    mean: float | None = shares.select(pl.col("turned").mean()).item()
    return mean
