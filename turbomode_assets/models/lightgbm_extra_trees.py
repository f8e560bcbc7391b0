"""LightGBM with extremely randomized splits: one random threshold per feature.

Parameters of this model and nothing else.

References
----------
P. Geurts, D. Ernst and L. Wehenkel, "Extremely randomized trees", Machine Learning
63(1), 2006.
"""

from collections.abc import Mapping
from typing import Any

from turbomode_assets.models import base, lightgbm_native, matrix

PARAMETERS: Mapping[str, Any] = {
    "boosting": "gbdt",
    "extra_trees": True,
    "num_iterations": 60,
    "learning_rate": 0.06,
    "num_leaves": 12,
    "lambda_l2": 50.0,
    "feature_fraction": 0.3,
}
"""Random thresholds overfit less than chosen ones, so larger trees are affordable."""

LEAF_SHARE = 100
"""A leaf holds at least one row in this many."""

load = lightgbm_native.load


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> base.Fitted:
    """See `base.Model.fit`."""
    leaf = max(20, len(rows) // LEAF_SHARE)
    chosen = {**PARAMETERS, "min_data_in_leaf": leaf, "seed": seed}
    return lightgbm_native.fit(samples, rows, chosen)
