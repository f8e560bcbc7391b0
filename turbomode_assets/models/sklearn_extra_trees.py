"""scikit-learn's extremely randomized trees, stored as tree arrays.

Nulls are filled with the training median, kept in the artifact. Leaves are drawn
toward the prior, since a leaf without a single large move proves no probability of
zero.

References
----------
P. Geurts, D. Ernst and L. Wehenkel, "Extremely randomized trees", Machine Learning
63(1), 2006.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import sklearn.ensemble

from turbomode_assets.models import archive, base, matrix, tree_arrays

_TREES = "trees.npz"
_MEDIANS = "medians.npz"

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

    medians: matrix.Values
    """Shape (n_features,): what stands in for null."""

    def predict(self, features: matrix.Values) -> base.Probabilities:
        """See `base.Fitted.predict`."""
        return base.as_probabilities(self.trees.total(_fill(features, self.medians)))

    def artifact(self) -> dict[str, bytes]:
        """See `base.Fitted.artifact`."""
        medians = archive.pack_arrays({"medians": self.medians})
        return {_TREES: self.trees.to_bytes(), _MEDIANS: medians}


def _fill(features: matrix.Values, medians: matrix.Values) -> matrix.Values:
    return np.where(np.isnan(features), medians, features)


def _tree(tree: Any, n_trees: int) -> tree_arrays.Trees:
    itself = np.arange(tree.node_count, dtype=np.int32)
    is_leaf = tree.children_left < 0
    shares, n_rows = tree.value[:, 0, :], tree.weighted_n_node_samples[:, None]
    drawn = (shares * n_rows + shares[0] * PRIOR_ROWS) / (n_rows + PRIOR_ROWS)
    return tree_arrays.Trees(
        roots=np.zeros(1, dtype=np.int32),
        feature=np.where(is_leaf, 0, tree.feature).astype(np.int32),
        threshold=np.where(is_leaf, np.inf, tree.threshold),
        left=np.where(is_leaf, itself, tree.children_left).astype(np.int32),
        right=np.where(is_leaf, itself, tree.children_right).astype(np.int32),
        is_missing_left=is_leaf,
        value=drawn / n_trees,
    )


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> Forest:
    """See `base.Model.fit`."""
    leaf = max(10, len(rows) // LEAF_SHARE)
    model = sklearn.ensemble.ExtraTreesClassifier(
        min_samples_leaf=leaf, random_state=seed, **PARAMETERS
    )
    features = samples.values[rows]
    known = np.where(np.isnan(features).all(axis=0), np.float32(0), features)
    medians = np.nanmedian(known, axis=0).astype(np.float32)
    filled = _fill(features, medians)
    model.fit(filled, samples.labels[rows], sample_weight=samples.weights[rows])
    grown = [
        _tree(member.tree_, len(model.estimators_)) for member in model.estimators_
    ]
    return Forest(tree_arrays.join(grown), medians)


def load(artifact: Mapping[str, bytes]) -> Forest:
    """See `base.Model.load`."""
    trees = tree_arrays.from_bytes(archive.member(artifact, _TREES))
    medians = archive.unpack_arrays(archive.member(artifact, _MEDIANS))
    return Forest(trees, medians["medians"])
