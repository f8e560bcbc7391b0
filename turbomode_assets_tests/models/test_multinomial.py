"""The one solver of the logistic models against scikit-learn's."""

import functools

import numpy as np
import pytest
import sklearn.linear_model

from turbomode_assets.models import base, multinomial

N_ROWS, N_COLUMNS, PENALTY = 3000, 12, 0.03


@functools.cache
def problem(dtype: str) -> multinomial.Problem:
    """Correlated columns and an intercept, of which three move the classes."""
    rng = np.random.default_rng(4)
    drawn = rng.normal(size=(N_ROWS, N_COLUMNS)) + rng.normal(size=(N_ROWS, 1))
    tilt = np.zeros((N_COLUMNS, 3))
    tilt[:3] = np.diag([1.0, -1.0, 0.5])
    labels = (drawn @ tilt + rng.gumbel(size=(N_ROWS, 3))).argmax(axis=1)
    design = np.column_stack([drawn, np.ones(N_ROWS)]).astype(dtype)
    penalty = np.array([[PENALTY]] * N_COLUMNS + [[0.0]])
    anchor = np.zeros((N_COLUMNS + 1, 3))
    codes = labels.astype(np.int32)
    return multinomial.Problem(design, codes, np.ones(N_ROWS), penalty, anchor)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_probabilities_agree_with_scikit_learn(dtype: str) -> None:
    posed = problem(dtype)
    oracle = sklearn.linear_model.LogisticRegression(
        C=1 / (PENALTY * N_ROWS), max_iter=1000, tol=1e-8
    )
    known = posed.design[:, :-1].astype(np.float64)
    expected = oracle.fit(known, posed.labels).predict_proba(known)
    found = base.softmax(multinomial.scores(posed.design, multinomial.fit(posed)))
    np.testing.assert_allclose(found, expected, atol=5e-3)


def test_an_infinite_penalty_keeps_the_anchor() -> None:
    posed = problem("float64")
    anchor = np.linspace(-1.0, 1.0, posed.anchor.size).reshape(posed.anchor.shape)
    held = multinomial.Problem(
        posed.design, posed.labels, posed.weights, posed.penalty + 1e9, anchor
    )
    np.testing.assert_allclose(multinomial.fit(held), anchor, atol=1e-6)
