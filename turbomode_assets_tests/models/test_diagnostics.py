"""Diagnostics against direct computation and against line-ups with a known flaw."""

import json

import numpy as np
import polars as pl
import pytest

from turbomode_assets import policy
from turbomode_assets.models import base, diagnostics
from turbomode_assets_tests.models import test_challenger
from turbomode_assets_tests.stats import forecasts

GATE = policy.GatePolicy(n_resamples=100)
LINE_UP = base.line_up("diverse_eight")


def with_members(*members: pl.DataFrame) -> pl.DataFrame:
    """Rows of the first forecast, each of all as a base model's probabilities."""
    names = ["p_up", "p_flat", "p_down"]
    chances = np.hstack([member.select(names).to_numpy() for member in members])
    return members[0].with_columns(pl.Series("base_probabilities", chances.tolist()))


def test_losses_of_members_equal_their_own_log_loss() -> None:
    bold, true = (forecasts.drawn(seed=1, boldness=b) for b in (2.0, 1.0))
    losses = diagnostics.member_losses(with_members(bold, true), 2)
    names = ["p_up", "p_flat", "p_down"]
    for place, rows in enumerate((bold, true)):
        codes = [base.CLASSES.index(label) for label in rows["label"]]
        chances = rows.select(names).to_numpy()
        direct = -np.log(chances[np.arange(len(codes)), codes])
        np.testing.assert_allclose(losses[:, place], direct)


def test_a_model_that_knows_more_adds_and_a_wild_one_subtracts() -> None:
    true, wild = forecasts.drawn(seed=1), forecasts.drawn(seed=1, boldness=-2.0)
    added = diagnostics.added(with_members(true, true, wild), 3)
    assert added[:2].min() > 0 > added[2]
    assert added[0] == pytest.approx(added[1])
    assert np.isnan(diagnostics.added(with_members(true), 1)).all()


def test_the_card_of_a_trained_challenger_is_complete_json() -> None:
    found = diagnostics.diagnose(test_challenger.trained().oof, LINE_UP, GATE)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    forecasts_named = {"calibrated", "stacked", "base_rate", "volatility_only"}
    assert set(found["log_loss"]) == {*LINE_UP, *forecasts_named, "momentum_rule"}
    correlation = np.array(
        [list(row.values()) for row in found["error_correlation"].values()]
    )
    np.testing.assert_allclose(np.diag(correlation), 1.0)
    np.testing.assert_allclose(correlation, correlation.T)
    split = found["skill_split"]["volatility_only"]
    parts = split["volatility"]["gain"] + split["direction"]["gain"]
    assert split["total"]["gain"] == pytest.approx(parts, abs=3e-6)


def test_importance_finds_the_planted_feature() -> None:
    importance = test_challenger.trained().importance
    assert list(importance) == sorted(test_challenger.FEATURES)
    assert sum(importance.values()) == pytest.approx(1.0)
    assert max(importance, key=lambda name: importance[name]) == "momentum"
