"""Multinomial logistic regression on ranks and their squares.

Ranks are looked up between quantiles learned in training and kept in the artifact;
null ranks in the middle. Squares let a class react to both tails of a feature.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from turbomode_assets.models import archive, base, matrix, multinomial, tree_arrays

_FILE = "model.npz"

PENALTY = 0.03
"""Cost of a squared coefficient, halved, in nats per row: as tall as the noise of
seven years, in which few periods are independent."""

_LEVELS = np.linspace(-1.0, 1.0, 33)


@dataclasses.dataclass(frozen=True, eq=False)
class Logistic:
    """A fitted regression."""

    knots: multinomial.Floats
    """Shape (n_features, 33): quantiles from the lowest value to the highest."""

    coefficients: multinomial.Floats
    """Shape (2 n_features + 1, 3): ranks, squared ranks, intercept."""

    def predict(self, features: matrix.Values) -> base.Probabilities:
        """See `base.Forecast.predict`."""
        design = _design(features, self.knots)
        return base.softmax(multinomial.scores(design, self.coefficients))

    def artifact(self) -> dict[str, bytes]:
        """See `base.Forecast.artifact`."""
        arrays = {"knots": self.knots, "coefficients": self.coefficients}
        return {_FILE: archive.pack_arrays(arrays)}

    def served(self) -> base.Served:
        """See `base.Fitted.served`: scores add up feature by feature."""
        n_features = len(self.knots)
        every = np.append(np.arange(matrix.N_BINS), np.nan).astype(np.float32)
        design = _design(np.tile(every[:, None], (1, n_features)), self.knots)
        trees = [tree_arrays.constant(self.coefficients[-1])]
        for feature in range(n_features):
            mine = [feature, feature + n_features]
            values = multinomial.scores(design[:, mine], self.coefficients[mine])
            trees.append(tree_arrays.lookup(feature, values))
        return base.Served(tree_arrays.pack(trees))

    def importance(self) -> npt.NDArray[np.float64]:
        """See `base.Fitted.importance`: absolute coefficients."""
        size = np.abs(self.coefficients[:-1]).sum(axis=1)
        return base.shares(size.reshape(2, -1).sum(axis=0))


def _knots(features: matrix.Values) -> multinomial.Floats:
    knots = np.zeros((features.shape[1], len(_LEVELS)))
    for position, column in enumerate(features.T):
        known = column[~np.isnan(column)].astype(np.float64)
        if known.size:
            knots[position] = np.quantile(known, (_LEVELS + 1) / 2)
    return knots


def _design(
    features: matrix.Values,
    knots: multinomial.Floats,
    dtype: type[np.floating] = np.float64,
) -> npt.NDArray[np.floating]:
    n_rows, n_features = features.shape
    design = np.ones((2 * n_features + 1, n_rows), dtype)
    codes, unknown = np.arange(matrix.N_BINS), matrix.N_BINS
    places = np.where(np.isnan(features), unknown, np.clip(features, 0, codes[-1]))
    for position, column in enumerate(places.T.astype(np.uint8)):
        ranks = np.append(np.interp(codes, knots[position], _LEVELS), 0.0)
        ranks.astype(dtype).take(column, out=design[position], mode="clip")
    design[n_features:-1] = design[:n_features] ** 2 - 1 / 3
    return design.T


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> Logistic:  # noqa: ARG001
    """See `base.Model.fit`; nothing is drawn, so `seed` changes nothing."""
    features = samples.values[rows]
    knots = _knots(features)
    design = _design(features, knots, np.float32)
    penalty = np.full((design.shape[1], 1), PENALTY)
    penalty[-1] = 0.0
    anchor = np.zeros((design.shape[1], len(base.CLASSES)))
    problem = multinomial.Problem(
        design, samples.labels[rows], samples.weights[rows], penalty, anchor
    )
    return Logistic(knots, multinomial.fit(problem))


def load(artifact: Mapping[str, bytes]) -> Logistic:
    """See `base.Model.load`."""
    arrays = archive.unpack_arrays(archive.member(artifact, _FILE))
    return Logistic(arrays["knots"], arrays["coefficients"])
