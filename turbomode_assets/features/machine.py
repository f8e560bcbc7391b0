"""The machine that evaluates a program, one symbol after the other.

A symbol's columns are short enough to stay close to the processor, and an instruction
is one loop over its rows, free of branches wherever that can be. They stand in one
memory, and instructions name places in it: making an array of each column they touch
would take as long as a tenth of the work. Every value is made by the same operations in
the same order, whichever rows are asked for. Nothing here knows prices or features;
what the operations mean stands in `operations`. All of it stands in one file, because
compiled code is kept until the file of its entry changes.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from turbomode_assets.features.groups import Array, Codes, Singles
from turbomode_assets.features.jit import entry, part
from turbomode_assets.features.operations import Op
from turbomode_assets.features.program import Program

_COMPARISONS, _WITH_NUMBER, _ALONE, _MORE = 10, 20, 30, 40
"""Where the kinds of operations begin; arithmetic comes first."""

_LINE = 8
"""Numbers between two columns, so that they do not share a line of the cache."""

_place = np.uint64
"""Where something stands in memory. A number with a sign could count from the end, and
asking that of every row keeps the compiler from doing several at once."""


class Panel(NamedTuple):
    """Bars of some symbols, one symbol after the other."""

    given: Array
    """One line per given column; columns are bars."""

    start: Codes
    """Row of each symbol's first bar, and one past the last row."""

    n_asked: Codes
    """How many of its last rows are asked of each symbol."""


class _Step(NamedTuple):
    """An instruction for some rows of a symbol: where each thing begins.

    Operands are named as in `operations`; `o` is what is written, `second` what an
    operation that writes two writes besides.
    """

    memory: Array
    n_rows: np.uint64
    o: np.uint64
    second: np.uint64
    a: np.uint64
    b: np.uint64
    c: np.uint64
    x: float
    y: float


@entry
def run(program: Program, panel: Panel, out: Singles) -> Codes:
    """Evaluate a program for the last rows of each symbol.

    Parameters
    ----------
    program
        What to do.
    panel
        The bars to do it with.
    out
        One line per result, with as many rows as are asked for; written to. A value is
        nan where a symbol has too few bars before it, and where it is not finite.

    Returns
    -------
    Codes
        How many values of each line are nan.
    """
    missing = np.zeros(len(out), dtype=np.int64)
    width = np.max(np.diff(panel.start)) + _LINE
    memory = np.empty(program.n_columns * width)
    done = 0
    for symbol in range(panel.n_asked.size):
        rows = panel.given[:, panel.start[symbol] : panel.start[symbol + 1]]
        asked = out[:, done : done + panel.n_asked[symbol]]
        if panel.n_asked[symbol]:
            _run_symbol(program, memory, rows, asked, missing)
        done += panel.n_asked[symbol]
    return missing


@part
def _run_symbol(
    program: Program, memory: Array, given: Array, out: Singles, missing: Codes
) -> None:
    codes, numbers = program.codes, program.numbers
    width = memory.size // program.n_columns
    end = given.shape[1]
    first = end - out.shape[1]
    for n in range(len(codes)):
        op, line, read, ago = codes[n, 0], codes[n, 1], codes[n, 4], codes[n, 5]
        begin = min(max(codes[n, 2], first - codes[n, 3]), end)
        if op == Op.STORE:
            a = memory[read * width + begin - ago : read * width + end - ago]
            missing[line] += _store(out[line], a, begin - first)
        elif begin < end:
            if op == Op.GIVEN:
                o = memory[line * width + begin : line * width + end]
                o[:] = given[int(numbers[n, 0]), begin:]
            else:
                _execute(op, _step(program, n, memory, begin, end))


@part
def _store(o: Singles, a: Array, n_missing: int) -> int:
    for i in range(n_missing):
        o[i] = np.nan
    known = o[n_missing:]
    for i in range(known.size):
        value = np.float32(a[i])
        nothing = value - value  # nan where the value is not finite
        known[i] = value + nothing
        n_missing += np.isnan(nothing)
    return n_missing


@part
def _step(program: Program, n: int, memory: Array, begin: int, end: int) -> _Step:
    codes, numbers = program.codes, program.numbers
    width = memory.size // program.n_columns
    return _Step(
        memory,
        _place(end - begin),
        _place(codes[n, 1] * width + begin),
        _place((codes[n, 1] + 1) * width + begin),
        _place(codes[n, 4] * width + begin - codes[n, 5]),
        _place(codes[n, 6] * width + begin - codes[n, 7]),
        _place(codes[n, 8] * width + begin - codes[n, 9]),
        numbers[n, 0],
        numbers[n, 1],
    )


@part
def _execute(op: int, step: _Step) -> None:
    if op < _COMPARISONS:
        _combine(op, step)
    elif op < _WITH_NUMBER:
        _compare(op, step)
    elif op < _ALONE:
        _with_number(op, step)
    elif op < _MORE:
        _alone(op, step)
    elif op == Op.CHOOSE:
        _choose(step)
    else:
        _look_back(op, step)


def _rows_of(
    formula: Callable[[float, float, float, float], float],
) -> Callable[[_Step], None]:
    one = part(formula)

    @part
    def loop(step: _Step) -> None:
        memory, o, a, b = step.memory, step.o, step.a, step.b
        x, y = step.x, step.y
        for i in range(step.n_rows):
            memory[o + i] = one(memory[a + i], memory[b + i], x, y)

    return loop


_add = _rows_of(lambda a, b, _, __: a + b)
_subtract = _rows_of(lambda a, b, _, __: a - b)
_multiply = _rows_of(lambda a, b, _, __: a * b)
_divide = _rows_of(lambda a, b, _, __: a / b)
_larger = _rows_of(lambda a, b, _, __: max(a, b))
_smaller = _rows_of(lambda a, b, _, __: min(a, b))
_exceeds = _rows_of(lambda a, b, _, __: 1.0 if a > b else 0.0)
_where = _rows_of(lambda a, b, x, _: a if b > x else 0.0)
_shift = _rows_of(lambda a, _, x, __: a + x)
_scale = _rows_of(lambda a, _, x, __: a * x)
_subtract_from = _rows_of(lambda a, _, x, __: x - a)
_at_least = _rows_of(lambda a, _, x, __: max(a, x))
_at_most = _rows_of(lambda a, _, x, __: min(a, x))
_clip = _rows_of(lambda a, _, x, y: min(max(a, x), y))
_absolute = _rows_of(lambda a, _, __, ___: abs(a))
_sign = _rows_of(lambda a, _, __, ___: np.sign(a))
_root = _rows_of(lambda a, _, __, ___: math.sqrt(a))
_log = _rows_of(lambda a, _, __, ___: math.log(a))
_zero = _rows_of(lambda _, __, ___, ____: 0.0)
_copy = _rows_of(lambda a, _, __, ___: a)


@part
def _combine(op: int, step: _Step) -> None:
    if op == Op.ADD:
        _add(step)
    elif op == Op.SUBTRACT:
        _subtract(step)
    elif op == Op.MULTIPLY:
        _multiply(step)
    else:
        _divide(step)


@part
def _compare(op: int, step: _Step) -> None:
    if op == Op.LARGER:
        _larger(step)
    elif op == Op.SMALLER:
        _smaller(step)
    elif op == Op.EXCEEDS:
        _exceeds(step)
    else:
        _where(step)


@part
def _with_number(op: int, step: _Step) -> None:
    if op == Op.SHIFT:
        _shift(step)
    elif op == Op.SCALE:
        _scale(step)
    elif op == Op.SUBTRACT_FROM:
        _subtract_from(step)
    elif op == Op.AT_LEAST:
        _at_least(step)
    elif op == Op.AT_MOST:
        _at_most(step)
    else:
        _clip(step)


@part
def _alone(op: int, step: _Step) -> None:
    if op == Op.ABSOLUTE:
        _absolute(step)
    elif op == Op.SIGN:
        _sign(step)
    elif op == Op.ROOT:
        _root(step)
    elif op == Op.LOG:
        _log(step)
    elif op == Op.ZERO:
        _zero(step)
    else:
        _copy(step)


@part
def _choose(step: _Step) -> None:
    memory, o, a, b, c = step.memory, step.o, step.a, step.b, step.c
    x = step.x
    for i in range(step.n_rows):
        memory[o + i] = memory[b + i] if memory[a + i] != 0.0 else memory[c + i] + x


@part
def _look_back(op: int, step: _Step) -> None:
    if op == Op.TALLY:
        _tally(step)
    elif op == Op.MEAN_DEVIATION:
        _mean_deviation(step)
    elif op == Op.FIFTHS:
        _fifths(step)
    else:
        _running_total(step)


@part
def _tally(step: _Step) -> None:
    o, a, b = _rows(step, step.o), _rows(step, step.a), _rows(step, step.b)
    o[:] = b
    for j in range(int(step.x), int(step.y)):
        e = _rows(step, step.a - _place(j))
        for i in range(o.size):
            o[i] += (1.0 if e[i] < a[i] else 0.0) + (1.0 if e[i] <= a[i] else 0.0)


@part
def _mean_deviation(step: _Step) -> None:
    o, b = _rows(step, step.o), _rows(step, step.b)
    o[:] = 0.0
    for j in range(int(step.y)):
        e = _rows(step, step.a - _place(j))
        for i in range(o.size):
            o[i] += abs(e[i] - b[i])
    for i in range(o.size):
        o[i] /= int(step.y)


@part
def _rows(step: _Step, begin: np.uint64) -> Array:
    """An array of its own, where many loops over it are worth making one."""
    return step.memory[begin : begin + step.n_rows]


@part
def _replace(ordered: Array, changed: Array, old: float, new: float) -> None:
    """Ordered values with one of them replaced, in order."""
    n = ordered.size
    if new > old:
        for k in range(n - 1):
            v, w = ordered[k], ordered[k + 1]
            w = min(new, w)
            changed[k] = v if (v < old) | (v > new) else w
        v = ordered[n - 1]
        changed[n - 1] = max(new, v)
    else:
        v = ordered[0]
        changed[0] = min(new, v)
        for k in range(1, n):
            v, w = ordered[k], ordered[k - 1]
            w = max(new, w)
            changed[k] = v if (v > old) | (v < new) else w


@part
def _fifths(step: _Step) -> None:
    memory, low, high, n_values = step.memory, step.o, step.second, int(step.y)
    entered, left = step.a, step.a - _place(n_values)
    ordered = np.sort(memory[left + _place(1) : entered + _place(1)])
    changed = np.empty_like(ordered)
    first, second = 0.2 * (n_values - 1), 0.8 * (n_values - 1)
    f, s = int(first), int(second)
    for i in range(step.n_rows):
        if i:
            _replace(ordered, changed, memory[left + i], memory[entered + i])
            ordered, changed = changed, ordered
        memory[low + i] = ordered[f] + (ordered[f + 1] - ordered[f]) * (first - f)
        memory[high + i] = ordered[s] + (ordered[s + 1] - ordered[s]) * (second - s)


@part
def _running_total(step: _Step) -> None:
    total, since = 0.0, _place(int(step.x))
    for i in range(step.n_rows):
        if i >= since:
            total += step.memory[step.a + i]
        step.memory[step.o + i] = total
