"""Prices, Greeks and implied volatilities of option contracts, by QuantLib.

QuantLib (BSD, kept up since 2000, one wheel for every Python from 3.9) rather than
vollib, which knows no American exercise and takes many times as long; the tests hold
the European figures of both against each other. Of QuantLib's engines

* European contracts get Black's formula, and Li's for the volatility;
* American ones that of Andersen, Lake and Offengenden. A small scheme of it is within
  0.05 points of volatility of the exact solution for lives up to half a year, where
  the classical approximations are off by one to three.

An option of any life is priced as one of a year: only the products of its life with
rates and variance matter, so that minutes count although QuantLib knows days only.
Dividends come as a yield over the life (`lives.dividend_yield`).

Nothing here knows a quote, a moment or a policy.

References
----------
L. Andersen, M. Lake and D. Offengenden, "High-performance American Option Pricing",
Journal of Computational Finance 20(1), 2016. M. Li, "Approximate Inversion of the
Black-Scholes Formula Using Rational Functions", European Journal of Operational
Research 185(2), 2008.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any, Literal, Self

import polars as pl
import QuantLib as ql  # noqa: N813 - its own name for itself
import scipy

Exercise = Literal["american", "european"]
"""When a holder may exercise: at any moment, or on the last day only."""

GREEKS = ("price", "delta", "gamma", "theta", "vega", "rho")
"""What `value` finds: price and delta per share, gamma per USD, theta per calendar
day, vega per point of volatility (0.01), rho per point of the rate."""

TERMS = ("right", "spot", "strike", "years", "rate", "dividend_yield")
"""Columns every function here reads: call or put; USD; USD; years to expiry, above
zero; continuous annual rate and dividend yield, as fractions."""

_DAYS = 365.0
_STRIKE = 100.0
_SCHEME = (3, 1, 3, 9)
_SPOT_STEP, _VOL_STEP, _RATE_STEP = 0.03, 1e-3, 1e-4
_MOST_VOL = 20.0
_PRECISION = 1e-8
_EXERCISED = 1e-5
_CLOSE_VOL = 3e-4
_TRIES = 12
_FAR = 3.5
_RIGHTS = {"call": ql.Option.Call, "put": ql.Option.Put}
_SIGNS = {"call": 1.0, "put": -1.0}
_Cells = tuple[float | None, ...]


def value(contracts: pl.DataFrame, exercise: Exercise = "american") -> pl.DataFrame:
    """Contracts with what they are worth, and how that moves.

    Parameters
    ----------
    contracts
        Columns `TERMS` and vol, annual volatility as a fraction.
    exercise
        Kind of every contract.

    Returns
    -------
    pl.DataFrame
        The same rows with the columns `GREEKS`; null where a term is null, or where
        vol or years is not above zero.

    Examples
    --------
    >>> terms = dict(spot=100.0, strike=100.0, years=0.25, rate=0.04, dividend_yield=0)
    >>> both = pl.DataFrame([{"right": r, "vol": 0.2} | terms for r in ("call", "put")])
    >>> value(both)["price"].round(2).to_list()
    [4.49, 3.57]
    """
    greeks = _american if exercise == "american" else _european
    rows = [
        greeks(_Terms(*cells)) if _is_priceable(cells) else (None,) * len(GREEKS)
        for cells in contracts.select(*TERMS, "vol").iter_rows()
    ]
    schema = dict.fromkeys(GREEKS, pl.Float64())
    return contracts.with_columns(pl.DataFrame(rows, schema=schema, orient="row"))


def imply(contracts: pl.DataFrame, exercise: Exercise = "american") -> pl.DataFrame:
    """Contracts with the volatility at which they are worth their price, and Greeks.

    Parameters
    ----------
    contracts
        Columns `TERMS` and price, in USD per share.
    exercise
        Kind of every contract.

    Returns
    -------
    pl.DataFrame
        The same rows with the columns vol and `GREEKS`; null but for the price where no
        volatility explains it, such as one at or below what exercise pays.
    """
    greeks, solve = _american, _american_vol
    if exercise == "european":
        greeks, solve = _european, _european_vol
    rows: list[_Cells] = []
    for cells in contracts.select(*TERMS, "price").iter_rows():
        terms = _Terms(*cells)
        vol = solve(terms, cells[-1]) if _is_priceable(cells) else None
        terms.vol = vol or 0.0
        rows.append((vol, *(greeks(terms, cells[-1])[1:] if vol else _UNKNOWN)))
    schema = dict.fromkeys(("vol", *GREEKS[1:]), pl.Float64())
    return contracts.with_columns(pl.DataFrame(rows, schema=schema, orient="row"))


_UNKNOWN: _Cells = (None,) * (len(GREEKS) - 1)


def _is_priceable(cells: tuple[Any, ...]) -> bool:
    """Whether all is known, and spot, strike, life and the last cell are positive."""
    if None in cells:
        return False
    _, spot, strike, years, _, _, last = cells
    return bool(min(spot, strike, years, last) > 0)


@dataclasses.dataclass(slots=True)
class _Terms:
    """A contract and its market, as `TERMS` says, and a volatility."""

    right: str
    spot: float
    strike: float
    years: float
    rate: float
    dividend_yield: float
    vol: float

    @property
    def deviation(self) -> float:
        return self.vol * math.sqrt(self.years)

    @property
    def discount(self) -> float:
        return math.exp(-self.rate * self.years)

    @property
    def forward(self) -> float:
        return self.spot * math.exp((self.rate - self.dividend_yield) * self.years)

    @property
    def intrinsic(self) -> float:
        return max(_SIGNS[self.right] * (self.spot - self.strike), 0.0)

    @property
    def paid_at_once(self) -> float:
        """Price up to which a contract is as good as exercised."""
        return self.intrinsic + _EXERCISED * self.strike

    @property
    def is_held_to_expiry(self) -> bool:
        """Whether nothing is gained by early exercise, or not a millionth.

        It can only pay where a call's dividends, or a put's strike, yield more than
        they cost: where the spot is on the far side of strike x rate / yield.
        """
        sign = _SIGNS[self.right]
        saved, spent = self.dividend_yield, self.rate
        if self.right == "put":
            saved, spent = spent, saved
        if saved <= 0:
            return True
        beyond = max(math.log(spent / saved), 0.0) if spent > 0 else 0.0
        way = beyond + sign * math.log(self.strike / self.spot)
        return way - abs(spent - saved) * self.years > _FAR * self.deviation


def _european(terms: _Terms, price: float | None = None) -> _Cells:
    """Cells of `GREEKS`; the price is found where it is not known."""
    payoff = ql.PlainVanillaPayoff(_RIGHTS[terms.right], terms.strike)
    black = ql.BlackCalculator(payoff, terms.forward, terms.deviation, terms.discount)
    return (
        black.value() if price is None else price,
        black.delta(terms.spot),
        black.gamma(terms.spot),
        black.theta(terms.spot, terms.years) / _DAYS,
        black.vega(terms.years) / 100,
        black.rho(terms.years) / 100,
    )


def _european_vol(terms: _Terms, price: float) -> float | None:
    try:
        deviation = ql.blackFormulaImpliedStdDevLiRS(
            _RIGHTS[terms.right],
            terms.strike,
            terms.forward,
            price,
            terms.discount,
            0.0,
            ql.nullDouble(),
            1.0,
            _PRECISION,
            100,
        )
    except RuntimeError:  # QuantLib's word for a price that no volatility explains
        return None
    return float(deviation) / math.sqrt(terms.years) or None


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
        for right, kind in _RIGHTS.items():
            payoff = ql.PlainVanillaPayoff(kind, _STRIKE)
            exercise = ql.AmericanExercise(day, day + int(_DAYS))
            options[right] = ql.VanillaOption(payoff, exercise)
            options[right].setPricingEngine(engine)
        return cls(quotes[0], quotes[1], quotes[2], quotes[3], options)

    def option(self, terms: _Terms) -> ql.VanillaOption:
        """The option that `terms` describe, in units of their strike / `_STRIKE`."""
        self.spot.setValue(terms.spot / terms.strike * _STRIKE)
        self.rate.setValue(terms.rate * terms.years)
        self.dividend_yield.setValue(terms.dividend_yield * terms.years)
        self.vol.setValue(max(terms.deviation, _VOL_STEP))
        return self.options[terms.right]


def _american(terms: _Terms, price: float | None = None) -> _Cells:
    """Cells of `GREEKS`; the price is found where it is not known."""
    if terms.is_held_to_expiry:
        return _european(terms, price)
    engine, unit = _Engine.build(), terms.strike / _STRIKE
    option = engine.option(terms)
    price = option.NPV() * unit if price is None else price
    if price <= terms.paid_at_once:
        return terms.intrinsic, _SIGNS[terms.right], 0.0, 0.0, 0.0, 0.0
    step = _SPOT_STEP * min(terms.deviation, 1.0)
    above = _with(engine.spot, terms.spot * (1 + step) / unit, option) * unit
    below = _with(engine.spot, terms.spot * (1 - step) / unit, option) * unit
    delta = min(max((above - below) / (2 * step * terms.spot), -1.0), 1.0)
    gamma = max((above - 2 * price + below) / (step * terms.spot) ** 2, 0.0)
    engine.spot.setValue(terms.spot / unit)
    higher = _with(engine.vol, (terms.vol + _VOL_STEP) * math.sqrt(terms.years), option)
    vega = max((higher * unit - price) / _VOL_STEP, 0.0)
    engine.vol.setValue(terms.deviation)
    dearer = _with(engine.rate, (terms.rate + _RATE_STEP) * terms.years, option)
    rho = (dearer * unit - price) / _RATE_STEP
    return (
        price,
        delta,
        gamma,
        _theta(terms, price, delta, gamma),
        vega / 100,
        rho / 100,
    )


def _with(quote: ql.SimpleQuote, level: float, option: ql.VanillaOption) -> float:
    quote.setValue(level)
    return float(option.NPV())


def _theta(terms: _Terms, price: float, delta: float, gamma: float) -> float:
    """Change of value a day while it is held: Black and Scholes' equation."""
    carry = terms.rate - terms.dividend_yield
    drift = carry * terms.spot * delta
    diffusion = 0.5 * (terms.vol * terms.spot) ** 2 * gamma
    return (terms.rate * price - drift - diffusion) / _DAYS


def _american_vol(terms: _Terms, price: float) -> float | None:
    terms.vol = _european_vol(terms, price) or 0.0
    if terms.is_held_to_expiry:
        return terms.vol or None
    if price <= terms.paid_at_once:
        return None
    engine, unit = _Engine.build(), terms.strike / _STRIKE
    option, root = engine.option(terms), math.sqrt(terms.years)

    def gap(vol: float) -> float:
        return _with(engine.vol, vol * root, option) * unit - price

    found = _secant(gap, terms) if terms.vol else None
    return found or _bracketed(gap)


def _secant(gap: Callable[[float], float], terms: _Terms) -> float | None:
    """Root near the European volatility; None where a few steps do not find it."""
    payoff = ql.PlainVanillaPayoff(_RIGHTS[terms.right], terms.strike)
    black = ql.BlackCalculator(payoff, terms.forward, terms.deviation, terms.discount)
    here, missed = terms.vol, gap(terms.vol)
    slope = float(black.vega(terms.years))
    for _ in range(_TRIES):
        if slope <= 0:
            return None
        step = missed / slope
        here -= step
        if not _VOL_STEP < here < _MOST_VOL:
            return None
        if abs(step) < _CLOSE_VOL:
            return here
        misses = gap(here)
        missed, slope = misses, (missed - misses) / step
    return None


def _bracketed(gap: Callable[[float], float]) -> float | None:
    """Root in `_VOL_STEP`..`_MOST_VOL`; None where there is none."""
    if gap(_VOL_STEP) >= 0 or gap(_MOST_VOL) <= 0:
        return None
    return float(scipy.optimize.brentq(gap, _VOL_STEP, _MOST_VOL, xtol=_PRECISION))
