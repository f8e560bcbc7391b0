"""What can be done to columns: the instruction set of `machine`.

An operation reads columns `a`, `b`, `c` and numbers `x`, `y`; rows are bars. The tens
of its number say what kind it is: arithmetic, comparison, with a number, alone, more
than that, and moves. Numbers stand in compiled code that is kept between runs: append,
never renumber.
"""

import enum


class Op(enum.IntEnum):
    """An operation; operands and numbers are those it does not need to name."""

    ADD = 0
    SUBTRACT = 1
    MULTIPLY = 2
    DIVIDE = 3

    LARGER = 10
    SMALLER = 11
    EXCEEDS = 12
    """1 where ``a > b``, else 0"""

    WHERE = 13
    """``a`` where ``b > x``, else 0"""

    SHIFT = 20
    """``a + x``"""

    SCALE = 21
    """``a * x``"""

    SUBTRACT_FROM = 22
    """``x - a``"""

    AT_LEAST = 23
    """``a`` or ``x``, whichever is larger"""

    AT_MOST = 24
    """``a`` or ``x``, whichever is smaller"""

    CLIP = 25
    """``a`` kept between ``x`` and ``y``"""

    ABSOLUTE = 30
    SIGN = 31
    ROOT = 32
    LOG = 33
    ZERO = 34
    SECOND = 35
    """The second column of an operation that writes two"""

    TALLY = 40
    """``b``, plus 2 for each `a` from `x` to ``y - 1`` rows ago that is smaller than
    the latest, plus 1 for each that is equal"""

    MEAN_DEVIATION = 41
    """Mean distance of the last `y` values of `a` from `b`"""

    FIFTHS = 42
    """Quantiles of .2 and .8 of the last `y` values of `a`, into two columns"""

    CHOOSE = 43
    """``b`` where ``a`` is not 0, else ``c + x``"""

    RUNNING_TOTAL = 44
    """Sum of `a` since row `x`; 0 before"""

    GIVEN = 50
    """Given column number `x`; the first `y` rows of a symbol have no value"""

    STORE = 51
    """Asked rows of `a` into a line of the result; nan where there is no value"""

    AGO = 52
    """`a` of `x` rows ago: an address, never executed"""


WINDOWED = frozenset({Op.TALLY, Op.MEAN_DEVIATION, Op.FIFTHS})
"""Operations that look at the last `y` values of `a`."""
