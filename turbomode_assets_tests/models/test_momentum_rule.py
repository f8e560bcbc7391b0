"""The momentum rule against class shares counted by hand."""

import numpy as np
import pytest

from turbomode_assets.models import matrix, momentum_rule


def world() -> matrix.Matrix:
    """Losers fall, winners rise, one momentum is unknown."""
    momentum = np.array([-0.3, -0.2, 0.0, 0.1, 0.4, 0.5, np.nan], dtype=np.float32)
    labels = np.array([2, 1, 1, 1, 0, 0, 1], dtype=np.int32)
    return matrix.Matrix(momentum[:, None], labels, np.ones(7))


def test_each_third_has_its_own_shares() -> None:
    rule = momentum_rule.fit(world(), np.arange(7), 0)
    asked = np.array([[-9.0], [0.05], [9.0]], dtype=np.float32)
    expected = [[0.0, 0.5, 0.5], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    np.testing.assert_allclose(rule.predict(asked), expected, atol=1e-4)


def test_unknown_momentum_is_middling() -> None:
    rule = momentum_rule.fit(world(), np.arange(7), 0)
    asked = np.array([[np.nan], [0.05]], dtype=np.float32)
    assert np.array_equal(*rule.predict(asked))


def test_without_any_momentum_it_is_the_base_rate() -> None:
    samples = world()
    blind = matrix.Matrix(
        np.full((7, 1), np.nan, np.float32), samples.labels, np.ones(7)
    )
    rule = momentum_rule.fit(blind, np.arange(7), 0)
    found = rule.predict(np.array([[0.1], [-0.5]], dtype=np.float32))
    np.testing.assert_allclose(found, [[2 / 7, 4 / 7, 1 / 7]] * 2, rtol=1e-3)


def test_a_stored_rule_predicts_the_same_bits() -> None:
    rule, asked = momentum_rule.fit(world(), np.arange(7), 0), world().values
    loaded = momentum_rule.load(rule.artifact())
    assert np.array_equal(loaded.predict(asked), rule.predict(asked))
    assert loaded.artifact() == rule.artifact()


@pytest.mark.parametrize("heavy", [0, 5])
def test_heavier_rows_count_more(heavy: int) -> None:
    samples = world()
    weights = np.where(np.arange(7) == heavy, 9.0, 1.0)
    weighed = matrix.Matrix(samples.values, samples.labels, weights)
    rule = momentum_rule.fit(weighed, np.arange(7), 0)
    code = samples.labels[heavy]
    chance = rule.predict(samples.values[[heavy]])[0, code]
    plain = momentum_rule.fit(samples, np.arange(7), 0)
    assert chance >= plain.predict(samples.values[[heavy]])[0, code]
    assert chance > 0.85
