"""scikit-learn's extremely randomized trees, stored as tree arrays.

Nulls go where the training median goes. Leaves are drawn toward the prior, since a
leaf without a single large move proves no probability of zero.

References
----------
P. Geurts, D. Ernst and L. Wehenkel, "Extremely randomized trees", Machine Learning
63(1), 2006.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import sklearn.ensemble

from turbomode_assets.models import archive, base, matrix, tree_arrays

_FILE = "trees.npz"

PARAMETERS: Mapping[str, Any] = {
    "n_estimators": 40,
    "max_depth": 8,
    "max_features": 0.25,
    "bootstrap": True,
    "max_samples": 0.5,
    "n_jobs": 1,
}
"""Few shallow trees on half the rows each: more of either cost time and changed the
loss by less than its noise."""

LEAF_SHARE = 400
"""A leaf holds at least one row in this many."""

PRIOR_ROWS = 20.0
"""Rows of the prior added to every leaf."""


@dataclasses.dataclass(frozen=True, eq=False)
class Forest:
    """A fitted forest: probabilities are means of leaf shares."""

    trees: tree_arrays.Trees
    """Leaf shares, divided by the number of trees."""

    gains: npt.NDArray[np.float64]
    """Shape (n_features,): mean decrease of impurity."""

    def predict(self, features: matrix.Values) -> base.Probabilities:
        """See `base.Forecast.predict`."""
        return self.served().predict(features)

    def artifact(self) -> dict[str, bytes]:
        """See `base.Forecast.artifact`."""
        arrays = self.trees.to_arrays() | {"gains": self.gains}
        return {_FILE: archive.pack_arrays(arrays)}

    def served(self) -> base.Served:
        """See `base.Fitted.served`."""
        return base.Served(self.trees, is_share=True)

    def importance(self) -> npt.NDArray[np.float64]:
        """See `base.Fitted.importance`: mean decrease of impurity."""
        return base.shares(self.gains)


def _nodes(tree: Any, medians: matrix.Values, forest: Any) -> tree_arrays.Nodes:
    itself = np.arange(tree.node_count)
    is_leaf = tree.children_left < 0
    shares = np.zeros((tree.node_count, len(base.CLASSES)))
    shares[:, forest.classes_] = tree.value[:, 0, :]
    n_rows = tree.weighted_n_node_samples[:, None]
    drawn = (shares * n_rows + shares[0] * PRIOR_ROWS) / (n_rows + PRIOR_ROWS)
    feature = np.where(is_leaf, 0, tree.feature)
    return tree_arrays.Nodes(
        feature=feature,
        threshold=tree.threshold,
        is_missing_left=medians[feature] <= tree.threshold,
        left=np.where(is_leaf, itself, tree.children_left),
        right=np.where(is_leaf, itself, tree.children_right),
        value=np.where(is_leaf[:, None], drawn / len(forest.estimators_), 0.0),
    )


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> Forest:
    """See `base.Model.fit`."""
    model = sklearn.ensemble.ExtraTreesClassifier(
        min_samples_leaf=max(10, len(rows) // LEAF_SHARE),
        random_state=seed,
        **base.drawing(PARAMETERS, samples.values.shape[1]),
    )
    return grow(model, samples, rows)


def grow(model: Any, samples: matrix.Matrix, rows: matrix.Rows) -> Forest:
    """Fit a forest of scikit-learn's and take its trees.

    Parameters
    ----------
    model
        Classifier whose members are decision trees, not fitted yet.
    samples, rows
        See `base.Model.fit`.
    """
    features = samples.values[rows]
    known = np.where(np.isnan(features).all(axis=0), np.float32(0), features)
    medians = np.nanmedian(known, axis=0).astype(np.float32)
    filled = np.where(np.isnan(features), medians, features)
    model.fit(filled, samples.labels[rows], sample_weight=samples.weights[rows])
    grown = [_nodes(member.tree_, medians, model) for member in model.estimators_]
    return Forest(tree_arrays.pack(grown), model.feature_importances_)


def load(artifact: Mapping[str, bytes]) -> Forest:
    """See `base.Model.load`."""
    arrays = archive.unpack_arrays(archive.member(artifact, _FILE))
    return Forest(tree_arrays.from_arrays(arrays), arrays["gains"])
