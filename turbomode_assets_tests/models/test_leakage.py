"""Why splits are by date: a shuffled split of random walks looks like genius."""

import datetime as dt
import functools

import numpy as np
import polars as pl
import sklearn.ensemble
import sklearn.metrics
import sklearn.model_selection

from turbomode_assets import policy, sessions
from turbomode_assets.models import base
from turbomode_assets.samples import splits

WINDOWS = (30, 60, 90, 120, 180, 250)
N_SESSIONS, N_SYMBOLS = 500, 8
TRAINING = policy.TrainingPolicy(n_folds=5, fold_sessions=40, min_train_sessions=200)


@functools.cache
def random_walks() -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    """Periods, slow features and overlapping labels; shape (session, symbol, .)."""
    days = sessions.sessions_between(dt.date(2018, 1, 2), dt.date(2021, 1, 1))
    periods = sessions.holding_periods(days[:N_SESSIONS], 14)
    steps = np.random.default_rng(5).normal(size=(N_SESSIONS + 300, N_SYMBOLS))
    walk = np.cumsum(steps, axis=0)
    views = [np.lib.stride_tricks.sliding_window_view(steps, w, 0) for w in WINDOWS]
    moments = [(view.mean(axis=2), view.std(axis=2)) for view in views]
    slow = [part[-N_SESSIONS - 10 : -10] for pair in moments for part in pair]
    ahead = (walk[10:] - walk[:-10])[-N_SESSIONS:]
    thirds = np.quantile(ahead, [1 / 3, 2 / 3])
    return periods, np.stack(slow, axis=2), 2 - np.digitize(ahead, thirds)


def accuracy(
    features: np.ndarray, labels: np.ndarray, train: np.ndarray, test: np.ndarray
) -> float:
    forest = sklearn.ensemble.RandomForestClassifier(60, random_state=0)
    forest.fit(features[train], labels[train])
    predicted = forest.predict(features[test])
    return float(sklearn.metrics.balanced_accuracy_score(labels[test], predicted))


def test_a_shuffled_split_scores_falsely_high() -> None:
    _, features, labels = random_walks()
    flat, right = features.reshape(len(labels.ravel()), -1), labels.ravel()
    rows = np.arange(len(right))
    train, test = sklearn.model_selection.train_test_split(rows, random_state=0)
    assert len(base.CLASSES) == len(np.unique(right))
    assert accuracy(flat, right, train, test) > 0.65  # nearly twice chance


def test_the_shipped_split_stays_at_chance() -> None:
    periods, features, labels = random_walks()
    days = periods["session"].to_numpy()
    scores = []
    for fold in splits.walk_forward(periods, TRAINING):
        train = np.isin(days, np.array(fold.train_sessions, dtype=days.dtype))
        test = np.isin(days, np.array(fold.test_sessions, dtype=days.dtype))
        known, asked = (
            features[part].reshape(-1, features.shape[2]) for part in (train, test)
        )
        both = np.concatenate([known, asked])
        right = np.concatenate([labels[train].ravel(), labels[test].ravel()])
        rows = np.arange(len(both))
        scores.append(accuracy(both, right, rows[: len(known)], rows[len(known) :]))
    assert abs(np.mean(scores) - 1 / 3) < 0.06
