"""Real and invented option contracts for tests."""

import datetime as dt

import numpy as np
import polars as pl

from turbomode_assets.options import pricing
from turbomode_assets_tests.oracles import real

CHAINS = real.FOLDER / "options" / "dev_option_chains.parquet"

_YAHOO = ("daggerok", "luisseoanes", "gramistella", "gadicc")
_NONE, _HIGH = 1e-4, 0.5
_LATE = (-2, -1, 0, 1)


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
    """Liquid quotes of RTX, AAPL and BABA with Yahoo's implied volatility.

    Both sides quoted, spread at most a fifth of the mid, 50 traded or 100 open. The
    volatility of 0.00001 that Yahoo gives where there is none is null.
    """
    is_theirs = pl.any_horizontal(pl.col("source").str.starts_with(n) for n in _YAHOO)
    taken_at = pl.col("snapshot_ts").map_elements(_moment, pl.Datetime("us"))
    told = pl.when(pl.col("iv") > _NONE).then("iv")
    return (
        _liquid()
        .filter(is_theirs)
        .unique(["snapshot_ts", "contract_symbol"], maintain_order=True)
        .with_columns(taken_at=taken_at, quoted_vol=told)
    )


def index_puts() -> pl.DataFrame:
    """Liquid puts on the S&P 500, 2014 to 2017, with volatility and Greeks.

    Vega and theta are told a year and per whole volatility.
    """
    is_theirs = pl.col("source").str.starts_with("lambdaclass")
    life = pl.col("expiration") - pl.col("snapshot_ts").str.to_date()
    return (
        _liquid()
        .filter(is_theirs, right="put")
        .with_columns(
            years=life.dt.total_days() / 365,
            vega=pl.col("vega") / 100,
            theta=pl.col("theta") / 365,
        )
        .rename({"iv": "quoted_vol"})
    )


def _liquid() -> pl.DataFrame:
    mid = (pl.col("bid") + pl.col("ask")) / 2
    is_liquid = (pl.col("bid") > 0) & (pl.col("ask") - pl.col("bid") <= 0.2 * mid)
    is_liquid &= (pl.col("volume") >= 50) | (pl.col("open_interest") >= 100)
    quotes = pl.read_parquet(CHAINS).filter(is_liquid).with_columns(mid=mid)
    return quotes.rename({"underlying_price": "spot"})


def as_yahoo_counts(quotes: pl.DataFrame) -> pl.DataFrame:
    """Quotes of one chain with vol, the volatility by the conventions of Yahoo.

    European, of the ask, without rate or dividends; where the mid has one above 50 %,
    that of the mid. Lives are whole days, from a day that no file tells: the one that
    agrees most often.
    """
    held = (pl.col("expiration") - pl.col("taken_at").dt.date()).dt.total_days()
    counted = [_by_yahoo(quotes, (held + late) / 365) for late in _LATE]
    return max(counted, key=lambda one: agrees(one).sum())


def _by_yahoo(quotes: pl.DataFrame, years: pl.Expr) -> pl.DataFrame:
    free = {"rate": pl.lit(0.0), "dividend_yield": pl.lit(0.0)}
    terms = quotes.drop(pricing.GREEKS[1:]).with_columns(years=years, **free)
    of_mid = pricing.imply(terms.with_columns(price="mid"), "european")["vol"]
    of_ask = pricing.imply(terms.with_columns(price="ask"), "european")
    vol = pl.when(of_mid > _HIGH).then(of_mid).otherwise("vol")
    return of_ask.with_columns(vol=vol)


def agrees(quotes: pl.DataFrame) -> pl.Series:
    """Whether vol is within a point of quoted_vol, or neither is there."""
    is_near = (quotes["vol"] - quotes["quoted_vol"]).abs() < 0.01
    is_none = quotes["vol"].is_null() & quotes["quoted_vol"].is_null()
    return is_near.fill_null(value=False) | is_none


def _moment(text: str) -> dt.datetime:
    """Moment in UTC; one without a clock is a day's beginning."""
    moment = dt.datetime.fromisoformat(text)
    return moment.astimezone(dt.UTC).replace(tzinfo=None) if moment.tzinfo else moment
