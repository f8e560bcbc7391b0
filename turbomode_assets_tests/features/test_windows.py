"""Windows against a plain loop over each of them, ties included."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from turbomode_assets.features import track, windows
from turbomode_assets.features.windows import Array

VALUES = arrays.arrays(
    np.float64, (12, 2), elements=st.integers(-4, 4).map(float), fill=st.nothing()
)
WIDTHS = st.integers(1, 12)


def looped(values: Array, n: int, of: object) -> Array:
    assert callable(of)
    rows = range(len(values) - n + 1)
    return np.array([[of(w) for w in values[r : r + n].T] for r in rows], dtype=float)


@given(values=VALUES, n=WIDTHS)
def test_windows_are_what_a_loop_finds(values: Array, n: int) -> None:
    def place(window: Array) -> int:
        return int(np.argmax(window)) + 1

    assert np.array_equal(windows.highest(values, n), looped(values, n, max))
    assert np.array_equal(windows.lowest(values, n), looped(values, n, min))
    assert np.array_equal(windows.total(values, n), looped(values, n, sum))
    assert np.array_equal(windows.place_of_highest(values, n), looped(values, n, place))


@given(values=VALUES, n=WIDTHS)
def test_the_rank_shares_ties(values: Array, n: int) -> None:
    def rank(window: Array) -> float:
        below, same = window < window[-1], window == window[-1]
        return float(below.sum() + (same.sum() + 1) / 2) / n

    found = windows.rank_of_latest(values, n)
    np.testing.assert_allclose(found, looped(values, n, rank))


@pytest.mark.parametrize("n_symbols", [1, 2, 5, 8])
def test_running_totals_do_not_depend_on_the_neighbors(n_symbols: int) -> None:
    values = np.random.default_rng(3).normal(size=(400, 8))
    age = np.broadcast_to(np.arange(400.0)[:, None], values.shape)
    together = track.Column(values, age).totals
    some = track.Column(values[:, :n_symbols].copy(), age[:, :n_symbols]).totals
    assert np.array_equal(some, together[:, :n_symbols])
    assert some[-1, 0] == sum(values[:, 0].tolist())
