"""Multinomial logistic regression on volatility alone: the baseline to beat.

Whether a move is large is mostly a forecast of volatility: twenty trailing days of it
alone reach an AUC of .76. Skill that is more than that must show beside a model given
every volatility there is, in logarithms, standardized, with their mean level and its
square, so this one is deliberately as strong as such a model can be: a square of each
column instead fitted the last crisis and lost to it in the next. It takes raw columns,
not bin codes.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from turbomode_assets.models import archive, base, matrix, multinomial

_FILE = "model.json"

PENALTY = 0.03
"""Cost of a squared coefficient, halved, in nats per row: the one of
`ranked_logistic`."""

_SMALLEST = 1e-6  # a frozen price has no volatility and no logarithm of it
_WIDEST = 4.0  # standard deviations beyond which a square would explode


@dataclasses.dataclass(frozen=True, eq=False)
class Logistic:
    """A fitted regression."""

    center: multinomial.Floats
    """Shape (n_features,): mean logarithm."""

    scale: multinomial.Floats
    """Shape (n_features,): standard deviation of the logarithm."""

    coefficients: multinomial.Floats
    """Shape (n_features + 3, 3): logarithms, level, squared level, intercept."""

    def predict(self, features: matrix.Values) -> base.Probabilities:
        """See `base.Forecast.predict`; null counts as average."""
        design = _design(_logarithm(features), self.center, self.scale)
        return base.softmax(multinomial.scores(design, self.coefficients))

    def artifact(self) -> dict[str, bytes]:
        """See `base.Forecast.artifact`."""
        record = {
            "center": self.center.tolist(),
            "scale": self.scale.tolist(),
            "coefficients": self.coefficients.tolist(),
        }
        return {_FILE: archive.pack_json(record)}


def _logarithm(features: matrix.Values) -> multinomial.Floats:
    logarithm: multinomial.Floats = np.log(
        np.maximum(np.abs(features.astype(np.float64)), _SMALLEST)
    )
    return logarithm


def _design(
    logarithms: multinomial.Floats,
    center: multinomial.Floats,
    scale: multinomial.Floats,
) -> multinomial.Floats:
    standard = np.clip((logarithms - center) / scale, -_WIDEST, _WIDEST)
    standard = np.nan_to_num(standard)
    # Column by column, so that a row's bits do not depend on the rows beside it.
    level = np.zeros(len(logarithms))
    for column in standard.T:
        level += column / standard.shape[1]
    extra = [level, (level**2 - 1.0) / 2.0, np.ones(len(logarithms))]
    return np.column_stack([standard, *extra])


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> Logistic:  # noqa: ARG001
    """See `base.Model.fit`; nothing is drawn, so `seed` changes nothing."""
    logarithms = _logarithm(samples.values[rows])
    known = np.where(np.isnan(logarithms).all(axis=0), 0.0, logarithms)
    center, scale = np.nanmean(known, axis=0), np.nanstd(known, axis=0) + _SMALLEST
    design = _design(logarithms, center, scale)
    penalty = np.full((design.shape[1], 1), PENALTY)
    penalty[-1] = 0.0
    anchor = np.zeros((design.shape[1], len(base.CLASSES)))
    problem = multinomial.Problem(
        design, samples.labels[rows], samples.weights[rows], penalty, anchor
    )
    return Logistic(center, scale, multinomial.fit(problem))


def load(artifact: Mapping[str, bytes]) -> Logistic:
    """See `base.Model.load`."""
    record: dict[str, Any] = archive.unpack_json(archive.member(artifact, _FILE))
    arrays = {name: np.array(values) for name, values in record.items()}
    return Logistic(**arrays)
