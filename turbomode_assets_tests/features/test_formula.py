"""Formulas against a plain loop over each window, ties and short pasts included."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from turbomode_assets.features import formula, program
from turbomode_assets.features.formula import Formula
from turbomode_assets.features.groups import Array
from turbomode_assets.features.operations import Op
from turbomode_assets_tests.features.one_symbol import evaluated

N_ROWS = 90
VALUES = arrays.arrays(
    np.float64, (1, N_ROWS), elements=st.integers(-4, 4).map(float), fill=st.nothing()
)
X = formula.given(0)

WINDOWS: dict[str, tuple[Callable[[int], Formula], Callable[[Array], float]]] = {
    "sum": (X.sum, sum),
    "highest": (X.highest, max),
    "lowest": (X.lowest, min),
    "variance": (X.variance, lambda w: float(np.var(w, ddof=1))),
    "slope": (X.slope, lambda w: float(np.polyfit(np.arange(len(w)), w, 1)[0])),
    "place_of_highest": (X.place_of_highest, lambda w: float(np.argmax(w)) + 1),
    "place_of_lowest": (X.place_of_lowest, lambda w: float(np.argmin(w)) + 1),
    "mean_deviation": (X.mean_deviation, lambda w: float(abs(w - w.mean()).mean())),
    "lower_fifth": (X.lower_fifth, lambda w: float(np.quantile(w, 0.2))),
    "upper_fifth": (X.upper_fifth, lambda w: float(np.quantile(w, 0.8))),
    "rank": (
        X.rank,
        lambda w: (np.sum(w < w[-1]) + (np.sum(w == w[-1]) + 1) / 2) / len(w),
    ),
}


@pytest.mark.parametrize("name", WINDOWS)
@given(values=VALUES, n=st.integers(2, 70), n_asked=st.integers(1, N_ROWS))
@settings(max_examples=25, deadline=None)
def test_windows_are_what_a_loop_finds(
    name: str, values: Array, n: int, n_asked: int
) -> None:
    made, looped = WINDOWS[name]
    found = evaluated(made(n), values, n_asked)
    short = np.full(n - 1, np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(values[0], n)
    expected = np.concatenate([short, [looped(window) for window in windows]])
    np.testing.assert_allclose(found, expected[-n_asked:], rtol=1e-5, atol=1e-6)


Y = formula.given(1)
CELLS: dict[str, tuple[Formula, Callable[[Array, Array], Array]]] = {
    "sum": (X + Y, lambda x, y: x + y),
    "difference": (X - Y, lambda x, y: x - y),
    "product": (X * Y, lambda x, y: x * y),
    "quotient": (X / (Y + 9), lambda x, y: x / (y + 9)),
    "of a number": (3 - 2 * X + 1 - X / 4, lambda x, _: 4 - 2.25 * x),
    "negative": (-X, lambda x, _: -x),
    "size": (abs(X), lambda x, _: abs(x)),
    "sign": (X.sign, lambda x, _: np.sign(x)),
    "square": (X.squared, lambda x, _: x * x),
    "root": ((X + 9).root, lambda x, _: np.sqrt(x + 9)),
    "log": ((X + 9).log, lambda x, _: np.log(x + 9)),
    "larger": (X.at_least(Y), np.maximum),
    "smaller": (X.at_most(Y), np.minimum),
    "at least": (X.at_least(1.0), lambda x, _: np.maximum(x, 1)),
    "at most": (X.at_most(1.0), lambda x, _: np.minimum(x, 1)),
    "clipped": (X.clip(-1, 2), lambda x, _: np.clip(x, -1, 2)),
    "exceeds": (X > Y, lambda x, y: (x > y).astype(float)),
    "is below": (X < Y, lambda x, y: (x < y).astype(float)),
    "where": (X.where(Y, exceeds=1.0), lambda x, y: np.where(y > 1, x, 0)),
    "running": (X.running_total, lambda x, _: x.cumsum()),
}


@pytest.mark.parametrize("name", CELLS)
def test_arithmetic_agrees_with_numpy(name: str) -> None:
    columns = np.random.default_rng(3).integers(-4, 5, (2, N_ROWS)).astype(float)
    made, expected = CELLS[name]
    wanted = expected(*columns)[-40:]
    np.testing.assert_allclose(evaluated(made, columns, 40), wanted, rtol=1e-6)


def test_what_is_not_finite_is_missing() -> None:
    columns = np.array([[1.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
    assert np.isnan(evaluated(X / Y, columns, 3)).all()


def test_a_running_total_begins_with_the_first_value_there_is() -> None:
    late = formula.given(0, lookback=2).running_total
    columns = np.array([[np.nan, np.nan, 1.0, 2.0, 3.0]])
    assert late.lookback == 0
    assert evaluated(late, columns, 5).tolist() == [0, 0, 1, 3, 6]


@pytest.mark.parametrize("n_asked", [1, 7, 60])
def test_the_rows_asked_for_do_not_change_a_bit(n_asked: int) -> None:
    columns = np.random.default_rng(4).normal(size=(1, 300))
    made = X.running_total.slope(20) + X.std(60) + X.rank(30)
    whole = evaluated(made, columns, 240)
    assert np.array_equal(evaluated(made, columns, n_asked), whole[-n_asked:])


def test_equal_formulas_are_one_and_are_computed_once() -> None:
    assert X.mean(20) is X.mean(20)
    steps = program.compiled([X.mean(20), X.mean(20) + 1])
    assert (steps.codes[:, 0] == Op.SCALE).sum() == 1
