"""Every chosen number has its reason, its bounds and a part in the version."""

import ast
import dataclasses
import inspect
import math
from typing import Any

import pytest

from turbomode_assets import errors, market_policy, policy, report_policy

STAGES: dict[str, Any] = {
    field.name: field.default for field in dataclasses.fields(policy.Policy)
}
"""Record of each stage, by its field of `Policy`."""

FIELDS = [
    (stage, field.name)
    for stage, record in STAGES.items()
    for field in dataclasses.fields(record)
]

UNBOUNDED = {"seed", "line_up", "label", "feature_set"} | {
    "momentum_feature",
    "volatility_feature",
}
"""Any seed will do, and names are looked up where they are known."""

BOUNDED = [pair for pair in FIELDS if pair[1] not in UNBOUNDED]

RECORDS = [
    node
    for module in (policy, market_policy, report_policy)
    for node in ast.parse(inspect.getsource(module)).body
    if isinstance(node, ast.ClassDef)
]


def _with(stage: str, field: str, value: Any) -> policy.Policy:
    changes = {stage: dataclasses.replace(STAGES[stage], **{field: value})}
    return dataclasses.replace(policy.SWING, **changes)


def _other(value: Any) -> Any:
    """Value unlike `value`, and within the bounds of the policy."""
    if isinstance(value, str):
        known = (policy.LEARNABLE, policy.FEATURE_SETS)
        names = next((each for each in known if value in each), policy.LEARNABLE)
        return next(name for name in names if name != value)
    return value + 1 if isinstance(value, int) else value * 0.9


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_every_number_is_followed_by_its_reason(record: ast.ClassDef) -> None:
    bare = [
        ast.unparse(statement)
        for statement, following in zip(record.body, record.body[1:], strict=False)
        if isinstance(statement, ast.AnnAssign)
        and not (
            isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
            and isinstance(following.value.value, str)
        )
    ]
    assert bare == []
    assert not isinstance(record.body[-1], ast.AnnAssign)


def test_every_record_is_looked_at() -> None:
    found = {record.name for record in RECORDS}
    assert found == {type(record).__name__ for record in STAGES.values()} | {"Policy"}


@pytest.mark.parametrize(("stage", "field"), BOUNDED)
@pytest.mark.parametrize("absurd", [-1, 10**9, math.nan, math.inf])
def test_absurd_numbers_are_refused_by_name(
    stage: str, field: str, absurd: float
) -> None:
    with pytest.raises(errors.PolicyError, match=f"`{field}` must lie in .*, was"):
        _with(stage, field, absurd)


def test_a_grade_of_two_classes_is_not_learned_but_answered() -> None:
    with pytest.raises(errors.PolicyError, match="was 'seed_10pct', which is a grade"):
        policy.TrainingPolicy(label="seed_10pct")
    assert set(policy.LEARNABLE) < set(policy.LABELS)


def test_an_unknown_label_is_answered_with_the_nearest() -> None:
    with pytest.raises(errors.PolicyError, match="Did you mean 'symmetric_10pct'"):
        policy.TrainingPolicy(label="symetric_10pct")


@pytest.mark.parametrize(("stage", "field"), FIELDS)
def test_the_version_changes_with_every_number(stage: str, field: str) -> None:
    changed = _with(stage, field, _other(getattr(STAGES[stage], field)))
    assert changed.version != policy.SWING.version
    assert changed.version == dataclasses.replace(changed).version


@pytest.mark.parametrize("stage", STAGES)
def test_records_are_frozen_and_keyword_only(stage: str) -> None:
    record = STAGES[stage]
    field = dataclasses.fields(record)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, field, 1)
    assert all(f.kw_only for f in dataclasses.fields(record))


def test_the_version_is_twelve_hex_digits() -> None:
    version = policy.SWING.version
    assert len(version) == 12
    assert int(version, 16) >= 0
