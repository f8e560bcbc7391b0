"""What the XGBoost models share: shared bin cuts, training, UBJSON artifacts.

Parameters of a particular model do not belong here.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import xgboost

from turbomode_assets.models import archive, base, matrix

_FILE = "model.ubj"
_MAX_BIN = matrix.N_BINS + 1

COMMON: Mapping[str, Any] = {
    "objective": "multi:softprob",
    "num_class": len(base.CLASSES),
    "tree_method": "hist",
    "max_bin": _MAX_BIN,
    "nthread": 1,
    "verbosity": 0,
}
"""Parameters of every XGBoost model."""

HESSIAN_SHARE = 400
"""A leaf holds at least one unit of hessian per this many rows: about one row in
fifty among typical rows, where a hessian is near .1."""


@dataclasses.dataclass(frozen=True, eq=False)
class Boosted:
    """A fitted XGBoost model."""

    booster: xgboost.Booster
    """The model as XGBoost reads it from its UBJSON."""

    packed: bytes
    """That UBJSON."""

    def predict(self, features: matrix.Values) -> base.Probabilities:
        """See `base.Fitted.predict`."""
        return base.as_probabilities(
            np.asarray(self.booster.inplace_predict(np.ascontiguousarray(features)))
        )

    def artifact(self) -> dict[str, bytes]:
        """See `base.Fitted.artifact`."""
        return {_FILE: self.packed}


def _cuts(samples: matrix.Matrix) -> xgboost.QuantileDMatrix:
    return xgboost.QuantileDMatrix(samples.values, max_bin=_MAX_BIN, nthread=1)


def fit(
    samples: matrix.Matrix, rows: matrix.Rows, parameters: Mapping[str, Any]
) -> Boosted:
    """Train on rows binned by the shared cuts; XGBoost cannot slice binned rows.

    Parameters
    ----------
    samples, rows
        See `base.Model.fit`.
    parameters
        XGBoost parameters beyond `COMMON`, with ``rounds`` for their number.
    """
    dataset = xgboost.QuantileDMatrix(
        samples.values[rows],
        label=samples.labels[rows],
        weight=samples.weights[rows],
        ref=samples.shared("xgboost.QuantileDMatrix", _cuts),
        max_bin=_MAX_BIN,
        nthread=1,
    )
    chosen = {**COMMON, **parameters, "min_child_weight": len(rows) / HESSIAN_SHARE}
    rounds = chosen.pop("rounds")
    booster = xgboost.train(chosen, dataset, num_boost_round=rounds)
    return load({_FILE: bytes(booster.save_raw("ubj"))})


def load(artifact: Mapping[str, bytes]) -> Boosted:
    """See `base.Model.load`."""
    packed = archive.member(artifact, _FILE)
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(packed))
    return Boosted(booster, packed)
