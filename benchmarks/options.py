"""Time of prices, Greeks and implied volatilities of 50,000 option contracts.

``python benchmarks/options.py`` prices a chain of strikes and expiries like that of a
large share, American and European, and holds QuantLib beside vollib, which only knows
European contracts and is asked for a tenth of them.
"""

import time
import warnings

import numpy as np
import polars as pl
from vollib.black_scholes_merton import implied_volatility
from vollib.black_scholes_merton.greeks import analytical

from turbomode_assets.options import pricing

N = 50_000
VOLLIB_SHARE = 10

TELLING_VEGA = 0.01
"""USD a point of volatility must move a price by, for the price to tell it."""


def main() -> None:
    """Print one line per library and kind of contract."""
    chain = _chain()
    for exercise in ("american", "european"):
        worth = pricing.value(chain, exercise).drop("vol")
        began, used = time.monotonic(), time.process_time()
        found = pricing.imply(worth, exercise)
        wall, own = time.monotonic() - began, time.process_time() - used
        is_telling = worth["vega"] > TELLING_VEGA
        missed = (found["vol"] - chain["vol"]).abs().filter(is_telling).to_numpy().max()
        print(
            f"QuantLib {exercise}: {chain.height} in {wall:.2f} s, {own:.2f} s of CPU, "
            f"volatility within {missed:.1e}"
        )
    few = pricing.value(chain[::VOLLIB_SHARE], "european")
    used = time.process_time()
    _by_vollib(few)
    each = (time.process_time() - used) / few.height
    print(f"vollib european: {each * N:.2f} s of CPU for as many, by {few.height}")


def _chain() -> pl.DataFrame:
    """Strikes from half to twice the spot, up to a year, under a smile."""
    rng = np.random.default_rng(0)
    years = rng.choice(np.arange(1, 53) * 7 / 365, N)
    spot = rng.uniform(50.0, 300.0, N)
    away = rng.normal(0.0, 1.2, N) * 0.3 * np.sqrt(years)
    return pl.DataFrame(
        {
            "right": rng.choice(["call", "put"], N),
            "spot": spot,
            "strike": spot * np.exp(away),
            "years": years,
            "rate": np.full(N, 0.04),
            "dividend_yield": rng.choice([0.0, 0.014], N),
            "vol": 0.25 + 0.3 * away**2 - 0.1 * away,
        }
    )


def _by_vollib(worth: pl.DataFrame) -> None:
    names = ("spot", "strike", "years", "rate")
    for row in worth.iter_rows(named=True):
        terms, q, right = (
            [row[name] for name in names],
            row["dividend_yield"],
            row["right"][0],
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            vol = implied_volatility.implied_volatility(row["price"], *terms, q, right)
        for greek in (
            analytical.delta,
            analytical.gamma,
            analytical.theta,
            analytical.vega,
            analytical.rho,
        ):
            greek(right, *terms, vol, q)


if __name__ == "__main__":
    main()
