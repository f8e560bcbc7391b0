"""The feature report beside what can be counted by hand."""

import dataclasses
import datetime as dt
import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from turbomode_assets import policy, report_tables, sessions
from turbomode_assets.reports import features, features_charts

MONTH = dt.date(2024, 3, 1)
SINCE, EVE = dt.date(2024, 2, 1), dt.date(2024, 2, 29)
DAYS = sessions.sessions_between(dt.date(2021, 6, 1), EVE)
SYMBOLS = [f"S{n}" for n in range(8)]
LOOKBACKS = {"calm": 0, "moved": 5, "shared": 0}
DICE = np.random.default_rng(5)


def rows() -> pl.DataFrame:
    """Features of every symbol: one as ever, one that moves in the last month."""
    keys = {
        "session": [d for d in DAYS for _ in SYMBOLS],
        "symbol": SYMBOLS * len(DAYS),
    }
    n = len(DAYS) * len(SYMBOLS)
    frame = pl.DataFrame(
        keys | {"calm": DICE.normal(size=n), "moved": DICE.normal(size=n)}
    )
    is_late = pl.col("session") >= SINCE
    return frame.with_columns(
        moved=pl.when(is_late).then(pl.col("moved") + 2).otherwise("moved"),
        shared=pl.col("session").dt.day().cast(pl.Float64),
    )


def cards(**importance: float) -> pl.DataFrame:
    """Two models of January, the later of which counts, and one of February."""
    days = [dt.date(2024, 1, 1), dt.date(2024, 1, 1), dt.date(2024, 2, 1)]
    shares: list[dict[str, float]] = [
        {"calm": 1.0},
        {"calm": 0.5, "gone": 0.5},
        importance,
    ]
    columns = {
        "month": days,
        "version": ["a", "b", "c"],
        "importance": [json.dumps(share) for share in shares],
        "trained_at": [dt.datetime(2024, 1, n, tzinfo=dt.UTC) for n in (1, 2, 3)],
    }
    return pl.DataFrame(columns)


ROWS = rows()
RETURNS = ROWS.select("symbol", "session", realized_return=pl.col("calm").exp())
EXPECTED = ROWS.filter(pl.col("session") >= SINCE).select(
    "symbol", "session", n_earlier=9
)


def known(**changes: Any) -> features.Known:
    plain: dict[str, Any] = {
        "month": MONTH,
        "feature_version": "v",
        "lookbacks": LOOKBACKS,
        "features": ROWS,
        "expected": EXPECTED,
        "returns": RETURNS,
        "cards": cards(calm=0.7, moved=0.3),
        "n_lags": 12,
    }
    return features.Known(**plain | changes)


REPORT = features.report(known(), policy.SWING)
BY_NAME = {row["feature"]: row for row in REPORT.iter_rows(named=True)}


def test_a_row_for_every_feature_as_declared() -> None:
    assert report_tables.FEATURE_REPORTS.violations(REPORT) == []
    assert REPORT["feature"].to_list() == sorted(LOOKBACKS)
    assert REPORT["month"].unique().to_list() == [MONTH]


def test_what_moved_is_named_and_nothing_else() -> None:
    assert features.drifting(REPORT) == ["moved"]
    assert BY_NAME["moved"]["psi"] > BY_NAME["moved"]["psi_bar"]
    assert BY_NAME["calm"]["is_drifting"] is False


def test_a_perfect_order_has_a_rank_ic_of_one() -> None:
    assert BY_NAME["calm"]["rank_ic"] == pytest.approx(1.0)
    assert BY_NAME["calm"]["rank_ic_error"] == pytest.approx(0.0, abs=1e-9)
    assert BY_NAME["calm"]["n_sessions"] == len(DAYS)
    assert abs(BY_NAME["moved"]["rank_ic"]) < 4 * BY_NAME["moved"]["rank_ic_error"]


def test_what_is_the_same_for_all_has_no_order() -> None:
    found = BY_NAME["shared"]
    assert (found["rank_ic"], found["rank_ic_error"], found["n_sessions"]) == (
        None,
        None,
        0,
    )


def test_only_returns_that_have_matured_count() -> None:
    until = RETURNS.filter(pl.col("session") < DAYS[50])
    found = features.rank(known(returns=until))
    assert found["n_sessions"].to_list() == [50, 50, 0]


def test_coverage_counts_what_is_due_and_there() -> None:
    blank = pl.when(pl.col("symbol") == "S0").then(None).otherwise("calm")
    lost = ROWS.with_columns(calm=blank).filter(pl.col("symbol") != "S1")
    young = pl.when(pl.col("symbol") == "S2").then(4).otherwise(5)
    found = features.cover(
        known(features=lost, expected=EXPECTED.with_columns(n_earlier=young))
    )
    n = EXPECTED.height
    assert found["n_due"].to_list() == [n, n * 7 // 8, n]
    assert found["coverage"].to_list() == [
        pytest.approx(x) for x in (6 / 8, 6 / 7, 7 / 8)
    ]


def test_coverage_of_nothing_due_is_null() -> None:
    found = features.cover(known(lookbacks={"calm": 10}))
    assert found.row(0) == ("calm", 0, None)


def test_members_are_expected_with_or_without_a_bar() -> None:
    days = sessions.sessions_between(dt.date(2024, 2, 26), EVE)
    bars = pl.DataFrame(
        {"symbol": ["A", "A", "B"], "session": [days[0], days[2], days[3]]}
    )
    universe = pl.DataFrame(
        {
            "symbol": ["A", "A", "B", "C"],
            "valid_from": [days[0], days[1], days[2], dt.date(2024, 3, 4)],
            "valid_to": [days[0], None, None, None],
        }
    )
    found = features.expect(bars, universe, days[0], EVE).sort("symbol", "session")
    pairs = [("A", day, n) for day, n in zip(days, (0, 1, 1, 2), strict=True)]
    assert found.rows() == [*pairs, ("B", days[2], 0), ("B", days[3], 0)]


def test_the_last_model_of_a_month_and_the_newest_month_count() -> None:
    found = features.generations(cards(calm=0.7, moved=0.3))
    assert found.rows() == [
        (dt.date(2024, 1, 1), "b", "calm", 0.5),
        (dt.date(2024, 1, 1), "b", "gone", 0.5),
        (dt.date(2024, 2, 1), "c", "calm", 0.7),
        (dt.date(2024, 2, 1), "c", "moved", 0.3),
    ]
    assert BY_NAME["calm"]["importance_share"] == 0.7
    assert BY_NAME["shared"]["importance_share"] is None


def test_without_models_there_is_no_importance() -> None:
    found = features.report(known(cards=cards()[:0]), policy.SWING)
    assert found["importance_share"].is_null().all()
    assert found.drop("importance_share").equals(REPORT.drop("importance_share"))


def test_a_month_without_features_has_no_report() -> None:
    past = ROWS.filter(pl.col("session") < SINCE)
    assert features.report(known(features=past), policy.SWING).is_empty()


def test_the_order_of_rows_does_not_matter() -> None:
    mixed = {
        field.name: getattr(known(), field.name).sample(
            fraction=1.0, shuffle=True, seed=3
        )
        for field in dataclasses.fields(features.Known)
        if field.name in {"features", "expected", "returns", "cards"}
    }
    assert features.report(known(**mixed), policy.SWING).equals(REPORT)


def test_drifting_features_stand_in_the_order_of_their_distance() -> None:
    found = pl.DataFrame(
        {
            "feature": ["a", "b", "c", "d"],
            "psi": [2.0, 9.0, 1.0, None],
            "psi_bar": [1.0, 3.0, 4.0, 1.0],
            "is_drifting": [True, True, False, None],
        }
    )
    assert features.drifting(found) == ["b", "a"]
    assert features.drifting(found[2:]) == []


def test_charts_are_small_name_features_and_are_the_same_twice() -> None:
    shares = features.generations(cards(calm=0.7, moved=0.3))
    for draw in (
        features_charts.drift,
        features_charts.rank_ic,
        features_charts.coverage,
    ):
        drawn = draw(REPORT)
        assert drawn == draw(REPORT)
        assert "moved" in drawn
        assert 1_000 < len(drawn) < 70_000
    drawn = features_charts.importance(shares)
    assert "gone" in drawn
    assert "2024-02" in drawn


def test_charts_of_nothing_are_empty() -> None:
    empty = report_tables.FEATURE_REPORTS.empty()
    for draw in (
        features_charts.drift,
        features_charts.rank_ic,
        features_charts.coverage,
    ):
        assert draw(empty).startswith("<svg")
    assert features_charts.importance(features.generations(cards()[:0])).startswith(
        "<svg"
    )
