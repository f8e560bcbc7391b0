"""scikit-learn's random forest, stored as the extremely randomized trees are.

References
----------
L. Breiman, "Random forests", Machine Learning 45(1), 2001.
"""

from collections.abc import Mapping
from typing import Any

import sklearn.ensemble

from turbomode_assets.models import base, matrix, sklearn_extra_trees

PARAMETERS: Mapping[str, Any] = {
    "n_estimators": 60,
    "max_depth": 6,
    "max_features": 0.3,
    "bootstrap": True,
    "max_samples": 0.5,
    "n_jobs": 1,
}
"""Shallow trees on half the rows each: what they look for is faint."""

LEAF_SHARE = 200
"""A leaf holds at least one row in this many."""

load = sklearn_extra_trees.load


def fit(
    samples: matrix.Matrix, rows: matrix.Rows, seed: int
) -> sklearn_extra_trees.Forest:
    """See `base.Model.fit`."""
    model = sklearn.ensemble.RandomForestClassifier(
        min_samples_leaf=max(10, len(rows) // LEAF_SHARE),
        random_state=seed,
        **base.drawing(PARAMETERS, samples.values.shape[1]),
    )
    return sklearn_extra_trees.grow(model, samples, rows)
