"""What sets some signals of a session apart from the mean forecast of that session.

A sentence for each, short enough for a page: the features that moved the probability
of its side most. ``explanation.py`` takes one signal apart whole, against the samples
its model learned from. Frames in, sentences out; nothing is read or written.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from turbomode_assets import policy
from turbomode_assets.features import catalog
from turbomode_assets.models import base, contributions, scoring
from turbomode_assets.signals import ledger

N_BACKGROUND = 20
"""Signals of the session a signal is held against, evenly spread over its ranks: with a
hundred the same features are named, at five times the cost."""

N_FEATURES = 3
"""Features named."""

_CLASS = {"buy": "up", "sell": "down"}
_POINTS = 100.0  # percentage points in a probability of one


def reasons(
    signals: pl.DataFrame,
    symbols: Sequence[str],
    scorer: scoring.Scorer,
    rules: policy.Policy = policy.SWING,
) -> dict[str, str]:
    """Why each symbol is bought or sold, in a sentence.

    Parameters
    ----------
    signals
        Rows of `tables.SIGNALS` of one session, all said by `scorer`.
    symbols
        Those to be explained; each is bought or sold.
    scorer
        The champion that spoke.
    rules
        Policy in force.

    Returns
    -------
    dict of str to str
        By symbol; empty where the features stem from another catalog. Points are what
        a feature added to the mean probability of the session's signals.
    """
    feature_set = rules.features.feature_set
    if set(signals["feature_version"]) != {catalog.feature_version(feature_set)}:
        return {}
    frozen = ledger.thaw(signals.sort("rank"), catalog.names(feature_set=feature_set))
    background = frozen.gather_every(math.ceil(frozen.height / N_BACKGROUND))
    sides = dict(signals.select("symbol", "side").iter_rows())
    order = pl.DataFrame({"symbol": symbols}, schema={"symbol": pl.String()})
    rows = order.join(frozen, on="symbol", maintain_order="left")
    found = contributions.explain_each(scorer, rows, background)
    return {
        row["symbol"]: _sentence(one, row, sides[row["symbol"]])
        for one, row in zip(found, rows.iter_rows(named=True), strict=True)
    }


def _sentence(
    found: contributions.Contributions, row: Mapping[str, Any], side: str
) -> str:
    name = _CLASS[side]
    place = base.CLASSES.index(name)
    added = found.added.sum(axis=0)[:, place]
    largest = np.argsort(-abs(added), kind="stable")[:N_FEATURES]
    parts = (
        f"{_POINTS * added[at]:+.1f} by {found.features[at]}"
        f" = {_written(row[found.features[at]])}"
        for at in largest
    )
    return f"{name}, points: {', '.join(parts)}"


def _written(value: float | None) -> str:
    return "null" if value is None else f"{value:.3g}"
