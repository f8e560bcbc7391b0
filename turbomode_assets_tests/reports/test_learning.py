"""The learning report says what the arms' rows say, and no more."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

from turbomode_assets import policy, sessions, tables
from turbomode_assets.reports import learning, learning_charts, learning_page
from turbomode_assets.stats import classification

CLASSES = classification.CLASSES
DAYS = sessions.sessions_between(dt.date(2022, 1, 3), dt.date(2023, 6, 30))
USUAL = np.array([0.1, 0.8, 0.1])
N_NAMES = 20


def arm(insight: float, seed: int = 1) -> pl.DataFrame:
    """Rows of an arm that knows a share of the truth all arms of a seed share."""
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet(USUAL * 5, len(DAYS) * N_NAMES)
    drawn = (rng.random((len(truth), 1)) > truth.cumsum(axis=1)).sum(axis=1)
    said = insight * truth + (1 - insight) * USUAL
    columns = {
        "symbol": [f"S{n:02}" for n in range(N_NAMES)] * len(DAYS),
        "session": [day for day in DAYS for _ in range(N_NAMES)],
        "matures_on": [sessions.shift(d, 11) for d in DAYS for _ in range(N_NAMES)],
        "label": [CLASSES[min(place, 2)] for place in drawn],
        "realized_return": (1.0 - np.minimum(drawn, 2)) * 0.1,
    }
    chances = {f"p_{name}": said[:, n] for n, name in enumerate(CLASSES)}
    return pl.DataFrame(columns | chances)


def lived(seed: int = 1, **changes: Any) -> learning.Lived:
    arms = {"gated": 0.8, "frozen": 0.3, "volatility_only": 0.8, "base_rate": 0.0}
    plain: dict[str, Any] = {
        "name": f"seed {seed}",
        "arms": {name: arm(insight, seed) for name, insight in arms.items()},
        "older": arm(0.5, seed),
        "verdicts": tables.VERDICTS.empty(),
        "champions": tables.CHAMPIONS.empty(),
        "standings": tables.STANDINGS.empty(),
        "n_trainings": 18,
        "training_seconds": 90.0,
    }
    return learning.Lived(**plain | changes)


REPORT = learning.learning(lived())
PAIRS = {pair.than: pair for pair in REPORT.pairs}


def test_loss_is_the_mean_over_sessions() -> None:
    rows = arm(0.3).with_columns(loss=classification.log_loss())
    daily = rows.group_by("session").agg(pl.col("loss").mean())["loss"]
    found = {row.arm: row for row in REPORT.arms}["frozen"]
    assert found.loss == pytest.approx(daily.mean())
    assert (found.n_sessions, found.n_rows) == (len(DAYS), arm(0.3).height)


def test_a_better_arm_is_better_and_an_equal_one_is_not() -> None:
    assert PAIRS["frozen"].gain > 0
    assert PAIRS["frozen"].p is not None
    assert PAIRS["frozen"].p < 0.01
    assert (PAIRS["volatility_only"].gain, PAIRS["volatility_only"].p) == (0.0, 1.0)


def test_gains_are_antisymmetric() -> None:
    swapped = {"gated": arm(0.3), "frozen": arm(0.8), "base_rate": arm(0.0)}
    other = learning.learning(lived(arms=swapped)).pairs[0]
    assert other.gain == pytest.approx(-PAIRS["frozen"].gain)


def test_pairs_use_the_sessions_both_spoke_in() -> None:
    late = arm(0.8).filter(pl.col("session") >= DAYS[100])
    found = learning.learning(lived(arms={"gated": late, "base_rate": arm(0.0)}))
    assert found.pairs[0].n_sessions == len(DAYS) - 100


def test_a_book_earns_what_its_names_earned() -> None:
    paper = policy.SWING.paper
    rows = arm(0.8).filter(pl.col("session") == DAYS[0])
    ordered = rows.with_columns(edge=pl.col("p_up") - pl.col("p_down")).sort("edge")
    returns = ordered["realized_return"].to_numpy()
    earned = returns[-paper.n_names :].sum() - returns[: paper.n_names].sum()
    earned -= 2 * paper.n_names * 2 * paper.cost
    found = learning.learning(lived(arms={"gated": rows, "base_rate": arm(0.0)}))
    equity = found.books["gated"]["equity"].to_list()
    assert equity == pytest.approx([1 + earned / (2 * paper.n_names * paper.tranches)])


def test_without_edges_there_is_no_book() -> None:
    assert REPORT.books["base_rate"].is_empty()


def test_over_seeds_each_seed_is_one_trial() -> None:
    reports = [learning.learning(lived(seed)) for seed in (1, 2, 3)]
    found = {row.than: row for row in learning.pooled(reports)}["frozen"]
    gains = [p.gain for r in reports for p in r.pairs if p.than == "frozen"]
    assert found.n_replays == 3
    assert found.gain == pytest.approx(np.mean(gains))
    assert found.interval is not None
    assert found.interval[0] < found.gain < found.interval[1]


def test_words_say_only_what_is_shown() -> None:
    told = learning_page.verdict_in_words(REPORT)
    assert any(line.startswith("gated over frozen: better") for line in told)
    assert any("volatility only: not shown either way" in line for line in told)
    silent = learning.learning(lived(arms={"base_rate": arm(0.0)}))
    assert "No champion" in learning_page.verdict_in_words(silent)[0]


def test_the_page_is_the_same_twice_and_holds_every_arm() -> None:
    page = learning_page.render([REPORT])
    assert page == learning_page.render([REPORT])
    assert page.count("<svg") == 2
    assert all(f"<td>{row.arm}</td>" in page for row in REPORT.arms)


def test_a_chart_stands_for_every_criterion() -> None:
    class Passed:
        name, observed, required, is_passed = "accuracy_floor", 0.7, 0.6, True

    drawn = learning_charts.verdict([Passed()])
    assert drawn.startswith("<svg")
    assert "accuracy_floor" in drawn
