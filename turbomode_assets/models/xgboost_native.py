"""What the XGBoost models share: shared bin cuts, training, UBJSON artifacts.

Parameters of a particular model do not belong here.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost

from turbomode_assets.models import archive, base, matrix, tree_arrays

_FILE = "model.ubj"
_MAX_BIN = matrix.N_BINS + 1

COMMON: Mapping[str, Any] = {
    "booster": "gbtree",
    "objective": "multi:softprob",
    "num_class": len(base.CLASSES),
    "tree_method": "hist",
    "max_bin": _MAX_BIN,
    "nthread": 1,
    "verbosity": 0,
}
"""Parameters of every XGBoost model."""

_OF_TREES = ("tree_method", "max_bin")

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
        """See `base.Forecast.predict`."""
        # Not in place: a linear booster cannot.
        dataset = xgboost.DMatrix(np.ascontiguousarray(features), nthread=1)
        return base.as_probabilities(np.asarray(self.booster.predict(dataset)))

    def artifact(self) -> dict[str, bytes]:
        """See `base.Forecast.artifact`."""
        return {_FILE: self.packed}

    def served(self) -> base.Served:
        """See `base.Fitted.served`."""
        learner = self._learner()
        start = json.loads(learner["learner_model_param"]["base_score"])
        booster = learner["gradient_booster"]
        grown = _linear if booster["name"] == "gblinear" else _grown
        first = tree_arrays.constant(np.array(start, dtype=np.float64))
        return base.Served(tree_arrays.pack([first, *grown(booster)]))

    def importance(self) -> npt.NDArray[np.float64]:
        """See `base.Fitted.importance`: total gain, or absolute weights."""
        is_linear = self._learner()["gradient_booster"]["name"] == "gblinear"
        kind = "weight" if is_linear else "total_gain"
        found = self.booster.get_score(importance_type=kind)
        gains = np.zeros(self.booster.num_features())
        for name, gain in found.items():
            gains[int(name[1:])] = np.abs(gain).sum()
        return base.shares(gains)

    def _learner(self) -> dict[str, Any]:
        """What XGBoost writes of itself as JSON."""
        learner: dict[str, Any] = json.loads(self.booster.save_raw("json"))["learner"]
        return learner


def _grown(booster: Mapping[str, Any]) -> list[tree_arrays.Nodes]:
    """Trees of a tree booster; dart scales each by its weight."""
    model = booster.get("gbtree", booster)["model"]
    weights = booster.get("weight_drop", [1.0] * len(model["trees"]))
    every = zip(model["trees"], model["tree_info"], weights, strict=True)
    return [_nodes(tree, code, weight) for tree, code, weight in every]


def _nodes(tree: Mapping[str, Any], code: int, weight: float) -> tree_arrays.Nodes:
    left, right = np.array(tree["left_children"]), np.array(tree["right_children"])
    # Conditions of nodes, values of leaves; XGBoost keeps and compares in float32.
    number = np.array(tree["split_conditions"], dtype=np.float32).astype(np.float64)
    is_leaf, itself = left < 0, np.arange(len(left))
    return tree_arrays.Nodes(
        feature=np.array(tree["split_indices"]),
        threshold=np.ceil(number) - 1.0,  # left is strictly below
        is_missing_left=np.array(tree["default_left"], dtype=np.bool_),
        left=np.where(is_leaf, itself, left),
        right=np.where(is_leaf, itself, right),
        value=tree_arrays.of_class(np.where(is_leaf, weight * number, 0.0), code),
    )


def _linear(booster: Mapping[str, Any]) -> list[tree_arrays.Nodes]:
    """A linear booster as one tree per feature; NaN adds nothing."""
    flat = np.array(booster["model"]["weights"], dtype=np.float64)
    *slopes, bias = flat.reshape(-1, len(base.CLASSES))
    codes = np.append(np.arange(matrix.N_BINS), 0.0)
    trees = [
        tree_arrays.lookup(feature, np.multiply.outer(codes, slope))
        for feature, slope in enumerate(slopes)
    ]
    return [tree_arrays.constant(bias), *trees]


def _cuts(samples: matrix.Matrix) -> xgboost.QuantileDMatrix:
    return xgboost.QuantileDMatrix(samples.values, max_bin=_MAX_BIN, nthread=1)


def _binned(samples: matrix.Matrix, rows: matrix.Rows) -> xgboost.DMatrix:
    # Binned by the shared cuts; XGBoost cannot slice binned rows.
    return xgboost.QuantileDMatrix(
        samples.values[rows],
        label=samples.labels[rows],
        weight=samples.weights[rows],
        ref=samples.shared("xgboost.QuantileDMatrix", _cuts),
        max_bin=_MAX_BIN,
        nthread=1,
    )


def _plain(samples: matrix.Matrix, rows: matrix.Rows) -> xgboost.DMatrix:
    return xgboost.DMatrix(
        samples.values[rows],
        label=samples.labels[rows],
        weight=samples.weights[rows],
        nthread=1,
    )


def fit(
    samples: matrix.Matrix, rows: matrix.Rows, parameters: Mapping[str, Any]
) -> Boosted:
    """Train on the given rows, binned by the shared cuts where histograms are used.

    Parameters
    ----------
    samples, rows
        See `base.Model.fit`.
    parameters
        XGBoost parameters beyond `COMMON`, with ``rounds`` for their number.
    """
    chosen = base.drawing({**COMMON, **parameters}, samples.values.shape[1])
    rounds = chosen.pop("rounds")
    if chosen["booster"] == "gblinear":
        chosen = {k: v for k, v in chosen.items() if k not in _OF_TREES}
    else:
        chosen["min_child_weight"] = len(rows) / HESSIAN_SHARE
    # Each round of dart predicts with the trees it keeps: faster from unbinned rows.
    is_binned = chosen["booster"] == "gbtree" and chosen["tree_method"] == "hist"
    build = _binned if is_binned else _plain
    dataset = build(samples, rows)
    booster = xgboost.train(chosen, dataset, num_boost_round=rounds)
    return load({_FILE: bytes(booster.save_raw("ubj"))})


def load(artifact: Mapping[str, bytes]) -> Boosted:
    """See `base.Model.load`."""
    packed = archive.member(artifact, _FILE)
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(packed))
    return Boosted(booster, packed)
