"""Every measure beside its scikit-learn twin."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from sklearn import metrics

from turbomode_assets.stats import classification

CLASSES = list(classification.CLASSES)


def forecasts(seed: int, n: int = 400) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([1, 6, 1], n)
    labels = rng.choice(CLASSES, n, p=[0.1, 0.8, 0.1])
    days = [dt.date(2024, 1, 2 + place % 7) for place in range(n)]
    columns = {"symbol": [f"S{i:03}" for i in range(n)], "session": days}
    return pl.DataFrame(
        columns | {f"p_{c}": p[:, i] for i, c in enumerate(CLASSES)} | {"label": labels}
    )


def test_log_loss_agrees_with_scikit_learn() -> None:
    rows = forecasts(1)
    ours = rows.select(classification.log_loss().mean()).item()
    order = ["p_down", "p_flat", "p_up"]
    theirs = metrics.log_loss(rows["label"], rows.select(order), labels=sorted(CLASSES))
    assert ours == pytest.approx(theirs)


def test_a_certain_mistake_costs_a_finite_loss() -> None:
    row = pl.DataFrame({"p_up": [1.0], "p_flat": [0.0], "p_down": [0.0], "label": "up"})
    wrong = row.with_columns(label=pl.lit("down"))
    assert row.select(classification.log_loss()).item() == pytest.approx(2e-6, 1e-4)
    assert wrong.select(classification.log_loss()).item() == pytest.approx(
        13.8155, 1e-4
    )


def test_unknown_labels_have_no_loss() -> None:
    row = pl.DataFrame({"p_up": [0.5], "p_flat": [0.5], "p_down": [0.0]})
    strange = row.with_columns(label=pl.lit("not_up"))
    absent = row.with_columns(label=pl.lit(None, dtype=pl.String))
    for rows in (strange, absent):
        assert rows.select(classification.log_loss()).item() is None


def test_brier_agrees_with_scikit_learn() -> None:
    rows = forecasts(2)
    ours = rows.select(classification.brier().mean()).item()
    theirs = sum(
        metrics.brier_score_loss(rows["label"] == name, rows[f"p_{name}"])
        for name in CLASSES
    )
    assert ours == pytest.approx(theirs)


def test_shares_agree_with_scikit_learn() -> None:
    rows = forecasts(3)
    truth, said = rows["label"], rows.select(classification.likeliest()).to_series()
    options = {"average": "weighted", "zero_division": 0}
    assert classification.accuracy(truth, said) == metrics.accuracy_score(truth, said)
    assert classification.weighted_precision(truth, said) == pytest.approx(
        metrics.precision_score(truth, said, **options)
    )
    assert classification.weighted_recall(truth, said) == pytest.approx(
        metrics.recall_score(truth, said, **options)
    )


def test_a_class_never_predicted_has_no_precision() -> None:
    truth = pl.Series(["up", "flat", "flat", "flat"])
    always = pl.Series(["flat"] * 4)
    assert classification.weighted_precision(truth, always) == 0.75 * 0.75


def test_auc_agrees_with_scikit_learn_ties_included() -> None:
    rows = forecasts(4).with_columns(pl.col("p_up").round(1))
    is_up = rows["label"] == "up"
    expected = metrics.roc_auc_score(is_up, rows["p_up"])
    assert classification.auc(is_up, rows["p_up"]) == pytest.approx(expected)
    assert classification.auc(is_up, pl.Series([0.5] * 400)) == 0.5


def test_auc_needs_both_kinds() -> None:
    scores = pl.Series([0.1, 0.2])
    assert classification.auc(pl.Series([True, True]), scores) is None
    assert classification.auc(pl.Series([], dtype=pl.Boolean), scores[:0]) is None


def test_session_means_ignore_row_order_to_the_last_bit() -> None:
    rows = forecasts(5)
    means = classification.session_means(rows, "p_up", "p_down")
    mixed = classification.session_means(
        rows.sample(fraction=1, shuffle=True, seed=1), "p_up", "p_down"
    )
    expected = rows.group_by("session").agg(pl.len(), pl.col("p_up").mean())
    assert means.equals(mixed)
    assert means["n_rows"].to_list() == expected.sort("session")["len"].to_list()
    assert means["p_up"].to_list() == pytest.approx(
        expected.sort("session")["p_up"].to_list()
    )


def test_session_means_of_nothing_are_empty() -> None:
    means = classification.session_means(forecasts(6)[:0], "p_up")
    assert means.is_empty()
    assert means.columns == ["session", "n_rows", "p_up"]


@pytest.mark.parametrize("silent", CLASSES)
def test_a_collapsed_forecast_has_a_call_that_never_comes(silent: str) -> None:
    rows = forecasts(5).with_columns(
        pl.lit(p).alias(f"p_{c}_base_rate")
        for c, p in zip(CLASSES, (0.125, 0.75, 0.125), strict=True)
    )
    collapsed = rows.with_columns(pl.lit(0.0).alias(f"p_{silent}"))
    assert classification.rarest_call(collapsed) == 0.0
    above = [(rows[f"p_{c}"] > rows[f"p_{c}_base_rate"]).mean() for c in CLASSES]
    expected = min(*above, *(1.0 - np.array(above)))
    assert classification.rarest_call(rows) == pytest.approx(expected)
