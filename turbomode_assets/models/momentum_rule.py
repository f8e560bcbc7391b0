"""The momentum rule: what winners, middling names and losers did in the past.

The best-known rule about direction as a baseline: class shares within each third of
one trailing return. It takes the raw column, not bin codes.

References
----------
N. Jegadeesh and S. Titman, "Returns to Buying Winners and Selling Losers", Journal of
Finance 48(1), 1993.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from turbomode_assets.models import archive, base, matrix

_FILE = "model.json"

N_GROUPS = 3
"""Losers, middling names and winners: few groups, since a rule should not be noise."""


@dataclasses.dataclass(frozen=True, eq=False)
class Rule:
    """Probabilities by group; null counts as middling."""

    edges: tuple[float, ...]
    """Ascending upper edges of all groups but the last, fractions."""

    rates: tuple[tuple[float, ...], ...]
    """Weighted share of each class in each group."""

    def predict(self, features: matrix.Values) -> base.Probabilities:
        """See `base.Forecast.predict`."""
        groups = _groups(features, np.array(self.edges))
        return base.as_probabilities(np.array(self.rates)[groups])

    def artifact(self) -> dict[str, bytes]:
        """Relative file names and contents from which `load` rebuilds it."""
        record = {"edges": self.edges, "rates": self.rates}
        return {_FILE: archive.pack_json(record)}


def _groups(features: matrix.Values, edges: np.ndarray) -> np.ndarray:
    momentum = features[:, 0].astype(np.float64)
    groups = np.searchsorted(edges, momentum, side="right")
    return np.where(np.isnan(momentum), N_GROUPS // 2, groups)


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> Rule:  # noqa: ARG001
    """See `base.Model.fit`; nothing is drawn, so `seed` changes nothing."""
    momentum, weights = samples.values[rows], samples.weights[rows]
    known = momentum[~np.isnan(momentum)].astype(np.float64)
    levels = np.arange(1, N_GROUPS) / N_GROUPS
    edges = np.quantile(known, levels) if known.size else np.zeros(len(levels))
    cells = _groups(momentum, edges) * len(base.CLASSES) + samples.labels[rows]
    sums = np.bincount(cells, weights, minlength=N_GROUPS * len(base.CLASSES))
    counts = sums.reshape(N_GROUPS, -1)
    # A group nobody belonged to has the rates of all.
    counts = np.where(counts.sum(axis=1, keepdims=True) > 0, counts, counts.sum(axis=0))
    rates = counts / counts.sum(axis=1, keepdims=True)
    return Rule(tuple(edges.tolist()), tuple(map(tuple, rates.tolist())))


def load(artifact: Mapping[str, bytes]) -> Rule:
    """See `base.Model.load`."""
    record = archive.unpack_json(archive.member(artifact, _FILE))
    return Rule(tuple(record["edges"]), tuple(map(tuple, record["rates"])))
