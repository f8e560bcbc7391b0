"""XGBoost with deep trees: many features interact.

Parameters of this model and nothing else.
"""

from collections.abc import Mapping
from typing import Any

from turbomode_assets.models import base, matrix, xgboost_native

PARAMETERS: Mapping[str, Any] = {
    "rounds": 40,
    "eta": 0.05,
    "max_depth": 7,
    "reg_lambda": 50.0,
    "colsample_bytree": 0.3,
    "subsample": 0.5,
}
"""Depth that leaves of a fiftieth of the rows would rarely allow further."""

load = xgboost_native.load


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> base.Fitted:
    """See `base.Model.fit`."""
    return xgboost_native.fit(samples, rows, {**PARAMETERS, "seed": seed})
