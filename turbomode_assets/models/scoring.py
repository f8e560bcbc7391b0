"""A stored challenger at work: features in, class probabilities out.

Reads what `challenger` wrote, with NumPy and Polars alone: no library that trains is
imported. It learns nothing and takes no side.
"""

import dataclasses
import zipfile
from collections.abc import Mapping

import numpy as np
import polars as pl

from turbomode_assets import errors
from turbomode_assets.models import (
    archive,
    base,
    calibration,
    layout,
    matrix,
    serving,
    stacking,
)

CARD = "card.json"
"""Features, line-up and classes, as JSON."""

BORDERS = "borders.npz"
"""Borders of the bin codes."""

_UNREADABLE = (
    *(ValueError, TypeError, LookupError, OSError),
    *(RecursionError, zipfile.BadZipFile),
)
"""What comes of bytes that are no challenger."""


def folder_of(name: str) -> str:
    """Folder of the native files of the base model called `name`."""
    return f"base/{name}"


@dataclasses.dataclass(frozen=True, eq=False)
class Scorer:
    """A challenger or champion, ready to score."""

    line_up: tuple[str, ...]
    """Base models, in the order of their probabilities."""

    borders: matrix.Borders
    """Turns features into bin codes."""

    ensemble: serving.Ensemble
    """Base models in the order of `line_up`."""

    meta: stacking.Stacker
    """Combines them."""

    calibrator: calibration.Calibrator
    """Says what the combination turned out to mean."""

    def score(self, features: pl.DataFrame) -> pl.DataFrame:
        """Class probabilities of each row.

        Parameters
        ----------
        features
            Columns symbol, session and every feature of the card, in any order, null
            where unknown; further columns are ignored.

        Returns
        -------
        pl.DataFrame
            Columns symbol, session, p_up, p_flat, p_down and base_probabilities (up,
            flat, down of each base model), rows as given. A row's values do not
            depend on the rows beside it, to the last bit.

        Raises
        ------
        errors.TableError
            Where features are missing; names them all.
        """
        self._require(features)
        keys = features.select("symbol", "session")
        codes = self.borders.encode(layout.as_values(features, self.borders.names))
        chances = self.ensemble.predict(codes)
        final = self.calibrator.predict(self.meta.predict(chances))
        columns = [
            pl.Series(f"p_{label}", np.ascontiguousarray(final[:, code]))
            for code, label in enumerate(base.CLASSES)
        ]
        listed = pl.Series("base_probabilities", chances).arr.to_list()
        return keys.with_columns(*columns, listed)

    def _require(self, features: pl.DataFrame) -> None:
        missing = sorted(set(self.borders.names) - set(features.columns))
        if missing:
            message = (
                f"features must hold {len(self.borders.names)} columns of the model, "
                f"missing {', '.join(missing)}: compute them or choose another model"
            )
            raise errors.TableError(message)


def load(artifact: Mapping[str, bytes]) -> Scorer:
    """Rebuild a challenger from its files.

    Parameters
    ----------
    artifact
        Relative file names and contents, as `challenger.Challenger.artifact`.

    Raises
    ------
    errors.ArtifactError
        Where a file is absent, and says which; or where one cannot be read.
    """
    try:
        return _rebuilt(artifact)
    except _UNREADABLE as fault:
        if isinstance(fault, errors.ArtifactError):
            raise
        message = f"artifact must be a challenger, cannot be read: {fault!r}"
        raise errors.ArtifactError(message) from fault


def _rebuilt(artifact: Mapping[str, bytes]) -> Scorer:
    card = archive.unpack_json(archive.member(artifact, CARD))
    return Scorer(
        line_up=tuple(card["line_up"]),
        borders=matrix.borders_from_bytes(archive.member(artifact, BORDERS)),
        ensemble=serving.from_bytes(archive.member(artifact, serving.FILE)),
        meta=stacking.load(artifact),
        calibrator=calibration.load(artifact),
    )
