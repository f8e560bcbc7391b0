"""The learned model at work: features in, directions out.

Reads what ``learning.py`` wrote. Kinds that are sums of trees are served with NumPy
alone. It learns nothing and takes no side.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np
import polars as pl

from turbomode_assets import desks, rounds
from turbomode_assets.models import (
    archive,
    base,
    calibration,
    layout,
    matrix,
    serving,
)

CARD = "card.json"
"""Kind and features of a horizon, as JSON."""

BORDERS = "borders.npz"
"""Borders of the bin codes."""

MODEL = "model"
"""Folder of the kind's own files."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Served:
    borders: matrix.Borders
    model: serving.Ensemble | base.Forecast
    calibrator: calibration.Calibrator

    def predict(self, rows: pl.DataFrame) -> base.Probabilities:
        values = layout.as_values(rows, self.borders.names)
        said = self.model.predict(self.borders.encode(values))
        return self.calibrator.predict(said)


@dataclasses.dataclass(frozen=True, eq=False)
class Scorer:
    """A challenger or champion at work; of libraries that train it needs none."""

    horizons: Mapping[str, _Served]

    def score(self, features: pl.DataFrame) -> pl.DataFrame:
        """Probabilities of each row.

        Parameters
        ----------
        features
            Columns of the desk's key and `samples.names`; further ones are ignored.

        Returns
        -------
        pl.DataFrame
            Columns of the key, p_up, p_flat and p_down, sorted by the key; p_flat is
            next to nothing. A row's values do not depend on the rows beside it.
        """
        key = list(desks.INTRADAY.key)
        parts = []
        for horizon, served in self.horizons.items():
            rows = features.filter(pl.col("horizon") == horizon)
            said = served.predict(rows)
            columns = [
                pl.Series(f"p_{name}", np.ascontiguousarray(said[:, code]))
                for code, name in enumerate(base.CLASSES)
            ]
            parts.append(rows.select(key).with_columns(columns))
        return pl.concat(parts).sort(key)

    def directions(self, features: pl.DataFrame) -> pl.DataFrame:
        """p_up of each moment at each horizon, as the consensus takes it.

        Parameters
        ----------
        features
            As `samples.features_of` returns them.

        Returns
        -------
        pl.DataFrame
            Columns of the key and p_up, of up and down alone.
        """
        horizons = pl.DataFrame({"horizon": list(rounds.HORIZONS)})
        said = self.score(features.join(horizons, how="cross"))
        p_up = pl.col("p_up") / (pl.col("p_up") + pl.col("p_down"))
        return said.select(*desks.INTRADAY.key, p_up=p_up)


def load(artifact: Mapping[str, bytes]) -> Scorer:
    """Rebuild a challenger from its files.

    Raises
    ------
    errors.ArtifactError
        Where a file is absent; says which.
    """
    return Scorer({h: _load(archive.folder(artifact, h)) for h in rounds.HORIZONS})


def _load(files: Mapping[str, bytes]) -> _Served:
    about = archive.unpack_json(archive.member(files, CARD))
    model: serving.Ensemble | base.Forecast
    if serving.FILE in files:
        model = serving.from_bytes(files[serving.FILE])
    else:
        model = base.find(about["kind"]).load(archive.folder(files, MODEL))
    borders = matrix.borders_from_bytes(archive.member(files, BORDERS))
    return _Served(borders, model, calibration.load(files))
