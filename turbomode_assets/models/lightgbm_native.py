"""What the LightGBM models share: one binned data set, training, text artifacts.

Parameters of a particular model do not belong here.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

from turbomode_assets.models import archive, base, matrix, tree_arrays

_FILE = "model.txt"

BINNING = {
    "max_bin": matrix.N_BINS + 1,  # one for NaN
    "min_data_in_bin": 1,
    "feature_pre_filter": False,
    "num_threads": 1,
    "verbosity": -1,
}
"""Every code its own bin: the borders were chosen before."""

COMMON: Mapping[str, Any] = {
    **BINNING,
    "objective": "multiclass",
    "num_class": len(base.CLASSES),
    "deterministic": True,
    "force_col_wise": True,
}
"""Parameters of every LightGBM model. Not among them: quantized gradients. With bagging
LightGBM 4.7 sums them over the wrong rows, with column sampling it misplaces parts of
a histogram: trees are worse in silence, or a check on the size of a leaf fails, as on
the full set of features. See https://github.com/lightgbm-org/LightGBM/pull/7397."""


@dataclasses.dataclass(frozen=True, eq=False)
class Boosted:
    """A fitted LightGBM model."""

    booster: lightgbm.Booster
    """The model as LightGBM reads it from its text."""

    text: bytes
    """That text."""

    def predict(self, features: matrix.Values) -> base.Probabilities:
        """See `base.Forecast.predict`."""
        return base.as_probabilities(
            np.asarray(self.booster.predict(features, num_threads=1))
        )

    def artifact(self) -> dict[str, bytes]:
        """See `base.Forecast.artifact`."""
        return {_FILE: self.text}

    def served(self) -> base.Served:
        """See `base.Fitted.served`."""
        grown = self.booster.dump_model()["tree_info"]
        n_classes = len(base.CLASSES)
        trees = [
            _nodes(tree["tree_structure"], number % n_classes)
            for number, tree in enumerate(grown)
        ]
        return base.Served(tree_arrays.pack(trees))

    def importance(self) -> npt.NDArray[np.float64]:
        """See `base.Fitted.importance`: total gain of the splits."""
        return base.shares(self.booster.feature_importance("gain"))


def _nodes(root: Mapping[str, Any], code: int) -> tree_arrays.Nodes:
    """One tree of LightGBM's dump, adding to the class `code`."""
    rows: list[tuple[int, float, bool, int, int, float]] = []

    def grow(node: Mapping[str, Any]) -> int:
        place = len(rows)
        rows.append((0, 0.0, True, place, place, node.get("leaf_value", 0.0)))
        if "leaf_value" not in node:
            # Without NaN in training LightGBM reads NaN as zero, the lowest code.
            is_left = node["default_left"] or node["missing_type"] == "None"
            below = grow(node["left_child"]), grow(node["right_child"])
            split = node["split_feature"], node["threshold"], is_left
            rows[place] = (*split, *below, 0.0)
        return place

    grow(root)
    feature, threshold, is_left, left, right, value = map(
        np.array, zip(*rows, strict=True)
    )
    added = tree_arrays.of_class(value, code)
    return tree_arrays.Nodes(feature, threshold, is_left, left, right, added)


def _dataset(samples: matrix.Matrix) -> lightgbm.Dataset:
    dataset = lightgbm.Dataset(
        samples.values,
        label=samples.labels,
        weight=samples.weights,
        params=dict(BINNING),
        free_raw_data=False,
    )
    return dataset.construct()


def fit(
    samples: matrix.Matrix, rows: matrix.Rows, parameters: Mapping[str, Any]
) -> Boosted:
    """Train on a subset of the shared data set.

    Parameters
    ----------
    samples, rows
        See `base.Model.fit`.
    parameters
        LightGBM parameters beyond `COMMON`, seed and number of rounds included.
    """
    dataset = samples.shared("lightgbm.Dataset", _dataset)
    chosen = base.drawing({**COMMON, **parameters}, samples.values.shape[1])
    booster = lightgbm.train(chosen, dataset.subset(rows.tolist()))
    return load({_FILE: booster.model_to_string().encode()})


def load(artifact: Mapping[str, bytes]) -> Boosted:
    """See `base.Model.load`."""
    text = archive.member(artifact, _FILE)
    return Boosted(lightgbm.Booster(model_str=text.decode()), text)
