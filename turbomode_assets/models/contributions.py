"""What each feature added to the probabilities of a row, exactly.

Shapley values of the features in every base model's sum of trees (`tree_games`) are
carried through links, meta-learner and calibrator along the straight line from the
sums of a background row to those of the row, and averaged over the background. All
features together then added the row's probabilities less the mean ones of the
background. One definition for all base models, those included whose library has none;
no library that trains is imported, nothing is drawn.

References
----------
H. Chen, S. M. Lundberg and S.-I. Lee, "Explaining a series of models by propagating
Shapley values", Nature Communications 13, 2022 (one background row at a time).
R. J. Aumann and L. S. Shapley, "Values of Non-Atomic Games", 1974 (the line).
"""

import dataclasses

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets.models import base, layout, scoring, tree_games

Floats = npt.NDArray[np.float64]

_POINTS, _SHARES = np.polynomial.legendre.leggauss(16)  # exact to rounding on the line


@dataclasses.dataclass(frozen=True, eq=False)
class Contributions:
    """Probabilities of one row, taken apart; classes as `base.CLASSES`."""

    features: tuple[str, ...]
    """Features, in the order of `added`."""

    line_up: tuple[str, ...]
    """Base models, in the order of `added`."""

    start: Floats
    """Shape (3,): mean probabilities of the background rows."""

    added: Floats
    """Shape (n_models, n_features, 3): probability that each feature added by way of
    each base model."""

    probabilities: Floats
    """Shape (3,): those of the row."""

    @property
    def rest(self) -> Floats:
        """Shape (3,): what nothing added: rounding, unless a floor was met."""
        found: Floats = self.probabilities - self.start - self.added.sum(axis=(0, 1))
        return found


def explain(
    scorer: scoring.Scorer, row: pl.DataFrame, background: pl.DataFrame
) -> Contributions:
    """Take the probabilities of one row apart, see `explain_each`."""
    (found,) = explain_each(scorer, row, background)
    return found


def explain_each(
    scorer: scoring.Scorer, rows: pl.DataFrame, background: pl.DataFrame
) -> list[Contributions]:
    """Take the probabilities of rows apart.

    Parameters
    ----------
    scorer
        The challenger or champion.
    rows
        Rows with every feature of the scorer, null where unknown.
    background
        Rows each is held against, such as samples learned from; at least one.

    Returns
    -------
    list of Contributions
        One for each row; in probability: 0.01 is one percentage point.
    """
    names = scorer.borders.names
    codes, others = (
        scorer.borders.encode(layout.as_values(frame, names))
        for frame in (rows, background)
    )
    ensemble = scorer.ensemble
    trees, found = ensemble.trees, tree_games.ways(ensemble)
    sums, others_sums = (trees.totals(c, ensemble.starts) for c in (codes, others))
    start = _final(scorer, others_sums).mean(axis=0)
    taken = []
    for place in range(len(codes)):
        own = sums[place : place + 1]
        added = np.zeros((len(scorer.line_up), len(names), len(base.CLASSES)))
        slopes = _slopes(scorer, others_sums, own)
        for other, slope in zip(others, slopes, strict=True):
            values = tree_games.shapley(found, trees, codes[place], other)
            added += np.einsum("mfj,mjk->mfk", values, slope) / len(others)
        taken.append(
            Contributions(
                features=names,
                line_up=scorer.line_up,
                start=start,
                added=added,
                probabilities=_final(scorer, own)[0],
            )
        )
    return taken


def _chances(scorer: scoring.Scorer, sums: Floats) -> Floats:
    """Base probabilities of the sums of trees, both of shape (n, n_models, 3)."""
    ensemble = scorer.ensemble
    linked = [
        base.Served(ensemble.trees, bool(is_share)).linked(sums[:, model])
        for model, is_share in enumerate(ensemble.is_share)
    ]
    return np.stack(linked, axis=1)


def _final(scorer: scoring.Scorer, sums: Floats) -> Floats:
    """Calibrated probabilities of the sums of trees."""
    chances = _chances(scorer, sums).reshape(len(sums), -1)
    return scorer.calibrator.predict(scorer.meta.predict(chances))


def _slopes(scorer: scoring.Scorer, start: Floats, end: Floats) -> Floats:
    """Mean derivatives of the final probabilities along the lines from start to end.

    Returns
    -------
    ndarray of shape (n, n_models, 3, 3)
        By start, base model, class of its sum and class of the final probability.
    """
    total = np.zeros((*start.shape, len(base.CLASSES)))
    for point, share in zip(_POINTS, _SHARES, strict=True):
        there = start + (point + 1) / 2 * (end - start)
        total += share / 2 * _derivatives(scorer, there)
    return total


def _derivatives(scorer: scoring.Scorer, sums: Floats) -> Floats:
    """Of the final probabilities with respect to the sums; shapes as `_slopes`."""
    n_models = sums.shape[1]
    weights = scorer.meta.coefficients[:-1].reshape(n_models, -1, len(base.CLASSES))
    # The logarithm of a share grows by one over it, that of a softmax by one.
    is_share = scorer.ensemble.is_share[:, None]
    shares = np.where(is_share, sums, 1.0)
    own = 1.0 / shares
    whole = shares.sum(axis=2, keepdims=True)
    lost = np.where(is_share, 1.0 / whole, _chances(scorer, sums))
    scores = own[..., None] * weights
    scores -= lost[..., None] * weights.sum(axis=1)[:, None, :]
    final = _final(scorer, sums)[:, None, None, :]
    mean = (scores * final).sum(axis=3, keepdims=True)
    found: Floats = scorer.calibrator.slope * final * (scores - mean)
    return found
