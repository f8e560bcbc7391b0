"""XGBoost with dropout: each round forgets a tenth of the trees before it.

Parameters of this model and nothing else.

References
----------
K. V. Rashmi and R. Gilad-Bachrach, "DART: Dropouts meet Multiple Additive Regression
Trees", AISTATS 2015.
"""

from collections.abc import Mapping
from typing import Any

from turbomode_assets.models import base, matrix, xgboost_native

PARAMETERS: Mapping[str, Any] = {
    "booster": "dart",
    "rounds": 60,
    "eta": 0.2,
    "max_depth": 4,
    "reg_lambda": 50.0,
    "colsample_bytree": 0.3,
    "subsample": 0.5,
    "rate_drop": 0.1,
}
"""Dropout makes rounds slow and shrinks them, hence few and larger steps."""

load = xgboost_native.load


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> base.Fitted:
    """See `base.Model.fit`."""
    return xgboost_native.fit(samples, rows, {**PARAMETERS, "seed": seed})
