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
import json
import pathlib
import tempfile
from collections.abc import Mapping
from typing import Any

import catboost
import numpy as np
import numpy.typing as npt

from turbomode_assets.models import archive, base, matrix, tree_arrays

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
        """See `base.Forecast.predict`."""
        chances = self.model.predict(
            features, prediction_type="Probability", thread_count=1
        )
        return base.as_probabilities(np.asarray(chances))

    def artifact(self) -> dict[str, bytes]:
        """See `base.Forecast.artifact`."""
        return {_FILE: self.packed}

    def served(self) -> base.Served:
        """See `base.Fitted.served`."""
        dumped = json.loads(_saved(self.model, "json"))
        scale, bias = dumped["scale_and_bias"]
        trees = [_nodes(tree, scale) for tree in dumped["oblivious_trees"]]
        first = tree_arrays.constant(np.array(bias, dtype=np.float64))
        return base.Served(tree_arrays.pack([first, *trees]))

    def importance(self) -> npt.NDArray[np.float64]:
        """See `base.Fitted.importance`: mean change of the prediction."""
        return base.shares(self.model.get_feature_importance())


def _nodes(tree: Mapping[str, Any], scale: float) -> tree_arrays.Nodes:
    """A symmetric tree: node k has nodes 2k + 1 and 2k + 2 below."""
    splits = tree["splits"] or []
    n_inner, n_nodes = 2 ** len(splits) - 1, 2 ** (len(splits) + 1) - 1
    level = np.log2(np.arange(n_inner) + 1).astype(np.int64)
    feature = np.zeros(n_nodes, dtype=np.int64)
    threshold, value = np.zeros(n_nodes), np.zeros((n_nodes, len(base.CLASSES)))
    asked = [(split["float_feature_index"], split["border"]) for split in splits]
    for depth, (column, border) in enumerate(asked):
        at = np.flatnonzero(level == depth)
        feature[at], threshold[at] = column, border
    # A leaf's number has one bit per split, the first split's the lowest.
    path = np.arange(n_inner + 1)
    bits = [(path >> len(splits) - 1 - n & 1) << n for n in range(len(splits))]
    leaves = np.array(tree["leaf_values"]).reshape(-1, len(base.CLASSES))
    value[n_inner:] = scale * leaves[np.sum(bits, axis=0, dtype=np.int64)]
    itself = np.arange(n_nodes)
    is_leaf = itself >= n_inner
    return tree_arrays.Nodes(
        feature=feature,
        threshold=threshold,
        is_missing_left=np.ones(n_nodes, dtype=np.bool_),  # NaN is below every border
        left=np.where(is_leaf, itself, 2 * itself + 1),
        right=np.where(is_leaf, itself, 2 * itself + 2),
        value=value,
    )


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
    return _saved(model, "cbm")


def _saved(model: catboost.CatBoost, kind: str) -> bytes:
    # CatBoost writes its formats to a path only.
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / _FILE
        model.save_model(str(path), format=kind)
        return path.read_bytes()


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> Boosted:
    """See `base.Model.fit`."""
    pool = samples.shared("catboost.Pool", _pool).slice(rows.astype(np.int32))
    chosen = base.drawing(PARAMETERS, samples.values.shape[1])
    model = catboost.CatBoost({**chosen, "random_seed": seed})
    model.fit(pool)
    return load({_FILE: _packed(model)})


def load(artifact: Mapping[str, bytes]) -> Boosted:
    """See `base.Model.load`."""
    packed = archive.member(artifact, _FILE)
    model = catboost.CatBoost()
    model.load_model(blob=packed)
    return Boosted(model, packed)
