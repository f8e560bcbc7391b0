"""One challenger: eight base models, their stacking, and the evidence for both.

1. `layout.lay_out`         rows in order, thinned and binned once for everything
2. `_fit_all`               each base model and baseline on a fold's training sessions
3. `out_of_fold.predict`    the fold's test sessions, all of them, out of sample
4. `out_of_fold.stack`      by a meta-learner of earlier folds alone
5. `out_of_fold.calibrate`  by a calibrator of earlier folds alone
6. `_fit_all`               all of it refitted on all sessions and out-of-fold rows
7. `_pack`                  as files: one to serve, and each library's own beside it

No split is drawn here: folds come in as arguments. No model lives here, nothing is
judged, and `scoring` reads what is written.
"""

import concurrent.futures
import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
import threadpoolctl

from turbomode_assets import policy
from turbomode_assets.models import (
    archive,
    base,
    layout,
    matrix,
    out_of_fold,
    scoring,
    serving,
)

_WORKERS = 2  # single-threaded fits side by side beat one fit with two threads

Progress = Callable[[str], None]
"""Called with the name of each step as it begins."""

Named = list[tuple[str, base.Fitted]]


@dataclasses.dataclass(frozen=True, eq=False)
class Challenger:
    """What was learned, and the out-of-sample evidence for it."""

    oof: pl.DataFrame
    """Rows of `tables.OOF_PREDICTIONS` without version and month, and more, see
    `out_of_fold.evidence`; sessions are not thinned."""

    artifact: dict[str, bytes]
    """Relative file names and contents; the same samples give the same bytes."""

    importance: dict[str, float]
    """Share of each feature in the fit, by the libraries' own measures, averaged over
    the base models."""


def _silent(step: str) -> None:
    del step


def train(
    samples: pl.DataFrame,
    folds: Sequence[out_of_fold.Fold],
    columns: layout.Columns,
    training: policy.TrainingPolicy,
    progress: Progress = _silent,
) -> Challenger:
    """Train, stack and refit one challenger.

    Parameters
    ----------
    samples
        Rows of `tables.SAMPLES`, in any order: symbol, session, label (up, flat or
        down), sample_weight and one column per feature, null where unknown. Every
        row is learned from in the end, so none may have matured too late.
    folds
        At least two, numbered in order of time.
    columns
        Features to learn from.
    training
        Line-up, stride and seed.
    progress
        Told the name of each step.

    Returns
    -------
    Challenger

    Raises
    ------
    errors.NotEnoughHistory
        Where a fold has nothing to learn from, or misses a class.
    errors.TableError
        Where a label is none of `base.CLASSES`.
    errors.PolicyError
        Where the line-up is unknown.
    """
    line_up = base.line_up(training.line_up)
    # BLAS would otherwise choose its threads, and with them its rounding.
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        progress("shared matrix")
        first = folds[0].train_sessions
        rows = layout.lay_out(samples, columns, first, training.stride_sessions)
        parts = []
        for position, fold in enumerate(folds, start=1):
            progress(f"fold {position} of {len(folds)}")
            names = (*line_up, *out_of_fold.BASELINES)
            fitted = _fit_all(rows, names, fold.train_sessions, training.seed)
            parts.append(out_of_fold.predict(rows, fitted, fold))
        progress("stacking and calibration")
        oof = out_of_fold.joined(parts)
        stacked = out_of_fold.stack(rows, oof, folds)
        final = out_of_fold.calibrate(rows, stacked, folds)
        evidence = out_of_fold.evidence(rows, oof, stacked, final)
        meta = out_of_fold.fit_meta(rows, oof)
        calibrator = out_of_fold.fit_calibrator(rows, stacked)
        progress("final refit")
        every = rows.keys["session"].unique().to_list()
        fitted = _fit_all(rows, line_up, every, training.seed)
        artifact = _pack(rows.borders, fitted)
        artifact |= meta.artifact() | calibrator.artifact()
    importance = _importance(rows.borders, fitted)
    return Challenger(evidence, dict(sorted(artifact.items())), importance)


def _fit_all(
    rows: layout.Layout, names: Sequence[str], sessions: Sequence[dt.date], seed: int
) -> Named:
    learned = rows.learned_rows(sessions)

    def fit(name: str) -> base.Fitted:
        matrix_of = out_of_fold.view(rows, name).learned
        return base.find(name).fit(matrix_of, learned, seed)

    with concurrent.futures.ThreadPoolExecutor(_WORKERS) as executor:
        return list(zip(names, executor.map(fit, names), strict=True))


def _importance(borders: matrix.Borders, fitted: Named) -> dict[str, float]:
    """Share of each feature, averaged over the base models."""
    shares = np.mean([model.importance() for _, model in fitted], axis=0)
    return dict(zip(borders.names, shares.tolist(), strict=True))


def _pack(borders: matrix.Borders, fitted: Named) -> dict[str, bytes]:
    card = {
        "classes": base.CLASSES,
        "feature_names": borders.names,
        "line_up": [name for name, _ in fitted],
    }
    artifact = {
        scoring.CARD: archive.pack_json(card),
        scoring.BORDERS: borders.to_bytes(),
        serving.FILE: serving.assemble(
            [model.served() for _, model in fitted]
        ).to_bytes(),
    }
    for name, model in fitted:
        for file, content in model.artifact().items():
            artifact[f"{scoring.folder_of(name)}/{file}"] = content
    return artifact
