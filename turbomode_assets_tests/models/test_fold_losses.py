"""Losses of each fold, against a count by hand."""

import numpy as np
import polars as pl
import pytest

from turbomode_assets.models import base, fold_losses, layout
from turbomode_assets_tests.models import test_challenger

FORECASTS = {"calibrated": ""} | {
    name: f"_{name}" for name in ("base_rate", "volatility", "momentum")
}


def test_every_fold_has_the_mean_loss_of_its_own_rows() -> None:
    oof = test_challenger.trained().oof
    found = fold_losses.by_fold(oof.sample(fraction=1.0, shuffle=True, seed=1))
    assert [row["fold"] for row in found] == [1, 2]
    for row in found:
        rows = oof.filter(pl.col("fold") == row["fold"])
        assert row["n_rows"] == rows.height
        assert row["first"] == str(rows["session"].min())
        assert row["last"] == str(rows["session"].max())
        for name, suffix in FORECASTS.items():
            chances = rows.select(f"p_{each}{suffix}" for each in base.CLASSES)
            right = layout.class_codes(rows["label"])
            likely = chances.to_numpy()[np.arange(rows.height), right]
            assert row[name] == pytest.approx(-np.log(likely).mean(), abs=1e-6)


def test_folds_together_have_the_loss_of_all_rows() -> None:
    oof = test_challenger.trained().oof
    found = fold_losses.by_fold(oof)
    total = sum(row["n_rows"] * row["calibrated"] for row in found) / oof.height
    assert total == pytest.approx(test_challenger.log_loss(oof, ""), abs=2e-6)
