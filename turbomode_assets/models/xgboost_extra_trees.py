"""XGBoost as a boosted forest: random columns at every node, several trees a round.

Parameters of this model and nothing else.
"""

from collections.abc import Mapping
from typing import Any

from turbomode_assets.models import base, matrix, xgboost_native

PARAMETERS: Mapping[str, Any] = {
    "rounds": 15,
    "eta": 0.2,
    "max_depth": 5,
    "num_parallel_tree": 4,
    "reg_lambda": 50.0,
    "colsample_bynode": 0.15,
    "subsample": 0.4,
}
"""XGBoost knows no random thresholds; few columns a node come nearest to them."""

load = xgboost_native.load


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> base.Fitted:
    """See `base.Model.fit`."""
    return xgboost_native.fit(samples, rows, {**PARAMETERS, "seed": seed})
