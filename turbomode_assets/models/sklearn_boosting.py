"""scikit-learn's histogram gradient boosting, stored as tree arrays.

Parameters of this model and the way out of scikit-learn's trees.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import sklearn.ensemble
import threadpoolctl

from turbomode_assets.models import archive, base, matrix, tree_arrays

_FILE = "trees.npz"

PARAMETERS: Mapping[str, Any] = {
    "max_iter": 25,
    "learning_rate": 0.08,
    "max_leaf_nodes": 8,
    "l2_regularization": 100.0,
    "max_features": 0.3,
    "max_bins": matrix.N_BINS,
    "early_stopping": False,
}
"""A fixed number of rounds, for the reason in `lightgbm_gbdt`; fewer than there,
since nothing is subsampled here."""

LEAF_SHARE = 100
"""A leaf holds at least one row in this many."""


@dataclasses.dataclass(frozen=True, eq=False)
class Boosted:
    """A fitted model: class scores are sums of leaf values."""

    trees: tree_arrays.Trees
    """One tree per round and class, after a first one that holds the prior."""

    def predict(self, features: matrix.Values) -> base.Probabilities:
        """See `base.Fitted.predict`."""
        return base.softmax(self.trees.total(features))

    def artifact(self) -> dict[str, bytes]:
        """See `base.Fitted.artifact`."""
        return {_FILE: self.trees.to_bytes()}


def _prior(scores: base.Probabilities) -> tree_arrays.Trees:
    leaf = np.zeros(1, dtype=np.int32)
    return tree_arrays.Trees(
        roots=leaf,
        feature=leaf,
        threshold=np.full(1, np.inf),
        left=leaf,
        right=leaf,
        is_missing_left=np.ones(1, dtype=np.bool_),
        value=scores.reshape(1, -1),
    )


def _tree(nodes: np.ndarray[Any, np.dtype[Any]], position: int) -> tree_arrays.Trees:
    is_leaf = nodes["is_leaf"].astype(bool)
    itself = np.arange(len(nodes), dtype=np.int32)
    value = np.zeros((len(nodes), len(base.CLASSES)))
    value[is_leaf, position] = nodes["value"][is_leaf]
    return tree_arrays.Trees(
        roots=np.zeros(1, dtype=np.int32),
        feature=np.where(is_leaf, 0, nodes["feature_idx"]).astype(np.int32),
        threshold=np.where(is_leaf, np.inf, nodes["num_threshold"]),
        left=np.where(is_leaf, itself, nodes["left"]).astype(np.int32),
        right=np.where(is_leaf, itself, nodes["right"]).astype(np.int32),
        is_missing_left=is_leaf | nodes["missing_go_to_left"].astype(bool),
        value=value,
    )


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> Boosted:
    """See `base.Model.fit`."""
    leaf = max(20, len(rows) // LEAF_SHARE)
    model = sklearn.ensemble.HistGradientBoostingClassifier(
        min_samples_leaf=leaf, random_state=seed, **PARAMETERS
    )
    # OpenMP keeps its limit per thread, so it is set in the one that fits.
    with threadpoolctl.threadpool_limits(1, user_api="openmp"):
        model.fit(
            samples.values[rows],
            samples.labels[rows],
            sample_weight=samples.weights[rows],
        )
    # scikit-learn has no public way to its nodes; every exporter reads these two.
    rounds = model._predictors  # noqa: SLF001
    trees = [_prior(model._baseline_prediction)]  # noqa: SLF001
    for per_class in rounds:
        trees += [_tree(tree.nodes, code) for code, tree in enumerate(per_class)]
    return Boosted(tree_arrays.join(trees))


def load(artifact: Mapping[str, bytes]) -> Boosted:
    """See `base.Model.load`."""
    return Boosted(tree_arrays.from_bytes(archive.member(artifact, _FILE)))
