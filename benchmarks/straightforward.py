"""The eight models as one would first write them: the other side of ``training.py``.

Each library's scikit-learn interface, each fold and model from the raw frame, every
session, nothing shared; parameters and the meta-learner as in `turbomode_assets`. A
model there learns from fewer rows, so that the same penalty on sums over rows is a
lighter one here, unless it is made heavier by as much.
"""

import dataclasses
import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import polars as pl
import sklearn.ensemble
import sklearn.impute
import sklearn.linear_model
import sklearn.pipeline
import sklearn.preprocessing
import xgboost

from turbomode_assets import policy
from turbomode_assets.models import (
    base,
    catboost_symmetric,
    lightgbm_extra_trees,
    lightgbm_gbdt,
    ranked_logistic,
    sklearn_boosting,
    sklearn_extra_trees,
    stacking,
    xgboost_hist,
    xgboost_native,
    xgboost_shallow,
)
from turbomode_assets.samples import splits

N_THREADS = 2
TRAINING = policy.TrainingPolicy()
PENALTIES = ("l2_leaf_reg", "l2_regularization", "lambda_l2", "reg_lambda")

Floats = np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Size:
    """What a model is fitted on."""

    n_rows: int
    n_features: int
    heavier: int
    """Factor on the penalties."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Way:
    """How straightforward."""

    refits: bool = True
    """Whether everything is fitted once more on all rows in the end."""

    is_alike: bool = False
    """Whether penalties grow as the rows do."""

    @property
    def heavier(self) -> int:
        """Factor on the penalties."""
        return TRAINING.stride_sessions if self.is_alike else 1


@dataclasses.dataclass(frozen=True, eq=False)
class Taught:
    """Out-of-fold rows of one fold, for the meta-learner."""

    chances: Floats
    labels: np.ndarray
    n_sessions: int


def _numbers(module: Any, size: Size) -> dict[str, Any]:
    """Parameters of one of our models."""
    return {
        name: size.heavier * value if name in PENALTIES else value
        for name, value in base.drawing(module.PARAMETERS, size.n_features).items()
    }


def _lightgbm(module: Any, size: Size) -> Any:
    chosen = _numbers(module, size)
    return lightgbm.LGBMClassifier(
        n_estimators=chosen.pop("num_iterations"),
        boosting_type=chosen.pop("boosting"),
        min_child_samples=max(20, size.n_rows // module.LEAF_SHARE),
        n_jobs=N_THREADS,
        verbosity=-1,
        **chosen,
    )


def _xgboost(module: Any, size: Size) -> Any:
    chosen = _numbers(module, size)
    return xgboost.XGBClassifier(
        n_estimators=chosen.pop("rounds"),
        learning_rate=chosen.pop("eta"),
        min_child_weight=size.n_rows / xgboost_native.HESSIAN_SHARE,
        n_jobs=N_THREADS,
        **chosen,
    )


def _forest(size: Size) -> Any:
    chosen = _numbers(sklearn_extra_trees, size)
    chosen["n_jobs"] = N_THREADS
    leaf = max(10, size.n_rows // sklearn_extra_trees.LEAF_SHARE)
    forest = sklearn.ensemble.ExtraTreesClassifier(
        min_samples_leaf=leaf, random_state=TRAINING.seed, **chosen
    )
    return sklearn.pipeline.make_pipeline(
        sklearn.impute.SimpleImputer(strategy="median"), forest
    )


def _boosting(size: Size) -> Any:
    chosen = _numbers(sklearn_boosting, size)
    del chosen["max_bins"]
    leaf = max(20, size.n_rows // sklearn_boosting.LEAF_SHARE)
    return sklearn.ensemble.HistGradientBoostingClassifier(
        min_samples_leaf=leaf, random_state=TRAINING.seed, **chosen
    )


def _squares(ranks: Floats) -> Floats:
    even = 2 * ranks - 1
    return np.hstack([even, even**2 - 1 / 3])


def _logistic(size: Size) -> Any:
    return sklearn.pipeline.make_pipeline(
        sklearn.impute.SimpleImputer(strategy="median"),
        sklearn.preprocessing.QuantileTransformer(n_quantiles=33),
        sklearn.preprocessing.FunctionTransformer(_squares),
        sklearn.linear_model.LogisticRegression(
            C=1 / (ranked_logistic.PENALTY * size.n_rows), max_iter=200
        ),
    )


def _catboost(size: Size) -> Any:
    chosen = _numbers(catboost_symmetric, size)
    chosen["thread_count"] = N_THREADS
    return catboost.CatBoostClassifier(**chosen)


MODELS: tuple[Callable[[Size], Any], ...] = (
    functools.partial(_lightgbm, lightgbm_gbdt),
    _catboost,
    _forest,
    functools.partial(_xgboost, xgboost_hist),
    _boosting,
    functools.partial(_lightgbm, lightgbm_extra_trees),
    functools.partial(_xgboost, xgboost_shallow),
    _logistic,
)


def _fit_all(frame: pl.DataFrame, features: Sequence[str], heavier: int) -> list[Any]:
    fitted = []
    for make in MODELS:
        table: pd.DataFrame = frame.select(features).to_pandas()
        labels = [base.CLASSES.index(label) for label in frame["label"]]
        fitted.append(make(Size(*table.shape, heavier)).fit(table, labels))
    return fitted


def _predict(models: list[Any], frame: pl.DataFrame, features: Sequence[str]) -> Floats:
    table = frame.select(features).to_pandas()
    return np.hstack([model.predict_proba(table) for model in models])


def _stack(taught: list[Taught]) -> stacking.Stacker:
    """The product's own: how far it trusts a base model is method, not work saved."""
    chances = np.vstack([part.chances for part in taught])
    labels = np.concatenate([part.labels for part in taught])
    n_sessions = sum(part.n_sessions for part in taught)
    return stacking.fit(chances, labels, np.ones(len(labels)), n_sessions)


def train(
    samples: pl.DataFrame,
    folds: Sequence[splits.Fold],
    features: Sequence[str],
    progress: Callable[[str], None],
    way: Way,
) -> pl.DataFrame:
    """Out-of-fold rows with stacked probabilities."""
    warnings.filterwarnings("ignore")
    oof: list[Taught] = []
    parts = []
    for fold in folds:
        progress(f"fold {fold.number + 1} of {len(folds)}")
        train_rows = samples.filter(pl.col("session").is_in(fold.train_sessions))
        test_rows = samples.filter(pl.col("session").is_in(fold.test_sessions))
        chances = _predict(
            _fit_all(train_rows, features, way.heavier), test_rows, features
        )
        if oof:
            stacked = _stack(oof).predict(chances)
            columns = [
                pl.Series(f"p_{label}", stacked[:, code])
                for code, label in enumerate(base.CLASSES)
            ]
            keys = test_rows.select("symbol", "session", "label")
            parts.append(keys.with_columns(columns))
        codes = np.array([base.CLASSES.index(name) for name in test_rows["label"]])
        days = test_rows["session"].n_unique()
        oof.append(Taught(chances, codes.astype(np.int32), days))
    if way.refits:
        progress("final refit")
        _fit_all(samples, features, way.heavier)
        _stack(oof)
    return pl.concat(parts)
