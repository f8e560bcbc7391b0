"""Walk-forward folds of sessions, purged and embargoed on the calendar.

Splits dates, never rows: a session is learned from by all its symbols or by none.
Nothing here knows a feature, a label or a model.
"""

import dataclasses
import datetime as dt
from typing import Protocol

import polars as pl

from turbomode_assets import errors


class Shape(Protocol):
    """How many folds there are, how long, and how far apart."""

    @property
    def n_folds(self) -> int:
        """Number of folds."""

    @property
    def fold_sessions(self) -> int:
        """Sessions a fold predicts."""

    @property
    def embargo_sessions(self) -> int:
        """Sessions left out after the purge."""

    @property
    def min_train_sessions(self) -> int:
        """Fewest sessions before the first fold."""


@dataclasses.dataclass(frozen=True)
class Fold:
    """Sessions to learn from and the later sessions to predict."""

    number: int
    """Position among the folds, from 0, the earliest."""

    train_sessions: tuple[dt.date, ...]
    """Ascending; every label was known before the embargo began."""

    test_sessions: tuple[dt.date, ...]
    """Ascending and consecutive."""


def walk_forward(periods: pl.DataFrame, training: Shape) -> list[Fold]:
    """Folds that predict the last sessions, each from everything before it.

    The last ``n_folds * fold_sessions`` sessions are predicted in consecutive blocks.
    A block learns from the sessions whose label was known before the session that
    lies `embargo_sessions` ahead of its first: no label interval it learns from
    touches one it predicts.

    Parameters
    ----------
    periods
        Columns session, entry_on, matures_on; one row per session, in any order.
    training
        Number and length of the folds, embargo and shortest history.

    Returns
    -------
    list of Fold
        In order of time, `n_folds` of them.

    Raises
    ------
    errors.NotEnoughHistory
        Where the first fold would learn from fewer than `min_train_sessions`.

    References
    ----------
    M. Lopez de Prado, "Advances in Financial Machine Learning", chapter 7, 2018.
    """
    ordered = periods.sort("session")
    days = ordered["session"].to_list()
    first = len(days) - training.n_folds * training.fold_sessions
    starts = range(max(first, 0), len(days), training.fold_sessions)
    folds = [
        _fold(ordered, start, number, training) for number, start in enumerate(starts)
    ]
    found = len(folds[0].train_sessions) if folds and first >= 0 else 0
    if found < training.min_train_sessions:
        message = (
            f"the first of {training.n_folds} folds must learn from at least "
            f"{training.min_train_sessions} sessions, found {found} among "
            f"{len(days)}: begin the history earlier"
        )
        raise errors.NotEnoughHistory(message)
    return folds


def _fold(ordered: pl.DataFrame, start: int, number: int, training: Shape) -> Fold:
    days = ordered["session"]
    embargo_from = days[max(start - training.embargo_sessions, 0)]
    learned = ordered.filter(pl.col("matures_on") < embargo_from)
    return Fold(
        number=number,
        train_sessions=tuple(learned["session"].to_list()),
        test_sessions=tuple(days[start : start + training.fold_sessions].to_list()),
    )


def overlaps(folds: list[Fold], periods: pl.DataFrame) -> pl.DataFrame:
    """Audit: pairs of a learned and a predicted session that share a day.

    A session spans the days from its own close, when its features are known, to its
    maturity. Whatever built the folds, an empty answer proves them free of overlap.

    Parameters
    ----------
    folds
        Folds to be audited.
    periods
        Columns session, entry_on, matures_on; one row per session.

    Returns
    -------
    pl.DataFrame
        Columns fold, train_session, test_session; one row per overlapping pair.
    """
    spans = periods.select("session", "matures_on")
    return pl.concat([_overlaps(fold, spans) for fold in folds])


def require_apart(folds: list[Fold], periods: pl.DataFrame) -> None:
    """Raise where the audit finds an overlap; asked before every training.

    Raises
    ------
    errors.Leakage
        Says how many pairs share a day, and names the first.
    """
    found = overlaps(folds, periods)
    if found.height:
        fold, train, test = found.row(0)
        message = (
            f"expected no label interval to touch both sides of a fold, found "
            f"{found.height} pairs, the first {train} and {test} of fold {fold}: "
            "purge them"
        )
        raise errors.Leakage(message)


def _overlaps(fold: Fold, spans: pl.DataFrame) -> pl.DataFrame:
    train = spans.filter(pl.col("session").is_in(fold.train_sessions))
    test = spans.filter(pl.col("session").is_in(fold.test_sessions))
    pairs = train.rename({"session": "train_session"}).join_where(
        test.rename({"session": "test_session", "matures_on": "test_matures_on"}),
        pl.col("train_session") <= pl.col("test_matures_on"),
        pl.col("test_session") <= pl.col("matures_on"),
    )
    number = pl.lit(fold.number, pl.Int64).alias("fold")
    return pairs.select(number, "train_session", "test_session").sort(
        "train_session", "test_session"
    )
