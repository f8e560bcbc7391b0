"""Qlib's LightGBM on Alpha158, fold by fold: a forecast that joins `real_skill.py`.

``PYTHON benchmarks/qlib_lightgbm.py FOLDER`` runs in an environment of its own that
has ``pyqlib`` (0.9.7) and nothing of this project. It reads what ``real_skill.py
--qlib PYTHON`` wrote to FOLDER, bars, samples and folds, and writes two forecasts
beside them, with columns symbol, session, p_up, p_flat and p_down.

Qlib's own are the engine that computes Alpha158 from the same adjusted bars, `LGBModel`
with its rounds and early stopping, and the parameters published with it. Of its two
losses

* ``qlib_classes`` takes binary, once for whether a move is up and once for down;
* ``qlib_returns`` takes the published squared error, on returns standardized within
  the session; one number fitted on the latest year turns its scores into
  probabilities without changing their order.

A run that was stopped continues with the fold it stopped at.

Both learn from the same thinned sessions as our models. A row counts for the sessions
it stands for, so that the published penalties mean what they were chosen for. The
latest year stops training. The average traded price is taken to be the mean of high,
low and close.

References
----------
https://github.com/microsoft/qlib, examples/benchmarks/LightGBM/
workflow_config_lightgbm_Alpha158.yaml.
"""

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import qlib
import scipy.optimize
from qlib.contrib.data.handler import Alpha158
from qlib.contrib.model.gbdt import LGBModel
from qlib.data.dataset.weight import Reweighter
from qlib.workflow import R

PUBLISHED = {
    "colsample_bytree": 0.8879,
    "learning_rate": 0.2,
    "subsample": 0.8789,
    "lambda_l1": 205.6999,
    "lambda_l2": 580.9768,
    "max_depth": 8,
    "num_leaves": 210,
    "num_threads": 2,
    "seed": 0,
}
"""Published parameters, but for the threads (20) and a seed (none)."""

VALID, PURGED, STRIDE = 84, 4, 3
"""Thinned sessions to stop on, a year; those left out before them, a holding period;
and the sessions each stands for."""

NAMES = ("qlib_classes", "qlib_returns")
CLASSES = ("up", "flat", "down")
FIELDS = ("open", "high", "low", "close", "volume", "vwap")


def store(bars: pd.DataFrame, root: Path) -> None:
    """Write `bars` in Qlib's own format: a calendar, instruments and binary columns."""
    bars = bars.assign(vwap=bars[["high", "low", "close"]].mean(axis=1))
    days = pd.DatetimeIndex(sorted(bars["session"].unique()))
    spans = []
    for name, rows in bars.groupby("symbol"):
        symbol = str(name)
        placed = rows.set_index("session").reindex(days[days >= rows["session"].min()])
        folder = root / "features" / symbol.lower()
        folder.mkdir(parents=True, exist_ok=True)
        first = days.get_loc(placed.index[0])
        for field in FIELDS:
            column = np.concatenate([[first], placed[field].to_numpy()])
            column.astype("<f4").tofile(folder / f"{field}.day.bin")
        spans.append(f"{symbol}\t{placed.index[0].date()}\t{placed.index[-1].date()}")
    for name, lines in {
        "calendars/day.txt": [str(day.date()) for day in days],
        "instruments/all.txt": spans,
    }.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("\n".join(lines) + "\n")


def alpha158(bars: pd.DataFrame, root: Path) -> pd.DataFrame:
    """The 158 features as Qlib computes them, by session and symbol."""
    kept = root / "alpha158.parquet"
    if not kept.exists():
        store(bars, root)
        handler = Alpha158(instruments="all", learn_processors=[])
        features = handler.fetch(col_set="feature").astype("float32")
        features.index.names = ["session", "symbol"]
        features.to_parquet(kept)
    return pd.read_parquet(kept)


def begin(root: Path) -> None:
    """Let Qlib find its data in `root`, and log there."""
    root.mkdir(exist_ok=True)
    # `LGBModel` logs every round; MLflow must be told to do so in plain files.
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    logged = {
        "class": "MLflowExpManager",
        "module_path": "qlib.workflow.expm",
        "kwargs": {"uri": f"file:{root}/log", "default_exp_name": "real_skill"},
    }
    qlib.init(provider_uri=str(root), region="us", kernels=2, exp_manager=logged)


class Prepared:
    """What `LGBModel` asks of a data set, on rows already computed."""

    def __init__(self, **segments: pd.DataFrame) -> None:
        """Keep each segment: columns of features, and the label."""
        self.segments = segments

    def prepare(self, segment: str, *, col_set: Any, data_key: Any) -> pd.DataFrame:
        """Rows of a segment, as Qlib's own data set gives them."""
        del data_key
        rows: pd.DataFrame = self.segments[segment][col_set]
        return rows


class Standing(Reweighter):  # type: ignore[misc]
    """Every row counts for the sessions it stands for."""

    def __init__(self, sessions: int) -> None:
        """Keep how many sessions a row stands for."""
        self.sessions = sessions

    def reweight(self, data: pd.DataFrame) -> np.ndarray:
        """Weights, all the same."""
        return np.full(len(data), float(self.sessions))


def forecast(
    loss: str, target: pd.Series, learned: pd.DataFrame, asked: pd.DataFrame
) -> tuple[pd.Series, pd.Series]:
    """What `LGBModel` says of the latest year it learned from, and of what is asked."""
    rows = pd.concat({"feature": learned, "label": target.to_frame("LABEL0")}, axis=1)
    day, days = rows.index.get_level_values("session"), rows.index.unique("session")
    last = days.sort_values()[-VALID - PURGED :]
    valid = rows[day >= last[PURGED]]
    data = Prepared(
        train=rows[day < last[0]],
        valid=valid,
        test=pd.concat({"feature": asked}, axis=1),
    )
    model = LGBModel(loss=loss, **PUBLISHED)
    with R.start(experiment_name="real_skill"):
        model.fit(data, verbose_eval=0, reweighter=Standing(STRIDE))
    return model.predict(data, "valid"), model.predict(data)


def of_classes(
    labels: pd.Series, learned: pd.DataFrame, asked: pd.DataFrame
) -> np.ndarray:
    """Chances of up, flat and down, shape (n, 3), from two binary models."""
    up, down = (
        forecast("binary", (labels == label).astype(float), learned, asked)[1]
        for label in ("up", "down")
    )
    total = np.maximum(up + down, 1.0)
    return np.column_stack([up / total, 1.0 - (up + down) / total, down / total])


def of_returns(
    returns: pd.Series, labels: pd.Series, learned: pd.DataFrame, asked: pd.DataFrame
) -> np.ndarray:
    """Chances of up, flat and down, shape (n, 3), in the order of predicted returns."""
    within = returns.groupby(level="session")
    standard = (returns - within.transform("mean")) / within.transform("std")
    known, said = forecast("mse", standard, learned, asked)
    codes = np.array([CLASSES.index(label) for label in labels.loc[known.index]])
    counts, tilt = np.bincount(codes, minlength=3) + 1.0, np.array([1.0, 0.0, -1.0])

    def chances(scores: pd.Series, slope: float) -> np.ndarray:
        grown = counts * np.exp(slope * np.outer(scores, tilt))
        found: np.ndarray = grown / grown.sum(axis=1, keepdims=True)
        return found

    def loss(slope: float) -> float:
        return -float(
            np.log(chances(known, slope)[np.arange(len(codes)), codes]).mean()
        )

    found = scipy.optimize.minimize_scalar(loss, bounds=(1e-6, 10.0), method="bounded")
    return chances(said, found.x)


def predict(
    known: pd.DataFrame, learned: pd.DataFrame, asked: pd.DataFrame
) -> pd.DataFrame:
    """Both forecasts of the rows of `asked`, side by side."""
    labels, returns = known["label"], known["realized_return"]
    both = [
        of_classes(labels, learned, asked),
        of_returns(returns, labels, learned, asked),
    ]
    columns = [f"p_{c}_{name}" for name in NAMES for c in CLASSES]
    rows = pd.DataFrame(np.hstack(both), asked.index, columns).reset_index()
    return rows.assign(session=rows["session"].dt.date)


def read(folder: Path, name: str) -> pd.DataFrame:
    """A table of the folder, with sessions as Qlib has them."""
    return pd.read_parquet(folder / f"{name}.parquet").astype(
        {"session": "datetime64[ns]"}
    )


def main() -> None:
    """Compute, train and predict fold by fold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    samples = read(folder, "samples").set_index(["session", "symbol"])
    begin(folder / "qlib")
    features = alpha158(read(folder, "bars"), folder / "qlib")
    features = features[features.index.isin(samples.index)]
    parts = []
    for number, fold in read(folder, "folds").groupby("fold"):
        path = folder / f"fold-{number}.parquet"
        if not path.exists():
            learned, asked = (
                features[
                    features.index.isin(fold.loc[fold["role"] == role, "session"], 0)
                ]
                for role in ("learned", "asked")
            )
            predict(samples.loc[learned.index], learned, asked).to_parquet(path)
        parts.append(pd.read_parquet(path))
        print(f"qlib: fold {number}", flush=True)
    rows = pd.concat(parts)
    for name in NAMES:
        renamed = rows.rename(columns={f"p_{c}_{name}": f"p_{c}" for c in CLASSES})
        wanted = ["session", "symbol", *(f"p_{c}" for c in CLASSES)]
        renamed[wanted].to_parquet(folder / f"{name}.parquet", index=False)


if __name__ == "__main__":
    main()
