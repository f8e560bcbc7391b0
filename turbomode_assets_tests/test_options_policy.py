"""Every number chosen for the options book has its reason, bounds and a version."""

import ast
import dataclasses
import inspect
import math

import pytest

from turbomode_assets import errors, options_policy

PARTS = {
    field.name: getattr(options_policy.OPTIONS, field.name)
    for field in dataclasses.fields(options_policy.OptionsPolicy)
}
NUMBERS = [
    (part, field.name)
    for part, record in PARTS.items()
    for field in dataclasses.fields(record)
    if not isinstance(getattr(record, field.name), bool)
]
CLASSES = [
    node
    for node in ast.parse(inspect.getsource(options_policy)).body
    if isinstance(node, ast.ClassDef)
]


@pytest.mark.parametrize("record", CLASSES, ids=lambda node: node.name)
def test_every_number_is_followed_by_its_reason(record: ast.ClassDef) -> None:
    for statement, following in zip(record.body, record.body[1:], strict=False):
        if isinstance(statement, ast.AnnAssign):
            assert isinstance(following, ast.Expr), ast.unparse(statement)
            assert isinstance(following.value, ast.Constant)


@pytest.mark.parametrize(("part", "field"), NUMBERS)
@pytest.mark.parametrize("absurd", [-1, 10**10, math.nan, math.inf])
def test_absurd_numbers_are_refused_by_name(
    part: str, field: str, absurd: float
) -> None:
    with pytest.raises(errors.PolicyError, match=r"must lie in .*, was"):
        dataclasses.replace(PARTS[part], **{field: absurd})


@pytest.mark.parametrize(("part", "field"), NUMBERS)
def test_the_version_changes_with_every_number(part: str, field: str) -> None:
    value = getattr(PARTS[part], field)
    other = value + 1 if isinstance(value, int) else value * 0.999
    changed = dataclasses.replace(PARTS[part], **{field: other})
    whole = dataclasses.replace(options_policy.OPTIONS, **{part: changed})
    assert whole.version != options_policy.OPTIONS.version


def test_trading_is_disabled() -> None:
    assert options_policy.TRADING is False
