"""What a base model is, and which ones make a challenger.

A base model is a module with two functions, `fit` and `load`, found by its name:
adding one takes one file and one line in `LINE_UPS`. A library is imported by the
module that needs it and only when that module is used, since importing all of them
takes seconds. No model and no parameter of one belongs here.
"""

import dataclasses
import importlib
from collections.abc import Mapping
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from turbomode_assets import errors
from turbomode_assets.models import matrix, tree_arrays

CLASSES = ("up", "flat", "down")
"""Classes in the order of every probability column; codes 0, 1, 2."""

MIN_PROBABILITY = 1e-5
"""Floor under every class probability: keeps logarithms finite. A tenth of a
thousandth of the 6 % base rate of a large move."""

LINE_UPS: Mapping[str, tuple[str, ...]] = {
    "diverse_eight": (
        "lightgbm_gbdt",
        "catboost_symmetric",
        "sklearn_extra_trees",
        "xgboost_hist",
        "sklearn_boosting",
        "lightgbm_extra_trees",
        "xgboost_shallow",
        "ranked_logistic",
    ),
    "seed_eight": (
        "xgboost_deep",
        "lightgbm_gbdt",
        "xgboost_extra_trees",
        "catboost_symmetric",
        "xgboost_hist",
        "xgboost_dart",
        "xgboost_linear",
        "xgboost_approx",
    ),
    "lean_two": ("lightgbm_gbdt", "ranked_logistic"),
}
"""Named sets of base models; each name is a module of this package. Models of one
library stand apart, so that two fits at a time seldom share a library. ``seed_eight``
is the predecessor's choice: six of one kind. ``lean_two`` is for hundreds of trainings
on simulated markets: trees and lines."""

DRAWN_FEATURES = 24
"""Most features drawn at a time, for a tree, a level or a node, by whatever name a
library draws them. The features of the full set say much the same many times over: a
tenth of it instead of three tenths halved the time of LightGBM, CatBoost and extremely
randomized trees, and moved losses on a held-out quarter by less than 1.1 %."""

_DRAWS = (
    "colsample_bylevel",
    "colsample_bynode",
    "colsample_bytree",
    "feature_fraction",
    "max_features",
    "rsm",
)

Probabilities = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class Served:
    """A fitted model without its library, as it works at night."""

    trees: tree_arrays.Trees
    """Trees whose leaves add to the three classes."""

    is_share: bool = False
    """Whether sums are shares that add up to one, not scores for a softmax."""

    def predict(self, features: matrix.Values) -> Probabilities:
        """See `Forecast.predict`."""
        return self.linked(self.trees.total(features))

    def linked(self, sums: npt.NDArray[np.float64]) -> Probabilities:
        """Probabilities of the sums of trees, shape (n, 3)."""
        return as_probabilities(sums) if self.is_share else softmax(sums)


class Forecast(Protocol):
    """A model that has learned: a baseline, or what `Fitted` adds to."""

    def predict(self, features: matrix.Values) -> Probabilities:
        """Class probabilities.

        Parameters
        ----------
        features
            Shape (n, n_features), columns as in training; NaN where unknown.

        Returns
        -------
        ndarray of shape (n, 3)
            Columns as `CLASSES`; each row sums to one, nothing below
            `MIN_PROBABILITY` before normalizing.
        """

    def artifact(self) -> dict[str, bytes]:
        """Relative file names and contents from which `Model.load` rebuilds it."""


class Fitted(Forecast, Protocol):
    """A base model that has learned, in the hands of the library that taught it."""

    def served(self) -> Served:
        """The same model as trees on bin codes; probabilities agree within 1e-6."""

    def importance(self) -> npt.NDArray[np.float64]:
        """Share of each feature in the fit, by the library's own measure.

        Returns
        -------
        ndarray of shape (n_features,)
            Nonnegative; sums to one unless nothing was learned.
        """


class Model(Protocol):
    """What a module must offer to be a base model.

    That of a baseline returns a `Forecast`, which is never served.
    """

    def fit(self, samples: matrix.Matrix, rows: matrix.Rows, seed: int) -> Fitted:
        """Learn from the given rows of `samples`, in one thread.

        Parameters
        ----------
        samples
            Features, labels and weights shared by all fits.
        rows
            Ascending positions of the rows to learn from; every class must occur.
        seed
            Seed of every random draw: the same arguments give the same bytes.
        """

    def load(self, artifact: Mapping[str, bytes]) -> Fitted:
        """Rebuild what `Forecast.artifact` stored, bit for bit.

        Raises
        ------
        errors.ArtifactError
            Where a file of the artifact is absent.
        """


def line_up(name: str) -> tuple[str, ...]:
    """Names of the base models of the line-up called `name`.

    Raises
    ------
    errors.PolicyError
        Where no line-up has that name; names the nearest.

    Examples
    --------
    >>> len(line_up("diverse_eight"))
    8
    """
    if name not in LINE_UPS:
        raise errors.PolicyError(errors.unknown_name("line-up", name, LINE_UPS))
    return LINE_UPS[name]


def find(name: str) -> Model:
    """Base model called `name`; its library is imported here and not before."""
    return cast("Model", importlib.import_module(f"turbomode_assets.models.{name}"))


def drawing(parameters: Mapping[str, Any], n_features: int) -> dict[str, Any]:
    """Parameters of a library with `DRAWN_FEATURES` features drawn at the most.

    Examples
    --------
    >>> drawing({"rsm": 0.3, "depth": 4}, 48), drawing({"rsm": 0.3}, 240)
    ({'rsm': 0.3, 'depth': 4}, {'rsm': 0.1})
    """
    most = DRAWN_FEATURES / n_features
    return {
        name: min(value, most) if name in _DRAWS else value
        for name, value in parameters.items()
    }


def as_probabilities(raw: npt.NDArray[np.floating]) -> Probabilities:
    """Rows of nonnegative numbers as probabilities: floored, in float64, sum one.

    Examples
    --------
    >>> as_probabilities(np.array([[0.0, 3.0, 1.0]])).round(3).tolist()
    [[0.0, 0.75, 0.25]]
    """
    floored = np.maximum(raw.astype(np.float64), MIN_PROBABILITY)
    return cast("Probabilities", floored / floored.sum(axis=1, keepdims=True))


def shares(amounts: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Nonnegative amounts as shares of their sum; zeros stay zeros.

    Examples
    --------
    >>> shares([1.0, 3.0]).tolist(), shares([0.0]).tolist()
    ([0.25, 0.75], [0.0])
    """
    given = np.asarray(amounts, dtype=np.float64)
    return given / (given.sum() or 1.0)


def softmax(logits: npt.NDArray[np.floating]) -> Probabilities:
    """Probabilities of class scores; a constant added to a row changes nothing.

    Examples
    --------
    >>> softmax(np.zeros((1, 4))).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    scores = logits.astype(np.float64)
    return as_probabilities(np.exp(scores - scores.max(axis=1, keepdims=True)))
