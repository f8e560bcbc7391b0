"""Label frequencies beside volatility: sound markets pass, faults do not."""

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest

from turbomode_assets import policy, sessions
from turbomode_assets.samples import label_balance

HORIZON = policy.HorizonPolicy()
VOLATILITY = policy.TrainingPolicy().volatility_feature


def walks(sigma_claimed: float, sigma_true: float = 0.03) -> pl.DataFrame:
    """Labels of normal walks over the horizon, with a claimed daily volatility."""
    days = sessions.sessions_between(dt.date(2020, 1, 2), dt.date(2020, 12, 31))
    periods = sessions.holding_periods(days, HORIZON.calendar_days)
    held = [
        len(sessions.sessions_between(entry, mature))
        for entry, mature in periods.select("entry_on", "matures_on").iter_rows()
    ]
    shape = (200, len(days))
    drawn = np.random.default_rng(0).normal(size=shape) * sigma_true * np.sqrt(held)
    moves = np.expm1(drawn)
    label = np.select([moves >= 0.1, moves <= -0.1], ["up", "down"], "flat")
    rows = pl.concat([periods] * shape[0])
    vol = pl.lit(sigma_claimed, pl.Float32).alias(VOLATILITY)
    return rows.with_columns(pl.Series("label", label.ravel()), vol)


def balance(samples: pl.DataFrame) -> label_balance.Balance:
    found = label_balance.balance(samples, policy.SWING)
    assert found is not None
    return found


def test_walks_have_the_shares_their_volatility_implies() -> None:
    found = balance(walks(0.03))
    assert found.up == pytest.approx(found.implied_up, rel=0.05)
    assert found.down == pytest.approx(found.implied_down, rel=0.05)
    assert found.ratio == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("claimed", [0.01, 0.3])
def test_labels_that_do_not_fit_are_implausible(claimed: float) -> None:
    most = policy.TrainingPolicy().max_label_ratio
    assert balance(walks(0.03)).is_plausible(most)
    found = balance(walks(claimed))
    assert not found.is_plausible(most)


def test_rows_without_volatility_are_not_counted() -> None:
    rows = walks(0.03).head(100)
    some = rows.with_columns(
        pl.when(pl.int_range(pl.len()) < 40).then(VOLATILITY).alias(VOLATILITY)
    )
    assert balance(some).n_rows == 40
    none = rows.with_columns(pl.lit(None, pl.Float32).alias(VOLATILITY))
    found = balance(none)
    assert math.isnan(found.ratio)
    assert not found.is_plausible(3.0)


def test_labels_whose_barriers_follow_volatility_have_no_expectation() -> None:
    training = policy.TrainingPolicy(label="triple_barrier_vol")
    rules = policy.Policy(training=training)
    assert label_balance.balance(walks(0.03), rules) is None
