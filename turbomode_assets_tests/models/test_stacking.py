"""The meta-learner: near the equal pool without evidence, better than it with some."""

import numpy as np
import pytest

from turbomode_assets import errors
from turbomode_assets.models import base, stacking

N_ROWS = 3000


def world(seed: int, noise: list[float]) -> tuple[base.Probabilities, np.ndarray]:
    """Base probabilities that see the same truth through more or less noise."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(N_ROWS, 3))
    labels = (truth + rng.gumbel(size=truth.shape)).argmax(axis=1).astype(np.int32)
    seen = [base.softmax(truth + n * rng.normal(size=truth.shape)) for n in noise]
    return np.hstack(seen), labels


def equal_pool(chances: base.Probabilities) -> base.Probabilities:
    per_model = np.log(chances).reshape(len(chances), -1, 3)
    return base.softmax(per_model.mean(axis=1))


def log_loss(chances: base.Probabilities, labels: np.ndarray) -> float:
    return float(-np.log(chances[np.arange(len(labels)), labels]).mean())


def test_without_evidence_it_is_the_equal_weight_pool() -> None:
    chances, labels = world(0, [0.5, 0.5, 0.5])
    meta = stacking.fit(chances[:5], labels[:5], np.ones(5), n_sessions=1)
    np.testing.assert_allclose(meta.predict(chances), equal_pool(chances), atol=0.01)


def test_with_evidence_it_trusts_the_better_models() -> None:
    chances, labels = world(0, [0.1, 3.0, 3.0, 3.0])
    meta = stacking.fit(chances, labels, np.ones(N_ROWS), n_sessions=1000)
    unseen, truth = world(1, [0.1, 3.0, 3.0, 3.0])
    gain = log_loss(equal_pool(unseen), truth) - log_loss(meta.predict(unseen), truth)
    assert gain > 0.05
    own = np.diag(meta.coefficients[:3])
    assert own.min() > np.diag(meta.coefficients[3:6]).max()


def test_among_equals_little_is_lost_against_the_pool() -> None:
    chances, labels = world(0, [0.5] * 8)
    meta = stacking.fit(chances[:600], labels[:600], np.ones(600), n_sessions=48)
    unseen, truth = world(1, [0.5] * 8)
    loss = log_loss(meta.predict(unseen), truth)
    assert loss < log_loss(equal_pool(unseen), truth) + 0.005


def test_weights_decide_which_rows_count() -> None:
    chances, labels = world(0, [0.5, 0.5])
    wrong = np.where(np.arange(N_ROWS) < N_ROWS // 2, labels, (labels + 1) % 3)
    only_right = (np.arange(N_ROWS) < N_ROWS // 2).astype(np.float64)
    half = slice(0, N_ROWS // 2)
    weighed = stacking.fit(chances, wrong, only_right + 1e-12, n_sessions=500)
    right = stacking.fit(chances[half], labels[half], np.ones(1500), n_sessions=500)
    np.testing.assert_allclose(
        weighed.predict(chances), right.predict(chances), atol=1e-3
    )


def test_a_stored_meta_learner_predicts_the_same_bits() -> None:
    chances, labels = world(0, [0.5, 1.0])
    meta = stacking.fit(chances, labels, np.ones(N_ROWS), n_sessions=100)
    loaded = stacking.load(meta.artifact())
    assert np.array_equal(loaded.predict(chances), meta.predict(chances))
    assert loaded.artifact() == meta.artifact()


def test_a_missing_file_is_refused_by_name() -> None:
    with pytest.raises(errors.ArtifactError, match=r"stacking\.json"):
        stacking.load({})
