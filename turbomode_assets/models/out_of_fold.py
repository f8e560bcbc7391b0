"""Out-of-fold predictions: base models, then stacked, then calibrated.

1. `predict`     base models and baselines that learned before the fold
2. `stack`       a meta-learner of earlier folds' base probabilities
3. `calibrate`   a calibrator of earlier folds' stacked probabilities
4. `evidence`    all of them side by side, row by row

At every step a fold is predicted by what had learned from sessions whose labels were
known before it. The final models, and where they are stored, do not belong here.
"""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import errors
from turbomode_assets.models import base, calibration, layout, matrix, stacking

BASELINES = ("base_rate", "volatility_only", "momentum_rule")
"""Baselines of every evidence row: modules as the base models are."""

_SUFFIXES = ("", "_stacked", "_base_rate", "_volatility", "_momentum")
_N_BASELINE_COLUMNS = len(BASELINES) * len(base.CLASSES)


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
    """Shape (n, n_models * 3): base models in line-up order, then `BASELINES`; or
    (n, 3), stacked or calibrated."""

    def where(self, is_chosen: npt.NDArray[np.bool_]) -> "Predictions":
        """The chosen rows."""
        chances = self.chances[is_chosen]
        return Predictions(self.rows[is_chosen], self.folds[is_chosen], chances)


def view(rows: layout.Layout, name: str) -> layout.View:
    """Columns the model called `name` reads."""
    raw = {"volatility_only": rows.volatility, "momentum_rule": rows.momentum}
    return raw.get(name, rows.binned)


def predict(
    rows: layout.Layout, fitted: Sequence[tuple[str, base.Forecast]], fold: Fold
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


def earlier(rows: layout.Layout, oof: Predictions, fold: Fold) -> Predictions:
    """Predicted rows of earlier folds that `fold` may learn from.

    Only those whose sessions are its training sessions: the purge that holds for base
    models holds for whatever learns from their predictions too.
    """
    known = np.isin(oof.rows, rows.rows(fold.train_sessions))
    return oof.where(known & (oof.folds < fold.number))


def fit_meta(rows: layout.Layout, oof: Predictions) -> stacking.Stacker:
    """Meta-learner of the given out-of-fold rows, weighted as samples are."""
    chances = oof.chances[:, :-_N_BASELINE_COLUMNS]
    return stacking.fit(chances, *_taught(rows, oof))


def fit_calibrator(rows: layout.Layout, stacked: Predictions) -> calibration.Calibrator:
    """Calibrator of the given stacked rows, weighted as samples are."""
    return calibration.fit(stacked.chances, *_taught(rows, stacked))


def _taught(
    rows: layout.Layout, seen: Predictions
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64], int]:
    """Labels and weights of the rows, and the number of their sessions."""
    n_sessions = len(np.unique(rows.sessions[seen.rows]))
    return rows.labels[seen.rows], rows.weights[seen.rows], n_sessions


def stack(rows: layout.Layout, oof: Predictions, folds: Sequence[Fold]) -> Predictions:
    """Every fold but the first, each by a meta-learner of earlier folds alone.

    Raises
    ------
    errors.NotEnoughHistory
        Where purge and embargo leave nothing of the earlier folds.
    """
    parts = []
    for fold in folds[1:]:
        seen = earlier(rows, oof, fold)
        if not len(seen.rows):
            message = (
                f"fold {fold.number} must find predicted sessions of earlier folds "
                "whose labels are known, found none: make folds longer than horizon "
                "and embargo"
            )
            raise errors.NotEnoughHistory(message)
        present = oof.where(oof.folds == fold.number)
        chances = present.chances[:, :-_N_BASELINE_COLUMNS]
        stacked = fit_meta(rows, seen).predict(chances)
        parts.append(dataclasses.replace(present, chances=stacked))
    return joined(parts)


def calibrate(
    rows: layout.Layout, stacked: Predictions, folds: Sequence[Fold]
) -> Predictions:
    """Stacked rows, each fold by a calibrator of earlier folds alone.

    The first stacked fold has none before it and stays as it is.
    """
    parts = []
    for fold in folds[1:]:
        calibrator = fit_calibrator(rows, earlier(rows, stacked, fold))
        present = stacked.where(stacked.folds == fold.number)
        chances = calibrator.predict(present.chances)
        parts.append(dataclasses.replace(present, chances=chances))
    return joined(parts)


def evidence(
    rows: layout.Layout, oof: Predictions, stacked: Predictions, final: Predictions
) -> pl.DataFrame:
    """Calibrated predictions beside everything they came from, on the same rows.

    Parameters
    ----------
    rows
        All samples.
    oof
        Base models and baselines.
    stacked, final
        The same rows stacked, and calibrated; all folds but the first.

    Returns
    -------
    pl.DataFrame
        Columns symbol, session, fold, label, p_up, p_flat, p_down, and the same
        three with ``_stacked``, ``_base_rate``, ``_volatility`` and ``_momentum``;
        base_probabilities lists up, flat, down of each base model.
    """
    judged = oof.where(np.isin(oof.rows, final.rows))
    members, baselines = np.hsplit(judged.chances, [-_N_BASELINE_COLUMNS])
    chances = np.hstack([final.chances, stacked.chances, baselines])
    names = [f"p_{label}{suffix}" for suffix in _SUFFIXES for label in base.CLASSES]
    listed = pl.Series("base_probabilities", np.ascontiguousarray(members))
    columns = [pl.Series("fold", judged.folds), listed.arr.to_list()]
    columns += [
        pl.Series(name, np.ascontiguousarray(column))
        for name, column in zip(names, chances.T, strict=True)
    ]
    order = [*rows.columns.key, "fold", "label", *names, "base_probabilities"]
    return rows.keys[judged.rows].with_columns(columns).select(order)
