"""Model cards: what was learned, from what, and under which name.

Turns a trained challenger and the samples it saw into rows of `tables.MODELS` and
`tables.OOF_PREDICTIONS`. Nothing is trained, judged or stored here.
"""

import dataclasses
import datetime as dt
import hashlib
import importlib.metadata
import io
import json
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import polars as pl

from turbomode_assets import policy, tables
from turbomode_assets.models import (
    base,
    calibration,
    challenger,
    diagnostics,
    matrix,
    stacking,
)

LIBRARIES = (
    "catboost",
    "lightgbm",
    "numpy",
    "polars",
    "scikit-learn",
    "scipy",
    "xgboost",
)
"""Distributions whose versions decide what is learned."""

Took = tuple[dt.datetime, dt.datetime]
"""When training began and when it ended."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record:
    """A trained challenger with its name and what it was trained on.

    `known` are the samples it learned from, `address` the content address of its
    artifact, `month` the first day of the month it would be in force, `asked_on` the
    first day whose labels it does not know; null where that is the same.
    """

    desk: str
    trained: challenger.Challenger
    known: pl.DataFrame
    month: dt.date
    address: str
    asked_on: dt.date | None = None

    @property
    def version(self) -> str:
        """Month in force and the first digits of the artifact's address."""
        return f"{self.month:%Y-%m}-{self.address[:12]}"

    @property
    def known_on(self) -> dt.date:
        """Latest maturity among the samples it learned from."""
        newest: dt.date = self.known.select(pl.col("matures_on").max()).item()
        return newest

    def predictions(self) -> pl.DataFrame:
        """Rows of `tables.OOF_PREDICTIONS`."""
        rows = self.trained.oof.with_columns(
            version=pl.lit(self.version), month=pl.lit(self.month)
        )
        wanted = tables.OOF_PREDICTIONS.column_names
        fold = pl.col("fold").cast(pl.Int64)
        return tables.OOF_PREDICTIONS.conform(rows.with_columns(fold).select(wanted))

    def card(
        self, found: Mapping[str, Any], rules: policy.Policy, took: Took
    ) -> pl.DataFrame:
        """Row of `tables.MODELS`.

        Parameters
        ----------
        found
            What others measured, by name: the gate's criteria, the labels' balance.
        rules
            Policy in force.
        took
            When training began and ended, UTC.

        Returns
        -------
        pl.DataFrame
            One row.
        """
        row = {
            "desk": self.desk,
            "version": self.version,
            "month": self.month,
            "window_from": self.known["session"].min(),
            "window_to": self.known["session"].max(),
            "labels_known_on": self.known_on,
            "n_samples": self.known.height,
            "data_fingerprint": fingerprint(self.known),
            "feature_version": self.known["feature_version"][0],
            "policy_version": rules.version,
            "parameters": json.dumps(self._parameters(rules.training)),
            "metrics": json.dumps(dict(found) | self._diagnostics(rules)),
            "importance": json.dumps(self.trained.importance),
            "artifact_sha256": self.address,
            "began_at": took[0],
            "trained_at": took[1],
        }
        return tables.MODELS.conform(pl.DataFrame([row], schema=tables.MODELS.schema()))

    def _parameters(self, training: policy.TrainingPolicy) -> dict[str, Any]:
        line_up = base.line_up(training.line_up)
        return {
            "training": dataclasses.asdict(training),
            "models": chosen(line_up, len(self.trained.importance)),
            "libraries": versions(),
        }

    def _diagnostics(self, rules: policy.Policy) -> dict[str, Any]:
        line_up = base.line_up(rules.training.line_up)
        return diagnostics.diagnose(self.trained.oof, line_up, rules.gate)


def versions() -> dict[str, str]:
    """Installed version of each of `LIBRARIES`."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def chosen(line_up: Sequence[str], n_features: int) -> dict[str, dict[str, Any]]:
    """Every number a person chose for the models of a line-up, ready for JSON.

    Parameters
    ----------
    line_up
        Base models.
    n_features
        How many features there are to draw from.

    Returns
    -------
    dict
        By module, what it declares in capitals, with `PARAMETERS` as they are passed
        on; what models of one library share stands under the module they share, and
        what all share under those of the matrix, the meta-learner and the calibrator.
    """
    models = {name: cast("types.ModuleType", base.find(name)) for name in line_up}
    shared = [matrix, stacking, calibration, *_natives(models.values())]
    found = {module.__name__.rpartition(".")[2]: _declared(module) for module in shared}
    for name, module in models.items():
        own = _declared(module)
        drawn = base.drawing(own.pop("PARAMETERS", {}), n_features)
        found[name] = drawn | own
    return found


def _natives(models: Iterable[types.ModuleType]) -> list[types.ModuleType]:
    """Modules that models of one library share, as they import them."""
    imported = (value for model in models for value in vars(model).values())
    natives = {
        each.__name__: each
        for each in imported
        if isinstance(each, types.ModuleType) and each.__name__.endswith("_native")
    }
    return [natives[name] for name in sorted(natives)]


def _declared(module: types.ModuleType) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(module).items()
        if name.isupper()
        and not name.startswith("_")
        and isinstance(value, int | float | dict)
    }


def fingerprint(samples: pl.DataFrame) -> str:
    """SHA-256 over the samples, in order: same rows, same digits."""
    buffer = io.BytesIO()
    # Text in the newest layout keeps bytes of rows that were filtered away.
    oldest = pl.CompatLevel.oldest()
    samples.rechunk().write_ipc(buffer, compression="uncompressed", compat_level=oldest)
    return hashlib.sha256(buffer.getvalue()).hexdigest()
