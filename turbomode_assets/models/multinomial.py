"""Penalized multinomial logistic regression, drawn toward an anchor.

The one solver behind every logistic model here. It has no data preparation and no
choice of penalty: those belong to the model that uses it.
"""

import dataclasses

import numpy as np
import numpy.typing as npt

from turbomode_assets.models import base

Floats = npt.NDArray[np.float64]

_CLOSE = 1e-6  # nats a step must gain; a thousandth of what two quarters differ by


@dataclasses.dataclass(frozen=True, eq=False)
class Problem:
    """What is to be fitted, with n rows, k columns and c classes."""

    design: npt.NDArray[np.floating]
    """Shape (n, k); finite. An intercept is a column of ones. Of a large one in single
    precision a step takes half the time."""

    labels: npt.NDArray[np.int32]
    """Shape (n,): class of each row, from 0."""

    weights: Floats
    """Shape (n,); only their ratios count."""

    penalty: Floats
    """Shape (k, 1): cost of a squared distance of one from the anchor, in nats per
    row, doubled."""

    anchor: Floats
    """Shape (k, c): coefficients that cost nothing."""


def fit(problem: Problem, max_iterations: int = 200) -> Floats:
    """Coefficients that minimize the weighted mean log loss plus the penalty.

    Parameters
    ----------
    problem
        Rows, weights, penalty and anchor.
    max_iterations
        Where L-BFGS stops if it has not converged before.

    Returns
    -------
    ndarray of shape (k, c)
        Class scores are ``design @ coefficients``.

    References
    ----------
    D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale
    optimization", Mathematical Programming 45, 1989.

    Examples
    --------
    >>> ones, labels = np.ones((4, 1)), np.array([0, 0, 0, 1], dtype=np.int32)
    >>> free = Problem(ones, labels, np.ones(4), np.zeros((1, 1)), np.zeros((1, 2)))
    >>> base.softmax(scores(ones[:1], fit(free))).round(3).tolist()
    [[0.75, 0.25]]
    """
    # Imported late: a process that only predicts shall not pay for it.
    import scipy.optimize  # noqa: PLC0415

    shares = problem.weights / problem.weights.sum()
    rows, design = np.arange(len(shares)), problem.design

    def loss(flat: Floats) -> tuple[float, Floats]:
        moved = flat.reshape(problem.anchor.shape)
        coefficients = (problem.anchor + moved).astype(design.dtype)
        chances = base.softmax(design @ coefficients)
        likelihood = np.log(chances[rows, problem.labels])
        chances[rows, problem.labels] -= 1.0
        pulls = (chances * shares[:, None]).astype(design.dtype)
        gradient = design.T @ pulls + problem.penalty * moved
        penalty = 0.5 * float((problem.penalty * moved**2).sum())
        return penalty - float(shares @ likelihood), gradient.ravel()

    start = np.zeros(problem.anchor.size)
    options = {"maxiter": max_iterations, "ftol": _CLOSE, "gtol": _CLOSE}
    found = scipy.optimize.minimize(
        loss, start, jac=True, method="L-BFGS-B", options=options
    )
    moved: Floats = found.x.reshape(problem.anchor.shape)
    return problem.anchor + moved


def scores(design: npt.NDArray[np.floating], coefficients: Floats) -> Floats:
    """Class scores, ``design @ coefficients``, row by row the same bits.

    A matrix product rounds a row differently with the number of rows beside it; a
    session scored alone must equal the same session scored within a range.

    Parameters
    ----------
    design
        Shape (n, k).
    coefficients
        Shape (k, c).

    Returns
    -------
    ndarray of shape (n, c)
    """
    total = np.zeros((len(design), coefficients.shape[1]))
    for column, weights in zip(design.T, coefficients, strict=True):
        total += np.multiply.outer(column, weights)
    return total
