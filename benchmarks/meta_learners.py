"""How far the meta-learner should trust its evidence.

``python benchmarks/meta_learners.py ROWS`` reads what ``real_skill.py --keep ROWS``
kept. Each quarter is stacked again by what the four quarters before it teach, as a
challenger has them, with more faith in that evidence, and printed beside the
equal-weight pool: gains over what is shipped, in nats / 10,000 a row, with 90 %
block-bootstrap intervals.
"""

import argparse

import numpy as np
import polars as pl
import real_skill  # type: ignore[import-not-found]

from turbomode_assets import policy
from turbomode_assets.models import base, stacking
from turbomode_assets.stats import resampling

Floats = np.ndarray
WINDOW = policy.TrainingPolicy().n_folds - 1
PURGED = 10 + policy.TrainingPolicy().embargo_sessions
"""Sessions a label spans, and the embargo."""

FAITH = (1, 3, 10, 30, 100)
"""Times as much evidence as there is; one is what is shipped."""


def forward(rows: pl.DataFrame, chances: Floats, faith: float) -> Floats:
    """Every quarter by what the quarters before it teach; the first is pooled.

    Parameters
    ----------
    rows
        Sorted by session; session, fold and label.
    chances
        Shape (n, k): out-of-fold probabilities to learn from.
    faith
        Factor on the number of sessions.
    """
    labels = np.array([base.CLASSES.index(x) for x in rows["label"]], dtype=np.int32)
    folds, sessions = rows["fold"].to_numpy(), rows["session"].rank("dense").to_numpy()
    pooled = base.softmax(np.log(chances).reshape(len(chances), -1, 3).mean(axis=1))
    for fold in np.unique(folds)[1:]:
        asked = folds == fold
        last = sessions[asked].min() - PURGED
        known = (folds >= fold - WINDOW) & (folds < fold) & (sessions < last)
        n_sessions = int(faith * len(np.unique(sessions[known])))
        ones = np.ones(int(known.sum()))
        fitted = stacking.fit(chances[known], labels[known], ones, n_sessions)
        pooled[asked] = fitted.predict(chances[asked])
    return pooled


def named(rows: pl.DataFrame, chances: Floats, suffix: str) -> pl.DataFrame:
    """Rows with the probabilities under a suffix."""
    columns = [
        pl.Series(f"p_{name}{suffix}", np.ascontiguousarray(column))
        for name, column in zip(base.CLASSES, chances.T, strict=True)
    ]
    return rows.with_columns(columns)


def tell(rows: pl.DataFrame, name: str, suffix: str, reference: str) -> None:
    """Print one line of a table."""
    gain = real_skill.gains(rows, suffix, reference)
    low, high = resampling.interval(gain, real_skill.GATE) or (0.0, 0.0)
    mean = float(gain.to_numpy().mean())
    print(f"| {name} | {1e4 * mean:+.1f} | {1e4 * low:+.1f} to {1e4 * high:+.1f} |")


def main() -> None:
    """Stack, calibrate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows")
    rows = pl.read_parquet(parser.parse_args().rows).sort("session", "symbol")
    members = np.array(rows["base_probabilities"].to_list())
    equal = base.softmax(np.log(members).reshape(len(members), -1, 3).mean(axis=1))
    stacked = {n: forward(rows, members, n) for n in FAITH}
    rows = named(named(rows, stacked[1], "_shipped"), equal, "_pool")
    print("| meta-learner | gain | interval |\n|---|---|---|")
    tell(rows, "equal-weight pool", "_pool", "_shipped")
    for n in FAITH[1:]:
        again = named(rows, stacked[n], "_other")
        tell(again, f"{n} times the faith", "_other", "_shipped")


if __name__ == "__main__":
    main()
