"""Evidence of a proposal is what was known when it was made."""

import datetime as dt
import math

import numpy as np
import polars as pl
import pytest

from turbomode_assets import rounds
from turbomode_assets.options import proposals
from turbomode_assets.options_policy import RiskPolicy

RULES = RiskPolicy(min_earlier_signals=5, min_outcomes=3)
GRID = rounds.between(dt.date(2024, 7, 1), dt.date(2024, 7, 12))


def _rows(seed: int) -> pl.DataFrame:
    rng, n = np.random.default_rng(seed), GRID.height
    numbers = GRID["round"].to_numpy()
    return GRID.select("session", "minute").with_columns(
        symbol=pl.lit("RTX"),
        horizon=pl.lit("60_minutes"),
        side=pl.Series(rng.choice(["buy", "sell"], n)),
        conviction=pl.Series(rng.choice(np.linspace(0.5, 0.7, 21), n)),
        number=pl.Series(numbers),
        exit_number=pl.Series(numbers + 4),
        conviction_rank=pl.Series(rng.uniform(0.7, 1.0, n)),
        option_return=pl.Series(rng.normal(0.2, 0.5, n)),
    )


@pytest.mark.parametrize("seed", range(3))
def test_the_rank_is_the_share_of_earlier_less_convinced(seed: int) -> None:
    rows = _rows(seed).drop("conviction_rank")
    found = proposals.conviction_rank(rows, RULES).to_list()
    convictions = rows["conviction"].to_numpy()
    for place, rank in enumerate(found):
        earlier = convictions[:place]
        expected = (earlier < convictions[place]).mean() if place >= 5 else None
        assert rank == pytest.approx(expected)


def _brute_force(rows: pl.DataFrame, place: int) -> float | None:
    """Bound of the convinced outcomes of the side that had ended and stand apart."""
    asked = rows.row(place, named=True)
    known, free_from = [], -1
    for row in rows.iter_rows(named=True):
        is_own = row["side"] == asked["side"] and row["conviction_rank"] >= 0.85
        if is_own and row["number"] >= free_from and row["number"] < asked["number"]:
            free_from = row["exit_number"]
            if row["exit_number"] <= asked["number"]:
                known.append(row["option_return"])
    if len(known) < RULES.min_outcomes:
        return None
    made = np.array(known)
    bound = made.mean() - 1.645 * made.std() / math.sqrt(made.size - 1)
    return float(max(bound, 0.0) / (made**2).mean() * 0.25)


@pytest.mark.parametrize("seed", range(3))
def test_the_fraction_is_that_of_a_brute_force(seed: int) -> None:
    rows = _rows(seed)
    found = proposals.kelly_fraction(rows, RULES).to_list()
    for place in range(0, rows.height, 7):
        assert found[place] == pytest.approx(_brute_force(rows, place))
    assert any(found)


def test_what_has_not_ended_changes_nothing() -> None:
    rows = _rows(1)
    late = pl.col("exit_number") > rows["number"][100]
    changed = rows.with_columns(
        option_return=pl.when(late).then(9.0).otherwise("option_return")
    )
    found = proposals.kelly_fraction(rows, RULES)[:101]
    assert proposals.kelly_fraction(changed, RULES)[:101].equals(found)


def test_what_never_paid_allows_nothing() -> None:
    losing = _rows(2).with_columns(option_return=pl.lit(-0.1))
    found = proposals.kelly_fraction(losing, RULES).drop_nulls()
    assert found.unique().to_list() == [0.0]
