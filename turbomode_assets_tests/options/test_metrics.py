"""Figures are those one would count by hand, with an honest n beside them."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

from turbomode_assets import options_policy, rounds
from turbomode_assets.options import book, metrics
from turbomode_assets_tests.options import paper

GRID = rounds.between(dt.date(2024, 7, 1), dt.date(2024, 7, 31))
FEW = options_policy.OptionsPolicy(
    metrics=options_policy.MetricsPolicy(n_resamples=200)
)


def _made(returns: np.ndarray, basis: str = "model") -> pl.DataFrame:
    return GRID.head(returns.size).select(
        "session",
        "minute",
        symbol=pl.lit("RTX"),
        horizon=pl.lit("60_minutes"),
        basis=pl.lit(basis),
        option_return=pl.Series(returns),
    )


def _told(made: pl.DataFrame) -> dict[str, dict[str, Any]]:
    found = metrics.of_returns(made, ["horizon"], FEW)
    return {row["figure"]: row for row in found.iter_rows(named=True)}


def test_figures_by_hand() -> None:
    told = _told(_made(np.array([1.5, 0.5, -0.4, -0.6, 0.0])))
    values = {name: row["value"] for name, row in told.items()}
    assert values == pytest.approx(
        {
            "win_rate": 0.4,
            "profit_factor": 2.0,
            "mean_winner": 1.0,
            "mean_loser": -1 / 3,
            "expectancy": 0.2,
        }
    )
    assert told["win_rate"]["n"] == 5
    assert told["win_rate"]["low"] is None


def test_overlapping_positions_count_once() -> None:
    """Signals of an hour every fifteen minutes: one in four stands alone."""
    told = _told(_made(np.ones(400)))
    assert (told["win_rate"]["n"], told["win_rate"]["n_effective"]) == (400, 100)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """Nine times out of ten, for independent returns; counted over 60 series."""
    covered = 0
    for seed in range(60):
        drawn = np.random.default_rng(seed).normal(0.05, 0.5, 400)
        row = _told(_made(drawn))["expectancy"]
        covered += row["low"] <= 0.05 <= row["high"]
    assert 45 <= covered <= 59


def test_without_a_loser_there_is_no_factor() -> None:
    told = _told(_made(np.array([0.1, 0.2])))
    assert told["mean_loser"]["value"] is None
    assert told["win_rate"]["value"] == 1.0


def test_quoted_and_modeled_returns_are_never_put_together() -> None:
    both = pl.concat([_made(np.ones(3)), _made(-np.ones(3), "quoted")])
    found = metrics.of_returns(both, [], FEW)
    means = found.filter(figure="expectancy").select("basis", "value").rows()
    assert means == [("model", 1.0), ("quoted", -1.0)]


def test_targets_stand_beside_what_has_one() -> None:
    told = _told(_made(np.array([0.1, -0.2])))
    assert told["profit_factor"]["target"] == 2.5
    assert told["expectancy"]["target"] is None


def test_trades_are_what_the_fills_say() -> None:
    """Two contracts of 0.90 sold at 1.20 and at nothing, with their commissions."""
    now = paper.traded(1.20, 0.0)
    found = metrics.trades(book.fills_of(now))
    assert found["profit_usd"].to_list() == pytest.approx([57.40, -181.30])
    assert found["option_return"].to_list() == pytest.approx([57.40 / 181.30, -1.0])
    assert found["profit_usd"].sum() == pytest.approx(now.cash_usd - 1000)


def test_drawdown_is_measured_from_the_highest() -> None:
    days = GRID["session"].unique().sort()[:4]
    held = pl.DataFrame({"session": days, "value_usd": [1000.0, 1100.0, 990.0, 1050.0]})
    assert metrics.equity(held)["drawdown"].to_list() == pytest.approx(
        [0.0, 0.0, -0.1, -0.04545454]
    )


def test_every_limit_of_a_refusal_is_counted() -> None:
    blocked = pl.DataFrame({"blocked_by": ["quote,pause", "quote", ""]})
    found = dict(metrics.refusals(blocked).select("limit", "n").rows())
    assert found == {"quote": 2, "pause": 1, "": 1}


def test_accuracy_is_that_of_the_convinced() -> None:
    """Of four signals three are convinced, and the share followed two of these."""
    ends = GRID.head(4).select(
        "session",
        "minute",
        symbol=pl.lit("RTX"),
        horizon=pl.lit("60_minutes"),
        side=pl.lit("buy"),
        is_hit=pl.Series([True, True, False, False]),
    )
    rank = pl.Series([0.9, 0.85, 0.99, 0.2])
    found = metrics.accuracy(ends, ends.with_columns(conviction_rank=rank))
    row = found.row(0, named=True)
    assert (row["figure"], row["n"], row["n_effective"]) == ("accuracy", 3, 1)
    assert row["value"] == pytest.approx(2 / 3)


def test_the_interval_of_the_drawdown_holds_it() -> None:
    moved = np.random.default_rng(1).normal(0.0, 0.02, 250)
    days = rounds.between(dt.date(2024, 1, 2), dt.date(2025, 2, 1))["session"].unique()
    made = pl.DataFrame(
        {
            "session": days.sort().head(251),
            "value_usd": 1000 * np.exp(np.concatenate([[0.0], np.cumsum(moved)])),
        }
    )
    row = metrics.drawdown(made).row(0, named=True)
    assert row["value"] == pytest.approx(metrics.equity(made)["drawdown"].min())
    assert row["low"] < row["value"] < row["high"] < 0
    assert (row["n"], row["n_effective"]) == (250, 250)


def test_what_was_never_made_has_no_figures() -> None:
    found = metrics.of_returns(_made(np.array([])), ["horizon"], FEW)
    assert found.is_empty()
    assert {"basis", "horizon", "value", "low", "high"} <= set(found.columns)
