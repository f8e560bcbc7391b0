"""Between quotes lies a volatility that allows no arbitrage; on them, theirs."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from turbomode_assets.options import lives, pricing, surface
from turbomode_assets_tests.options import chains
from turbomode_assets_tests.oracles import real

GRID = np.linspace(-0.4, 0.4, 81)


def _rtx() -> pl.DataFrame:
    """Liquid quotes of July 16th 2026 with the volatility of their mid."""
    day = dt.date(2026, 7, 16)
    quotes = chains.liquid_quotes().filter(
        pl.col("underlying") == "RTX", pl.col("taken_at").dt.date() == day
    )
    terms = quotes.drop(pricing.GREEKS[1:]).with_columns(
        session=pl.lit(day),
        minute=pl.lit(105, pl.Int64),
        expires_on="expiration",
        rate=pl.lit(0.04),
        dividend_yield=pl.lit(0.014),
        price="mid",
        finding=pl.lit(None, pl.String),
    )
    return pricing.imply(terms.with_columns(lives.years_left(terms)))


@real.needed
def test_the_surface_goes_through_real_quotes() -> None:
    """Contracts near the money are off by half a point of volatility in the median."""
    chain = _rtx().filter(pl.col("delta").abs().is_between(0.2, 0.8))
    found = surface.fit(chain)
    assert found is not None
    carry = (chain["rate"] - chain["dividend_yield"]) * chain["years"]
    money = (chain["strike"] / chain["spot"]).log() - carry
    vol = found.vol(money.to_numpy(), chain["years"].to_numpy())
    assert np.median(np.abs(vol - chain["vol"].to_numpy())) < 0.006


def _prices(found: surface.Surface, years: float) -> np.ndarray:
    """European calls over strikes of equal steps, forward and rate flat."""
    strikes = 100.0 * np.linspace(0.7, 1.4, 141)
    vol = found.vol(np.log(strikes / 100.0), np.full(strikes.size, years))
    terms = {"right": "call", "spot": 100.0, "years": years, "rate": 0.0}
    frame = pl.DataFrame({"strike": strikes, "vol": vol}).with_columns(
        dividend_yield=pl.lit(0.0), **{k: pl.lit(v) for k, v in terms.items()}
    )
    return pricing.value(frame, "european")["price"].to_numpy()


LIVES = (0.01, 0.03, 0.04, 0.06, 0.08, 0.15, 0.2, 0.3, 0.5)
"""The lives quoted, and others between them, before and beyond."""


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_no_butterfly_and_no_calendar_spread_is_free(seed: int) -> None:
    """Whatever is quoted: calls are convex in the strike and dearer with time."""
    rng = np.random.default_rng(seed)
    money = np.linspace(-0.2, 0.2, 9)
    slices = tuple(
        surface.slice_of(years, money, rng.uniform(0.1, 0.6, 9) ** 2 * years)
        for years in (0.03, 0.08, 0.2)
    )
    found = surface.Surface(slices)
    told = np.array([_prices(found, years) for years in LIVES])
    assert np.diff(told, 2, axis=1).min() > -1e-6
    assert np.diff(told, axis=0).min() > -1e-9


@pytest.mark.parametrize("years", [0.01, 0.05, 0.1, 0.4])
def test_few_quotes_make_a_flat_surface(years: float) -> None:
    quotes = surface.slice_of(0.05, np.array([0.0, 0.1]), np.array([0.045, 0.045]) ** 2)
    found = surface.Surface((quotes,)).vol(GRID, np.full(GRID.size, years))
    assert found == pytest.approx(0.045 / 0.05**0.5)


def test_without_a_sound_quote_there_is_no_surface() -> None:
    schema = {"right": pl.String, "finding": pl.String} | dict.fromkeys(
        ("strike", "spot", "rate", "dividend_yield", "years", "vol"), pl.Float64()
    )
    assert surface.fit(pl.DataFrame(schema=schema)) is None
