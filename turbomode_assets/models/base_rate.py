"""The base rate: how often each class occurred in the training rows.

The baseline that knows nothing about tonight. It looks at no feature.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from turbomode_assets.models import archive, base, matrix

_FILE = "model.json"


@dataclasses.dataclass(frozen=True, eq=False)
class Constant:
    """The same probabilities for every row."""

    rates: tuple[float, ...]
    """Weighted share of each class, as `base.CLASSES`."""

    def predict(self, features: matrix.Values) -> base.Probabilities:
        """See `base.Forecast.predict`."""
        return base.as_probabilities(np.tile(self.rates, (len(features), 1)))

    def artifact(self) -> dict[str, bytes]:
        """See `base.Forecast.artifact`."""
        return {_FILE: archive.pack_json({"rates": self.rates})}


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> Constant:  # noqa: ARG001
    """See `base.Model.fit`; nothing is drawn, so `seed` changes nothing."""
    counts = np.bincount(
        samples.labels[rows],
        weights=samples.weights[rows],
        minlength=len(base.CLASSES),
    )
    return Constant(tuple((counts / counts.sum()).tolist()))


def load(artifact: Mapping[str, bytes]) -> Constant:
    """See `base.Model.load`."""
    record = archive.unpack_json(archive.member(artifact, _FILE))
    return Constant(tuple(record["rates"]))
