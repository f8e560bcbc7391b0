"""A challenger learns from any named set of features, or says what it lacks."""

import dataclasses
import datetime as dt
import functools
from typing import Any

import polars as pl
import pytest

from turbomode_assets import errors, loop, policy, tables
from turbomode_assets.features import catalog
from turbomode_assets.models import scoring
from turbomode_assets.sources import simulated

FIRST, LAST = dt.date(2020, 1, 2), dt.date(2021, 6, 30)
MONTH = dt.date(2021, 7, 1)
SHORT = policy.TrainingPolicy(
    n_folds=2, fold_sessions=20, stride_sessions=5, min_train_sessions=40
)
FULL = policy.Policy(features=policy.FeaturePolicy(feature_set="full"), training=SHORT)


@functools.cache
def samples(rules: policy.Policy) -> pl.DataFrame:
    """What a small simulated market taught until the month of the challenger."""
    source = simulated.Simulated(seed=7, edge=8.0, n_symbols=16)
    bars, universe = source.bars(FIRST, LAST), source.universe(LAST)
    silent, began = tables.SIGNALS.empty(), dt.date(2021, 1, 4)
    periods = loop.maturing(FIRST, LAST).filter(pl.col("session") >= began)
    outcomes = loop.resolve_outcomes(bars, universe, silent, periods)
    features = loop.compute_features(bars, universe, began, LAST, rules)
    return loop.gather_samples(outcomes, features, silent, rules)


def test_every_feature_there_is_can_be_learned_from() -> None:
    known = samples(FULL)
    trained = loop.train_challenger(known, MONTH, FULL)
    assert len(trained.importance) == len(catalog.CATALOG)
    scored = scoring.load(trained.artifact).score(known.tail(16))
    assert scored.null_count().sum_horizontal().item() == 0


@pytest.mark.parametrize("feature_set", ["seed", "alpha158"])
def test_a_set_without_the_baselines_inputs_is_learned_from(feature_set: str) -> None:
    chosen = policy.FeaturePolicy(feature_set=feature_set)
    rules = dataclasses.replace(FULL, features=chosen)
    trained = loop.train_challenger(samples(rules), MONTH, rules)
    assert sorted(trained.importance) == sorted(catalog.LEARNED[feature_set])
    assert trained.oof["p_up_momentum"].n_unique() > 1
    assert trained.oof["p_up_volatility"].n_unique() > 1


@pytest.mark.parametrize("field", ["momentum_feature", "volatility_feature"])
def test_a_feature_the_set_lacks_is_named(field: str) -> None:
    lacking: dict[str, Any] = {field: "trailing_return_6"}
    training = dataclasses.replace(SHORT, **lacking)
    rules = dataclasses.replace(FULL, training=training)
    with pytest.raises(errors.PolicyError, match=r"'full'.*'trailing_return_60?'"):
        loop.train_challenger(samples(FULL), MONTH, rules)
