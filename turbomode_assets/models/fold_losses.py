"""How a challenger did in each walk-forward fold, beside its baselines.

One good quarter can carry a mean: the card shows every fold apart. What the losses
are made of all folds together stands in `diagnostics`.
"""

from typing import Any

import polars as pl

from turbomode_assets.models import diagnostics
from turbomode_assets.stats import classification

_FORECASTS = {
    "calibrated": "",
    "base_rate": "_base_rate",
    "volatility": "_volatility",
    "momentum": "_momentum",
}


def by_fold(oof: pl.DataFrame) -> list[dict[str, Any]]:
    """Log-loss of each fold in order of time, ready for JSON.

    Parameters
    ----------
    oof
        As `challenger.Challenger.oof`.

    Returns
    -------
    list of dict
        ``fold``; ``first`` and ``last`` session as ISO dates; ``n_rows``; the mean
        log-loss in nats of ``calibrated``, ``base_rate``, ``volatility`` and
        ``momentum``.
    """
    losses = [
        classification.log_loss(suffix).mean().round(diagnostics.DIGITS).alias(name)
        for name, suffix in _FORECASTS.items()
    ]
    day = pl.col("session").dt
    found = oof.group_by("fold").agg(
        day.to_string().min().alias("first"),
        day.to_string().max().alias("last"),
        pl.len().alias("n_rows"),
        *losses,
    )
    return found.sort("fold").to_dicts()
