"""Every criterion blocks alone; ties and noise keep the champion."""

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pytest

from turbomode_assets import errors, policy, sessions, tables
from turbomode_assets.promotion import evidence, gate

GATE = policy.GatePolicy(n_resamples=300)
MONTH = dt.date(2024, 1, 1)
LATE = GATE.recent_sessions
NAMES = [criterion.__name__ for criterion in gate.CRITERIA]
VACANT = [criterion.__name__ for criterion in gate.FOR_A_VACANT_SEAT]
PAIRED = [criterion.__name__ for criterion in gate.AGAINST_CHAMPION]


def losses(n: int = 260, **shift: float) -> pl.DataFrame:
    """Losses of n sessions; each forecaster is `shift` nats off the challenger."""
    days = sessions.sessions_between(dt.date(2022, 1, 3), dt.date(2023, 12, 29))[:n]
    noise = np.random.default_rng(1).normal(0.4, 0.05, len(days))
    jitter = np.random.default_rng(2).normal(0, 0.005, len(days))
    off = {"base_rate": 0.02, "volatility": 0.02} | shift
    columns = {name: noise + gain + jitter for name, gain in off.items()}
    return pl.DataFrame({"session": days, "n_rows": 1, "challenger": noise, **columns})


def gains(mean: float = 0.02, n: int = 501, spread: float = 0.02) -> pl.DataFrame:
    """Gains in two years of sessions at the most, as large of late as before."""
    days = sessions.sessions_between(dt.date(2022, 1, 3), dt.date(2023, 12, 29))[-n:]
    noise = np.random.default_rng(4).normal(0.0, spread, len(days))
    noise[:-LATE] -= noise[:-LATE].mean()
    noise[-LATE:] -= noise[-LATE:].mean()
    return pl.DataFrame({"session": days, "against": "v0", "gain": noise + mean})


def turned(gained: float, of_late: pl.Expr) -> pl.DataFrame:
    """Gains that changed a quarter ago."""
    is_late = pl.int_range(pl.len()) >= pl.len() - LATE
    changed = pl.when(is_late).then(of_late).otherwise("gain")
    return gains(gained).with_columns(gain=changed)


def strong(**changes: Any) -> evidence.Evidence:
    plain = evidence.Evidence(
        version="v2",
        against="v1",
        n_new_samples=500,
        accuracy=0.9,
        weighted_precision=0.9,
        weighted_recall=0.9,
        rarest_call=0.3,
        calibration_slope=1.0,
        calibration_error=0.02,
        losses=losses(),
        gains=gains(),
    )
    return dataclasses.replace(plain, **changes)


WEAKNESS: dict[str, dict[str, Any]] = {
    "enough_sessions": {"losses": losses(n=251)},
    "enough_new_samples": {"n_new_samples": 99},
    "accuracy_floor": {"accuracy": 0.599},
    "weighted_precision_floor": {"weighted_precision": 0.549},
    "weighted_recall_floor": {"weighted_recall": 0.549},
    "no_class_collapse": {"rarest_call": 0.019},
    "calibration_slope": {"calibration_slope": 0.49},
    "calibration_error": {"calibration_error": 0.081},
    "skill_over_base_rate": {"losses": losses(base_rate=0.0)},
    "skill_over_volatility": {"against": "", "losses": losses(volatility=-0.01)},
    "enough_paired_sessions": {"gains": gains(n=125, mean=0.03)},
    "better_point_estimate": {"gains": turned(0.02, pl.col("gain") - 0.021)},
    "surely_better": {"gains": gains(mean=0.0005)},
}


def failed(found: evidence.Evidence, rules: policy.GatePolicy = GATE) -> list[str]:
    return [c.name for c in gate.judge(found, rules).criteria if not c.is_passed]


def test_a_better_challenger_passes() -> None:
    verdict = gate.judge(strong(), GATE)
    assert verdict.is_passed
    assert [c.name for c in verdict.criteria] == NAMES + PAIRED


@pytest.mark.parametrize("name", WEAKNESS)
def test_each_criterion_blocks_on_its_own(name: str) -> None:
    weak = strong(**WEAKNESS[name])
    assert failed(weak) == [name]
    assert not gate.judge(weak, GATE).is_passed


@pytest.mark.parametrize(("slope", "bound"), [(0.49, 0.5), (2.01, 2.0)])
def test_bold_and_timid_forecasts_are_told_apart(slope: float, bound: float) -> None:
    verdict = gate.judge(strong(calibration_slope=slope), GATE)
    found = next(c for c in verdict.criteria if c.name == "calibration_slope")
    assert not found.is_passed
    assert (found.observed, found.required) == (slope, bound)


def test_worse_challengers_are_inferior() -> None:
    assert failed(strong(gains=gains(-0.01))) == PAIRED[1:]


def test_better_on_average_but_not_surely_is_inferior() -> None:
    wild = strong(gains=gains(0.002, spread=0.3))
    assert failed(wild) == ["not_inferior", "surely_better"]


def test_ties_keep_the_champion() -> None:
    tie = strong(gains=turned(0.02, pl.lit(0.0)))
    assert failed(tie) == ["better_point_estimate"]


def test_without_a_champion_nothing_is_compared() -> None:
    verdict = gate.judge(strong(against="", gains=gains()[:0]), GATE)
    assert [c.name for c in verdict.criteria] == NAMES + VACANT
    assert verdict.is_passed


def test_where_one_reigns_the_question_is_who_is_better() -> None:
    assert not failed(strong(losses=losses(volatility=-0.01)))


def test_a_champion_that_met_no_challenger_keeps_its_seat() -> None:
    verdict = gate.judge(strong(gains=gains()[:0]), GATE)
    assert [c.name for c in verdict.criteria] == [*NAMES, PAIRED[0]]
    assert failed(strong(gains=gains()[:0])) == PAIRED[:1]


def test_every_missing_metric_is_named() -> None:
    unknown = strong(accuracy=float("nan"), weighted_recall=float("nan"))
    with pytest.raises(errors.MissingEvidence, match=r"accuracy.*weighted_recall"):
        gate.judge(unknown, GATE)


def test_no_session_no_verdict() -> None:
    with pytest.raises(errors.MissingEvidence, match="sessions"):
        gate.judge(strong(losses=losses()[:0]), GATE)


def test_same_evidence_same_bytes() -> None:
    first, second = (gate.judge(strong(), GATE) for _ in range(2))
    reseeded = gate.judge(strong(), dataclasses.replace(GATE, seed=8))
    assert first == second
    assert first != reseeded


def test_verdict_becomes_a_table() -> None:
    verdict = gate.judge(strong(accuracy=0.5), GATE)
    rows = verdict.to_frame("swing", "v2", MONTH).sort("position")
    assert rows.schema == tables.VERDICTS.schema()
    assert rows["criterion"].to_list() == NAMES + PAIRED
    assert rows.filter(~pl.col("is_passed"))["criterion"].to_list() == [NAMES[2]]
    assert rows["sentence"][2] == "share of right classes: 0.5, at least 0.6"
    assert set(rows["against"]) == {"v1"}


def test_a_stored_verdict_is_read_as_it_was_written() -> None:
    verdict = gate.judge(strong(accuracy=0.5), GATE)
    rows = verdict.to_frame("swing", "v2", MONTH)
    assert gate.from_frame(rows.reverse()) == verdict
