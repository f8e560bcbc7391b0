"""The calibrator: how bold stacked probabilities turned out to be, on later folds.

Temperature scaling around the mean: logarithms of the three probabilities keep their
mean over the rows, and their distance from it is stretched or shrunk by one number,
drawn toward one. Boldness is what stacking gets wrong and what lasts; the level of the
last quarters is weather. ``benchmarks/calibrators.py`` holds it against calibrators
that learn more: a sigmoid or a rising function for each class, or levels and slopes.

It must see probabilities of sessions that neither base models nor meta-learner had
learned from. That is the caller's duty: nothing here knows a fold.

References
----------
C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017 (temperature).
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

PENALTY_SESSIONS = 1000.0
"""Sessions of evidence at which a boldness of two or of zero costs half a nat per row:
as for the meta-learner, four years, a hundred independent horizons."""


@dataclasses.dataclass(frozen=True)
class Prior:
    """What is believed of the slope before anything was seen."""

    penalty: float
    """Cost of a squared distance from `slope`, doubled, in nats per row."""

    slope: float = 1.0
    """Slope that costs nothing: one takes what was said at its word, zero takes it for
    noise."""


_MAX_STEPS = 50
_CLOSE = 1e-12


@dataclasses.dataclass(frozen=True, eq=False)
class Calibrator:
    """A fitted calibrator."""

    center: multinomial.Floats
    """Shape (3,): weighted mean logarithm of each stacked probability."""

    slope: float
    """Factor on the distance from the center: below one, stacking was too bold."""

    def predict(self, chances: base.Probabilities) -> base.Probabilities:
        """Calibrated class probabilities of stacked ones, both of shape (n, 3)."""
        return base.softmax(self.center + self.slope * (np.log(chances) - self.center))

    def artifact(self) -> dict[str, bytes]:
        """Relative file names and contents from which `load` rebuilds it."""
        record = {"center": self.center.tolist(), "slope": self.slope}
        return {_FILE: archive.pack_json(record)}


def fit(
    chances: base.Probabilities,
    labels: npt.NDArray[np.int32],
    weights: npt.NDArray[np.float64],
    n_sessions: int,
) -> Calibrator:
    """Learn how bold the probabilities were.

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
        The slope is never negative: calibration does not turn an order around.
    """
    penalty = PENALTY_SESSIONS / max(n_sessions, 1)
    return fit_slope(chances, labels, weights, Prior(penalty))


def fit_slope(
    chances: base.Probabilities,
    labels: npt.NDArray[np.int32],
    weights: npt.NDArray[np.float64],
    prior: Prior,
) -> Calibrator:
    """`fit`, with what is believed beforehand told by the caller."""
    if not len(chances):
        return Calibrator(np.zeros(len(base.CLASSES)), 1.0)
    shares = weights / weights.sum()
    center: multinomial.Floats = shares @ np.log(chances)
    apart = np.log(chances) - center
    happened = float(shares @ apart[np.arange(len(labels)), labels])
    slope = 1.0
    for _ in range(_MAX_STEPS):  # Newton's method on a convex loss
        said = base.softmax(center + slope * apart)
        mean = (said * apart).sum(axis=1)
        spread = (said * apart**2).sum(axis=1) - mean**2
        pull = float(shares @ mean) - happened + prior.penalty * (slope - prior.slope)
        moved = max(slope - pull / (float(shares @ spread) + prior.penalty), 0.0)
        is_done, slope = abs(moved - slope) < _CLOSE, moved
        if is_done:
            break
    return Calibrator(center, slope)


def load(artifact: Mapping[str, bytes]) -> Calibrator:
    """Rebuild what `Calibrator.artifact` stored, bit for bit."""
    record: dict[str, Any] = archive.unpack_json(archive.member(artifact, _FILE))
    return Calibrator(np.array(record["center"]), record["slope"])
