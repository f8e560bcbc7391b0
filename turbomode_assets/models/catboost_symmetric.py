"""CatBoost: symmetric trees, every node of a level split by the same question.

Plain boosting, not ordered: ordered boosting protects small data from target
leakage through categorical statistics, of which there are none here, and took four
times as long for the same loss.

References
----------
L. Prokhorenkova et al., "CatBoost: unbiased boosting with categorical features",
NeurIPS 2018.
"""

import dataclasses
import pathlib
import tempfile
from collections.abc import Mapping
from typing import Any

import catboost
import numpy as np

from turbomode_assets.models import archive, base, matrix

_FILE = "model.cbm"

PARAMETERS: Mapping[str, Any] = {
    "loss_function": "MultiClass",
    "classes_count": len(base.CLASSES),
    "boosting_type": "Plain",
    "iterations": 60,
    "learning_rate": 0.1,
    "depth": 4,
    "l2_leaf_reg": 10.0,
    "rsm": 0.3,
    "bootstrap_type": "Bernoulli",
    "subsample": 0.5,
    "leaf_estimation_iterations": 1,
    "thread_count": 1,
    "allow_writing_files": False,
    "logging_level": "Silent",
}
"""A fixed number of rounds, for the reason in `lightgbm_gbdt`."""

_STAMPS = ("model_guid", "train_finish_time")


@dataclasses.dataclass(frozen=True, eq=False)
class Boosted:
    """A fitted CatBoost model."""

    model: catboost.CatBoost
    """The model as CatBoost reads it from its binary format."""

    packed: bytes
    """That format."""

    def predict(self, features: matrix.Values) -> base.Probabilities:
        """See `base.Fitted.predict`."""
        chances = self.model.predict(
            features, prediction_type="Probability", thread_count=1
        )
        return base.as_probabilities(np.asarray(chances))

    def artifact(self) -> dict[str, bytes]:
        """See `base.Fitted.artifact`."""
        return {_FILE: self.packed}


def _pool(samples: matrix.Matrix) -> catboost.Pool:
    pool = catboost.Pool(
        samples.values, label=samples.labels, weight=samples.weights, thread_count=1
    )
    pool.quantize(border_count=matrix.N_BINS)
    return pool


def _packed(model: catboost.CatBoost) -> bytes:
    metadata = model.get_metadata()
    for stamp in _STAMPS:  # or no two trainings would give the same bytes
        metadata[stamp] = ""
    # CatBoost writes its format to a path only.
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / _FILE
        model.save_model(str(path))
        return path.read_bytes()


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> Boosted:
    """See `base.Model.fit`."""
    pool = samples.shared("catboost.Pool", _pool).slice(rows.astype(np.int32))
    model = catboost.CatBoost({**PARAMETERS, "random_seed": seed})
    model.fit(pool)
    return load({_FILE: _packed(model)})


def load(artifact: Mapping[str, bytes]) -> Boosted:
    """See `base.Model.load`."""
    packed = archive.member(artifact, _FILE)
    model = catboost.CatBoost()
    model.load_model(blob=packed)
    return Boosted(model, packed)
