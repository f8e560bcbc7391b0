"""scikit-learn's histogram gradient boosting, stored as tree arrays.

Parameters of this model and the way out of scikit-learn's trees.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
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

_NEVER = -50.0  # score of a class that did not occur in training


@dataclasses.dataclass(frozen=True, eq=False)
class Boosted:
    """A fitted model: class scores are sums of leaf values."""

    trees: tree_arrays.Trees
    """One tree per round and class, after a first one that holds the prior."""

    gains: npt.NDArray[np.float64]
    """Shape (n_features,): total gain of the splits."""

    def predict(self, features: matrix.Values) -> base.Probabilities:
        """See `base.Forecast.predict`."""
        return self.served().predict(features)

    def artifact(self) -> dict[str, bytes]:
        """See `base.Forecast.artifact`."""
        arrays = self.trees.to_arrays() | {"gains": self.gains}
        return {_FILE: archive.pack_arrays(arrays)}

    def served(self) -> base.Served:
        """See `base.Fitted.served`."""
        return base.Served(self.trees)

    def importance(self) -> npt.NDArray[np.float64]:
        """See `base.Fitted.importance`: total gain of the splits."""
        return base.shares(self.gains)


Grown = np.ndarray[Any, np.dtype[Any]]
"""Nodes of one tree, a structured array of scikit-learn's."""


def _nodes(grown: Grown, code: int) -> tree_arrays.Nodes:
    is_leaf = grown["is_leaf"].astype(bool)
    itself = np.arange(len(grown))
    return tree_arrays.Nodes(
        feature=grown["feature_idx"],
        threshold=grown["num_threshold"],
        is_missing_left=grown["missing_go_to_left"].astype(bool),
        left=np.where(is_leaf, itself, grown["left"]),
        right=np.where(is_leaf, itself, grown["right"]),
        value=tree_arrays.of_class(np.where(is_leaf, grown["value"], 0.0), code),
    )


def _scored(classes: npt.NDArray[np.integer]) -> list[int]:
    """Codes of the classes with trees of their own: of two, only the second has."""
    codes = [int(code) for code in classes]
    return codes if len(codes) > 2 else codes[1:]  # noqa: PLR2004


def _gains(every: list[Grown], n_features: int) -> npt.NDArray[np.float64]:
    split = np.concatenate([grown[grown["is_leaf"] == 0] for grown in every])
    gains = np.bincount(split["feature_idx"], split["gain"], minlength=n_features)
    return gains.astype(np.float64)


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> Boosted:
    """See `base.Model.fit`."""
    leaf, features = max(20, len(rows) // LEAF_SHARE), samples.values[rows]
    # scikit-learn cannot bin a column without a value.
    features[:, np.isnan(features).all(axis=0)] = 0.0
    model = sklearn.ensemble.HistGradientBoostingClassifier(
        min_samples_leaf=leaf,
        random_state=seed,
        **base.drawing(PARAMETERS, features.shape[1]),
    )
    # OpenMP keeps its limit per thread, so it is set in the one that fits.
    with threadpoolctl.threadpool_limits(1, user_api="openmp"):
        model.fit(features, samples.labels[rows], sample_weight=samples.weights[rows])
    # scikit-learn has no public way to its nodes; every exporter reads these two.
    rounds = model._predictors  # noqa: SLF001
    scored = _scored(model.classes_)
    prior = np.full(len(base.CLASSES), _NEVER)
    prior[model.classes_] = 0.0
    prior[scored] = model._baseline_prediction.ravel()  # noqa: SLF001
    grown = [
        (tree.nodes, code)
        for each in rounds
        for code, tree in zip(scored, each, strict=True)
    ]
    start = tree_arrays.constant(prior)
    trees = tree_arrays.pack([start, *(_nodes(*one) for one in grown)])
    return Boosted(trees, _gains([nodes for nodes, _ in grown], features.shape[1]))


def load(artifact: Mapping[str, bytes]) -> Boosted:
    """See `base.Model.load`."""
    arrays = archive.unpack_arrays(archive.member(artifact, _FILE))
    return Boosted(tree_arrays.from_arrays(arrays), arrays["gains"])
