"""Prices and Greeks against a second library, a finer scheme and real quotes."""

import math
from typing import Any

import polars as pl
import pytest
import QuantLib as ql  # noqa: N813 - its own name for itself
from polars.testing import assert_frame_equal
from vollib import black_scholes_merton as bsm
from vollib.black_scholes_merton import implied_volatility
from vollib.black_scholes_merton.greeks import analytical

from turbomode_assets.options import pricing
from turbomode_assets_tests.options import chains
from turbomode_assets_tests.oracles import real

ORACLE = {
    "price": bsm.black_scholes_merton,
    "delta": analytical.delta,
    "gamma": analytical.gamma,
    "theta": analytical.theta,
    "vega": analytical.vega,
    "rho": analytical.rho,
}
TERMS = {"spot": 100.0, "strike": 100.0, "years": 0.1, "vol": 0.3, "rate": 0.04}


def _terms_for_vollib(row: dict[str, Any]) -> tuple[object, ...]:
    right = str(row["right"])[0]
    names = ("spot", "strike", "years", "rate", "vol", "dividend_yield")
    return right, *(row[name] for name in names)


@pytest.mark.parametrize("name", pricing.GREEKS)
def test_european_figures_are_those_of_vollib(name: str) -> None:
    """Within a millionth, for 500 contracts."""
    found = pricing.value(chains.random_contracts(500, seed=1), "european")
    for row in found.iter_rows(named=True):
        expected = ORACLE[name](*_terms_for_vollib(row))
        assert row[name] == pytest.approx(expected, abs=1e-6)


def test_european_volatility_is_that_of_vollib() -> None:
    """Within a millionth, where vega is large enough to tell."""
    worth = pricing.value(chains.random_contracts(500, seed=2), "european")
    found = pricing.imply(worth.filter(pl.col("vega") > 1e-4).drop("vol"), "european")
    for row in found.iter_rows(named=True):
        right, spot, strike, years, rate, _, q = _terms_for_vollib(row)
        vol = implied_volatility.implied_volatility(
            row["price"], spot, strike, years, rate, q, right
        )
        assert row["vol"] == pytest.approx(vol, abs=1e-6)


def _finest(row: dict[str, Any]) -> float:
    """American price by QuantLib's finest scheme, on a life in whole days."""
    day, count = ql.Date(2, 1, 2001), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = day
    spot, rate, q, vol = (
        ql.QuoteHandle(ql.SimpleQuote(row[name]))
        for name in ("spot", "rate", "dividend_yield", "vol")
    )
    process = ql.BlackScholesMertonProcess(
        spot,
        ql.YieldTermStructureHandle(ql.FlatForward(day, q, count)),
        ql.YieldTermStructureHandle(ql.FlatForward(day, rate, count)),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(day, ql.NullCalendar(), vol, count)
        ),
    )
    kind = ql.Option.Call if row["right"] == "call" else ql.Option.Put
    exercise = ql.AmericanExercise(day, day + round(row["years"] * 365))
    option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, row["strike"]), exercise)
    finest = ql.QdFpAmericanEngine.highPrecisionScheme()
    option.setPricingEngine(ql.QdFpAmericanEngine(process, finest))
    return float(option.NPV())


def _in_whole_days(n: int, seed: int, years: float) -> pl.DataFrame:
    drawn = chains.random_contracts(n, seed=seed, years=years)
    return drawn.with_columns((pl.col("years") * 365).ceil() / 365)


def test_american_prices_are_exact_to_a_twentieth_of_a_volatility_point() -> None:
    """For lives up to half a year, or to a tenth of a cent at a strike of 100."""
    found = pricing.value(_in_whole_days(200, seed=3, years=0.5))
    for row in found.iter_rows(named=True):
        slack = max(0.05 * row["vega"], 2e-5 * row["strike"])
        assert row["price"] == pytest.approx(_finest(row), abs=slack)


@pytest.mark.parametrize(
    ("name", "bumped", "step", "unit"),
    [("vega", "vol", 1e-3, 0.01), ("rho", "rate", 1e-3, 0.01)],
)
def test_american_greeks_are_slopes(
    name: str, bumped: str, step: float, unit: float
) -> None:
    """Of the price, up to what exercise bends."""
    terms = chains.random_contracts(200, seed=4)
    up = pricing.value(terms.with_columns(pl.col(bumped) + step))["price"]
    down = pricing.value(terms.with_columns(pl.col(bumped) - step))["price"]
    error = pricing.value(terms)[name] - (up - down) / (2 * step) * unit
    assert (error.abs() < 2e-4 * terms["strike"]).all()


def test_theta_is_what_a_day_takes() -> None:
    """The price a hundredth of a day later says the same."""
    terms = chains.random_contracts(200, seed=5, years=0.5)
    found = pricing.value(terms)
    later = pricing.value(terms.with_columns(pl.col("years") - 0.01 / 365))
    lost = (later["price"] - found["price"]) / 0.01
    error = (found["theta"] - lost).abs() / terms["strike"]
    assert error.quantile(0.95) < 5e-5  # type: ignore[operator]
    assert error.max() < 1e-3  # type: ignore[operator]


def test_american_is_worth_european_or_more() -> None:
    """And at least what exercise pays."""
    terms = chains.random_contracts(400, seed=6)
    american = pricing.value(terms)["price"]
    sign = pl.when(pl.col("right") == "call").then(1).otherwise(-1)
    paid = terms.select(
        (sign * (pl.col("spot") - pl.col("strike"))).clip(0)
    ).to_series()
    slack = 2e-5 * terms["strike"]
    assert (american >= pricing.value(terms, "european")["price"] - slack).all()
    assert (american >= paid - slack).all()


@pytest.mark.parametrize("exercise", ["american", "european"])
def test_implied_volatility_undoes_the_price(exercise: pricing.Exercise) -> None:
    """Within two hundredths of a point, wherever a point moves the price by a cent."""
    worth = pricing.value(chains.random_contracts(400, seed=7), exercise)
    telling = worth.filter(pl.col("vega") > 0.01)
    found = pricing.imply(telling.rename({"vol": "true_vol"}), exercise)
    assert telling.height > 300
    assert ((found["vol"] - found["true_vol"]).abs() < 2e-4).all()
    theirs = found.select(pricing.GREEKS) - telling.select(pricing.GREEKS)
    assert (theirs["delta"].abs() < 2e-3).all()
    off = (theirs["vega"] / telling["vega"]).abs()
    assert off.quantile(0.95) < 0.02  # type: ignore[operator]
    assert off.max() < 0.1  # type: ignore[operator]


UNPRICEABLE = {
    "right": ["call", "put", "call", None, "call"],
    "spot": [100.0, 80.0, 100.0, 100.0, 100.0],
    "strike": [100.0, 100.0, 100.0, 100.0, 100.0],
    "years": [0.0, 0.1, 0.1, 0.1, 0.1],
    "rate": [0.04, 0.04, 0.04, 0.04, None],
    "dividend_yield": [0.0] * 5,
    "price": [2.0, 19.9, 101.0, 2.0, 2.0],
}


def test_what_no_volatility_explains_is_null() -> None:
    """Expired, below exercise, above the share, or with something unknown."""
    found = pricing.imply(pl.DataFrame(UNPRICEABLE))
    assert found["vol"].is_null().all()
    assert found["delta"].is_null().all()


def test_a_put_that_is_as_good_as_exercised_moves_like_the_share() -> None:
    """Its price is what exercise pays, and nothing else matters to it."""
    deep = pl.DataFrame([TERMS | {"right": "put", "spot": 20.0, "dividend_yield": 0.0}])
    found = pricing.value(deep).select(pricing.GREEKS).row(0)
    assert found == (80.0, -1.0, 0.0, 0.0, 0.0, 0.0)


def _by_grid(right: str, paid_after: int) -> float:
    """American price by finite differences, 60 cents paid after some days of 40."""
    day, count = ql.Date(2, 1, 2001), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = day
    process = ql.BlackScholesMertonProcess(
        ql.QuoteHandle(ql.SimpleQuote(100.0)),
        ql.YieldTermStructureHandle(ql.FlatForward(day, 0.0, count)),
        ql.YieldTermStructureHandle(ql.FlatForward(day, 0.04, count)),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(day, ql.NullCalendar(), 0.3, count)
        ),
    )
    kind = ql.Option.Call if right == "call" else ql.Option.Put
    exercise = ql.AmericanExercise(day, day + 40)
    option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, 100.0), exercise)
    dividends = ql.DividendVector([day + paid_after], [0.6])
    grid = ql.FdBlackScholesVanillaEngine(process, dividends, 100, 400)
    option.setPricingEngine(grid)
    return float(option.NPV())


@pytest.mark.parametrize("right", ["call", "put"])
@pytest.mark.parametrize(("paid_after", "most"), [(1, 0.015), (20, 0.015), (39, 0.08)])
def test_a_yield_stands_for_a_dividend(
    right: str, paid_after: int, most: float
) -> None:
    """Within 1.5 %; but before a late one a call is exercised, which a yield hides."""
    spread = {"dividend_yield": -math.log(1 - 0.006) / (40 / 365)}
    row = TERMS | spread | {"right": right, "years": 40 / 365}
    found = pricing.value(pl.DataFrame([row]))["price"].item()
    assert found == pytest.approx(_by_grid(right, paid_after), rel=most)


def test_same_terms_give_the_same_bytes_in_any_order() -> None:
    """The objects behind keep nothing of the contract before."""
    terms = chains.random_contracts(50, seed=8).with_row_index()
    backwards = pricing.value(terms.reverse()).sort("index")
    assert_frame_equal(pricing.value(terms), backwards, check_exact=True)


@real.needed
def test_implied_volatility_is_the_one_quoted() -> None:
    """Within a point for 95 % of the liquid quotes of every chain, as Yahoo counts."""
    n = 0
    for _, chain in chains.liquid_quotes().group_by("underlying", "taken_at"):
        found = chains.as_yahoo_counts(chain)
        assert chains.agrees(found).mean() >= 0.95  # type: ignore[operator]
        n += found.height
    assert n > 1500


@real.needed
def test_greeks_are_those_quoted() -> None:
    """Of puts on an index, from the volatility quoted beside them."""
    puts = chains.index_puts()
    free = {"rate": pl.lit(0.005), "dividend_yield": pl.lit(0.0)}
    theirs = {name: f"their_{name}" for name in pricing.GREEKS[1:]}
    terms = puts.rename(theirs | {"quoted_vol": "vol"}).with_columns(**free)
    found = pricing.value(terms, "european")
    for name, most in {"delta": 2e-4, "vega": 0.005, "theta": 1e-3}.items():
        assert (found[name] - found[theirs[name]]).abs().median() < most  # type: ignore[operator]
