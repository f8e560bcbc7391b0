"""Weights against a count by hand, and the calendar as their only source."""

import datetime as dt

import polars as pl
import pytest

from turbomode_assets import sessions
from turbomode_assets.samples import weights

DAYS = sessions.sessions_between(dt.date(2023, 10, 2), dt.date(2024, 3, 28))


def test_uniqueness_agrees_with_a_count() -> None:
    every = sessions.holding_periods(DAYS, 14)
    spans = list(every.select("entry_on", "matures_on").iter_rows())
    day, entry, mature = every.row(60)
    held = sessions.sessions_between(entry, mature)
    shares = [1 / sum(low <= on <= high for low, high in spans) for on in held]
    found = weights.uniqueness(every, 14).filter(pl.col("session") == day)
    assert found["uniqueness"].item() == pytest.approx(sum(shares) / len(shares))


def test_a_subset_keeps_every_weight_bit_for_bit() -> None:
    every = weights.uniqueness(sessions.holding_periods(DAYS, 14), 14)
    for some in (DAYS[40:41], DAYS[:50], DAYS[::3]):
        alone = weights.uniqueness(sessions.holding_periods(some, 14), 14)
        assert alone.equals(every.filter(pl.col("session").is_in(some)))


def test_disjoint_horizons_are_unique() -> None:
    friday = [dt.date(2024, 1, 5)]
    one = weights.uniqueness(sessions.holding_periods(friday, 1), 1)
    ten = weights.uniqueness(sessions.holding_periods(friday, 14), 14)
    assert 0.05 < ten["uniqueness"].item() < 0.15 < one["uniqueness"].item() <= 1


def test_a_session_sums_to_its_uniqueness() -> None:
    names = {DAYS[40]: 3, DAYS[41]: 1}
    days = [day for day, n in names.items() for _ in range(n)]
    rows = pl.DataFrame({"session": days[::-1], "symbol": list("ABCD")})
    weighted = weights.sample_weights(rows, 14)
    unique = weights.uniqueness(sessions.holding_periods(list(names), 14), 14)
    sums = weighted.group_by("session").agg(pl.col("sample_weight").sum())
    assert weighted.drop("sample_weight").equals(rows)
    assert sums.sort("session")["sample_weight"].to_list() == pytest.approx(
        unique["uniqueness"].to_list()
    )


def test_no_rows_no_weights() -> None:
    rows = pl.DataFrame(schema={"session": pl.Date})
    assert weights.sample_weights(rows, 14).columns == ["session", "sample_weight"]
