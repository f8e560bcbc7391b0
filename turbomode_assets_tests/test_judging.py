"""What a verdict rests on: every decision graded by what happened after it."""

import dataclasses
import datetime as dt
from typing import Any

import polars as pl
import pytest

from turbomode_assets import (
    judging,
    loop,
    policy,
    replay,
    report_policy,
    sessions,
    tables,
)
from turbomode_assets.models import card, challenger, scoring
from turbomode_assets_tests.promotion import test_evidence

MONTH = dt.date(2024, 6, 1)
MONTHS = [dt.date(2024, month, 1) for month in range(1, 6)]
NOON = dt.datetime(2024, 6, 1, 12, tzinfo=dt.UTC)
DAYS = sessions.sessions_between(dt.date(2024, 1, 2), dt.date(2024, 5, 31))
KNOWN = pl.DataFrame({"symbol": "A", "session": DAYS, "label": "up"})


RECORD = card.Record(
    desk=loop.DESK,
    trained=challenger.Challenger(test_evidence.oof("", 0.9).drop("version"), {}, {}),
    known=pl.DataFrame({"matures_on": [MONTH] * 500, "feature_version": "f"}),
    month=MONTH,
    address="0" * 64,
)


def no_scorer(address: str) -> scoring.Scorer:
    raise AssertionError(address)


def test_a_version_is_judged_once_whatever_the_policy_becomes() -> None:
    store, asked = replay.Shelf({}), policy.GatePolicy(n_resamples=100)
    lax = policy.Policy(gate=asked)
    strict = policy.Policy(gate=dataclasses.replace(asked, max_calibration_error=0.0))
    first = judging.judge(store, RECORD, no_scorer, strict)
    assert not first.is_passed
    assert judging.judge(store, RECORD, no_scorer, lax).is_passed
    rows = first.to_frame(loop.DESK, RECORD.version, MONTH)
    store.append(tables.VERDICTS, rows)
    assert judging.judge(store, RECORD, no_scorer, lax) == first


class Speaker:
    """Says one thing of everything: how likely its number finds `up`."""

    def __init__(self, address: str) -> None:
        self.p_up = int(address) / 100

    def score(self, features: pl.DataFrame) -> pl.DataFrame:
        """The same words for every row."""
        said = {"p_up": self.p_up, "p_flat": 0.0, "p_down": 1.0 - self.p_up}
        return features.select(
            "symbol", "session", **{name: pl.lit(p) for name, p in said.items()}
        )


def speakers(address: str) -> Any:
    return Speaker(address)


def ledger(against: list[str], **changes: pl.Expr) -> replay.Shelf:
    """Challengers v10, v11 and so on, held against somebody each."""
    texts = ("data_fingerprint", "importance", "parameters", "metrics")
    row: dict[str, Any] = dict.fromkeys(texts, "{}") | {"desk": loop.DESK}
    row |= {"n_samples": 1, "feature_version": "f", "policy_version": "p"}
    row |= {"window_from": DAYS[0], "window_to": DAYS[0]}
    row |= {"began_at": NOON, "trained_at": NOON}
    cards = [
        row
        | {"version": f"v{10 + n}", "artifact_sha256": f"{10 + n}", "month": month}
        | {"labels_known_on": month - dt.timedelta(days=1)}
        for n, month in enumerate(MONTHS)
    ]
    verdicts = [
        {"desk": loop.DESK, "version": f"v{10 + n}", "month": month, "position": 0}
        | {"criterion": "c", "observed": 1.0, "required": 1.0, "is_passed": False}
        | {"sentence": "s", "against": champion}
        for n, (month, champion) in enumerate(zip(MONTHS, against, strict=True))
    ]
    frame = pl.DataFrame(cards, schema=tables.MODELS.schema()).with_columns(**changes)
    return replay.Shelf(
        {
            tables.MODELS.name: frame,
            tables.VERDICTS.name: pl.DataFrame(
                verdicts, schema=tables.VERDICTS.schema()
            ),
        }
    )


def graded(
    store: replay.Shelf, until: dt.date = MONTH, rules: policy.Policy = policy.SWING
) -> pl.DataFrame:
    asked = judging.Question(policy_version="p", feature_version="f", until=until)
    return judging.graded(store, KNOWN, asked, speakers, rules)


def windows(found: pl.DataFrame) -> dict[str, tuple[dt.date, dt.date]]:
    """First and last session by challenger."""
    first, last = pl.col("session").min(), pl.col("session").max().alias("last")
    rows = found.group_by("version").agg(first, last).iter_rows()
    return {version: (begin, end) for version, begin, end in rows}


def test_a_session_is_graded_under_the_newest_of_its_time() -> None:
    found = graded(ledger(["", "v10", "v10", "v12", "v12"]))
    assert windows(found) == {
        "v11": (dt.date(2024, 2, 1), dt.date(2024, 2, 29)),
        "v12": (dt.date(2024, 3, 1), dt.date(2024, 3, 28)),
        "v13": (dt.date(2024, 4, 1), dt.date(2024, 4, 30)),
        "v14": (dt.date(2024, 5, 1), dt.date(2024, 5, 31)),
    }
    held = dict(found.select("version", "against").unique().iter_rows())
    assert held == {"v11": "v10", "v12": "v10", "v13": "v12", "v14": "v12"}
    said = found.filter(pl.col("version") == "v13").select("p_up", "p_up_champion")
    assert set(said.rows()) == {(0.13, 0.12)}


def test_where_nobody_reigned_nothing_was_decided() -> None:
    found = graded(ledger([""] * 5))
    assert found.is_empty()
    assert found.columns == graded(ledger(["v10"] * 5)).columns


def test_one_trained_ahead_of_its_month_speaks_from_the_day_it_knew() -> None:
    ahead = pl.when(pl.col("version") == "v12").then(dt.date(2024, 3, 14))
    store = ledger(
        ["v10"] * 5, labels_known_on=ahead.otherwise(pl.col("labels_known_on"))
    )
    found = windows(graded(store))
    assert found["v12"][0] == dt.date(2024, 3, 15)
    assert found["v11"][1] == dt.date(2024, 3, 14)


@pytest.mark.parametrize("column", ["policy_version", "feature_version"])
def test_another_recipe_is_no_evidence(column: str) -> None:
    is_other = pl.col("version").is_in(["v11", "v12"])
    changed = pl.when(is_other).then(pl.lit("other")).otherwise(pl.col(column))
    found = graded(ledger(["v10"] * 5, **{column: changed}))
    assert {"v11", "v12"}.isdisjoint(found["version"])
    assert windows(found)["v14"][0] == dt.date(2024, 5, 1)


def test_a_champion_that_reads_other_features_is_not_asked() -> None:
    is_champion = pl.col("version") == "v10"
    other = pl.when(is_champion).then(pl.lit("g")).otherwise(pl.lit("f"))
    assert graded(ledger(["v10"] * 5, feature_version=other)).is_empty()


def test_what_was_decided_long_ago_does_not_count() -> None:
    store = ledger(["v10"] * 5)
    gate = dataclasses.replace(policy.GatePolicy(), evidence_window_sessions=126)
    short = policy.Policy(gate=gate)
    late = sessions.shift(DAYS[-1], 80)
    assert graded(store, late, short)["session"].min() == DAYS[-47]
    assert graded(store, late)["session"].min() == DAYS[0]


def test_what_comes_after_the_question_does_not_count() -> None:
    found = graded(ledger(["v10"] * 5), dt.date(2024, 5, 1))
    assert found["session"].max() == dt.date(2024, 4, 30)


def test_whoever_was_pruned_is_not_asked() -> None:
    few = report_policy.RegistryPolicy(kept_challengers=2)
    found = graded(ledger(["v13"] * 5), rules=policy.Policy(registry=few))
    assert set(found["version"]) == {"v13", "v14"}
