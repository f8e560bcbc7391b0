"""Drift beside a direct reading of its definition, and its alarms on known worlds."""

import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from turbomode_assets import policy, report_policy
from turbomode_assets.stats import drift

RULES = policy.SWING.drift
N_LATEST = 21
N_DAYS = RULES.min_sessions + N_LATEST
NAMES = [f"feature_{n}" for n in range(5)]
DAYS = [dt.date(2020, 1, 1) + dt.timedelta(days=n) for n in range(N_DAYS)]
SINCE = DAYS[-N_LATEST]
COUNTS = st.lists(st.integers(1, 500), min_size=2, max_size=10)

Floats = npt.NDArray[np.float64]


def wandering(dice: np.random.Generator, memory: float, *shape: int) -> Floats:
    """Stationary autoregression of unit variance, sessions on the first axis."""
    steps = dice.normal(size=(N_DAYS, *shape))
    steps[1:] *= np.sqrt(1 - memory**2)
    for n in range(1, N_DAYS):
        steps[n] += memory * steps[n - 1]
    return steps


def panel(seed: int, memory: float = 0.0, n_symbols: int = 8) -> pl.DataFrame:
    """Half of a feature is shared by all symbols, half is a symbol's own."""
    dice = np.random.default_rng(seed)
    shared = wandering(dice, memory, 1, len(NAMES)) if memory else 0.0
    values = shared + wandering(dice, memory, n_symbols, len(NAMES))
    columns = {name: values[:, :, n].ravel() for n, name in enumerate(NAMES)}
    days = [day for day in DAYS for _ in range(n_symbols)]
    return pl.DataFrame({"session": days} | columns)


def shifted(rows: pl.DataFrame, name: str, by: float) -> pl.DataFrame:
    moved = pl.when(pl.col("session") >= SINCE).then(pl.col(name) + by)
    return rows.with_columns(moved.otherwise(name).alias(name))


def measure(
    rows: pl.DataFrame, rules: report_policy.DriftPolicy = RULES
) -> pl.DataFrame:
    return drift.measure(rows, NAMES, SINCE, rules)


@given(COUNTS, st.integers(1, 50))
def test_the_same_shares_have_an_index_of_zero(counts: list[int], times: int) -> None:
    ours = np.array(counts, dtype=float)
    assert drift.stability_index(ours, ours * times) == pytest.approx(0.0, abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(1, 99)), min_size=2))
def test_the_index_is_finite_and_never_negative(pairs: list[tuple[int, int]]) -> None:
    ours, others = np.array([*pairs, (1, 0)], dtype=float).T
    found = drift.stability_index(ours, others)
    assert 0.0 <= found < np.inf


def test_the_index_of_many_values_is_the_sum_of_the_books() -> None:
    ours, others = np.array([2e8, 5e8, 3e8]), np.array([4e8, 4e8, 2e8])
    p, q = (0.2, 0.5, 0.3), (0.4, 0.4, 0.2)
    summed = sum((a - b) * np.log(a / b) for a, b in zip(p, q, strict=True))
    assert drift.stability_index(ours, others) == pytest.approx(summed, rel=1e-6)


def test_bins_hold_equally_many_and_lose_nobody() -> None:
    values = panel(1)[NAMES[0]]
    place = np.repeat(np.arange(N_DAYS), 8)
    counts = drift.bin_counts(values, place, RULES)
    assert counts.shape == (N_DAYS, RULES.n_bins)
    assert (counts.sum(axis=1) == 8).all()
    assert np.ptp(counts.sum(axis=0)) <= 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 1.0, 1.0, 1.0], [[2], [2]]),
        ([0.0, 0.0, 0.0, 5.0], [[2, 0], [1, 1]]),
        ([None, 2.0, None, None], [[1], [0]]),
        ([None, None, None, None], [[0], [0]]),
    ],
)
def test_ties_and_nulls_leave_fewer_bins(
    values: list[float | None], expected: list[list[int]]
) -> None:
    series = pl.Series(values, dtype=pl.Float32)
    found = drift.bin_counts(series, np.array([0, 0, 1, 1]), RULES)
    assert found.tolist() == expected


def test_agrees_with_every_stretch_counted_by_hand() -> None:
    rules = report_policy.DriftPolicy(min_sessions=63, after_sessions=100, n_bins=4)
    rows = panel(2, memory=0.9, n_symbols=3)
    values = rows.select(NAMES).to_numpy().reshape(N_DAYS, 3, len(NAMES))
    roots = []
    for first in range(N_DAYS - N_LATEST + 1):
        end = first + N_LATEST
        others = np.concatenate([values[:first], values[end + 100 :]])
        inside = values[first:end]
        roots.append([_root(inside, others, values, n) for n in range(len(NAMES))])
    n_runs = len(roots) // N_LATEST - 1
    before = np.array(roots)[-N_LATEST * (n_runs + 1) : -N_LATEST]
    center, spread = before.mean(axis=0), before.std(axis=0)
    scaled = (before - center) / spread
    runs = [scaled[n * N_LATEST :][:N_LATEST].max() for n in range(n_runs)]
    limit = sorted(runs)[-int(0.05 * (n_runs + 1))]
    bars = (center + limit * spread) ** 2
    found = measure(rows, rules)
    np.testing.assert_allclose(found["psi"], np.square(roots[-1]), rtol=1e-9)
    np.testing.assert_allclose(found["psi_bar"], bars, rtol=1e-9)


def _root(inside: Floats, others: Floats, values: Floats, n: int) -> float:
    ordered = np.sort(values[:, :, n].ravel())
    edges = [
        ordered[int(np.ceil(share * ordered.size)) - 1] for share in (0.25, 0.5, 0.75)
    ]
    bins = [
        np.digitize(part[:, :, n].ravel(), edges, right=True)
        for part in (inside, others)
    ]
    ours, theirs = (np.bincount(part, minlength=4).astype(float) for part in bins)
    return float(np.sqrt(drift.stability_index(ours, theirs)))


@pytest.mark.parametrize("memory", [0.0, 0.9, 0.98])
def test_alarms_are_false_no_more_often_than_said(memory: float) -> None:
    alarms = [measure(panel(seed, memory))["is_drifting"].any() for seed in range(100)]
    assert np.mean(alarms) <= 0.08


def test_the_classical_limit_would_cry_without_end() -> None:
    worlds = [measure(panel(seed, memory=0.9)) for seed in range(20)]
    n_alarmed = sum(found.filter(pl.col("psi") > 0.25).height > 0 for found in worlds)
    assert n_alarmed > 18


@pytest.mark.parametrize(("memory", "by"), [(0.0, 0.5), (0.9, 4.0)])
def test_a_planted_shift_is_found_and_named(memory: float, by: float) -> None:
    for seed in range(10):
        found = measure(shifted(panel(seed, memory), NAMES[3], by))
        assert NAMES[3] in found.filter("is_drifting")["feature"].to_list()


def test_a_change_of_scale_is_found_too() -> None:
    rows = panel(3).with_columns(
        pl.when(pl.col("session") >= SINCE).then(pl.col(n) * 2).otherwise(n).alias(n)
        for n in NAMES[:1]
    )
    assert measure(rows).filter("is_drifting")["feature"].to_list() == NAMES[:1]


def test_only_the_order_of_values_matters() -> None:
    rows = panel(4, memory=0.9)
    bent = rows.with_columns(pl.col(NAMES).exp()).sample(
        fraction=1.0, shuffle=True, seed=1
    )
    assert measure(bent).equals(measure(rows))


def test_what_cannot_be_said_is_null() -> None:
    rows = panel(5).with_columns(
        pl.lit(1.0).alias(NAMES[0]),
        pl.when(pl.col("session") < SINCE).then(NAMES[1]).alias(NAMES[1]),
        pl.lit(None, pl.Float64).alias(NAMES[2]),
    )
    found = measure(rows)
    assert found["psi"].to_list()[:3] == [0.0, None, None]
    assert found["is_drifting"].to_list()[:3] == [False, None, None]
    assert found["psi_bar"].is_null().to_list() == [False, False, True, False, False]


def test_too_short_a_past_raises_no_alarm() -> None:
    rows = shifted(panel(6), NAMES[0], 5.0)
    found = measure(rows.filter(pl.col("session") > DAYS[0]))
    assert found["psi"].is_not_null().all()
    assert found["is_drifting"].is_null().all()
    for part in (rows[:0], rows.filter(pl.col("session") < SINCE)):
        assert measure(part)["psi"].is_null().all()
