"""LightGBM, gradient boosting: leaf-wise trees.

Parameters of this model and nothing else.
"""

from collections.abc import Mapping
from typing import Any

from turbomode_assets.models import base, lightgbm_native, matrix

PARAMETERS: Mapping[str, Any] = {
    "boosting": "gbdt",
    "num_iterations": 60,
    "learning_rate": 0.05,
    "num_leaves": 8,
    "lambda_l2": 50.0,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.5,
    "bagging_freq": 1,
}
"""Few small steps and a fixed number of them: with labels that overlap by nine
tenths more rounds only learn the period, and an inner fold to stop on would cost
the most recent quarter."""

LEAF_SHARE = 100
"""A leaf holds at least one row in this many."""

load = lightgbm_native.load


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> base.Fitted:
    """See `base.Model.fit`."""
    leaf = max(20, len(rows) // LEAF_SHARE)
    chosen = {**PARAMETERS, "min_data_in_leaf": leaf, "seed": seed}
    return lightgbm_native.fit(samples, rows, chosen)
