"""Whether labels are as frequent as volatility implies: a check on the data.

A share of large moves far from what each row's own volatility would bring is not a
market but a fault: a split nobody adjusted for, frozen prices, a label of the wrong
horizon. Counts only; nothing is left out or corrected here.
"""

import dataclasses
import math

import numpy as np
import numpy.typing as npt
import polars as pl

from turbomode_assets import policy

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Balance:
    """Shares of up and down, as they are and as volatility implies them."""

    n_rows: int
    up: float
    implied_up: float
    down: float
    implied_down: float

    @property
    def ratio(self) -> float:
        """Large moves over those implied; NaN where none is implied."""
        implied = self.implied_up + self.implied_down
        return (self.up + self.down) / implied if implied > 0 else math.nan

    def is_plausible(self, max_ratio: float) -> bool:
        """Whether `ratio` lies between 1 / `max_ratio` and `max_ratio`."""
        return 1.0 / max_ratio <= self.ratio <= max_ratio


def balance(samples: pl.DataFrame, rules: policy.Policy) -> Balance | None:
    """Observed and implied shares over all rows whose volatility is known.

    Each row's log return over the horizon is taken as normal without drift, with its
    trailing volatility; fat tails and clustering make true shares differ by some ten
    percent, faults by multiples.

    Parameters
    ----------
    samples
        Columns label, entry_on, matures_on and the policy's volatility_feature, the
        standard deviation of a session's log return, as a fraction.
    rules
        Gives that feature, the label learned and the size of a large move.

    Returns
    -------
    Balance or None
        NaN where no row has a volatility. None for labels other than
        ``symmetric_10pct``: their barriers move with volatility themselves.
    """
    if rules.training.label != "symmetric_10pct":
        return None
    volatility, horizon = rules.training.volatility_feature, rules.horizon
    # Five sessions in seven days, and the session of the entry itself.
    held = (pl.col("matures_on") - pl.col("entry_on")).dt.total_days() * 5 / 7 + 1
    known = samples.select(
        "label", sigma=pl.col(volatility).cast(pl.Float64) * held.sqrt()
    ).filter(pl.col("sigma") > 0)
    sigma, labels = known["sigma"].to_numpy(), known["label"]
    n_rows = max(known.height, 1) if known.height else math.nan
    return Balance(
        n_rows=known.height,
        up=int((labels == "up").sum()) / n_rows,
        implied_up=_above(math.log1p(horizon.large_move), sigma) / n_rows,
        down=int((labels == "down").sum()) / n_rows,
        implied_down=_above(-math.log1p(-horizon.large_move), sigma) / n_rows,
    )


def _above(distance: float, sigma: Floats) -> float:
    """How many of as many normal variables of mean zero exceed `distance`."""
    scaled = distance / (math.sqrt(2.0) * sigma)
    return sum(0.5 * math.erfc(value) for value in scaled.tolist())
