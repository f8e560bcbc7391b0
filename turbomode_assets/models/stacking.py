"""The meta-learner: a logistic opinion pool that has to earn its deviation.

Multinomial logistic regression on the logarithms of all base probabilities. Its
penalty pulls not toward zero but toward the equal-weight logarithmic pool, so that
with little evidence it is that pool, which is hard to beat, and only departs from it
as far as evidence pays for.

It must see out-of-fold probabilities only. That is the caller's duty: nothing here
knows a fold.

References
----------
C. Genest and J. V. Zidek, "Combining probability distributions", Statistical Science
1(1), 1986 (logarithmic pools).
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from turbomode_assets.models import archive, base, multinomial

_FILE = "stacking.json"
_N_CLASSES = len(base.CLASSES)

PENALTY_SESSIONS = 1000.0
"""Sessions of evidence at which a squared distance of one from the pool costs half
a nat per row: four years, a hundred independent horizons. With eight models of equal
merit a quarter of it already lost a little to the equal-weight pool."""


@dataclasses.dataclass(frozen=True, eq=False)
class Stacker:
    """A fitted meta-learner."""

    center: multinomial.Floats
    """Shape (n_models * 3,): weighted mean log-probability of each base column."""

    coefficients: multinomial.Floats
    """Shape (n_models * 3 + 1, 3): base columns, then the intercept."""

    def predict(self, chances: base.Probabilities) -> base.Probabilities:
        """Stacked class probabilities.

        Parameters
        ----------
        chances
            Shape (n, n_models * 3): base probabilities, model by model.

        Returns
        -------
        ndarray of shape (n, 3)
        """
        design = _design(chances, self.center)
        return base.softmax(multinomial.scores(design, self.coefficients))

    def artifact(self) -> dict[str, bytes]:
        """Relative file names and contents from which `load` rebuilds it."""
        record = {
            "center": self.center.tolist(),
            "coefficients": self.coefficients.tolist(),
        }
        return {_FILE: archive.pack_json(record)}


def _design(
    chances: base.Probabilities, center: multinomial.Floats
) -> multinomial.Floats:
    return np.hstack([np.log(chances) - center, np.ones((len(chances), 1))])


def _equal_pool(center: multinomial.Floats) -> multinomial.Floats:
    n_models = len(center) // _N_CLASSES
    weights = np.tile(np.eye(_N_CLASSES) / n_models, (n_models, 1))
    return np.vstack([weights, center @ weights])


def fit(
    chances: base.Probabilities,
    labels: npt.NDArray[np.int32],
    weights: npt.NDArray[np.float64],
    n_sessions: int,
) -> Stacker:
    """Learn how far to depart from the equal-weight pool.

    Parameters
    ----------
    chances
        Shape (n, n_models * 3): **out-of-fold** base probabilities, model by model.
        In-sample ones make the most overfitted base model look best.
    labels, weights
        Shape (n,): class codes and sample weights of the rows.
    n_sessions
        Distinct sessions among the rows: the evidence, since the symbols of a
        session move together.

    Returns
    -------
    Stacker
    """
    center = np.average(np.log(chances), axis=0, weights=weights)
    penalty = np.full((len(center) + 1, 1), PENALTY_SESSIONS / n_sessions)
    problem = multinomial.Problem(
        _design(chances, center), labels, weights, penalty, _equal_pool(center)
    )
    return Stacker(center, multinomial.fit(problem))


def load(artifact: Mapping[str, bytes]) -> Stacker:
    """Rebuild what `Stacker.artifact` stored, bit for bit."""
    record: dict[str, Any] = archive.unpack_json(archive.member(artifact, _FILE))
    return Stacker(np.array(record["center"]), np.array(record["coefficients"]))
