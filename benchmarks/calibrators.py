"""What other calibrators would have made of the stacked probabilities.

``python benchmarks/real_skill.py --keep ROWS`` keeps what a walk-forward predicted;
``python benchmarks/calibrators.py ROWS`` calibrates its stacked probabilities again,
fold by fold, each way on earlier folds whose labels were known, purged and embargoed,
and prints what each gained over leaving them as they are:

shipped      One temperature around the mean, drawn toward one.
temperature  The same, drawn nowhere.
sigmoid      A slope and a level for each class against the others (Platt), normalized.
Dirichlet    A logistic regression of all three logarithms: slopes and levels.
isotonic     Any rising function for each class against the others, normalized.
"""

import argparse
import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import sklearn.isotonic

from turbomode_assets import policy, sessions
from turbomode_assets.models import base, calibration, layout, multinomial
from turbomode_assets.samples import weights
from turbomode_assets.stats import classification, resampling

RULES = policy.SWING
GATE = policy.GatePolicy(n_resamples=1000)
FREE = 10**12
"""Sessions of evidence at which a penalty is nothing."""

Floats = npt.NDArray[np.float64]
Taught = tuple[Floats, npt.NDArray[np.int32], Floats, int]
"""Stacked probabilities, class codes, weights and number of sessions."""

Way = Callable[[Taught, Floats], Floats]
"""Calibrates probabilities by what was taught."""


def shipped(taught: Taught, asked: Floats) -> Floats:
    """As a challenger is calibrated."""
    return calibration.fit(*taught).predict(asked)


def temperature(taught: Taught, asked: Floats) -> Floats:
    """Without the pull toward one."""
    return calibration.fit(*taught[:3], FREE).predict(asked)


def sigmoid(taught: Taught, asked: Floats) -> Floats:
    """Platt's, class by class."""
    chances, codes, mass, _ = taught
    columns = []
    for code in range(len(base.CLASSES)):
        designs = [_odds(each[:, code]) for each in (chances, asked)]
        anchor = np.array([[0.0, 1.0], [0.0, 0.0]])
        is_it = (codes == code).astype(np.int32)
        found = multinomial.fit(
            multinomial.Problem(designs[0], is_it, mass, np.zeros((2, 1)), anchor)
        )
        columns.append(base.softmax(designs[1] @ found)[:, 1])
    return base.as_probabilities(np.column_stack(columns))


def dirichlet(taught: Taught, asked: Floats) -> Floats:
    """Of the logarithms, with levels."""
    chances, codes, mass, _ = taught
    designs = [np.column_stack([np.log(p), np.ones(len(p))]) for p in (chances, asked)]
    anchor = np.vstack([np.eye(len(base.CLASSES)), np.zeros(len(base.CLASSES))])
    penalty = np.zeros((len(anchor), 1))
    found = multinomial.fit(
        multinomial.Problem(designs[0], codes, mass, penalty, anchor)
    )
    return base.softmax(designs[1] @ found)


def isotonic(taught: Taught, asked: Floats) -> Floats:
    """A step function, class by class."""
    chances, codes, mass, _ = taught
    columns = []
    for code in range(len(base.CLASSES)):
        steps = sklearn.isotonic.IsotonicRegression(out_of_bounds="clip")
        steps.fit(chances[:, code], codes == code, sample_weight=mass)
        columns.append(steps.predict(asked[:, code]))
    return base.as_probabilities(np.column_stack(columns))


WAYS: tuple[Way, ...] = (shipped, temperature, sigmoid, dirichlet, isotonic)


def _odds(chances: Floats) -> Floats:
    return np.column_stack([np.log(chances / (1.0 - chances)), np.ones(len(chances))])


def prepared(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the weights samples have and the sessions their labels were known."""
    days = rows["session"].unique().sort().to_list()
    horizon = RULES.horizon.calendar_days
    known = sessions.holding_periods(days, horizon).select("session", "matures_on")
    weighed = weights.sample_weights(rows, horizon)
    return weighed.join(known, on="session").sort("fold", "session", "symbol")


def taught_before(rows: pl.DataFrame, fold: pl.DataFrame) -> pl.DataFrame:
    """Rows of earlier folds whose labels were known before the embargo."""
    first = fold["session"].min()
    assert isinstance(first, dt.date)  # noqa: S101
    barred = sessions.shift(first, -RULES.training.embargo_sessions)
    return rows.filter(pl.col("fold") < fold["fold"][0], pl.col("matures_on") < barred)


def calibrated(rows: pl.DataFrame, way: Way) -> pl.DataFrame:
    """Rows calibrated one way; the first fold, which has none before it, as it is."""
    first, *folds = rows.partition_by("fold", maintain_order=True)
    parts = [_with(first, _stacked(first))]
    for fold in folds:
        before = taught_before(rows, fold)
        taught = (
            _stacked(before),
            layout.class_codes(before["label"]),
            before["sample_weight"].to_numpy(),
            before["session"].n_unique(),
        )
        parts.append(_with(fold, way(taught, _stacked(fold))))
    return pl.concat(parts)


def _with(rows: pl.DataFrame, chances: Floats) -> pl.DataFrame:
    found = zip(base.CLASSES, chances.T, strict=True)
    return rows.with_columns(
        pl.Series(f"p_{name}", np.ascontiguousarray(column)) for name, column in found
    )


def _stacked(rows: pl.DataFrame) -> Floats:
    return rows.select(f"p_{name}_stacked" for name in base.CLASSES).to_numpy()


def main() -> None:
    """Calibrate, score and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path, help="as real_skill.py --keep wrote them")
    options = parser.parse_args()
    names = ["symbol", "session", "fold", "label"]
    stacked = [f"p_{name}_stacked" for name in base.CLASSES]
    rows = prepared(pl.read_parquet(options.rows, columns=[*names, *stacked]))
    print("Gain over stacked in nats / 10,000 a row, 90 % block-bootstrap interval:\n")
    print("| calibrator | log-loss | gain | interval |\n|---|---|---|---|", flush=True)
    for way in WAYS:
        scored = calibrated(rows, way).with_columns(
            loss=classification.log_loss(), before=classification.log_loss("_stacked")
        )
        means = classification.session_means(scored, "loss", "before")
        gain = means["before"] - means["loss"]
        low, high = resampling.interval(gain, GATE) or (0.0, 0.0)
        loss, mean = (float(each.to_numpy().mean()) for each in (means["loss"], gain))
        interval = f"{1e4 * low:+.1f} to {1e4 * high:+.1f}"
        print(
            f"| {way.__name__} | {loss:.4f} | {1e4 * mean:+.1f} | {interval} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
