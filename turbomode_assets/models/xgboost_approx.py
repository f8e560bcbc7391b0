"""XGBoost on weighted quantile sketches, redrawn every round.

Parameters of this model and nothing else.
"""

from collections.abc import Mapping
from typing import Any

from turbomode_assets.models import base, matrix, xgboost_native

PARAMETERS: Mapping[str, Any] = {
    "rounds": 50,
    "eta": 0.05,
    "max_depth": 4,
    "tree_method": "approx",
    "reg_lambda": 50.0,
    "colsample_bylevel": 0.3,
    "subsample": 0.5,
}
"""As `xgboost_hist`, but columns are drawn for every level."""

load = xgboost_native.load


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> base.Fitted:
    """See `base.Model.fit`."""
    return xgboost_native.fit(samples, rows, {**PARAMETERS, "seed": seed})
