"""The learned model: five kinds on votes, context and calendar, one chosen per horizon.

For each horizon:

1. `layout.lay_out`          samples in order, binned once
2. `out_of_fold.predict`     every kind, and the baselines, on folds they never saw
3. `_choose`                 for each fold the kind, and how far it may be believed, by
                             earlier folds alone
4. `_refit`                  the kind that all folds speak for, on every sample

Majority and persistence stand beside every prediction (``base_rate``,
``momentum_rule``). Directions only: flat never happens and is never said. What a
challenger must show is the gate's business, and the same as on the other desk.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
import threadpoolctl

from turbomode_assets import desks, rounds
from turbomode_assets.intraday import learned_model, samples
from turbomode_assets.intraday_policy import LearningPolicy
from turbomode_assets.models import (
    archive,
    base,
    calibration,
    layout,
    out_of_fold,
    serving,
)

Progress = Callable[[str], None]
"""Called with the name of each step as it begins."""

_DIRECTIONS = ("up", "down")


@dataclasses.dataclass(frozen=True, eq=False)
class Challenger:
    """What was learned, and the out-of-sample evidence for it."""

    oof: pl.DataFrame
    """Columns of `desks.PREDICTIONS` without version and month, and more, see
    `out_of_fold.evidence`."""

    artifact: dict[str, bytes]
    """Relative file names and contents; the same samples give the same bytes."""

    kinds: dict[str, str]
    """Kind that was chosen, by horizon."""

    importance: dict[str, float]
    """Share of each feature in the chosen fits, averaged over the horizons."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Horizon:
    oof: pl.DataFrame
    artifact: dict[str, bytes]
    kind: str
    importance: npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class _Choice:
    kind: int
    calibrator: calibration.Calibrator


def train(
    known: pl.DataFrame,
    folds: Sequence[out_of_fold.Fold],
    rules: LearningPolicy,
    progress: Progress = lambda _: None,
) -> Challenger:
    """Train one challenger.

    Parameters
    ----------
    known
        As `samples.gather` returns them. Every row is learned from in the end, so none
        may have matured too late.
    folds
        At least two, numbered in order of time.
    rules
        Kinds, belief and seed.
    progress
        Told the name of each step.

    Returns
    -------
    Challenger

    Raises
    ------
    errors.NotEnoughHistory
        Where a fold has nothing to learn from, or misses a direction.
    """
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        found = {
            horizon: _of_horizon(known, folds, horizon, rules, progress)
            for horizon in rounds.HORIZONS
        }
    artifact = {
        f"{horizon}/{name}": content
        for horizon, one in found.items()
        for name, content in one.artifact.items()
    }
    shares = np.mean([one.importance for one in found.values()], axis=0)
    return Challenger(
        oof=pl.concat(one.oof for one in found.values()),
        artifact=dict(sorted(artifact.items())),
        kinds={horizon: one.kind for horizon, one in found.items()},
        importance=dict(zip(sorted(samples.names()), shares.tolist(), strict=True)),
    )


def _of_horizon(
    known: pl.DataFrame,
    folds: Sequence[out_of_fold.Fold],
    horizon: str,
    rules: LearningPolicy,
    progress: Progress,
) -> _Horizon:
    columns = layout.Columns(
        features=samples.names(),
        volatility=samples.VOLATILITY,
        momentum=samples.momentum_of(horizon),
        key=desks.INTRADAY.key,
        classes=_DIRECTIONS,
    )
    own = known.filter(pl.col("horizon") == horizon)
    rows = layout.lay_out(own, columns, folds[0].train_sessions, 1)
    parts, names = [], (*rules.kinds, *out_of_fold.BASELINES)
    for position, fold in enumerate(folds, start=1):
        progress(f"{horizon}: fold {position} of {len(folds)}")
        fitted = _fit(rows, names, fold.train_sessions, rules)
        parts.append(out_of_fold.predict(rows, fitted, fold))
    oof = out_of_fold.joined(parts)
    evidence = _judged(rows, oof, folds, horizon, rules)
    choice = _choose(rows, oof, horizon, rules)
    progress(f"{horizon}: {rules.kinds[choice.kind]}, once more on everything")
    return _refit(rows, choice, evidence, rules)


def _judged(
    rows: layout.Layout,
    oof: out_of_fold.Predictions,
    folds: Sequence[out_of_fold.Fold],
    horizon: str,
    rules: LearningPolicy,
) -> pl.DataFrame:
    """Every fold but the first, each by what earlier folds chose."""
    raw, final = [], []
    for fold in folds[1:]:
        choice = _choose(rows, out_of_fold.earlier(rows, oof, fold), horizon, rules)
        present = oof.where(oof.folds == fold.number)
        said = _of_kind(present.chances, choice.kind)
        raw.append(dataclasses.replace(present, chances=said))
        believed = choice.calibrator.predict(said)
        final.append(dataclasses.replace(present, chances=believed))
    return out_of_fold.evidence(
        rows, oof, out_of_fold.joined(raw), out_of_fold.joined(final)
    )


def _fit(
    rows: layout.Layout,
    names: Sequence[str],
    sessions: Sequence[dt.date],
    rules: LearningPolicy,
) -> list[tuple[str, base.Fitted]]:
    learned = rows.learned_rows(sessions)
    fits = []
    for name in names:
        samples_of = out_of_fold.view(rows, name).learned
        fits.append((name, base.find(name).fit(samples_of, learned, rules.seed)))
    return fits


def _of_kind(chances: base.Probabilities, kind: int) -> base.Probabilities:
    """Columns of one kind; shape (n, 3)."""
    width = len(base.CLASSES)
    return chances[:, kind * width : (kind + 1) * width]


def _choose(
    rows: layout.Layout,
    seen: out_of_fold.Predictions,
    horizon: str,
    rules: LearningPolicy,
) -> _Choice:
    """Kind whose calibrated forecasts cost least, with its calibrator."""
    labels, weights = rows.labels[seen.rows], rows.weights[seen.rows]
    n_independent = len(labels) / rounds.HORIZONS[horizon]
    prior = calibration.Prior(rules.prior_outcomes / max(n_independent, 1.0), slope=0.0)
    choices = []
    for kind in range(len(rules.kinds)):
        said = _of_kind(seen.chances, kind)
        calibrator = calibration.fit_slope(said, labels, weights, prior)
        chances = calibrator.predict(said)
        loss = -float(np.log(chances[np.arange(len(labels)), labels]).mean())
        choices.append((loss, _Choice(kind, calibrator)))
    return min(choices, key=lambda found: found[0])[1]


def _refit(
    rows: layout.Layout,
    choice: _Choice,
    evidence: pl.DataFrame,
    rules: LearningPolicy,
) -> _Horizon:
    kind = rules.kinds[choice.kind]
    every = rows.keys["session"].unique().to_list()
    ((_, fitted),) = _fit(rows, [kind], every, rules)
    about = {"kind": kind, "feature_names": rows.borders.names}
    artifact = {
        learned_model.CARD: archive.pack_json(about),
        learned_model.BORDERS: rows.borders.to_bytes(),
    }
    artifact |= choice.calibrator.artifact()
    if hasattr(fitted, "served"):
        artifact[serving.FILE] = serving.assemble([fitted.served()]).to_bytes()
    artifact |= {
        f"{learned_model.MODEL}/{name}": file
        for name, file in fitted.artifact().items()
    }
    return _Horizon(evidence, artifact, kind, fitted.importance())
