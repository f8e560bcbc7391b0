"""Calibration measures against forecasts whose truth is known."""

import numpy as np
import polars as pl
import pytest
import sklearn.linear_model

from turbomode_assets import policy
from turbomode_assets.stats import reliability
from turbomode_assets_tests.stats import forecasts

GATE = policy.GatePolicy(n_resamples=300)


def test_the_truth_lies_within_its_bands_and_has_slope_one() -> None:
    rows = forecasts.drawn(seed=1)
    table = reliability.reliability(rows, "up", GATE)
    inside = (table["predicted"] >= table["low"]) & (
        table["predicted"] <= table["high"]
    )
    assert table["n_rows"].to_list() == [rows.height // 10] * 10
    assert inside.sum() >= 7
    assert reliability.calibration_slope(rows, "up") == pytest.approx(1.0, abs=0.1)
    assert reliability.calibration_error(table) < 0.015


def test_too_bold_a_forecast_is_found_out() -> None:
    bold = forecasts.drawn(seed=1, boldness=2.0)
    table = reliability.reliability(bold, "up", GATE)
    slope = reliability.calibration_slope(bold, "up")
    assert slope is not None
    assert slope < 0.75
    assert reliability.calibration_error(table) > 0.03
    apart = (table["predicted"] < table["low"]) | (table["predicted"] > table["high"])
    assert apart.sum() >= 7


def test_slope_agrees_with_scikit_learn() -> None:
    rows = forecasts.drawn(seed=4, boldness=1.5)
    said = rows["p_down"].to_numpy()
    oracle = sklearn.linear_model.LogisticRegression(C=np.inf, tol=1e-10)
    oracle.fit(np.log(said / (1 - said))[:, None], rows["label"] == "down")
    found = reliability.calibration_slope(rows, "down")
    assert found == pytest.approx(oracle.coef_.item(), rel=1e-4)


def test_order_of_rows_is_irrelevant() -> None:
    rows = forecasts.drawn(seed=5)
    turned = rows.sample(fraction=1.0, shuffle=True, seed=1)
    same = reliability.reliability(turned, "up", GATE)
    assert same.equals(reliability.reliability(rows, "up", GATE))
    found = reliability.calibration_slope(turned, "up")
    assert found == reliability.calibration_slope(rows, "up")


def test_without_variation_there_is_no_slope() -> None:
    rows = forecasts.drawn(seed=1)
    assert reliability.calibration_slope(rows, "up", "_base_rate") is None
    never = rows.with_columns(label=pl.lit("flat"))
    assert reliability.calibration_slope(never, "up") is None
    one_bin = reliability.reliability(rows, "up", GATE, "_base_rate")
    assert one_bin.height == 1
    assert one_bin["predicted"].item() == pytest.approx(one_bin["observed"].item())


@pytest.mark.parametrize(("boldness", "least", "most"), [(1, 0.9, 1.1), (2, 0.3, 0.75)])
def test_pooled_slope_agrees_with_scikit_learn(
    boldness: float, least: float, most: float
) -> None:
    rows = forecasts.drawn(seed=4, boldness=boldness)
    said = rows.select("p_up", "p_flat", "p_down").to_numpy().T.ravel()
    happened = [rows["label"] == name for name in ("up", "flat", "down")]
    oracle = sklearn.linear_model.LogisticRegression(C=np.inf, tol=1e-10)
    oracle.fit(np.log(said / (1 - said))[:, None], np.concatenate(happened))
    found = reliability.pooled_slope(rows)
    assert found is not None
    assert found == pytest.approx(float(oracle.coef_[0, 0]), rel=1e-3)
    assert least < found < most


def test_mean_error_is_that_of_the_classes() -> None:
    rows = forecasts.drawn(seed=1, boldness=2.0)
    each = [
        reliability.calibration_error(reliability.reliability(rows, name, GATE))
        for name in ("up", "flat", "down")
    ]
    assert reliability.mean_calibration_error(rows) == pytest.approx(np.mean(each))
    assert np.isnan(reliability.mean_calibration_error(rows[:0]))
