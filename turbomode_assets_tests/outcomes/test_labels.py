"""Thresholds and first touches, by hand and against a loop that is plainly right."""

import hypothesis
import numpy as np
import polars as pl
import pytest
from hypothesis import strategies as st

from turbomode_assets.outcomes import labels


def symmetric(realized: float) -> str:
    frame = pl.DataFrame({"realized_return": [realized]})
    return str(frame.select(labels.symmetric_10pct(0.1)).item())


@pytest.mark.parametrize(
    ("exit_price", "expected"),
    [(110, "up"), (109.99, "flat"), (90, "down"), (90.01, "flat"), (100, "flat")],
)
def test_symmetric_threshold_is_included(exit_price: float, expected: str) -> None:
    assert symmetric(exit_price / 100 - 1) == expected


def test_seed_grade_calls_everything_else_not_up() -> None:
    frame = pl.DataFrame({"realized_return": [110 / 100 - 1, 0.09, -0.5, None]})
    graded = frame.select(labels.seed_10pct(0.1)).to_series().to_list()
    assert graded == ["up", "not_up", "not_up", None]


@pytest.mark.parametrize(
    ("highs", "lows", "expected"),
    [
        ([0.01, 0.06], [-0.01, -0.02], "up"),
        ([0.01, 0.06], [-0.06, -0.02], "down"),
        ([0.06, 0.01], [-0.02, -0.06], "up"),
        ([0.06, 0.01], [-0.06, -0.01], "down"),
        ([0.04, 0.04], [-0.04, -0.04], "flat"),
        ([0.05, 0.01], [-0.01, -0.01], "up"),
        ([np.nan, 0.06], [np.nan, 0.01], "up"),
    ],
)
def test_first_touch_decides(
    highs: list[float], lows: list[float], expected: str
) -> None:
    found = labels.triple_barrier_vol(
        np.array([highs]), np.array([lows]), np.array([0.05])
    )
    assert found.to_list() == [expected]


@pytest.mark.parametrize("barrier", [np.nan, 0.0])
def test_unknown_volatility_has_no_label(barrier: float) -> None:
    path = np.array([[0.1, 0.2]])
    found = labels.triple_barrier_vol(path, path, np.array([barrier]))
    assert found.to_list() == [None]


@hypothesis.given(st.integers(0, 2**32 - 1))
def test_barriers_agree_with_a_walk(seed: int) -> None:
    rng = np.random.default_rng(seed)
    middle = rng.normal(0, 0.04, (20, 10))
    highs, lows = middle + 0.01, middle - 0.01
    found = labels.triple_barrier_vol(highs, lows, np.full(20, 0.06))
    assert found.to_list() == [
        walk(*row, 0.06) for row in zip(highs, lows, strict=True)
    ]


def walk(highs: labels.Floats, lows: labels.Floats, barrier: float) -> str:
    for high, low in zip(highs, lows, strict=True):
        if low <= -barrier:
            return "down"
        if high >= barrier:
            return "up"
    return "flat"
