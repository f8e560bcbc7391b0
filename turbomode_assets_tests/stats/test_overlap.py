"""Holding periods that do not overlap, beside every subset there is."""

import datetime as dt
import itertools

import numpy as np
import polars as pl
import pytest

from turbomode_assets import sessions
from turbomode_assets.stats import overlap

DAY = dt.date(2024, 7, 1)


def periods(seed: int, n: int = 9) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    entry = [DAY + dt.timedelta(days=int(d)) for d in rng.integers(0, 60, n)]
    held = [dt.timedelta(days=int(d)) for d in rng.integers(1, 20, n)]
    matures = [day + days for day, days in zip(entry, held, strict=True)]
    return pl.DataFrame({"entry_on": entry, "matures_on": matures})


def largest_apart(rows: pl.DataFrame) -> int:
    """Size of the largest subset in which no two periods share a day."""
    spans = list(rows.unique().iter_rows())
    return max(
        size
        for size in range(len(spans) + 1)
        for chosen in itertools.combinations(sorted(spans), size)
        if all(a[1] < b[0] for a, b in itertools.pairwise(chosen))
    )


@pytest.mark.parametrize("seed", range(12))
def test_agrees_with_the_largest_subset(seed: int) -> None:
    rows = periods(seed)
    found = overlap.keep_apart(rows)
    assert found.height == largest_apart(rows) == largest_apart(found)


def test_groups_are_looked_at_apart() -> None:
    rows = [periods(seed).with_columns(symbol=pl.lit(f"S{seed}")) for seed in range(5)]
    mixed = pl.concat(rows).sample(fraction=1, shuffle=True, seed=1)
    found = (
        overlap.keep_apart(mixed, ["symbol"])["symbol"].value_counts().sort("symbol")
    )
    expected = [(f"S{n}", largest_apart(one)) for n, one in enumerate(rows)]
    assert found.rows() == expected


def test_daily_signals_of_a_quarter_are_about_six_trials() -> None:
    days = sessions.sessions_between(dt.date(2024, 1, 2), dt.date(2024, 3, 28))
    assert overlap.keep_apart(sessions.holding_periods(days, 14)).height == 6


def test_nothing_stands_apart_from_nothing() -> None:
    assert overlap.keep_apart(periods(0)[:0]).is_empty()
