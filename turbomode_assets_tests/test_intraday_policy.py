"""Every number chosen for the intraday desk has its reason, bounds and a version."""

import ast
import dataclasses
import inspect
import math
from typing import Any

import pytest

from turbomode_assets import errors, intraday_policy, voter_policy

RECORDS: dict[str, Any] = {
    "DeskPolicy": intraday_policy.DeskPolicy(),
    "ConsensusPolicy": intraday_policy.ConsensusPolicy(),
} | {
    type(getattr(voter_policy.VoterPolicy(), field.name)).__name__: getattr(
        voter_policy.VoterPolicy(), field.name
    )
    for field in dataclasses.fields(voter_policy.VoterPolicy)
}

NUMBERS = [
    (name, field.name)
    for name, record in RECORDS.items()
    for field in dataclasses.fields(record)
    if isinstance(getattr(record, field.name), int | float)
]

CLASSES = [
    node
    for module in (intraday_policy, voter_policy)
    for node in ast.parse(inspect.getsource(module)).body
    if isinstance(node, ast.ClassDef)
]


@pytest.mark.parametrize("record", CLASSES, ids=lambda node: node.name)
def test_every_number_is_followed_by_its_reason(record: ast.ClassDef) -> None:
    for statement, following in zip(record.body, record.body[1:], strict=False):
        if isinstance(statement, ast.AnnAssign):
            assert isinstance(following, ast.Expr), ast.unparse(statement)
            assert isinstance(following.value, ast.Constant)


@pytest.mark.parametrize(("record", "field"), NUMBERS)
@pytest.mark.parametrize("absurd", [-1, 10**9, math.nan, math.inf])
def test_absurd_numbers_are_refused_by_name(
    record: str, field: str, absurd: float
) -> None:
    with pytest.raises(errors.PolicyError, match=f"`{field}` must lie in .*, was"):
        dataclasses.replace(RECORDS[record], **{field: absurd})


@pytest.mark.parametrize(("record", "field"), NUMBERS)
def test_the_version_changes_with_every_number(record: str, field: str) -> None:
    whole = intraday_policy.INTRADAY
    chosen = RECORDS[record]
    value = getattr(chosen, field)
    other = dataclasses.replace(
        chosen, **{field: value + 1 if isinstance(value, int) else value * 0.99}
    )
    places = {
        type(getattr(whole, f.name)).__name__: f.name for f in dataclasses.fields(whole)
    }
    if record in places:
        changed = dataclasses.replace(whole, **{places[record]: other})
    else:
        of_voters = {
            type(getattr(whole.voters, f.name)).__name__: f.name
            for f in dataclasses.fields(whole.voters)
        }
        voters = dataclasses.replace(whole.voters, **{of_voters[record]: other})
        changed = dataclasses.replace(whole, voters=voters)
    assert changed.version != whole.version


def test_an_unknown_method_is_answered_with_the_nearest() -> None:
    with pytest.raises(errors.PolicyError, match="Did you mean 'learned'"):
        intraday_policy.ConsensusPolicy(method="learn")


def test_the_desk_names_every_symbol_once() -> None:
    desk = intraday_policy.DeskPolicy(symbols=("RTX", "LMT"))
    assert len(set(desk.names)) == len(desk.names) == 11
