"""Real and invented option contracts for tests."""

import datetime as dt

import numpy as np
import polars as pl

from turbomode_assets_tests.oracles import real

CHAINS = real.FOLDER / "options" / "dev_option_chains.parquet"

_QUOTED_BY_YAHOO = ("daggerok", "luisseoanes")


def random_contracts(n: int, seed: int, *, years: float = 1.0) -> pl.DataFrame:
    """Contracts of every moneyness a market knows, with their volatilities."""
    rng = np.random.default_rng(seed)
    life, vol = rng.uniform(1 / 365, years, n), rng.uniform(0.12, 0.8, n)
    spot = rng.uniform(20.0, 400.0, n)
    return pl.DataFrame(
        {
            "right": rng.choice(["call", "put"], n),
            "spot": spot,
            "strike": spot * np.exp(rng.normal(0.0, 1.0, n) * vol * np.sqrt(life)),
            "years": life,
            "rate": rng.uniform(0.005, 0.06, n),
            "dividend_yield": rng.uniform(0.0, 0.05, n),
            "vol": vol,
        }
    )


def liquid_quotes() -> pl.DataFrame:
    """Liquid quotes of RTX in 2026 and AAPL in 2025 with Yahoo's implied volatility.

    Both sides quoted, spread at most a fifth of the mid, 50 traded or 100 open.
    """
    is_theirs = pl.any_horizontal(
        pl.col("source").str.starts_with(name) for name in _QUOTED_BY_YAHOO
    )
    mid = (pl.col("bid") + pl.col("ask")) / 2
    is_liquid = (pl.col("bid") > 0) & (pl.col("ask") - pl.col("bid") <= 0.2 * mid)
    is_liquid &= (pl.col("volume") >= 50) | (pl.col("open_interest") >= 100)
    taken_at = pl.col("snapshot_ts").map_elements(_moment, pl.Datetime("us"))
    return (
        pl.read_parquet(CHAINS)
        .filter(is_theirs, is_liquid)
        .rename({"underlying_price": "spot", "iv": "quoted_vol"})
        .with_columns(taken_at=taken_at, mid=mid)
    )


def _moment(text: str) -> dt.datetime:
    """Moment in UTC; one without a clock is a day's beginning."""
    moment = dt.datetime.fromisoformat(text)
    return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment
