"""What features added: against every coalition, a library of its own, and the sum."""

import functools
import itertools
import math

import catboost
import numpy as np
import polars as pl
import pytest

from turbomode_assets.models import (
    base,
    catboost_symmetric,
    contributions,
    matrix,
    scoring,
    serving,
    tree_arrays,
    tree_games,
)
from turbomode_assets_tests.contracts import test_every_model
from turbomode_assets_tests.models import test_challenger

ROWS = test_every_model.world(edge=4.0, seed=9).values[:40]
SPREAD = test_challenger.world().gather_every(90)


@functools.cache
def challenger() -> scoring.Scorer:
    return scoring.load(test_challenger.trained().artifact)


def by_coalition(
    trees: tree_arrays.Trees, row: matrix.Values, other: matrix.Values
) -> np.ndarray:
    """Shapley values by their definition; shape (n_features, 3)."""
    n_features = len(row)
    every = list(itertools.product((False, True), repeat=n_features))
    sums = trees.total(np.where(every, row, other))
    worth = dict(zip(every, sums, strict=True))
    found = np.zeros((n_features, 3))
    for members, feature in itertools.product(every, range(n_features)):
        if not members[feature]:
            size = sum(members)
            share = 1 / (n_features * math.comb(n_features - 1, size))
            joined = (*members[:feature], True, *members[feature + 1 :])
            found[feature] += share * (worth[joined] - worth[members])
    return found


@pytest.mark.parametrize("name", test_every_model.NAMES)
def test_shapley_values_of_every_model_are_those_of_all_coalitions(name: str) -> None:
    model = serving.assemble([test_every_model.fitted(name, edge=4.0).served()])
    ways = tree_games.ways(model)
    for row, other in zip(ROWS[:4], ROWS[20:24], strict=True):
        found = tree_games.shapley(ways, model.trees, row, other)
        expected = by_coalition(model.trees, row, other)
        np.testing.assert_allclose(found[0], expected, rtol=0, atol=1e-12)


def test_shapley_values_of_several_models_stand_apart() -> None:
    names = base.line_up("diverse_eight")
    served = [test_every_model.fitted(name, edge=4.0).served() for name in names]
    both = serving.assemble(served)
    found = tree_games.shapley(tree_games.ways(both), both.trees, ROWS[0], ROWS[1])
    for values, model in zip(found, served, strict=True):
        one = serving.assemble([model])
        alone = tree_games.shapley(tree_games.ways(one), one.trees, ROWS[0], ROWS[1])
        np.testing.assert_allclose(values, alone[0], rtol=0, atol=1e-15)


def test_catboosts_own_contributions_on_the_native_artifact_are_the_same() -> None:
    artifact = test_every_model.fitted("catboost_symmetric", edge=4.0).artifact()
    model = catboost_symmetric.load(artifact)
    served = serving.assemble([model.served()])
    row, others = ROWS[:1], ROWS[10:40]
    labels = np.arange(len(others)) % 3
    native = model.model.get_feature_importance(
        catboost.Pool(row, label=[0]),
        type="ShapValues",
        reference_data=catboost.Pool(others, label=labels),
        thread_count=1,
    )
    ways = tree_games.ways(served)
    found = [tree_games.shapley(ways, served.trees, row[0], each)[0] for each in others]
    np.testing.assert_allclose(
        np.mean(found, axis=0), native[0, :, :-1].T, rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("place", [3, 700, 2000, 4400])
def test_what_features_added_sums_to_the_forecast(place: int) -> None:
    row = test_challenger.world()[place : place + 1]
    found = contributions.explain(challenger(), row, SPREAD)
    names = [f"p_{each}" for each in base.CLASSES]
    start = challenger().score(SPREAD).select(names).mean().row(0)
    stored = challenger().score(row).select(names).row(0)
    assert found.probabilities.tolist() == list(stored)
    assert found.start.tolist() == pytest.approx(start, abs=1e-14)
    assert abs(found.rest).max() < 1e-12
    assert abs(found.added.sum(axis=2)).max() < 1e-12  # what one gains others lose


def test_a_feature_that_alone_differs_added_everything() -> None:
    row = SPREAD[:1]
    other = row.with_columns(momentum=-pl.col("momentum"))
    found = contributions.explain(challenger(), row, other)
    place = found.features.index("momentum")
    moved = found.probabilities - found.start
    assert abs(moved).max() > 0.01
    np.testing.assert_allclose(found.added[:, place].sum(axis=0), moved, atol=1e-12)
    assert not np.delete(found.added, place, axis=1).any()


def test_a_planted_edge_added_probability_on_its_own_side() -> None:
    fixed = {"noise_1": 0.0, "noise_2": 0.0, "volatility": 1.0, "momentum": 1.5}
    row = SPREAD[:1].with_columns(**{n: pl.lit(v) for n, v in fixed.items()})
    found = contributions.explain(challenger(), row, SPREAD)
    by_feature = dict(zip(found.features, found.added.sum(axis=0), strict=True))
    up, _, down = by_feature["momentum"]
    assert up > 0.05 > -0.05 > down
    assert abs(by_feature["noise_1"]).max() < up / 5


def test_a_null_takes_part_like_any_value() -> None:
    row = SPREAD[:1].with_columns(momentum=pl.lit(None, pl.Float32))
    found = contributions.explain(challenger(), row, SPREAD)
    assert abs(found.rest).max() < 1e-12
    assert found.added.any()
