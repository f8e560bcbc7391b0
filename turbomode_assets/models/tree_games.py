"""Shapley values of features in sums of trees, between a row and another.

1. `ways`      how each leaf of each tree is reached: the questions on the way
2. `shapley`   shares of the features in the difference of two rows' sums, in the game
               in which an absent feature has the other row's code

What sums of trees mean, and what they are combined to, does not belong here.

References
----------
S. M. Lundberg et al., "From local explanations to global understanding with explainable
AI for trees", Nature Machine Intelligence 2, 2020 (interventional TreeSHAP).
"""

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from turbomode_assets.models import matrix, serving, tree_arrays

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, eq=False)
class Ways:
    """Leaves of an ensemble, and the questions on the way to each.

    A pair is a leaf and a feature asked about on the way to it. The questions of a
    pair stand side by side, and so do the pairs of a leaf.
    """

    node: Whole
    """Shape (n_questions,): node that asks."""

    is_right: Flags
    """Shape (n_questions,): whether the way goes right there."""

    first: Whole
    """Shape (n_pairs,): first question of each pair."""

    feature: Whole
    """Shape (n_pairs,): column asked about."""

    leaf: Whole
    """Shape (n_pairs,): position of the leaf."""

    model: Whole
    """Shape (n_leaves,): base model of the leaf."""

    value: Floats
    """Shape (n_leaves, 3): what a row that ends there adds."""


def ways(ensemble: serving.Ensemble) -> Ways:
    """How each leaf of an ensemble is reached; a tree of one leaf asks nothing."""
    trees = ensemble.trees
    leaves, asked = _walk(trees)
    leaf, node, is_right = np.array(asked, dtype=np.int64).reshape(-1, 3).T
    feature = trees.column[node] // 2
    order = np.lexsort((feature, leaf))
    leaf, feature = leaf[order], feature[order]
    is_new = (np.diff(leaf, prepend=-1) != 0) | (np.diff(feature, prepend=-1) != 0)
    tree = np.searchsorted(trees.roots, leaves, side="right") - 1
    return Ways(
        node=node[order],
        is_right=is_right[order] > 0,
        first=np.flatnonzero(is_new),
        feature=feature[is_new],
        leaf=leaf[is_new],
        model=np.searchsorted(ensemble.starts, tree, side="right") - 1,
        value=trees.value[leaves],
    )


def _walk(trees: tree_arrays.Trees) -> tuple[list[int], list[tuple[int, int, int]]]:
    """Leaves, and for each question its leaf's position, its node and the side."""
    left = trees.left.tolist()
    leaves: list[int] = []
    asked: list[tuple[int, int, int]] = []
    open_ways: list[tuple[int, tuple[tuple[int, int], ...]]] = [
        (root, ()) for root in trees.roots.tolist()
    ]
    while open_ways:
        node, way = open_ways.pop()
        if left[node] == node:
            asked += [(len(leaves), *question) for question in way]
            leaves.append(node)
        else:
            open_ways += [(left[node] + side, (*way, (node, side))) for side in (0, 1)]
    return leaves, asked


def shapley(
    found: Ways, trees: tree_arrays.Trees, row: matrix.Values, other: matrix.Values
) -> Floats:
    """Shapley values of the features in each base model's sum of trees.

    Parameters
    ----------
    found
        Ways of the ensemble.
    trees
        Its trees.
    row, other
        Shape (n_features,): bin codes of the row and of a background row, NaN where
        unknown.

    Returns
    -------
    ndarray of shape (n_models, n_features, 3)
        Sums over the features to the sum of the row less that of the other.
    """
    lets_row, lets_other = (_lets(found, trees, codes) for codes in (row, other))
    n_leaves, shape = len(found.model), (int(found.model.max()) + 1, len(row))
    # A leaf is reached by coalitions that hold all of `needed` and none of `barred`.
    needed, barred = lets_row & ~lets_other, lets_other & ~lets_row
    n_needed, n_barred, n_shut = (
        np.bincount(found.leaf[pairs], minlength=n_leaves)
        for pairs in (needed, barred, ~lets_row & ~lets_other)
    )
    pairs = np.flatnonzero((needed | barred) & (n_shut[found.leaf] == 0))
    leaf, is_needed = found.leaf[pairs], needed[pairs]
    weight = _weights(int(n_needed.max() + n_barred.max()))
    share = weight[is_needed.astype(int), n_needed[leaf], n_barred[leaf]]
    place = found.model[leaf] * shape[1] + found.feature[pairs]
    added = [
        np.bincount(place, share * found.value[leaf, code], shape[0] * shape[1])
        for code in range(found.value.shape[1])
    ]
    return np.stack(added, axis=1).reshape(*shape, -1).astype(np.float64)


def _lets(found: Ways, trees: tree_arrays.Trees, codes: matrix.Values) -> Flags:
    """Whether a row passes every question of each pair."""
    column = trees.column[found.node]
    code = codes[column // 2]
    is_right = np.where(
        np.isnan(code), column % 2 == 0, code + 1 >= trees.threshold[found.node]
    )
    passed: Flags = np.logical_and.reduceat(is_right == found.is_right, found.first)
    return passed


def _weights(most: int) -> Floats:
    """Shapley weights by side (barred, needed), number needed and number barred."""
    found = np.zeros((2, most + 1, most + 1))
    for u in range(most + 1):
        for v in range(most + 1 - u):
            each = 1.0 / math.comb(u + v, u)
            found[0, u, v] = -each / v if v else 0.0
            found[1, u, v] = each / u if u else 0.0
    return found
