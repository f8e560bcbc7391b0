"""The machine that evaluates a program, one symbol after the other.

A symbol's columns are short enough to stay close to the processor, and an instruction
is one loop over its rows, free of branches wherever that can be. Every value is made by
the same operations in the same order, whichever rows are asked for. Nothing here knows
prices or features; what the operations mean stands in `operations`. All of it stands in
one file, because compiled code is kept until the file of its entry changes.
"""

# Compiled functions take arrays and numbers, not objects.
# ruff: noqa: PLR0913, PLR0917

import math
from collections.abc import Callable

import numpy as np

from turbomode_assets.features.groups import Array, Codes, Singles
from turbomode_assets.features.jit import entry, part
from turbomode_assets.features.operations import Op

_ARITHMETIC, _COMPARISON, _WITH_NUMBER, _ALONE = range(4)
"""Kinds of operations: their tens."""

_LINE = 8
"""Numbers between two columns, so that they do not share a line of the cache."""


@entry
def run(
    codes: Codes,
    numbers: Array,
    n_columns: int,
    given: Array,
    start: Codes,
    n_asked: Codes,
    out: Singles,
) -> Codes:
    """Evaluate a program for the last rows of each symbol.

    Parameters
    ----------
    codes, numbers, n_columns
        A `program.Program`.
    given
        One line per given column; rows are symbols' bars, one symbol after the other.
    start
        Row of each symbol's first bar, and one past the last row.
    n_asked
        How many of its last rows are asked of each symbol.
    out
        One line per result, with as many rows as are asked for; written to. A value is
        nan where a symbol has too few bars before it, and where it is not finite.

    Returns
    -------
    Codes
        How many values of each line are nan.
    """
    missing = np.zeros(len(out), dtype=np.int64)
    columns = np.empty((n_columns, np.max(np.diff(start)) + _LINE))
    done = 0
    for symbol in range(n_asked.size):
        rows = given[:, start[symbol] : start[symbol + 1]]
        asked = out[:, done : done + n_asked[symbol]]
        if n_asked[symbol]:
            _run_symbol(codes, numbers, columns, rows, asked, missing)
        done += n_asked[symbol]
    return missing


@part
def _run_symbol(
    codes: Codes,
    numbers: Array,
    columns: Array,
    given: Array,
    out: Singles,
    missing: Codes,
) -> None:
    end = given.shape[1]
    first = end - out.shape[1]
    for step in range(len(codes)):
        code, x, y = codes[step], numbers[step, 0], numbers[step, 1]
        begin = min(max(code[2], first - code[3]), end)
        if code[0] == Op.STORE:
            a = columns[code[4], begin - code[5] : end - code[5]]
            missing[code[1]] += _store(out[code[1]], a, begin - first)
        elif begin < end:
            if code[0] == Op.GIVEN:
                _copy(columns[code[1], begin:end], given[int(x), begin:], 0.0, 0.0)
            else:
                _execute(code, columns, begin, end, x, y)


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
def _execute(
    code: Codes, columns: Array, begin: int, end: int, x: float, y: float
) -> None:
    op, kind = code[0], code[0] // 10
    o = columns[code[1], begin:end]
    a = columns[code[4], begin - code[5] : end - code[5]]
    if kind == _WITH_NUMBER:
        _with_number(op, o, a, x, y)
    elif kind == _ALONE:
        _alone(op, o, a)
    else:
        b = columns[code[6], begin - code[7] : end - code[7]]
        if kind == _ARITHMETIC:
            _combine(op, o, a, b)
        elif kind == _COMPARISON:
            _compare(op, o, a, b, x)
        elif op == Op.CHOOSE:
            c = columns[code[8], begin - code[9] : end - code[9]]
            _choose(o, a, b, c, x)
        else:
            past = columns[code[4], : end - code[5]]
            second = columns[code[1] + 1, begin:end]
            _look_back(op, o, past, b, second, x, y)


def _rows_of_one(
    formula: Callable[[float, float, float], float],
) -> Callable[[Array, Array, float, float], None]:
    one = part(formula)

    @part
    def loop(o: Array, a: Array, x: float, y: float) -> None:
        for i in range(o.size):
            o[i] = one(a[i], x, y)

    return loop


def _rows_of_two(
    formula: Callable[[float, float, float], float],
) -> Callable[[Array, Array, Array, float], None]:
    two = part(formula)

    @part
    def loop(o: Array, a: Array, b: Array, x: float) -> None:
        for i in range(o.size):
            o[i] = two(a[i], b[i], x)

    return loop


_add = _rows_of_two(lambda a, b, _: a + b)
_subtract = _rows_of_two(lambda a, b, _: a - b)
_multiply = _rows_of_two(lambda a, b, _: a * b)
_divide = _rows_of_two(lambda a, b, _: a / b)
_larger = _rows_of_two(lambda a, b, _: max(a, b))
_smaller = _rows_of_two(lambda a, b, _: min(a, b))
_exceeds = _rows_of_two(lambda a, b, _: 1.0 if a > b else 0.0)
_where = _rows_of_two(lambda a, b, x: a if b > x else 0.0)
_shift = _rows_of_one(lambda a, x, _: a + x)
_scale = _rows_of_one(lambda a, x, _: a * x)
_subtract_from = _rows_of_one(lambda a, x, _: x - a)
_at_least = _rows_of_one(lambda a, x, _: max(a, x))
_at_most = _rows_of_one(lambda a, x, _: min(a, x))
_clip = _rows_of_one(lambda a, x, y: min(max(a, x), y))
_absolute = _rows_of_one(lambda a, _, __: abs(a))
_sign = _rows_of_one(lambda a, _, __: np.sign(a))
_root = _rows_of_one(lambda a, _, __: math.sqrt(a))
_log = _rows_of_one(lambda a, _, __: math.log(a))
_fill = _rows_of_one(lambda _, x, __: x)
_copy = _rows_of_one(lambda a, _, __: a)


@part
def _combine(op: int, o: Array, a: Array, b: Array) -> None:
    if op == Op.ADD:
        _add(o, a, b, 0.0)
    elif op == Op.SUBTRACT:
        _subtract(o, a, b, 0.0)
    elif op == Op.MULTIPLY:
        _multiply(o, a, b, 0.0)
    else:
        _divide(o, a, b, 0.0)


@part
def _compare(op: int, o: Array, a: Array, b: Array, x: float) -> None:
    if op == Op.LARGER:
        _larger(o, a, b, x)
    elif op == Op.SMALLER:
        _smaller(o, a, b, x)
    elif op == Op.EXCEEDS:
        _exceeds(o, a, b, x)
    else:
        _where(o, a, b, x)


@part
def _with_number(op: int, o: Array, a: Array, x: float, y: float) -> None:
    if op == Op.SHIFT:
        _shift(o, a, x, y)
    elif op == Op.SCALE:
        _scale(o, a, x, y)
    elif op == Op.SUBTRACT_FROM:
        _subtract_from(o, a, x, y)
    elif op == Op.AT_LEAST:
        _at_least(o, a, x, y)
    elif op == Op.AT_MOST:
        _at_most(o, a, x, y)
    else:
        _clip(o, a, x, y)


@part
def _alone(op: int, o: Array, a: Array) -> None:
    if op == Op.ABSOLUTE:
        _absolute(o, a, 0.0, 0.0)
    elif op == Op.SIGN:
        _sign(o, a, 0.0, 0.0)
    elif op == Op.ROOT:
        _root(o, a, 0.0, 0.0)
    elif op == Op.LOG:
        _log(o, a, 0.0, 0.0)
    elif op == Op.ZERO:
        _fill(o, o, 0.0, 0.0)
    else:
        _copy(o, a, 0.0, 0.0)


@part
def _choose(o: Array, a: Array, b: Array, c: Array, x: float) -> None:
    for i in range(o.size):
        o[i] = b[i] if a[i] != 0.0 else c[i] + x


@part
def _look_back(
    op: int, o: Array, past: Array, b: Array, second: Array, x: float, y: float
) -> None:
    if op == Op.TALLY:
        _tally(o, past, b, int(x), int(y))
    elif op == Op.MEAN_DEVIATION:
        _mean_deviation(o, past, b, int(y))
    elif op == Op.FIFTHS:
        _fifths(o, second, past, int(y))
    else:
        _running_total(o, past, int(x))


@part
def _tally(o: Array, values: Array, b: Array, x: int, y: int) -> None:
    n = o.size
    past = values.size - n
    a = values[past:]
    for i in range(n):
        o[i] = b[i]
    for j in range(x, y):
        e = values[past - j : past - j + n]
        for i in range(n):
            o[i] += (1.0 if e[i] < a[i] else 0.0) + (1.0 if e[i] <= a[i] else 0.0)


@part
def _mean_deviation(o: Array, values: Array, b: Array, y: int) -> None:
    n = o.size
    past = values.size - n
    o[:] = 0.0
    for j in range(y):
        e = values[past - j : past - j + n]
        for i in range(n):
            o[i] += abs(e[i] - b[i])
    for i in range(n):
        o[i] /= y


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
def _fifths(low: Array, high: Array, values: Array, y: int) -> None:
    past = values.size - low.size
    ordered = np.sort(values[past - y + 1 : past + 1])
    changed = np.empty_like(ordered)
    first, second = 0.2 * (y - 1), 0.8 * (y - 1)
    f, s = int(first), int(second)
    for i in range(low.size):
        if i:
            _replace(ordered, changed, values[past + i - y], values[past + i])
            ordered, changed = changed, ordered
        low[i] = ordered[f] + (ordered[f + 1] - ordered[f]) * (first - f)
        high[i] = ordered[s] + (ordered[s + 1] - ordered[s]) * (second - s)


@part
def _running_total(o: Array, a: Array, x: int) -> None:
    total = 0.0
    o[:x] = 0.0
    for i in range(x, o.size):
        total += a[i]
        o[i] = total
