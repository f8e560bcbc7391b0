"""One contract in its market, priced as if it could only be exercised at the end.

By QuantLib's formula of Black, and Li's for the volatility. What early exercise is
worth stands in ``american.py``; many contracts at once in ``pricing.py``.

References
----------
M. Li, "Approximate Inversion of the Black-Scholes Formula Using Rational Functions",
European Journal of Operational Research 185(2), 2008.
"""

import dataclasses
import math

import QuantLib as ql  # noqa: N813 - its own name for itself

Cells = tuple[float | None, ...]
"""Of `pricing.GREEKS`, in their order."""

RIGHTS = {"call": ql.Option.Call, "put": ql.Option.Put}
SIGNS = {"call": 1.0, "put": -1.0}
DAYS = 365.0
"""Of a year."""

_PRECISION = 1e-8


@dataclasses.dataclass(slots=True)
class Terms:
    """A contract and its market, as `pricing.TERMS` says, and a volatility."""

    right: str
    spot: float
    strike: float
    years: float
    rate: float
    dividend_yield: float
    vol: float

    @property
    def deviation(self) -> float:
        """Standard deviation of the log of the price over the life."""
        return self.vol * math.sqrt(self.years)

    @property
    def intrinsic(self) -> float:
        """What exercise at once pays."""
        return max(SIGNS[self.right] * (self.spot - self.strike), 0.0)


def black(terms: Terms) -> ql.BlackCalculator:
    """QuantLib's calculator of a contract."""
    payoff = ql.PlainVanillaPayoff(RIGHTS[terms.right], terms.strike)
    return ql.BlackCalculator(
        payoff, _forward(terms), terms.deviation, _discount(terms)
    )


def greeks(terms: Terms) -> Cells:
    """Cells of `pricing.GREEKS`."""
    found = black(terms)
    return (
        found.value(),
        found.delta(terms.spot),
        found.gamma(terms.spot),
        found.theta(terms.spot, terms.years) / DAYS,
        found.vega(terms.years) / 100,
        found.rho(terms.years) / 100,
    )


def implied(terms: Terms, price: float) -> Cells | None:
    """Annual volatility at which `price` is right, and the Greeks; None without one."""
    vol = volatility(terms, price)
    if vol is None:
        return None
    terms.vol = vol
    return vol, *greeks(terms)[1:]


def volatility(terms: Terms, price: float) -> float | None:
    """Annual volatility at which `price` is right; None where none is."""
    try:
        deviation = ql.blackFormulaImpliedStdDevLiRS(
            RIGHTS[terms.right],
            terms.strike,
            _forward(terms),
            price,
            _discount(terms),
            0.0,
            ql.nullDouble(),
            1.0,
            _PRECISION,
            100,
        )
    except RuntimeError:  # QuantLib's word for a price that no volatility explains
        return None
    return float(deviation) / math.sqrt(terms.years) or None


def _discount(terms: Terms) -> float:
    return math.exp(-terms.rate * terms.years)


def _forward(terms: Terms) -> float:
    return terms.spot * math.exp((terms.rate - terms.dividend_yield) * terms.years)
