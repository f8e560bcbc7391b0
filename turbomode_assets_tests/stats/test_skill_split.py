"""The split adds up exactly, and finds each part where it was planted."""

import numpy as np
import polars as pl
import pytest

from turbomode_assets import policy
from turbomode_assets.stats import classification, skill_split
from turbomode_assets_tests.stats import forecasts

GATE = policy.GatePolicy(n_resamples=200)


def test_the_parts_add_up_to_the_log_loss_row_by_row() -> None:
    rows = forecasts.drawn(seed=1).with_columns(
        volatility=skill_split.volatility_loss(),
        direction=skill_split.direction_loss(),
        whole=classification.log_loss(),
    )
    apart = rows["volatility"] + rows["direction"] - rows["whole"]
    assert np.abs(apart.to_numpy()).max() < 1e-12


@pytest.mark.parametrize(
    ("knows", "part", "other"),
    [("size", "volatility", "direction"), ("sign", "direction", "volatility")],
)
def test_what_is_known_shows_in_its_own_part(knows: str, part: str, other: str) -> None:
    found = skill_split.split(forecasts.drawn(seed=2, knows=knows), "_base_rate", GATE)
    known, unknown = getattr(found, part), getattr(found, other)
    assert known.interval[0] > 0
    assert abs(unknown.gain) < 0.1 * known.gain
    assert found.total.gain == pytest.approx(known.gain + unknown.gain)


def test_too_few_sessions_have_no_interval() -> None:
    few = forecasts.drawn(seed=3).filter(pl.col("session") < pl.date(2024, 1, 10))
    assert skill_split.split(few, "_base_rate", GATE).total.interval is None


def test_missing_labels_have_no_loss() -> None:
    rows = forecasts.drawn(seed=1).head(3).with_columns(label=pl.lit(None, pl.String))
    losses = rows.select(
        volatility=skill_split.volatility_loss(), direction=skill_split.direction_loss()
    )
    assert losses.null_count().row(0) == (3, 3)
