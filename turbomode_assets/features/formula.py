"""Formulas over the bars of one symbol, written like arithmetic and evaluated later.

A formula says which operation is applied to which other formulas; equal formulas are
one object, so whatever two features share is computed once. It knows how many earlier
bars it needs. `program` brings formulas into an order, `machine` evaluates them. Which
features exist is said in the family files; no arrays here.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Union

from turbomode_assets.features.operations import WINDOWED, Op

_WIDTHS = (1, 2, 5, 10, 20, 60)
"""Windows from which longer ones are made: each common window then costs one or two
operations more than a shorter one that is needed anyway."""


@dataclasses.dataclass(frozen=True, eq=False)
class Formula:
    """An operation on other formulas; one value per bar of a symbol.

    Arithmetic with numbers and formulas gives formulas. Windows end with the current
    bar and are counted in bars of the symbol.
    """

    op: Op
    operands: tuple["Formula", ...]
    numbers: tuple[float, float]
    lookback: int
    """Earlier bars of the symbol without which there is no value."""

    def __add__(self, other: Union["Formula", float]) -> "Formula":
        """Sum with a formula or number."""
        return _either(Op.ADD, Op.SHIFT, self, other)

    __radd__ = __add__

    def __sub__(self, other: Union["Formula", float]) -> "Formula":
        """Difference from a formula or number."""
        if isinstance(other, Formula):
            return _node(Op.SUBTRACT, self, other)
        return self + -other

    def __rsub__(self, other: float) -> "Formula":
        """A number less the formula."""
        return _node(Op.SUBTRACT_FROM, self, numbers=(other, 0.0))

    def __neg__(self) -> "Formula":
        """The formula with its sign turned."""
        return self * -1.0

    def __mul__(self, other: Union["Formula", float]) -> "Formula":
        """Product with a formula or number."""
        return _either(Op.MULTIPLY, Op.SCALE, self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Union["Formula", float]) -> "Formula":
        """Quotient by a formula or number."""
        if isinstance(other, Formula):
            return _node(Op.DIVIDE, self, other)
        return self * (1.0 / other)

    def __abs__(self) -> "Formula":
        """Size without the sign."""
        return _node(Op.ABSOLUTE, self)

    def __gt__(self, other: "Formula") -> "Formula":
        """1 where the formula is larger than another, else 0."""
        return _node(Op.EXCEEDS, self, other)

    def __lt__(self, other: "Formula") -> "Formula":
        """1 where the formula is smaller than another, else 0."""
        return other > self

    @property
    def squared(self) -> "Formula":
        """Square."""
        return self * self

    @property
    def root(self) -> "Formula":
        """Square root."""
        return _node(Op.ROOT, self)

    @property
    def log(self) -> "Formula":
        """Natural logarithm."""
        return _node(Op.LOG, self)

    @property
    def sign(self) -> "Formula":
        """-1, 0 or 1."""
        return _node(Op.SIGN, self)

    @property
    def running_total(self) -> "Formula":
        """Sum since the symbol's first loaded bar; 0 before the first value."""
        return _node(Op.RUNNING_TOTAL, self, numbers=(self.lookback, 0.0))

    def at_least(self, least: Union["Formula", float]) -> "Formula":
        """The formula or `least`, whichever is larger."""
        return _either(Op.LARGER, Op.AT_LEAST, self, least)

    def at_most(self, most: Union["Formula", float]) -> "Formula":
        """The formula or `most`, whichever is smaller."""
        return _either(Op.SMALLER, Op.AT_MOST, self, most)

    def clip(self, low: float, high: float) -> "Formula":
        """The formula, kept between two numbers."""
        return _node(Op.CLIP, self, numbers=(low, high))

    def where(self, tested: "Formula", exceeds: float) -> "Formula":
        """The formula where `tested` is larger than a number, else 0."""
        return _node(Op.WHERE, self, tested, numbers=(exceeds, 0.0))

    def ago(self, n: int) -> "Formula":
        """Value `n` bars earlier."""
        return _node(Op.AGO, self, numbers=(n, 0.0)) if n else self

    @property
    def previous(self) -> "Formula":
        """Value one bar earlier."""
        return self.ago(1)

    def sum(self, n: int) -> "Formula":
        """Sum of the last `n` values."""
        return _joined(n, self, lambda late, early: late + early)

    def highest(self, n: int) -> "Formula":
        """Largest of the last `n` values."""
        return _joined(n, self, Formula.at_least)

    def lowest(self, n: int) -> "Formula":
        """Smallest of the last `n` values."""
        return _joined(n, self, Formula.at_most)

    def mean(self, n: int) -> "Formula":
        """Mean of the last `n` values."""
        return self.sum(n) / n

    def mean_square(self, n: int) -> "Formula":
        """Mean of the squares of the last `n` values."""
        return self.squared.mean(n)

    def variance(self, n: int) -> "Formula":
        """Variance of the last `n` values, divided by ``n - 1``; never negative."""
        centered = self.mean_square(n) - self.mean(n).squared
        return centered.at_least(0.0) * (n / (n - 1))

    def std(self, n: int) -> "Formula":
        """Standard deviation of the last `n` values, divided by ``n - 1``."""
        return self.variance(n).root

    def slope(self, n: int) -> "Formula":
        """Slope per bar of the least-squares line through the last `n` values."""
        leant = self.sum(n) * ((n - 1) / 2) - self._aged_sum(n)
        return leant / (n * (n**2 - 1) / 12)

    def _aged_sum(self, n: int) -> "Formula":
        """Sum of the last `n` values, each times the number of bars since."""
        if n == 1:
            return zero()
        width = _part(n)
        early = self._aged_sum(n - width) + self.sum(n - width) * width
        return self._aged_sum(width) + early.ago(width)

    def place_of_highest(self, n: int) -> "Formula":
        """Place of the first largest of the last `n` values; 1 is the oldest."""
        return n - self._since(n, Formula.highest, Formula.__gt__)

    def place_of_lowest(self, n: int) -> "Formula":
        """Place of the first smallest of the last `n` values; 1 is the oldest."""
        return n - self._since(n, Formula.lowest, Formula.__lt__)

    def _since(
        self,
        n: int,
        extreme: Callable[["Formula", int], "Formula"],
        beats: Callable[["Formula", "Formula"], "Formula"],
    ) -> "Formula":
        """Bars since the first extreme of the last `n` values."""
        if n == 1:
            return zero()
        width = _part(n)
        late, early = extreme(self, width), extreme(self, n - width).ago(width)
        since = self._since(n - width, extreme, beats).ago(width)
        recent = self._since(width, extreme, beats)
        return _node(Op.CHOOSE, beats(late, early), recent, since, numbers=(width, 0.0))

    def rank(self, n: int) -> "Formula":
        """Rank of the latest among the last `n` values, over `n`; ties share a mean."""
        return (self._tally(n) + 2.0) / (2.0 * n)

    def _tally(self, n: int) -> "Formula":
        """Earlier of the last `n` values below the latest, twice, and equal to it."""
        if n == 1:
            return zero()
        width = _part(n)
        return _node(Op.TALLY, self, self._tally(width), numbers=(width, n))

    def mean_deviation(self, n: int) -> "Formula":
        """Mean distance of the last `n` values from their mean."""
        return _node(Op.MEAN_DEVIATION, self, self.mean(n), numbers=(0.0, n))

    def lower_fifth(self, n: int) -> "Formula":
        """Quantile of .2 of the last `n` values, interpolated between neighbors."""
        return _node(Op.FIFTHS, self, numbers=(0.0, n))

    def upper_fifth(self, n: int) -> "Formula":
        """Quantile of .8 of the last `n` values, interpolated between neighbors."""
        return _node(Op.SECOND, self.lower_fifth(n))

    @functools.cached_property
    def leaves(self) -> frozenset["Formula"]:
        """Formulas in it that are made of no others."""
        below = (operand.leaves for operand in self.operands)
        return frozenset().union(*below) if self.operands else frozenset({self})


def given(place: int, lookback: int = 0) -> Formula:
    """Column that is given; `place` is its number among those of a symbol."""
    return _node(Op.GIVEN, numbers=(place, lookback))


def zero() -> Formula:
    """0 on every bar."""
    return _node(Op.ZERO)


def covariance(one: Formula, other: Formula, n: int) -> Formula:
    """Covariance of the last `n` values of two formulas, divided by ``n - 1``."""
    centered = (one * other).mean(n) - one.mean(n) * other.mean(n)
    return centered * (n / (n - 1))


def _part(n: int) -> int:
    return max(width for width in _WIDTHS if width < n)


def _joined(
    n: int, values: Formula, join: Callable[[Formula, Formula], Formula]
) -> Formula:
    """Window of `n` values, joined from one of the latest and one of the rest."""
    if n == 1:
        return values
    width = _part(n)
    late, early = _joined(width, values, join), _joined(n - width, values, join)
    return join(late, early.ago(width))


def _either(
    both: Op, with_number: Op, formula: Formula, other: Formula | float
) -> Formula:
    if isinstance(other, Formula):
        return _node(both, formula, other)
    return _node(with_number, formula, numbers=(other, 0.0))


@functools.cache
def _node(
    op: Op, *operands: Formula, numbers: tuple[float, float] = (0.0, 0.0)
) -> Formula:
    """The one formula of these operands."""
    return Formula(op, operands, numbers, _lookback(op, operands, numbers))


def _lookback(
    op: Op, operands: tuple[Formula, ...], numbers: tuple[float, float]
) -> int:
    if op == Op.GIVEN:
        return int(numbers[1])
    if op == Op.RUNNING_TOTAL:
        return 0
    return max(
        (
            operand.lookback + reach(op, numbers, place)
            for place, operand in enumerate(operands)
        ),
        default=0,
    )


def reach(op: Op, numbers: tuple[float, float], place: int) -> int:
    """Bars before the current one that an operation needs of an operand."""
    if op == Op.AGO:
        return int(numbers[0])
    if op in WINDOWED and place == 0:
        return int(numbers[1]) - 1
    return 0
