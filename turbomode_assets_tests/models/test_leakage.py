"""Why splits are by date: on random walks a shuffled split looks like genius.

The predecessor's experiment: a forest on price levels, which tell symbol and epoch, of
walks that nothing can predict. Shuffled, it scored .84 and, by class, .755; purged and
walked forward .334, which is chance.
"""

import datetime as dt
import functools

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
import sklearn.ensemble
import sklearn.metrics
import sklearn.model_selection

from turbomode_assets import policy, sessions
from turbomode_assets.samples import splits

N_SESSIONS, N_SYMBOLS, DAILY_VOLATILITY = 600, 8, 0.034
WINDOWS = (1, 5, 10, 20, 50, 100, 200)
CHANCE = 1 / 3
TRAINING = policy.TrainingPolicy(n_folds=5, fold_sessions=63, min_train_sessions=200)

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@functools.cache
def walks() -> tuple[pl.DataFrame, Floats, Rows]:
    """Periods, mean prices and classes at +/-10 % of ten sessions; one row per name."""
    rng = np.random.default_rng(5)
    steps = rng.normal(0, DAILY_VOLATILITY, (N_SESSIONS + 260, N_SYMBOLS))
    price = np.exp(np.cumsum(steps, axis=0)) * rng.uniform(10, 300, N_SYMBOLS)
    views = [np.lib.stride_tricks.sliding_window_view(price, w, 0) for w in WINDOWS]
    means = [view.mean(axis=2)[-N_SESSIONS - 10 : -10] for view in views]
    move = (price[10:] / price[:-10] - 1)[-N_SESSIONS:]
    label = np.select([move >= 0.10, move <= -0.10], [0, 2], 1)
    days = sessions.sessions_between(dt.date(2018, 1, 2), dt.date(2021, 1, 1))
    periods = sessions.holding_periods(days[:N_SESSIONS], 14)
    return periods, np.stack(means, axis=2).reshape(label.size, -1), label.ravel()


def shuffled() -> list[tuple[Rows, Rows]]:
    rows = np.arange(N_SESSIONS * N_SYMBOLS)
    train, test = sklearn.model_selection.train_test_split(
        rows, test_size=0.2, random_state=0
    )
    return [(train, test)]


def shipped() -> list[tuple[Rows, Rows]]:
    """Rows of each fold that `samples.splits` cuts."""
    periods = walks()[0]
    day = np.repeat(periods["session"].to_numpy(), N_SYMBOLS)

    def rows(days: tuple[dt.date, ...]) -> Rows:
        return np.flatnonzero(np.isin(day, np.array(days, dtype=day.dtype)))

    folds = splits.walk_forward(periods, TRAINING)
    return [(rows(fold.train_sessions), rows(fold.test_sessions)) for fold in folds]


def unpurged() -> list[tuple[Rows, Rows]]:
    """One long split by date, labels of the last weeks reaching over it."""
    before, after = np.split(np.arange(N_SESSIONS * N_SYMBOLS), [400 * N_SYMBOLS])
    return [(before, after)]


def scores(parts: list[tuple[Rows, Rows]], label: Rows) -> dict[str, float]:
    """Accuracy, the same by class, and AUC of a forest, over all tested rows."""
    features, tested, chances = walks()[1], [], []
    for train, test in parts:
        forest = sklearn.ensemble.RandomForestClassifier(100, random_state=0)
        forest.fit(features[train], label[train])
        tested.append(label[test])
        chances.append(forest.predict_proba(features[test]))
    right, said = np.concatenate(tested), np.concatenate(chances)
    return {
        "accuracy": sklearn.metrics.accuracy_score(right, said.argmax(axis=1)),
        "balanced": sklearn.metrics.balanced_accuracy_score(right, said.argmax(axis=1)),
        "auc": sklearn.metrics.roc_auc_score(right, said, multi_class="ovr"),
    }


def test_a_shuffled_split_shows_the_false_figures_of_the_predecessor() -> None:
    found = scores(shuffled(), walks()[2])
    assert found["accuracy"] == pytest.approx(0.84, abs=0.02)
    assert found["balanced"] == pytest.approx(0.755, abs=0.02)
    assert found["auc"] > 0.9


def test_the_shipped_split_shows_chance() -> None:
    found = scores(shipped(), walks()[2])
    assert found["balanced"] == pytest.approx(0.334, abs=0.03)
    assert found["auc"] == pytest.approx(0.5, abs=0.05)


def test_one_long_split_by_date_leaks_little_even_unpurged() -> None:
    found = scores(unpurged(), walks()[2])
    assert found["balanced"] == pytest.approx(CHANCE, abs=0.05)
    assert found["auc"] == pytest.approx(0.5, abs=0.08)


def test_permuted_labels_show_chance_even_where_rows_are_shuffled() -> None:
    permuted = np.random.default_rng(1).permutation(walks()[2])
    found = scores(shuffled(), permuted)
    assert found["balanced"] == pytest.approx(CHANCE, abs=0.02)
    assert found["auc"] == pytest.approx(0.5, abs=0.04)
