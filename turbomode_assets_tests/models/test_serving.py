"""What runs at night: all base models as one sum of trees, and no training library."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import sklearn.ensemble

from turbomode_assets.models import (
    archive,
    base,
    matrix,
    scoring,
    serving,
    sklearn_boosting,
    sklearn_extra_trees,
    tree_arrays,
)
from turbomode_assets.store import registry
from turbomode_assets_tests.contracts import test_every_model
from turbomode_assets_tests.models import test_challenger

N_ROWS = test_every_model.N_ROWS

NIGHT = """
import pathlib, sys
import polars as pl
from turbomode_assets.models import scoring
from turbomode_assets.store import registry
artifact = registry.load(pathlib.Path(sys.argv[1]), sys.argv[2])
scored = scoring.load(artifact).score(pl.read_parquet(sys.argv[3]))
scored.write_parquet(sys.argv[4])
heavy = {"lightgbm", "xgboost", "catboost", "sklearn", "scipy", "pandas"}
print(sorted(heavy & set(sys.modules)))
"""


def test_scoring_imports_no_training_library_and_gives_the_same_bits(
    tmp_path: Path,
) -> None:
    artifact = test_challenger.trained().artifact
    address = registry.save(tmp_path / "models", artifact)
    features = test_challenger.world().tail(50)
    tonight, scored = tmp_path / "tonight.parquet", tmp_path / "scored.parquet"
    features.write_parquet(tonight)
    paths = [str(tmp_path / "models"), address, str(tonight), str(scored)]
    command = [sys.executable, "-W", "error", "-c", NIGHT, *paths]
    night = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert night.stdout.strip() == "[]"
    assert pl.read_parquet(scored).equals(scoring.load(artifact).score(features))


def test_the_whole_stack_agrees_with_the_native_artifacts() -> None:
    artifact = test_challenger.trained().artifact
    features = test_challenger.world().tail(500)
    scorer = scoring.load(artifact)
    values = features.select(scorer.borders.names).to_numpy().astype(np.float32)
    codes = scorer.borders.encode(values)
    native = [
        base.find(name)
        .load(archive.folder(artifact, scoring.folder_of(name)))
        .predict(codes)
        for name in scorer.line_up
    ]
    expected = scorer.calibrator.predict(scorer.meta.predict(np.hstack(native)))
    scored = scorer.score(features)
    found = scored.select(f"p_{name}" for name in base.CLASSES).to_numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_an_ensemble_is_its_models_side_by_side() -> None:
    names = base.line_up("diverse_eight")
    codes = test_every_model.world(edge=4.0, seed=9).values[:300]
    served = [test_every_model.fitted(name, edge=4.0).served() for name in names]
    ensemble = serving.assemble(served)
    apart = np.hstack([model.predict(codes) for model in served])
    assert np.array_equal(ensemble.predict(codes), apart)
    assert ensemble.predict(codes[:0]).shape == (0, 24)
    stored = serving.from_bytes(ensemble.to_bytes())
    assert np.array_equal(stored.predict(codes), apart)
    assert stored.to_bytes() == ensemble.to_bytes()


def test_rows_across_work_blocks_keep_their_bits() -> None:
    names = base.line_up("diverse_eight")
    codes = test_every_model.world(edge=4.0, seed=9).values[:400]
    served = [test_every_model.fitted(name, edge=4.0).served() for name in names]
    ensemble = serving.assemble(served)
    alone = [ensemble.predict(codes[[row]]) for row in range(0, 400, 37)]
    assert np.array_equal(np.concatenate(alone), ensemble.predict(codes)[::37])


def test_a_lookup_returns_the_value_of_every_code() -> None:
    values = np.random.default_rng(0).normal(size=(matrix.N_BINS + 1, 2))
    codes = np.append(np.arange(matrix.N_BINS), np.nan).astype(np.float32)
    rows = np.column_stack([np.zeros_like(codes), codes])
    trees = tree_arrays.pack([tree_arrays.lookup(1, values)])
    assert np.array_equal(trees.total(rows), values)


def test_boosted_trees_agree_with_scikit_learn() -> None:
    samples = test_every_model.world(edge=4.0)
    unseen = test_every_model.world(edge=4.0, seed=9).values
    served = sklearn_boosting.fit(samples, np.arange(N_ROWS), 1).served()
    leaf = N_ROWS // sklearn_boosting.LEAF_SHARE
    oracle = sklearn.ensemble.HistGradientBoostingClassifier(
        min_samples_leaf=leaf, random_state=1, **sklearn_boosting.PARAMETERS
    )
    oracle.fit(samples.values, samples.labels, sample_weight=samples.weights)
    expected = oracle.predict_proba(unseen)
    np.testing.assert_allclose(served.predict(unseen), expected, rtol=0, atol=1e-6)


def test_a_forest_agrees_with_scikit_learn_but_for_the_prior_in_its_leaves() -> None:
    samples = test_every_model.world(edge=4.0)
    known = np.nanmedian(samples.values, axis=0)
    filled = np.where(np.isnan(samples.values), known, samples.values)
    served = sklearn_extra_trees.fit(samples, np.arange(N_ROWS), 1).served()
    oracle = sklearn.ensemble.ExtraTreesClassifier(
        min_samples_leaf=N_ROWS // sklearn_extra_trees.LEAF_SHARE,
        random_state=1,
        **sklearn_extra_trees.PARAMETERS,
    )
    oracle.fit(filled, samples.labels, sample_weight=samples.weights)
    expected = np.zeros((N_ROWS, 3))
    for tree, leaves in zip(oracle.estimators_, oracle.apply(filled).T, strict=True):
        shares, n_rows = tree.tree_.value[:, 0], tree.tree_.weighted_n_node_samples
        prior = sklearn_extra_trees.PRIOR_ROWS
        drawn = shares * n_rows[:, None] + shares[0] * prior
        expected += (drawn / (n_rows[:, None] + prior))[leaves] / oracle.n_estimators
    np.testing.assert_allclose(
        served.predict(samples.values), expected, rtol=0, atol=1e-6
    )
