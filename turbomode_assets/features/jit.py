"""Functions compiled to machine code by numba.

The code is kept between runs: beside the source file, in the user's cache where that
folder is not writable, or not at all where neither is. Division by zero gives infinity
or nan as in NumPy. Arithmetic is never reordered, so that the same inputs give the same
bytes.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")

_compile = numba.njit(nogil=True, error_model="numpy")
_compile_once = numba.njit(nogil=True, error_model="numpy", cache=True)


def part(function: Callable[P, R]) -> Callable[P, R]:
    """`function` compiled into those of its file that call it."""
    return cast(Callable[P, R], _compile(function))


def entry(function: Callable[P, R]) -> Callable[P, R]:
    """`function` compiled at its first call and kept; to be called from Python."""
    try:
        return cast(Callable[P, R], _compile_once(function))
    except RuntimeError:  # No folder can be written to.
        return part(function)
