"""Formulas brought into an order in which a machine can evaluate them.

1. Formulas are listed operands first, each once, feature by feature.
2. Backwards from the features, each learns how many rows before the asked ones are
   wanted of it.
3. Each is given a column to write to, free again after its last reader.

What an instruction does is said in `operations`; doing it is the business of `machine`.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from turbomode_assets.features.formula import Formula, reach
from turbomode_assets.features.operations import Op

ALL_ROWS = 1 << 40
"""More rows than any symbol has."""

N_OPERANDS = 3

Steps = dict[Formula, int]


class Program(NamedTuple):
    """Instructions, as the arrays `machine.run` reads.

    Each row of `codes` is an operation, the column (or line of the result) it writes,
    its look-back, how many rows before the asked ones are wanted, and for each of
    three operands its column and how many rows ago; `numbers` has its two numbers.
    The order of fields stands in compiled code that is kept between runs.
    """

    codes: npt.NDArray[np.int64]
    numbers: npt.NDArray[np.float64]
    n_columns: int


def compiled(features: Sequence[Formula]) -> Program:
    """Program that writes the value of each formula into a line of its own.

    Examples
    --------
    >>> from turbomode_assets.features.formula import given
    >>> program = compiled([given(0).mean(3), given(0).sum(3)])
    >>> [Op(code).name for code in program.codes[:, 0]]
    ['GIVEN', 'ADD', 'ADD', 'SCALE', 'STORE', 'STORE']
    """
    stores = [_store(formula, line) for line, formula in enumerate(features)]
    order = _ordered(stores)
    wanted = _wanted(order)
    steps = [formula for formula in order if formula.op != Op.AGO]
    columns, n_columns = _columns(steps)
    codes = [_code(formula, wanted[formula], columns) for formula in steps]
    return Program(
        codes=np.array(codes, dtype=np.int64),
        numbers=np.array([formula.numbers for formula in steps], dtype=float),
        n_columns=n_columns,
    )


def _store(formula: Formula, line: int) -> Formula:
    return Formula(Op.STORE, (formula,), (line, 0.0), formula.lookback)


def _ordered(stores: Sequence[Formula]) -> list[Formula]:
    """All formulas once, operands before what is made of them."""
    order: dict[Formula, None] = {}

    def visit(formula: Formula) -> None:
        if formula not in order:
            for operand in formula.operands:
                visit(operand)
            order[formula] = None

    for store in stores:
        visit(store)
    return list(order)


def _wanted(order: list[Formula]) -> Steps:
    """Rows before the asked ones that are wanted of each formula."""
    wanted = dict.fromkeys(order, 0)
    for formula in reversed(order):
        if formula.op == Op.RUNNING_TOTAL:
            wanted[formula] = ALL_ROWS
        for place, operand in enumerate(formula.operands):
            rows = wanted[formula] + reach(formula.op, formula.numbers, place)
            wanted[operand] = max(wanted[operand], rows)
    return wanted


def _columns(steps: list[Formula]) -> tuple[Steps, int]:
    """Column of each formula, and how many there are."""
    last_reader = {read: step for step in steps for read, _ in _operands(step)}
    columns: Steps = {}
    free: list[int] = []
    n_columns = 0
    for formula in steps:
        if formula.op == Op.STORE:
            columns[formula] = int(formula.numbers[0])
        elif free and formula.op != Op.FIFTHS:
            columns[formula] = free.pop()
        else:
            columns[formula] = n_columns
            n_columns += _width(formula)
        for read in dict(_operands(formula)):
            if last_reader[read] is formula:
                free += range(columns[read], columns[read] + _width(read))
    return columns, n_columns


def _width(formula: Formula) -> int:
    return 2 if formula.op == Op.FIFTHS else 1


def _operands(formula: Formula) -> Iterator[tuple[Formula, int]]:
    """Operands that are columns, and how many rows ago each is read."""
    for operand in formula.operands:
        column, ago = operand, 0
        while column.op == Op.AGO:
            ago += int(column.numbers[0])
            (column,) = column.operands
        yield column, ago


def _code(formula: Formula, wanted: int, columns: Steps) -> list[int]:
    code = [formula.op, columns[formula], formula.lookback, wanted]
    for operand, ago in _operands(formula):
        second = int(formula.op == Op.SECOND)
        code += [columns[operand] + second, ago]
    return code + [0] * (4 + 2 * N_OPERANDS - len(code))
