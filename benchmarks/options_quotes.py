"""Volatilities and Greeks beside quoted ones, and what the book finds in real chains.

``python benchmarks/options_quotes.py`` counts, for every chain in
``TURBOMODE_SHARED_DATA`` that tells a volatility of two-sided liquid quotes, those it
agrees with within a point; then it holds the whole chains of RTX against the rules of
the book, as if there had been a buy and a sell. Markdown.
"""

import datetime as dt
import pathlib
import sys

import polars as pl

sys.path.append(str(pathlib.Path(__file__).parents[1]))

from turbomode_assets import intraday_tables
from turbomode_assets.options import pricing, quotes, selection
from turbomode_assets.options_policy import OPTIONS, SHARES
from turbomode_assets_tests.options import chains
from turbomode_assets_tests.oracles import real

PAID = pl.DataFrame(
    {"symbol": "RTX", "session": [dt.date(2025, 8, 15)], "dividend": 0.68}
)
"""The dividend that is expected again within the lives looked at."""


def main() -> None:
    """Print every comparison."""
    if not chains.CHAINS.exists():
        print(f"no quotes in {chains.CHAINS}: set TURBOMODE_SHARED_DATA")
        return
    print(f"## Volatilities\n\n{real.as_table(_volatilities())}\n")
    print(f"## What is not within a point\n\n{real.as_table(_others())}\n")
    print(f"## Greeks beside quoted ones, medians\n\n{real.as_table(_greeks())}\n")
    for moment, minute in ((dt.date(2026, 7, 15), 225), (dt.date(2026, 7, 16), 105)):
        _tell_chain(moment, minute)


def _volatilities() -> pl.DataFrame:
    rows = []
    liquid = chains.liquid_quotes().sort("taken_at", maintain_order=True)
    for key, chain in liquid.group_by("underlying", "taken_at", maintain_order=True):
        found = chains.as_yahoo_counts(chain)
        n_agree = int(chains.agrees(found).sum())
        rows.append((str(key[0]), str(key[1])[:16], chain.height, n_agree))
    told = pl.DataFrame(rows, ["symbol", "taken_at", "n", "n_agree"], orient="row")
    whole = told.select(
        symbol=pl.lit("all"),
        taken_at=pl.lit(""),
        n=pl.sum("n"),
        n_agree=pl.sum("n_agree"),
    )
    return pl.concat([told, whole])


def _others() -> pl.DataFrame:
    """Quotes it does not agree with, and what of the share's price would explain it."""
    found = []
    liquid = chains.liquid_quotes().sort("taken_at", maintain_order=True)
    for _, chain in liquid.group_by("underlying", "taken_at", maintain_order=True):
        counted = chains.as_yahoo_counts(chain)
        found.append(counted.filter(~chains.agrees(counted)))
    off = (pl.col("quoted_vol") - pl.col("vol")) * 100 * pl.col("vega")
    names = ("strike", "right", "spot", "bid", "ask", "quoted_vol", "vol")
    return pl.concat(found).select(
        "underlying", *names, spot_off_usd=off / pl.col("delta")
    )


def _greeks() -> pl.DataFrame:
    """Differences from the volatility quoted beside them."""
    known = (pl.col("quoted_vol") > 0) & (pl.col("bid") > 0)
    life = pl.col("expiration") - pl.col("taken_at").dt.date()
    rtx = chains.liquid_quotes().filter(known, underlying="RTX")
    both = {
        "index puts": (chains.index_puts(), 0.005, 0.0),
        "RTX": (rtx.with_columns(years=life.dt.total_days() / 365), 0.04, 0.014),
    }
    theirs = {name: f"their_{name}" for name in pricing.GREEKS[1:]}
    told = []
    for name, (puts, rate, dividend_yield) in both.items():
        terms = puts.rename(theirs | {"quoted_vol": "vol"}).with_columns(
            rate=pl.lit(rate), dividend_yield=pl.lit(dividend_yield)
        )
        found = pricing.value(terms, "european")
        off = [
            (pl.col(one) - pl.col(theirs[one])).abs().median()
            for one in ("delta", "gamma", "theta", "vega")
        ]
        told.append(found.select(pl.lit(name).alias("of"), pl.len().alias("n"), *off))
    return pl.concat(told)


def _tell_chain(day: dt.date, minute: int) -> None:
    """Findings in a chain of RTX, and what would be chosen of it."""
    own = pl.read_parquet(chains.CHAINS).filter(
        pl.col("underlying") == "RTX", pl.col("snapshot_ts").str.starts_with(str(day))
    )
    moment = {"symbol": pl.lit("RTX"), "session": pl.lit(day)}
    at = {"minute": pl.lit(minute, pl.Int64), "source": pl.lit("yahoo")}
    known_at = pl.lit(dt.datetime(2026, 7, 17, tzinfo=dt.UTC))
    listed = own.select(
        "strike",
        "right",
        "bid",
        "ask",
        "last",
        "open_interest",
        expires_on="expiration",
        traded="volume",
        implied_vol="iv",
        known_at=known_at,
        **moment,
        **at,
    )
    spot = pl.lit(own["underlying_price"][0])
    prices = dict.fromkeys(("open", "high", "low", "close"), spot)
    filler = {
        "volume": pl.lit(0.0),
        "n_parts": pl.lit(15, pl.Int64),
        "coverage": pl.lit(1.0),
        "split_ratio": pl.lit(1.0),
    }
    bar = listed.head(1).select(
        **moment,
        **at,
        known_at="known_at",
        **prices,
        **filler,
    )
    found = quotes.of_chains(
        intraday_tables.CHAINS.conform(listed), intraday_tables.BARS.conform(bar), PAID
    )
    signals = pl.DataFrame(
        {"symbol": "RTX", "session": day, "minute": minute, "side": ["buy", "sell"]}
    )
    chosen = selection.choose(signals, found)
    kinds = found["finding"].fill_null("sound").value_counts(sort=True)
    print(f"## RTX {day}, {found.height} quotes\n\n{real.as_table(kinds)}\n")
    names = ("side", "refusal", "expires_on", "strike", "bid", "ask", "vol", "delta")
    print(f"{real.as_table(chosen.select(names))}\n")
    _tell_band(own, found)


def _tell_band(own: pl.DataFrame, found: pl.DataFrame) -> None:
    """The least that a contract of the delta asked for costs, and its volatility."""
    bounds = OPTIONS.selection
    days = (pl.col("expires_on") - pl.col("session")).dt.total_days()
    near = found.filter(
        days.is_between(bounds.min_days, bounds.max_days),
        pl.col("delta").abs().is_between(bounds.min_delta, bounds.max_delta),
        pl.col("finding").is_null(),
    )
    told = own.select("strike", "right", "iv", expires_on="expiration")
    both = near.join(told, on=["expires_on", "strike", "right"])
    figures = both.group_by("right").agg(
        cheapest_usd=pl.col("ask").min() * SHARES,
        vol_less_quoted=(pl.col("vol") - pl.col("iv")).median(),
    )
    print(f"{real.as_table(figures.sort('right'))}\n")


if __name__ == "__main__":
    main()
