"""One contract that may be exercised at any moment.

By QuantLib's engine of Andersen, Lake and Offengenden. A small scheme of it is within
0.05 points of volatility of the exact solution for lives up to half a year, where the
classical approximations are off by one to three. A contract that is hardly worth
exercising early is priced as a European one.

An option of any life is priced as one of a year: only the products of its life with
rates and variance matter, so that minutes count although QuantLib knows days only.

References
----------
L. Andersen, M. Lake and D. Offengenden, "High-performance American Option Pricing",
Journal of Computational Finance 20(1), 2016.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Self

import QuantLib as ql  # noqa: N813 - its own name for itself

from turbomode_assets.options import european
from turbomode_assets.options.european import Cells, Terms

_STRIKE = 100.0
_SCHEME = (3, 1, 3, 9)
_SPOT_STEP, _VOL_STEP, _RATE_STEP = 0.03, 1e-3, 1e-4
_MOST_VOL = 20.0
_EXERCISED = 1e-5
_CLOSE_VOL = 3e-4
_TRIES = 40
_FAR = 3.5


def greeks(terms: Terms) -> Cells:
    """Cells of `pricing.GREEKS`."""
    if is_held_to_expiry(terms):
        return european.greeks(terms)
    engine, unit = _Engine.build(), terms.strike / _STRIKE
    option = engine.option(terms)
    price = option.NPV() * unit
    if price <= _paid_at_once(terms):
        return terms.intrinsic, european.SIGNS[terms.right], 0.0, 0.0, 0.0, 0.0
    higher = _with(engine.vol, (terms.vol + _VOL_STEP) * math.sqrt(terms.years), option)
    engine.vol.setValue(max(terms.deviation, _VOL_STEP))
    return _moved(terms, price, max((higher * unit - price) / _VOL_STEP, 0.0))


def implied(terms: Terms, price: float) -> Cells | None:
    """Annual volatility at which `price` is right, and the Greeks; None without one."""
    european_vol = european.volatility(terms, price)
    terms.vol = european_vol or _MOST_VOL
    if is_held_to_expiry(terms):
        return european.implied(terms, price)
    if price <= _paid_at_once(terms):
        return None
    engine, unit = _Engine.build(), terms.strike / _STRIKE
    option, root = engine.option(terms), math.sqrt(terms.years)

    def gap(vol: float) -> float:
        return _with(engine.vol, vol * root, option) * unit - price

    found = _root(gap, terms)
    if found is None:
        return None
    terms.vol, slope = found
    engine.vol.setValue(terms.deviation)
    return terms.vol, *_moved(terms, price, slope)[1:]


def _moved(terms: Terms, price: float, vega: float) -> Cells:
    """Cells of `pricing.GREEKS` of the engine's contract, whose vega is known."""
    engine, unit = _Engine.build(), terms.strike / _STRIKE
    option = engine.options[terms.right]
    dearer = _with(engine.rate, (terms.rate + _RATE_STEP) * terms.years, option)
    engine.rate.setValue(terms.rate * terms.years)
    rho = (dearer * unit - price) / _RATE_STEP
    step = _SPOT_STEP * min(terms.deviation, 1.0)
    above = _with(engine.spot, terms.spot * (1 + step) / unit, option) * unit
    below = _with(engine.spot, terms.spot * (1 - step) / unit, option) * unit
    delta = min(max((above - below) / (2 * step * terms.spot), -1.0), 1.0)
    gamma = max((above - 2 * price + below) / (step * terms.spot) ** 2, 0.0)
    theta = _theta(terms, price, delta, gamma)
    return price, delta, gamma, theta, vega / 100, rho / 100


def is_held_to_expiry(terms: Terms) -> bool:
    """Whether nothing is gained by early exercise, or not a millionth.

    It can only pay where a call's dividends, or a put's strike, yield more than they
    cost: where the spot is on the far side of strike x rate / yield.
    """
    sign = european.SIGNS[terms.right]
    saved, spent = terms.dividend_yield, terms.rate
    if terms.right == "put":
        saved, spent = spent, saved
    if saved <= 0:
        return True
    beyond = max(math.log(spent / saved), 0.0) if spent > 0 else 0.0
    way = beyond + sign * math.log(terms.strike / terms.spot)
    return way - abs(spent - saved) * terms.years > _FAR * terms.deviation


def _paid_at_once(terms: Terms) -> float:
    """Price up to which a contract is as good as exercised."""
    return terms.intrinsic + _EXERCISED * terms.strike


@dataclasses.dataclass(frozen=True)
class _Engine:
    """QuantLib's objects for an option of a year, struck at `_STRIKE`."""

    spot: ql.SimpleQuote
    rate: ql.SimpleQuote
    dividend_yield: ql.SimpleQuote
    vol: ql.SimpleQuote
    options: dict[str, ql.VanillaOption]

    @classmethod
    @functools.cache
    def build(cls) -> Self:
        """Objects of a day that is fixed, so that no clock is read."""
        day, count = ql.Date(2, 1, 2001), ql.Actual365Fixed()
        ql.Settings.instance().evaluationDate = day
        quotes = [ql.SimpleQuote(each) for each in (_STRIKE, 0.01, 0.0, 0.1)]
        spot, rate, dividend_yield, vol = (ql.QuoteHandle(each) for each in quotes)
        process = ql.BlackScholesMertonProcess(
            spot,
            ql.YieldTermStructureHandle(ql.FlatForward(day, dividend_yield, count)),
            ql.YieldTermStructureHandle(ql.FlatForward(day, rate, count)),
            ql.BlackVolTermStructureHandle(
                ql.BlackConstantVol(day, ql.NullCalendar(), vol, count)
            ),
        )
        engine = ql.QdFpAmericanEngine(process, ql.QdFpLegendreScheme(*_SCHEME))
        options = {}
        for right, kind in european.RIGHTS.items():
            payoff = ql.PlainVanillaPayoff(kind, _STRIKE)
            exercise = ql.AmericanExercise(day, day + 365)
            options[right] = ql.VanillaOption(payoff, exercise)
            options[right].setPricingEngine(engine)
        return cls(quotes[0], quotes[1], quotes[2], quotes[3], options)

    def option(self, terms: Terms) -> ql.VanillaOption:
        """The option that `terms` describe, in units of their strike / `_STRIKE`."""
        self.spot.setValue(terms.spot / terms.strike * _STRIKE)
        self.rate.setValue(terms.rate * terms.years)
        self.dividend_yield.setValue(terms.dividend_yield * terms.years)
        self.vol.setValue(max(terms.deviation, _VOL_STEP))
        return self.options[terms.right]


def _with(quote: ql.SimpleQuote, level: float, option: ql.VanillaOption) -> float:
    quote.setValue(level)
    return float(option.NPV())


def _theta(terms: Terms, price: float, delta: float, gamma: float) -> float:
    """Change of value a day while it is held: Black and Scholes' equation."""
    carry = terms.rate - terms.dividend_yield
    drift = carry * terms.spot * delta
    diffusion = 0.5 * (terms.vol * terms.spot) ** 2 * gamma
    return (terms.rate * price - drift - diffusion) / european.DAYS


def _root(gap: Callable[[float], float], terms: Terms) -> tuple[float, float] | None:
    """Volatility without a gap, at most that of `terms`, and the vega there.

    By secants that begin as the European price moves and stay in the bracket, which
    every price narrows. The last secant is as near to the vega as a step would be.
    """
    low, high, here = 0.0, terms.vol, terms.vol
    missed, slope = gap(here), float(european.black(terms).vega(terms.years))
    if missed < 0 and high == _MOST_VOL:
        return None
    for _ in range(_TRIES):
        low, high = (low, here) if missed > 0 else (here, high)
        following = here - missed / slope if slope > 0 else low
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - here) < _CLOSE_VOL:
            here = following
            break
        misses = gap(following)
        slope = (misses - missed) / (following - here)
        here, missed = following, misses
    return (here, max(slope, 0.0)) if here > _VOL_STEP else None
