"""Out-of-fold predictions of the base models, and what stacking makes of them.

Every row here was predicted by models that had learned from sessions whose labels
were known before it. The final models, and where they are stored, do not belong here.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import errors
from turbomode_assets.models import base, layout, matrix, stacking

BASELINES = ("base_rate", "volatility_only")
"""Baselines of every evidence row: modules as the base models are."""

_SUFFIXES = ("", "_base_rate", "_volatility")
_N_CLASSES = len(base.CLASSES)


class Fold(Protocol):
    """Sessions to learn from and later sessions to predict."""

    @property
    def number(self) -> int:
        """Position among the folds, from 0."""

    @property
    def train_sessions(self) -> Sequence[dt.date]:
        """Sessions whose labels were known, purged and embargoed."""

    @property
    def test_sessions(self) -> Sequence[dt.date]:
        """Sessions to predict."""


@dataclasses.dataclass(frozen=True, eq=False)
class Predictions:
    """Predicted rows, in order of fold, session and symbol."""

    rows: matrix.Rows
    """Shape (n,): positions in the layout."""

    folds: npt.NDArray[np.int64]
    """Shape (n,): number of the fold that predicted the row."""

    chances: base.Probabilities
    """Shape (n, n_models * 3): base models in line-up order, then `BASELINES`."""

    @property
    def of_base_models(self) -> base.Probabilities:
        """Shape (n, n_base_models * 3): what the meta-learner sees."""
        return self.chances[:, : -_N_CLASSES * len(BASELINES)]

    def where(self, is_chosen: npt.NDArray[np.bool_]) -> "Predictions":
        """The chosen rows."""
        chances = self.chances[is_chosen]
        return Predictions(self.rows[is_chosen], self.folds[is_chosen], chances)


def view(rows: layout.Layout, name: str) -> layout.View:
    """Columns the model called `name` reads."""
    return rows.volatility if name == "volatility_only" else rows.binned


def predict(
    rows: layout.Layout, fitted: Sequence[tuple[str, base.Fitted]], fold: Fold
) -> Predictions:
    """Predict every test session of `fold`, none left out.

    Parameters
    ----------
    rows
        All samples.
    fitted
        Names and models, fitted on the training sessions of `fold`.
    fold
        Fold to predict.
    """
    tested = rows.rows(fold.test_sessions)
    chances = [
        model.predict(np.ascontiguousarray(view(rows, name).values[tested]))
        for name, model in fitted
    ]
    numbers = np.full(len(tested), fold.number, dtype=np.int64)
    return Predictions(tested, numbers, np.hstack(chances))


def joined(parts: Sequence[Predictions]) -> Predictions:
    """Predictions of all folds under one another."""
    return Predictions(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.folds for part in parts]),
        np.concatenate([part.chances for part in parts]),
    )


def fit_meta(rows: layout.Layout, oof: Predictions) -> stacking.Stacker:
    """Meta-learner of the given out-of-fold rows, weighted as samples are."""
    n_sessions = len(np.unique(rows.sessions[oof.rows]))
    labels, weights = rows.labels[oof.rows], rows.weights[oof.rows]
    return stacking.fit(oof.of_base_models, labels, weights, n_sessions)


def stack(rows: layout.Layout, oof: Predictions, fold: Fold) -> base.Probabilities:
    """Stacked probabilities of `fold`, by a meta-learner of earlier folds alone.

    It learns from the earlier folds' rows whose sessions are training sessions of
    this fold, so the purge that holds for base models holds for it too.

    Raises
    ------
    errors.NotEnoughHistory
        Where purge and embargo leave nothing of the earlier folds.
    """
    known = np.isin(oof.rows, rows.rows(fold.train_sessions))
    earlier = oof.where(known & (oof.folds < fold.number))
    if not len(earlier.rows):
        message = (
            f"fold {fold.number} must find predicted sessions of earlier folds whose "
            "labels are known, found none: make folds longer than horizon and embargo"
        )
        raise errors.NotEnoughHistory(message)
    present = oof.where(oof.folds == fold.number)
    return fit_meta(rows, earlier).predict(present.of_base_models)


def evidence(
    rows: layout.Layout, oof: Predictions, folds: Sequence[Fold]
) -> pl.DataFrame:
    """Stacked predictions beside both baselines, on the same rows.

    Returns
    -------
    pl.DataFrame
        Columns symbol, session, fold, label, p_up, p_flat, p_down, and the same
        three with ``_base_rate`` and ``_volatility``; every row of every fold but
        the first, which only taught the meta-learner.
    """
    stacked = np.concatenate([stack(rows, oof, fold) for fold in folds[1:]])
    judged = oof.where(oof.folds > folds[0].number)
    chances = np.hstack([stacked, judged.chances[:, -_N_CLASSES * len(BASELINES) :]])
    names = [f"p_{label}{suffix}" for suffix in _SUFFIXES for label in base.CLASSES]
    keys = rows.keys[judged.rows]
    columns = [pl.Series("fold", judged.folds)]
    columns += [
        pl.Series(name, np.ascontiguousarray(column))
        for name, column in zip(names, chances.T, strict=True)
    ]
    order = ["symbol", "session", "fold", "label", *names]
    return keys.with_columns(columns).select(order)
