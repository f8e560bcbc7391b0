"""A small neural net of scikit-learn's, stored as its weights.

One hidden layer on bin codes from -1 to 1, null in the middle. It is no sum of trees,
so it is served by its own weights and stands in no line-up of the swing desk.

References
----------
D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
"""

import dataclasses
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from turbomode_assets.models import archive, base, matrix, multinomial

_FILE = "net.npz"

PARAMETERS: Mapping[str, Any] = {
    "hidden_layer_sizes": (12,),
    "alpha": 3.0,
    "learning_rate_init": 0.003,
    "batch_size": 256,
    "max_iter": 12,
    "early_stopping": False,
}
"""Few neurons, a strong penalty, few passes: among faint edges a net that is left to
itself learns the noise by heart. A fixed number of passes, for the reason in
`lightgbm_gbdt`."""

_NEVER = -50.0  # score of a class that did not occur in training


@dataclasses.dataclass(frozen=True, eq=False)
class Net:
    """A fitted net."""

    hidden: multinomial.Floats
    """Shape (n_features + 1, n_hidden): weights, and the bias last."""

    out: multinomial.Floats
    """Shape (n_hidden + 1, 3): weights of each class, and the bias last."""

    def predict(self, features: matrix.Values) -> base.Probabilities:
        """See `base.Forecast.predict`."""
        lit = np.maximum(multinomial.scores(_design(features), self.hidden), 0.0)
        scores = multinomial.scores(_with_ones(lit), self.out)
        return base.softmax(scores)

    def artifact(self) -> dict[str, bytes]:
        """See `base.Forecast.artifact`."""
        return {_FILE: archive.pack_arrays({"hidden": self.hidden, "out": self.out})}

    def importance(self) -> npt.NDArray[np.float64]:
        """See `base.Fitted.importance`: absolute weights along both layers."""
        through = np.abs(self.hidden[:-1]) @ np.abs(self.out[:-1]).sum(axis=1)
        return base.shares(through)


def _with_ones(values: multinomial.Floats) -> multinomial.Floats:
    return np.hstack([values, np.ones((len(values), 1))])


def _design(features: matrix.Values) -> multinomial.Floats:
    middle = (matrix.N_BINS - 1) / 2
    codes = np.clip(features.astype(np.float64), 0, matrix.N_BINS - 1)
    return _with_ones(np.nan_to_num(codes / middle - 1.0))


def fit(samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> Net:
    """See `base.Model.fit`."""
    # Imported late: a process that only predicts shall not pay for it.
    import sklearn.exceptions  # noqa: PLC0415
    import sklearn.neural_network  # noqa: PLC0415

    model = sklearn.neural_network.MLPClassifier(random_state=seed, **PARAMETERS)
    design = _design(samples.values[rows])[:, :-1]
    with warnings.catch_warnings():
        # It is stopped before it converges: that is the regularization.
        warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
        model.fit(design, samples.labels[rows], samples.weights[rows])
    weights = [
        np.vstack([slopes, bias])
        for slopes, bias in zip(model.coefs_, model.intercepts_, strict=True)
    ]
    return Net(weights[0], _by_class(weights[1], model.classes_))


def _by_class(
    scores: multinomial.Floats, classes: npt.NDArray[np.integer]
) -> multinomial.Floats:
    """Columns of scores as those of `base.CLASSES`; of two classes one has a score."""
    out = np.zeros((len(scores), len(base.CLASSES)))
    out[-1] = _NEVER
    out[-1, classes] = 0.0
    out[:, classes[-scores.shape[1] :]] = scores
    return out


def load(artifact: Mapping[str, bytes]) -> Net:
    """See `base.Model.load`."""
    arrays = archive.unpack_arrays(archive.member(artifact, _FILE))
    return Net(arrays["hidden"], arrays["out"])
