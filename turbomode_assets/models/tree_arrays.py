"""Sums of decision trees on bin codes: the one thing that is evaluated at night.

Every base model, a linear one included, is a sum of trees on the codes of
`matrix.Borders`. As arrays they need NumPy and nothing else: no library that trains is
loaded where signals are emitted. How trees were grown belongs to the model; how sums
become probabilities belongs to `base.Served`.

1. `Nodes`   one tree as its library describes it, children in any order
2. `pack`    many of them as `Trees`, children side by side
3. `Trees`   all rows and all trees descend together, one level at a time
"""

import dataclasses
import functools
from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from turbomode_assets.models import archive, matrix

_BLOCK_ROWS = 128  # keeps the (trees, rows) work arrays within the CPU's cache
_LOWEST, _HIGHEST = 0, 255  # where NaN goes; codes are shifted by one to make room

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class Nodes:
    """One tree; node 0 is its root, a leaf has itself on both sides."""

    feature: npt.NDArray[np.integer]
    """Shape (n_nodes,): column a node looks at; anything in leaves."""

    threshold: Floats
    """Shape (n_nodes,): values up to it, itself included, go left."""

    is_missing_left: npt.NDArray[np.bool_]
    """Shape (n_nodes,): where NaN goes."""

    left: npt.NDArray[np.integer]
    """Shape (n_nodes,): node below on the left."""

    right: npt.NDArray[np.integer]
    """Shape (n_nodes,): node below on the right."""

    value: Floats
    """Shape (n_nodes, n_outputs): what a row that ends here adds; zero elsewhere."""


@dataclasses.dataclass(frozen=True, eq=False)
class Trees:
    """Nodes of all trees in one row of arrays; node numbers count across trees.

    The right child is the node after the left one. A leaf is its own left child and
    lets nobody pass, so that descending further stays there.
    """

    roots: npt.NDArray[np.int64]
    """Shape (n_trees,): first node of each tree."""

    depths: npt.NDArray[np.int64]
    """Shape (n_trees,): levels below the root."""

    column: npt.NDArray[np.int64]
    """Shape (n_nodes,): twice the feature, plus one where NaN goes left."""

    threshold: npt.NDArray[np.uint8]
    """Shape (n_nodes,): codes below it go left."""

    left: npt.NDArray[np.int64]
    """Shape (n_nodes,): node below on the left."""

    value: Floats
    """Shape (n_nodes, n_outputs): what a row that ends here adds."""

    @functools.cached_property
    def _words(self) -> npt.NDArray[np.int64]:
        """Left child, column and threshold in one number: one look-up, not three."""
        return (self.left << 24) | (self.column << 8) | self.threshold

    def total(self, codes: matrix.Values) -> Floats:
        """Sum over all trees of the leaf each row falls into.

        Parameters
        ----------
        codes
            Shape (n, n_features): bin codes as `matrix.Borders.encode` makes them,
            NaN where unknown.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            A row's bits do not depend on the rows beside it.
        """
        return self.totals(codes, np.zeros(1, dtype=np.int64))[:, 0]

    def totals(self, codes: matrix.Values, starts: npt.NDArray[np.int64]) -> Floats:
        """Sums over consecutive runs of trees.

        Parameters
        ----------
        codes
            As for `total`.
        starts
            Shape (n_runs,): first tree of each run, ascending from 0.

        Returns
        -------
        ndarray of shape (n, n_runs, n_outputs)
        """
        found = np.empty((len(codes), len(starts), self.value.shape[1]))
        runs = list(zip(starts, [*starts[1:], len(self.roots)], strict=True))
        for first in range(0, len(codes), _BLOCK_ROWS):
            block = slice(first, first + _BLOCK_ROWS)
            reached = self._descend(_seen(codes[block]))
            leaves = self.value.take(reached, axis=0, mode="clip")
            for run, (start, end) in enumerate(runs):
                # Tree after tree: a fixed order of addition, hence the same bits.
                found[block, run] = np.add.reduce(leaves[start:end], axis=0)
        return found

    def _descend(self, seen: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
        """Leaf of each tree and row; shape (n_trees, n)."""
        # Deep trees first: each level then continues with a leading part of them.
        order = np.argsort(-self.depths, kind="stable")
        depths, n_rows = self.depths[order], seen.shape[1]
        nodes = np.repeat(self.roots[order], n_rows).reshape(-1, n_rows)
        flat, row = seen.ravel(), np.arange(n_rows)
        for level in range(int(self.depths.max(initial=0))):
            going = nodes[: np.count_nonzero(depths > level)]
            word = self._words.take(going, mode="clip")
            place = (word >> 8) & 0xFFFF
            place *= n_rows
            place += row
            is_right = flat.take(place, mode="clip") >= word.astype(np.uint8)
            word >>= 24
            word += is_right
            going[:] = word
        found = np.empty_like(nodes)
        found[order] = nodes
        return found

    def to_arrays(self) -> archive.Arrays:
        """Arrays by the names of the fields; `from_arrays` reads them."""
        return {field.name: getattr(self, field.name) for field in _FIELDS}


_FIELDS = dataclasses.fields(Trees)


def _seen(codes: matrix.Values) -> npt.NDArray[np.uint8]:
    """Each feature twice, NaN as the largest and as the smallest of codes."""
    is_missing = np.isnan(codes.T)
    shifted = np.clip(np.where(is_missing, 0, codes.T), 0, matrix.N_BINS) + 1
    seen = np.empty((2 * codes.shape[1], len(codes)), dtype=np.uint8)
    seen[0::2] = np.where(is_missing, _HIGHEST, shifted)
    seen[1::2] = np.where(is_missing, _LOWEST, shifted)
    return seen


def from_arrays(arrays: archive.Arrays) -> Trees:
    """Trees stored by `Trees.to_arrays`, bit for bit."""
    fields: dict[str, Any] = {field.name: arrays[field.name] for field in _FIELDS}
    return Trees(**fields)


def join(parts: Sequence[Trees]) -> Trees:
    """All of `parts` as one sum, in their order."""
    sizes = [len(part.left) for part in parts]
    offsets = np.cumsum(sizes) - sizes
    shifted = [
        dataclasses.replace(part, roots=part.roots + offset, left=part.left + offset)
        for part, offset in zip(parts, offsets, strict=True)
    ]
    columns: dict[str, Any] = {
        field.name: np.concatenate([getattr(part, field.name) for part in shifted])
        for field in _FIELDS
    }
    return Trees(**columns)


def pack(trees: Iterable[Nodes]) -> Trees:
    """Trees with children side by side, thresholds as codes.

    Parameters
    ----------
    trees
        Trees grown on bin codes.

    Examples
    --------
    >>> halves = constant(np.array([0.5, 0.5]))
    >>> pack([halves, halves]).total(np.zeros((1, 3), np.float32)).tolist()
    [[1.0, 1.0]]
    """
    return join([_packed(tree) for tree in trees])


def _packed(tree: Nodes) -> Trees:
    order, left, levels = [0], [], [0]
    for place, node in enumerate(order):  # grows while it is walked
        children = [int(tree.left[node]), int(tree.right[node])]
        is_leaf = children[0] == node
        left.append(place if is_leaf else len(order))
        if not is_leaf:
            order += children
            levels += [levels[place] + 1] * 2
    at = np.array(order)
    below = np.array(left)
    is_leaf = below == np.arange(len(below))
    # A code c goes left where c <= threshold: where c + 1 < floor(threshold) + 2.
    cut = np.clip(np.floor(tree.threshold[at]) + 2, 1, matrix.N_BINS + 2)
    return Trees(
        roots=np.zeros(1, dtype=np.int64),
        depths=np.array([max(levels)]),
        column=np.where(is_leaf, 1, 2 * tree.feature[at] + tree.is_missing_left[at]),
        # Beyond every code but NaN's, which a leaf's odd column turns to zero.
        threshold=np.where(is_leaf, _HIGHEST, cut).astype(np.uint8),
        left=below,
        value=tree.value[at],
    )


def of_class(value: Floats, code: int, n_classes: int = 3) -> Floats:
    """Values of a tree that adds to one class only, shape (n_nodes, n_classes)."""
    found: Floats = np.multiply.outer(value, np.eye(n_classes)[code])
    return found


def constant(value: Floats) -> Nodes:
    """A tree that is a leaf: it adds `value`, shape (n_outputs,), to every row."""
    leaf = np.zeros(1, dtype=np.int64)
    is_left = np.ones(1, dtype=np.bool_)
    return Nodes(leaf, np.zeros(1), is_left, leaf, leaf, value.reshape(1, -1))


def lookup(feature: int, values: Floats) -> Nodes:
    """A function of one feature's code as a balanced tree.

    Parameters
    ----------
    feature
        Its column.
    values
        Shape (`matrix.N_BINS` + 1, n_outputs): what each code adds, NaN last.
    """
    n_codes = len(values) - 1
    # Threshold, left, right, code; only NaN goes to the right of the first.
    rows = [(float(matrix.N_BINS), 2, 1, -1), (0.0, 1, 1, n_codes)]

    def grow(low: int, high: int) -> int:
        place = len(rows)
        rows.append((0.0, place, place, low))
        if high - low > 1:
            middle = (low + high) // 2
            rows[place] = (middle - 1.0, grow(low, middle), grow(middle, high), -1)
        return place

    grow(0, n_codes)
    threshold, left, right, code = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    value = np.where(code[:, None] < 0, 0.0, values[code])
    never = np.zeros(len(rows), dtype=np.bool_)
    where = np.full(len(rows), feature)
    return Nodes(where, cast("Floats", threshold), never, left, right, value)
