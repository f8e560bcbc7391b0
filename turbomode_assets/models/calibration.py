"""The calibrator: what stacked probabilities turned out to mean, on later folds.

Dirichlet calibration: multinomial logistic regression on the logarithms of the three
stacked probabilities, the multi-class form of Platt's sigmoid. Its penalty pulls
toward the identity, so that without evidence it changes nothing.

It must see probabilities of sessions that neither base models nor meta-learner had
learned from. That is the caller's duty: nothing here knows a fold.

References
----------
M. Kull et al., "Beyond temperature scaling: Obtaining well-calibrated multi-class
probabilities with Dirichlet calibration", NeurIPS 2019.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from turbomode_assets.models import archive, base, multinomial

_FILE = "calibration.json"
_N_CLASSES = len(base.CLASSES)

PENALTY_SESSIONS = 250.0
"""Sessions of evidence at which a squared distance of one from the identity costs
half a nat per row: one year, some twenty-five independent horizons. The level of a
quarter is weather; a slope that lasts is not."""


@dataclasses.dataclass(frozen=True, eq=False)
class Calibrator:
    """A fitted calibrator."""

    coefficients: multinomial.Floats
    """Shape (4, 3): logarithms of the three probabilities, then the intercept."""

    def predict(self, chances: base.Probabilities) -> base.Probabilities:
        """Calibrated class probabilities of stacked ones, both of shape (n, 3)."""
        return base.softmax(multinomial.scores(_design(chances), self.coefficients))

    def artifact(self) -> dict[str, bytes]:
        """Relative file names and contents from which `load` rebuilds it."""
        return {_FILE: archive.pack_json({"coefficients": self.coefficients.tolist()})}


def _design(chances: base.Probabilities) -> multinomial.Floats:
    return np.hstack([np.log(chances), np.ones((len(chances), 1))])


def _identity() -> multinomial.Floats:
    return np.eye(_N_CLASSES + 1, _N_CLASSES)


def fit(
    chances: base.Probabilities,
    labels: npt.NDArray[np.int32],
    weights: npt.NDArray[np.float64],
    n_sessions: int,
) -> Calibrator:
    """Learn how far to depart from the probabilities as they are.

    Parameters
    ----------
    chances
        Shape (n, 3): **out-of-fold** stacked probabilities; with no rows the
        calibrator is the identity.
    labels, weights
        Shape (n,): class codes and sample weights of the rows.
    n_sessions
        Distinct sessions among the rows: the evidence.

    Returns
    -------
    Calibrator
    """
    anchor = _identity()
    if not len(chances):
        return Calibrator(anchor)
    penalty = np.full((len(anchor), 1), PENALTY_SESSIONS / n_sessions)
    problem = multinomial.Problem(_design(chances), labels, weights, penalty, anchor)
    return Calibrator(multinomial.fit(problem))


def load(artifact: Mapping[str, bytes]) -> Calibrator:
    """Rebuild what `Calibrator.artifact` stored, bit for bit."""
    record: dict[str, Any] = archive.unpack_json(archive.member(artifact, _FILE))
    return Calibrator(np.array(record["coefficients"]))
