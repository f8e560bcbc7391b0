"""All base models of a challenger as one sum of trees: what runs at night.

One file, read with NumPy alone; the native files of the libraries lie beside it for
whoever wants to look inside. What the probabilities are combined to stands in
`scoring`.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from turbomode_assets.models import archive, base, matrix, tree_arrays

FILE = "serving.npz"
"""Name within an artifact."""


@dataclasses.dataclass(frozen=True, eq=False)
class Ensemble:
    """Base models side by side."""

    trees: tree_arrays.Trees
    """Trees of all models, model by model."""

    starts: npt.NDArray[np.int64]
    """Shape (n_models,): first tree of each."""

    is_share: npt.NDArray[np.bool_]
    """Shape (n_models,): see `base.Served`."""

    def predict(self, codes: matrix.Values) -> base.Probabilities:
        """Class probabilities of every base model.

        Parameters
        ----------
        codes
            Shape (n, n_features): bin codes, NaN where unknown.

        Returns
        -------
        ndarray of shape (n, n_models * 3)
            Model by model; a row's bits do not depend on the rows beside it.
        """
        totals = self.trees.totals(codes, self.starts)
        chances = [
            base.Served(self.trees, bool(is_share)).linked(totals[:, model])
            for model, is_share in enumerate(self.is_share)
        ]
        return np.hstack(chances)

    def to_bytes(self) -> bytes:
        """The ensemble as an npz; `from_bytes` reads it."""
        more = {"starts": self.starts, "is_share": self.is_share}
        return archive.pack_arrays(self.trees.to_arrays() | more)


def from_bytes(packed: bytes) -> Ensemble:
    """Ensemble stored by `Ensemble.to_bytes`, bit for bit."""
    arrays = archive.unpack_arrays(packed)
    trees = tree_arrays.from_arrays(arrays)
    return Ensemble(trees, arrays["starts"], arrays["is_share"])


def assemble(models: Sequence[base.Served]) -> Ensemble:
    """Base models, in the order of the line-up, as one ensemble."""
    sizes = np.array([len(model.trees.roots) for model in models])
    return Ensemble(
        trees=tree_arrays.join([model.trees for model in models]),
        starts=np.cumsum(sizes) - sizes,
        is_share=np.array([model.is_share for model in models]),
    )
