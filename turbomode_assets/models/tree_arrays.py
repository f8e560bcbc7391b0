"""Sums of decision trees as plain arrays, for libraries without a native format.

Holds, stores and evaluates trees. How they were grown belongs to the model.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from turbomode_assets.models import archive, matrix

_BLOCK_ROWS = 2048  # keeps the (rows, trees) work arrays within the CPU's cache


@dataclasses.dataclass(frozen=True, eq=False)
class Trees:
    """Nodes of all trees in one row of arrays; node numbers count across trees.

    A leaf points to itself on both sides, so that descending any number of levels
    ends in the right place.
    """

    roots: npt.NDArray[np.int32]
    """Shape (n_trees,): first node of each tree."""

    feature: npt.NDArray[np.int32]
    """Shape (n_nodes,): column a node looks at."""

    threshold: npt.NDArray[np.float64]
    """Shape (n_nodes,): values up to it go left; infinite in leaves."""

    left: npt.NDArray[np.int32]
    """Shape (n_nodes,): node below on the left."""

    right: npt.NDArray[np.int32]
    """Shape (n_nodes,): node below on the right."""

    is_missing_left: npt.NDArray[np.bool_]
    """Shape (n_nodes,): where NaN goes."""

    value: npt.NDArray[np.float64]
    """Shape (n_nodes, n_outputs): what a row that ends here adds."""

    def total(self, features: matrix.Values) -> npt.NDArray[np.float64]:
        """Sum over all trees of the leaf each row falls into.

        Parameters
        ----------
        features
            Shape (n, n_features); NaN where unknown.

        Returns
        -------
        ndarray of shape (n, n_outputs)
        """
        blocks = range(0, len(features), _BLOCK_ROWS)
        sums = [self._total(features[start : start + _BLOCK_ROWS]) for start in blocks]
        return np.concatenate(sums) if sums else np.zeros((0, self.value.shape[1]))

    def _total(self, features: matrix.Values) -> npt.NDArray[np.float64]:
        nodes = np.tile(self.roots, (len(features), 1))
        rows = np.arange(len(features))[:, None]
        while True:
            seen = features[rows, self.feature[nodes]]
            is_left = (seen <= self.threshold[nodes]) | (
                np.isnan(seen) & self.is_missing_left[nodes]
            )
            below = np.where(is_left, self.left[nodes], self.right[nodes])
            if np.array_equal(below, nodes):
                break
            nodes = below
        # Tree after tree: a fixed order of addition gives the same bits everywhere.
        sums = np.zeros((len(features), self.value.shape[1]))
        for tree_nodes in nodes.T:
            sums += self.value[tree_nodes]
        return sums

    def to_bytes(self) -> bytes:
        """Trees as an npz; `from_bytes` reads it."""
        fields = dataclasses.fields(self)
        return archive.pack_arrays({f.name: getattr(self, f.name) for f in fields})


def from_bytes(packed: bytes) -> Trees:
    """Trees stored by `Trees.to_bytes`, bit for bit."""
    arrays: dict[str, Any] = archive.unpack_arrays(packed)
    return Trees(**arrays)


def join(trees: Sequence[Trees]) -> Trees:
    """All of `trees` as one sum."""
    sizes = [len(tree.feature) for tree in trees]
    offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
    shifted = [
        dataclasses.replace(
            tree,
            roots=tree.roots + offset,
            left=tree.left + offset,
            right=tree.right + offset,
        )
        for tree, offset in zip(trees, offsets, strict=True)
    ]
    names = [field.name for field in dataclasses.fields(Trees)]
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(tree, name) for tree in shifted])
        for name in names
    }
    return Trees(**columns)
