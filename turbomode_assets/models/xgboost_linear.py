"""XGBoost without trees: one slope per feature and class on its bin code.

Parameters of this model and nothing else.
"""

from collections.abc import Mapping
from typing import Any

from turbomode_assets.models import base, matrix, xgboost_native

PARAMETERS: Mapping[str, Any] = {
    "booster": "gblinear",
    "rounds": 30,
    "updater": "coord_descent",
    "eta": 0.5,
    "reg_lambda": 0.03,
    "base_score": 0.5,
}
"""Codes are ranks, so slopes need no scaling; null adds nothing. The intercepts start
equal, since a linear booster gives the first of several to every class."""

load = xgboost_native.load


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> base.Fitted:
    """See `base.Model.fit`; nothing is drawn, so `seed` changes nothing."""
    return xgboost_native.fit(samples, rows, {**PARAMETERS, "seed": seed})
