"""The calibrator: the identity without evidence, the truth with it."""

import numpy as np
import pytest
import scipy.optimize

from turbomode_assets import errors
from turbomode_assets.models import base, calibration

N_ROWS = 6000


def world(seed: int, boldness: float) -> tuple[base.Probabilities, np.ndarray]:
    """Probabilities whose log odds are `boldness` times too large, and labels."""
    rng = np.random.default_rng(seed)
    truth = base.softmax(rng.normal(size=(N_ROWS, 3)))
    codes = (truth.cumsum(axis=1) < rng.random(N_ROWS)[:, None]).sum(axis=1)
    return base.softmax(boldness * np.log(truth)), codes.astype(np.int32)


def log_loss(chances: base.Probabilities, labels: np.ndarray) -> float:
    return float(-np.log(chances[np.arange(len(labels)), labels]).mean())


def test_without_rows_it_is_the_identity() -> None:
    chances, labels = world(0, 1.0)
    fitted = calibration.fit(chances[:0], labels[:0], np.ones(0), n_sessions=0)
    np.testing.assert_allclose(fitted.predict(chances), chances, atol=1e-12)


def test_little_evidence_changes_little() -> None:
    chances, labels = world(0, 3.0)
    fitted = calibration.fit(chances[:50], labels[:50], np.ones(50), n_sessions=1)
    assert np.abs(fitted.predict(chances) - chances).max() < 0.03


@pytest.mark.parametrize("boldness", [0.4, 2.5])
def test_boldness_is_undone_on_rows_never_seen(boldness: float) -> None:
    chances, labels = world(1, boldness)
    fitted = calibration.fit(chances, labels, np.ones(N_ROWS), n_sessions=100_000)
    unseen, truth = world(2, boldness)
    best = log_loss(base.softmax(np.log(unseen) / boldness), truth)
    assert log_loss(fitted.predict(unseen), truth) < best + 0.003
    assert log_loss(unseen, truth) > best + 0.02


def test_an_order_is_never_turned_around() -> None:
    chances, labels = world(1, 1.0)
    wrong = (2 - labels).astype(np.int32)
    fitted = calibration.fit(chances, wrong, np.ones(N_ROWS), n_sessions=100_000)
    backward = calibration.fit(chances[:, ::-1], labels, np.ones(N_ROWS), 100_000)
    assert min(fitted.slope, backward.slope) >= 0.0
    assert np.ptp(backward.predict(chances), axis=0).max() < np.ptp(chances)


def test_the_slope_agrees_with_a_general_minimizer() -> None:
    chances, labels = world(3, 1.7)
    fitted = calibration.fit(chances, labels, np.ones(N_ROWS), n_sessions=500)

    def loss(slope: float) -> float:
        apart = np.log(chances) - fitted.center
        said = base.softmax(fitted.center + slope * apart)
        penalty = calibration.PENALTY_SESSIONS / 500 / 2 * (slope - 1) ** 2
        return log_loss(said, labels) + penalty

    oracle = scipy.optimize.minimize_scalar(loss, bounds=(0, 3), method="bounded")
    assert fitted.slope == pytest.approx(oracle.x, abs=1e-4)


def test_a_stored_calibrator_predicts_the_same_bits() -> None:
    chances, labels = world(0, 2.0)
    fitted = calibration.fit(chances, labels, np.ones(N_ROWS), n_sessions=500)
    loaded = calibration.load(fitted.artifact())
    assert np.array_equal(loaded.predict(chances), fitted.predict(chances))
    assert loaded.artifact() == fitted.artifact()
    with pytest.raises(errors.ArtifactError, match=r"calibration\.json"):
        calibration.load({})
