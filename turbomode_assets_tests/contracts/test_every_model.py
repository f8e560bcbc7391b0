"""What every base model of every line-up must do; a new one is found by its name."""

import dataclasses
import datetime as dt
import functools

import numpy as np
import polars as pl
import pytest

from turbomode_assets import errors, intraday_policy
from turbomode_assets.features import catalog
from turbomode_assets.models import base, layout, matrix, out_of_fold

IN_LINE_UPS = {name for names in base.LINE_UPS.values() for name in names}
KINDS = intraday_policy.INTRADAY.learning.kinds
EVERY = sorted(IN_LINE_UPS | set(KINDS))
NAMES = [name for name in EVERY if name != "sklearn_mlp"]  # no sum of trees
every_model = pytest.mark.parametrize("name", NAMES)
every_forecast = pytest.mark.parametrize("name", [*EVERY, *out_of_fold.BASELINES])

N_ROWS = 4000


@functools.cache
def world(*, edge: float, seed: int = 0) -> matrix.Matrix:
    """Bin codes, of which the first raises up and the second flat, with gaps."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, matrix.N_BINS, (N_ROWS, 6)).astype(np.float32)
    ranks = codes / matrix.N_BINS - 0.5
    logits = np.column_stack(
        [edge * ranks[:, 0], 1 + edge * ranks[:, 1], 0 * ranks[:, 2]]
    )
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    codes[rng.random(codes.shape) < 0.02] = np.nan
    return matrix.Matrix(codes, labels.astype(np.int32), np.ones(N_ROWS))


def fresh(samples: matrix.Matrix) -> matrix.Matrix:
    return matrix.Matrix(samples.values, samples.labels, samples.weights)


@functools.cache
def fitted(name: str, *, edge: float) -> base.Fitted:
    return base.find(name).fit(world(edge=edge), np.arange(N_ROWS), 1)


def log_loss(chances: base.Probabilities, samples: matrix.Matrix) -> float:
    return float(-np.log(chances[np.arange(N_ROWS), samples.labels]).mean())


def base_loss(edge: float) -> float:
    unseen = world(edge=edge, seed=9)
    shares = np.bincount(world(edge=edge).labels) / N_ROWS
    return log_loss(np.tile(shares, (N_ROWS, 1)), unseen)


@every_forecast
def test_the_same_seed_gives_the_same_bytes_whatever_was_shared_before(
    name: str,
) -> None:
    shared, rows = fresh(world(edge=4.0)), np.arange(1000, N_ROWS)
    base.find(name).fit(shared, np.arange(2000), 1)
    again = base.find(name).fit(shared, rows, 1).artifact()
    assert again == base.find(name).fit(fresh(shared), rows, 1).artifact()


@every_forecast
def test_another_seed_changes_a_model_that_draws_and_no_other(name: str) -> None:
    """A model that draws nothing says so where it says how it is fitted."""
    module, known = base.find(name), world(edge=4.0)
    other = module.fit(known, np.arange(N_ROWS), 2).predict(known.values)
    is_same = np.array_equal(other, fitted(name, edge=4.0).predict(known.values))
    assert is_same == ("nothing is drawn" in (module.fit.__doc__ or ""))


@every_forecast
def test_rows_left_out_leave_no_trace(name: str) -> None:
    samples, rows = world(edge=4.0), np.arange(0, N_ROWS, 2)
    labels = samples.labels.copy()
    labels[1::2] = 0
    other = dataclasses.replace(fresh(samples), labels=labels)
    artifacts = [
        base.find(name).fit(known, rows, 1).artifact() for known in (samples, other)
    ]
    assert artifacts[0] == artifacts[1]


@every_forecast
def test_a_stored_model_predicts_the_same_bits(name: str) -> None:
    model, unseen = fitted(name, edge=4.0), world(edge=4.0, seed=9).values
    loaded = base.find(name).load(model.artifact())
    assert loaded.artifact() == model.artifact()
    assert np.array_equal(loaded.predict(unseen), model.predict(unseen))


@every_model
def test_what_is_served_agrees_with_the_library_that_taught_it(name: str) -> None:
    model, unseen = fitted(name, edge=4.0), world(edge=4.0, seed=9).values.copy()
    unseen[0], unseen[1:50, 0], unseen[1:50, 1] = np.nan, np.nan, 0.0
    served = model.served().predict(unseen)
    np.testing.assert_allclose(served, model.predict(unseen), rtol=0, atol=1e-6)


@every_model
def test_without_gaps_in_training_a_gap_is_served_as_the_library_does(
    name: str,
) -> None:
    known = np.nan_to_num(world(edge=4.0).values, nan=31.0)
    samples = dataclasses.replace(fresh(world(edge=4.0)), values=known)
    model, unseen = base.find(name).fit(samples, np.arange(N_ROWS), 1), known.copy()
    unseen[::7, 0], unseen[::11, 1] = np.nan, np.nan
    served = model.served().predict(unseen)
    np.testing.assert_allclose(served, model.predict(unseen), rtol=0, atol=1e-6)


@functools.cache
def wide() -> matrix.Matrix:
    """As many features as there are, every other one nearly always the same."""
    rng, narrow = np.random.default_rng(0), world(edge=4.0)
    n_features = len(catalog.features("full"))
    codes = rng.integers(0, matrix.N_BINS, (N_ROWS, n_features)).astype(np.float32)
    codes[:, ::2] *= rng.random(codes[:, ::2].shape) > 0.9
    codes[:, :2] = narrow.values[:, :2]
    return dataclasses.replace(fresh(narrow), values=codes)


@every_model
def test_the_full_set_of_features_is_learned_from_and_served(name: str) -> None:
    samples = wide()
    model = base.find(name).fit(samples, np.arange(0, N_ROWS, 2), 1)
    chances, served = (m.predict(samples.values) for m in (model, model.served()))
    np.testing.assert_allclose(served, chances, rtol=0, atol=1e-6)
    assert set(np.argsort(model.importance())[-2:]) == {0, 1}
    assert log_loss(chances, samples) < 0.98 * base_loss(4.0)


@every_model
def test_planted_features_are_the_important_ones(name: str) -> None:
    importance = fitted(name, edge=4.0).importance()
    assert importance.shape == (6,)
    assert importance.sum() == pytest.approx(1.0)
    assert importance[:2].min() > importance[2:].max()


@every_forecast
def test_an_incomplete_artifact_is_refused(name: str) -> None:
    with pytest.raises(errors.ArtifactError, match="artifact must hold"):
        base.find(name).load({})


@every_forecast
def test_probabilities_are_positive_and_sum_to_one(name: str) -> None:
    strange = world(edge=4.0, seed=9).values.copy()
    strange[0], strange[1], strange[2] = np.nan, -1e6, 1e6
    chances = fitted(name, edge=4.0).predict(strange)
    assert chances.shape == (N_ROWS, 3)
    assert chances.dtype == np.float64
    assert chances.min() > 0
    np.testing.assert_allclose(chances.sum(axis=1), 1.0, rtol=0, atol=1e-12)


@every_forecast
def test_a_row_does_not_depend_on_the_rows_beside_it(name: str) -> None:
    model, unseen = fitted(name, edge=4.0), world(edge=4.0, seed=9).values[:33]
    alone = [model.predict(unseen[[row]]) for row in range(len(unseen))]
    assert np.array_equal(np.concatenate(alone), model.predict(unseen))


@every_model
def test_a_planted_edge_is_learned_with_the_right_sign(name: str) -> None:
    unseen = world(edge=4.0, seed=9)
    chances = fitted(name, edge=4.0).predict(unseen.values)
    assert log_loss(chances, unseen) < 0.95 * base_loss(4.0)
    high, low = unseen.values[:, 0] > 50, unseen.values[:, 0] < 12
    assert chances[high, 0].mean() > chances[low, 0].mean() + 0.05


@every_forecast
def test_noise_stays_at_chance(name: str) -> None:
    unseen = world(edge=0.0, seed=9)
    loss = log_loss(fitted(name, edge=0.0).predict(unseen.values), unseen)
    assert 0.998 * base_loss(0.0) < loss < 1.02 * base_loss(0.0)


@every_forecast
def test_heavier_rows_count_more(name: str) -> None:
    samples = world(edge=0.0)
    weights = np.where(samples.labels == 0, 3.0, 1.0)
    heavy = dataclasses.replace(fresh(samples), weights=weights / weights.mean())
    model = base.find(name).fit(heavy, np.arange(N_ROWS), 1)
    weighed = model.predict(samples.values)[:, 0].mean()
    assert weighed > 1.3 * fitted(name, edge=0.0).predict(samples.values)[:, 0].mean()


@every_forecast
def test_column_order_is_irrelevant(name: str) -> None:
    samples, day = world(edge=4.0), dt.date(2024, 7, 2)
    names = [f"feature_{n}" for n in range(6)]
    frame = pl.DataFrame(samples.values.copy(), schema=names).with_columns(
        symbol=pl.format("S{}", pl.int_range(pl.len())),
        session=pl.lit(day),
        label=pl.Series(np.array(base.CLASSES)[samples.labels]),
        sample_weight=pl.lit(1.0),
    )
    artifacts = []
    for order in (names, names[::-1]):
        columns = layout.Columns(features=order, volatility=order, momentum=names[0])
        rows = layout.lay_out(frame, columns, [day], 1)
        learned = out_of_fold.view(rows, name).learned
        model = base.find(name).fit(learned, np.arange(N_ROWS), 1)
        artifacts.append(model.artifact())
    assert artifacts[0] == artifacts[1]


def test_every_line_up_names_distinct_models() -> None:
    for names in base.LINE_UPS.values():
        assert len(set(names)) == len(names)


def test_an_unknown_line_up_names_the_nearest() -> None:
    with pytest.raises(errors.PolicyError, match="Did you mean 'diverse_eight'"):
        base.line_up("diverse_ate")


@functools.cache
def directions(*, seed: int) -> matrix.Matrix:
    """As `world`, without the second class and without a value in the last column."""
    both = world(edge=4.0, seed=seed)
    values, labels = both.values.copy(), np.where(both.labels == 0, 0, 2)
    values[:, -1] = np.nan
    return matrix.Matrix(values, labels.astype(np.int32), both.weights)


@pytest.mark.parametrize("name", KINDS)
def test_where_a_class_never_happens_it_is_never_said(name: str) -> None:
    known, unseen = directions(seed=0), directions(seed=9)
    model = base.find(name).fit(known, np.arange(N_ROWS), 1)
    chances = model.predict(unseen.values)
    assert chances[:, 1].max() < 0.001
    usual = np.bincount(known.labels) / N_ROWS
    by_rate = log_loss(np.tile(np.maximum(usual, 1e-9), (N_ROWS, 1)), unseen)
    assert log_loss(chances, unseen) < 0.97 * by_rate
    if name in NAMES:
        served = model.served().predict(unseen.values)
        np.testing.assert_allclose(served, chances, rtol=0, atol=base.MIN_PROBABILITY)
