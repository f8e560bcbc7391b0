"""The volatility-only baseline beside a champion or a challenger: learned when it was.

What it is stands in ``models/volatility_only.py``; here it gets the features and the
samples that the loop knows of.
"""

import numpy as np
import polars as pl

from turbomode_assets import policy
from turbomode_assets.features import catalog
from turbomode_assets.models import base, layout, volatility_only


def learn(
    known: pl.DataFrame, rules: policy.Policy = policy.SWING
) -> volatility_only.Logistic:
    """The volatility-only baseline, learned from the samples a challenger had."""
    names = catalog.names("volatility", rules.features.feature_set)
    days = known["session"].unique().sort().to_list()
    columns = layout.Columns(
        features=names, volatility=names, momentum=rules.training.momentum_feature
    )
    rows = layout.lay_out(known, columns, days, rules.training.stride_sessions)
    learned = rows.learned_rows(days)
    return volatility_only.fit(rows.volatility.learned, learned, rules.training.seed)


def score(
    baseline: volatility_only.Logistic,
    features: pl.DataFrame,
    rules: policy.Policy = policy.SWING,
) -> pl.DataFrame:
    """What the baseline says of rows: symbol, session, p_up, p_flat and p_down."""
    names = sorted(catalog.names("volatility", rules.features.feature_set))
    chances = baseline.predict(layout.as_values(features, names))
    columns = [
        pl.Series(f"p_{name}", np.ascontiguousarray(column))
        for name, column in zip(base.CLASSES, chances.T, strict=True)
    ]
    return features.select("symbol", "session").with_columns(columns)
