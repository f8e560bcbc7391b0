"""The card of an intraday challenger: what was learned, from what, under which name.

As ``models/card.py`` is for the other desk. Nothing is trained, judged or stored here.
"""

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from turbomode_assets import desks, schema
from turbomode_assets.intraday import learning, samples
from turbomode_assets.intraday_policy import IntradayPolicy
from turbomode_assets.models import card
from turbomode_assets.promotion import gate


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record:
    """A trained challenger with its name and what it was trained on.

    `known` are the samples it learned from, `address` the content address of its
    artifact, `month` the first day it would be in force.
    """

    trained: learning.Challenger
    known: pl.DataFrame
    month: dt.date
    address: str
    asked_on: dt.date | None = None

    @property
    def version(self) -> str:
        """First day in force and the first digits of the artifact's address."""
        return f"{self.month:%Y-%m-%d}-{self.address[:12]}"

    def predictions(self) -> pl.DataFrame:
        """Rows of `desks.PREDICTIONS`."""
        rows = self.trained.oof.with_columns(
            pl.col("fold").cast(pl.Int64),
            version=pl.lit(self.version),
            month=pl.lit(self.month),
        )
        return desks.PREDICTIONS.conform(rows.select(desks.PREDICTIONS.column_names))

    def card(
        self, found: Mapping[str, Any], rules: IntradayPolicy, took: card.Took
    ) -> pl.DataFrame:
        """Row of `desks.MODELS`; parameters as `models.card.Record.card` has them."""
        kinds = rules.learning.kinds
        parameters = {
            "training": dataclasses.asdict(rules.learning),
            "models": card.chosen(kinds, len(self.trained.importance)),
            "libraries": card.versions(),
        }
        row = {
            "desk": desks.INTRADAY.name,
            "version": self.version,
            "month": self.month,
            "window_from": self.known["session"].min(),
            "window_to": self.known["session"].max(),
            "labels_known_on": self.known["matures_on"].max(),
            "n_samples": self.known.height,
            "data_fingerprint": card.fingerprint(self.known),
            "feature_version": samples.feature_version(),
            "policy_version": rules.version,
            "parameters": json.dumps(parameters),
            "metrics": json.dumps(dict(found) | {"kinds": self.trained.kinds}),
            "importance": json.dumps(self.trained.importance),
            "artifact_sha256": self.address,
            "began_at": took[0],
            "trained_at": took[1],
        }
        return desks.MODELS.conform(pl.DataFrame([row], schema=desks.MODELS.schema()))


def rows(
    record: Record, verdict: gate.Verdict, rules: IntradayPolicy, took: card.Took
) -> dict[schema.Table, pl.DataFrame]:
    """What a judged challenger leaves behind, by table.

    Parameters
    ----------
    record
        The challenger.
    verdict
        Of the gate; what it observed stands on the card.
    rules
        Policy in force.
    took
        When training began and ended, UTC.
    """
    found = {each.name: each.observed for each in verdict.criteria}
    desk = desks.INTRADAY
    return {
        desk.models: record.card(found, rules, took),
        desk.predictions: record.predictions(),
        desk.verdicts: verdict.to_frame(desk.name, record.version, record.month),
    }
