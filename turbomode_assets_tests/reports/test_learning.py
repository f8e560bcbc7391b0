"""The learning report says what the arms' rows say, and no more."""

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from turbomode_assets import policy, report_tables, sessions, tables
from turbomode_assets.reports import (
    learning,
    learning_charts,
    learning_page,
    learning_pool,
    learning_rows,
)
from turbomode_assets.stats import classification

CLASSES = classification.CLASSES
DAYS = sessions.sessions_between(dt.date(2022, 1, 3), dt.date(2023, 6, 30))
USUAL = np.array([0.1, 0.8, 0.1])
N_NAMES = 20

COST = learning.Cost(
    n_trainings=18, training_seconds=90.0, cpu_seconds=60.0, seconds=120.0, days=543
)


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
        "standings": tables.STANDINGS.empty(),
        "cost": COST,
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
    pooled = {row.name: row for row in learning_pool.pool(reports)}
    found = pooled["gated over frozen"]
    gains = [p.gain for r in reports for p in r.whole if p.than == "frozen"]
    expected = stats.ttest_1samp(gains, 0.0)
    assert found.n_replays == 3
    assert found.mean == pytest.approx(np.mean(gains))
    assert found.interval == pytest.approx(expected.confidence_interval(0.95))
    assert found.p == pytest.approx(expected.pvalue)


def test_replays_of_several_markets_are_never_pooled_together() -> None:
    markets = {1: "edge 0", 2: "edge 2", 3: "edge 0"}
    reports = [learning.learning(lived(n, market=m)) for n, m in markets.items()]
    page = learning_page.render(reports)
    assert page.count("each one trial") == 1
    assert "Over 2 replays of edge 0" in page
    grouped = learning_pool.by_market(reports)
    assert grouped == {"edge 0": [reports[0], reports[2]], "edge 2": [reports[1]]}


def test_without_a_base_rate_there_is_no_skill_to_speak_of() -> None:
    arms = {"gated": arm(0.8), "frozen": arm(0.3)}
    found = learning.learning(lived(arms=arms))
    for row in found.arms:
        assert (row.skill, row.interval, row.direction) == (None, None, None)
    (told,) = learning_page.verdict_in_words(found)
    assert told.startswith("gated over frozen: better")


def test_words_say_only_what_is_shown() -> None:
    told = learning_page.verdict_in_words(REPORT)
    assert any(line.startswith("gated over frozen: better") for line in told)
    assert any("volatility only: the same words" in line for line in told)
    silent = learning.learning(lived(arms={"base_rate": arm(0.0)}))
    assert "No champion" in learning_page.verdict_in_words(silent)[0]


def test_words_do_not_call_taking_turns_an_advantage() -> None:
    is_turn = pl.col("session").is_in(
        [day for place, day in enumerate(DAYS) if place // 10 % 2]
    )
    sharp, dull = arm(0.8), arm(0.3)
    ours = pl.concat([sharp.filter(is_turn), dull.filter(~is_turn)])
    theirs = pl.concat([sharp.filter(~is_turn), dull.filter(is_turn)])
    found = lived(arms={"gated": ours, "frozen": theirs, "base_rate": arm(0.0)})
    told = learning_page.verdict_in_words(learning.learning(found))
    assert told[0].startswith("gated over frozen: not shown either way")


def test_the_page_is_the_same_twice_and_holds_every_arm() -> None:
    page = learning_page.render([REPORT])
    assert page == learning_page.render([REPORT])
    assert page.count("<svg") == 3
    assert all(f"<td>{row.arm}</td>" in page for row in REPORT.arms)


@dataclasses.dataclass(frozen=True)
class Asked:
    """One criterion, by hand."""

    name: str
    observed: float
    required: float
    is_passed: bool


def test_bars_point_right_where_a_criterion_holds() -> None:
    asked = [
        Asked("accuracy_floor", 0.7, 0.6, is_passed=True),
        Asked("calibration_error", 0.02, 0.08, is_passed=True),
        Asked("calibration_error", 0.10, 0.08, is_passed=False),
        Asked("skill", 0.0, 0.0, is_passed=False),
    ]
    margins = [learning_charts.margin(criterion) for criterion in asked]
    assert margins == pytest.approx([0.1 / 0.7, 0.75, -0.2, 0.0])
    drawn = learning_charts.verdict(asked)
    assert drawn.startswith("<svg")
    assert all(criterion.name in drawn for criterion in asked)


def test_silence_counts_as_the_base_rate() -> None:
    late = arm(0.8).filter(pl.col("session") >= DAYS[100])
    found = learning.learning(lived(arms={"gated": late, "base_rate": arm(0.0)}))
    spoken, whole = found.pairs[0], found.whole[0]
    assert (spoken.n_sessions, whole.n_sessions) == (len(DAYS) - 100, len(DAYS))
    share = spoken.n_sessions / whole.n_sessions
    assert whole.gain == pytest.approx(spoken.gain * share)


def test_who_never_spoke_is_held_against_the_others_as_the_base_rate() -> None:
    arms = {"gated": arm(0.8).clear(), "frozen": arm(0.8), "base_rate": arm(0.0)}
    found = learning.learning(lived(arms=arms))
    gains = {pair.than: pair.gain for pair in found.whole}
    skilled = {row.arm: row for row in found.arms}["frozen"]
    assert found.pairs == ()
    assert gains["base_rate"] == 0.0
    assert gains["frozen"] < 0
    assert skilled.skill is not None
    assert skilled.skill > 0


def test_volatility_without_direction_is_told_apart() -> None:
    known = arm(0.8)
    both = pl.col("p_up") + pl.col("p_down")
    blind = known.with_columns(p_up=both / 2, p_down=both / 2)
    found = learning.learning(lived(arms={"gated": blind, "base_rate": arm(0.0)}))
    row = found.arms[0]
    assert row.skill is not None
    assert row.skill > 0
    assert row.direction == pytest.approx(0.0, abs=1e-12)
    assert "not shown to tell up from down" in learning_page.verdict_in_words(found)[-1]


def test_rows_of_the_report_are_as_declared() -> None:
    month = dt.date(2023, 8, 1)
    rows = learning_rows.rows(REPORT, month)
    assert report_tables.LEARNING.violations(rows) == []
    assert rows["arm"].sort().to_list() == sorted(row.arm for row in REPORT.arms)
    gains = dict(rows.drop_nulls("product_gain").select("arm", "product_gain").rows())
    assert gains == {pair.than: pair.gain for pair in REPORT.whole}


def test_every_chart_of_a_report_fits_into_metadata() -> None:
    draw = (learning_charts.skills, learning_charts.decisions, learning_charts.books)
    assert all(len(one(REPORT)) < 70_000 for one in draw)  # as base64, a third more


def test_cost_is_told_with_the_speed_against_life() -> None:
    told = learning_page.cost_in_words(COST)
    assert "18 trainings, 1.5 minutes added up, 1.0 of one processor" in told
    assert f"{543 * 86400 / 120:,.0f} times as fast as life" in told
