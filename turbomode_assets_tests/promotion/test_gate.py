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
NAMES = [criterion.__name__ for criterion in gate.CRITERIA]
PAIRED = [criterion.__name__ for criterion in gate.AGAINST_CHAMPION]


def losses(n: int = 260, n_paired: int | None = None, **shift: float) -> pl.DataFrame:
    """Losses of n sessions; each forecaster is `shift` nats off the challenger."""
    days = sessions.sessions_between(dt.date(2022, 1, 3), dt.date(2023, 12, 29))[:n]
    noise = np.random.default_rng(1).normal(0.4, 0.05, len(days))
    jitter = np.random.default_rng(2).normal(0, 0.005, len(days))
    gains = {"base_rate": 0.02, "volatility": 0.02, "champion": 0.02} | shift
    columns = {name: noise + gain + jitter for name, gain in gains.items()}
    paired = [1] * len(days) if n_paired is None else [1] * n_paired
    return pl.DataFrame(
        {"session": days, "n_rows": 1, "challenger": noise, **columns}
        | {"n_paired": paired + [0] * (len(days) - len(paired))}
        | {"challenger_paired": noise}
    )


def gains(mean: float = 0.02) -> pl.DataFrame:
    """Gains over the champion in two years of sessions."""
    days = sessions.sessions_between(dt.date(2022, 1, 3), dt.date(2023, 12, 29))
    noise = np.random.default_rng(4).normal(mean, 0.02, len(days))
    return pl.DataFrame({"session": days, "gain": noise})


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
    "skill_over_volatility": {"losses": losses(volatility=-0.01)},
    "enough_paired_sessions": {"losses": losses(n_paired=125)},
    "surely_better": {"gains": gains(mean=0.0)},
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


def test_a_worse_challenger_is_inferior() -> None:
    assert failed(strong(losses=losses(champion=-0.01))) == PAIRED[1:3]


def test_better_on_average_but_not_surely_is_inferior() -> None:
    wild = np.random.default_rng(3).normal(0.002, 0.2, 260)
    noisy = losses().with_columns(champion=pl.col("challenger") + wild - wild.mean())
    lucky = noisy.with_columns(pl.col("champion") + 0.001)
    assert failed(strong(losses=lucky)) == ["not_inferior"]


def test_ties_keep_the_champion() -> None:
    tie = losses().with_columns(champion="challenger_paired")
    assert failed(strong(losses=tie)) == ["better_point_estimate"]


def test_without_a_champion_nothing_is_compared() -> None:
    alone = losses().with_columns(
        pl.lit(None, dtype=pl.Float64).alias("champion"), n_paired=pl.lit(0)
    )
    verdict = gate.judge(strong(against="", losses=alone), GATE)
    assert [c.name for c in verdict.criteria] == NAMES
    assert verdict.is_passed


def test_a_champion_without_shared_rows_keeps_its_seat() -> None:
    silent = losses(n_paired=0).with_columns(
        pl.lit(None, dtype=pl.Float64).alias("champion")
    )
    verdict = gate.judge(strong(losses=silent, gains=gains()[:0]), GATE)
    assert [c.name for c in verdict.criteria] == [*NAMES, PAIRED[0]]
    assert failed(strong(losses=silent, gains=gains()[:0])) == PAIRED[:1]


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
