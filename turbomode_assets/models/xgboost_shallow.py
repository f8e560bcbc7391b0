"""XGBoost, shallow and strongly regularized: at most two features interact.

Parameters of this model and nothing else.
"""

from collections.abc import Mapping
from typing import Any

from turbomode_assets.models import base, matrix, xgboost_native

PARAMETERS: Mapping[str, Any] = {
    "rounds": 60,
    "eta": 0.1,
    "max_depth": 2,
    "reg_lambda": 200.0,
    "colsample_bynode": 0.3,
    "subsample": 0.5,
}
"""Trees of depth two: nearly additive, hence steady where deeper ones are not."""

load = xgboost_native.load


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> base.Fitted:
    """See `base.Model.fit`."""
    return xgboost_native.fit(samples, rows, {**PARAMETERS, "seed": seed})
