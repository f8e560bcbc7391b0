"""Rows that the simulated intraday market delivers: bars, headlines, option chains.

Turns the arrays of one year (`intraday_market.py`) into frames. What foretells a price
is told here in the words and numbers a real market would tell it in: headlines, and
option trades near the bid or near the ask.
"""

import datetime as dt

import numpy as np
import polars as pl
from scipy import special

from turbomode_assets import intraday_tables, rounds
from turbomode_assets.sources.intraday_market import Market, Reals, Year

SOURCE = "intraday_simulated"
"""Word that stands in the column `source`."""

GOOD = (
    "{} beats quarterly estimates and raises guidance",
    "{} wins record contract",
    "Analyst upgrades {} to buy",
    "{} shares surge on strong orders",
)
BAD = (
    "{} misses estimates and cuts guidance",
    "{} faces lawsuit over engine defect",
    "Analyst downgrades {} to sell",
    "{} shares plunge as recall costs mount",
)
PLAIN = ("{} to present at investor conference", "{} names new board member")
"""Headlines: with a good story, with a bad one, and with none."""

WRONG_SHARE = 0.15
"""Headlines of a story that say the opposite of it."""

CHAIN_EVERY = 4
"""Rounds from one option chain to the next: an hour."""

STRIKES = np.arange(-3, 4) * 0.025
"""Log distance of the strikes from the price."""

EXPIRIES = (9, 37)
"""Days to the expiries of a chain."""

_CLOCK = pl.Datetime("us", "UTC")
_WHOLE = dict.fromkeys(("row", "fault"), pl.lit(None, pl.String))
"""What a row says beside its columns: nothing, and nothing is wrong with it."""


def bars(market: Market, year: Year, rng: np.random.Generator) -> pl.DataFrame:
    """Columns of `intraday_tables.DELIVERED`: a bar of each name and round.

    High and low are the exact extremes of a Brownian bridge from open to close.
    """
    n_rounds, n_names = year.closes.shape
    step = np.log(year.closes / year.opens)
    reach = 2.0 * year.vol[:, None] ** 2
    above, below = (
        np.sqrt(step**2 - reach * np.log(rng.random(step.shape))) for _ in range(2)
    )
    volume = np.exp(rng.normal(11.0, 0.4, step.shape)) * np.sqrt(
        year.vol / year.vol.mean()
    ).reshape(-1, 1)
    ends = year.grid["ends_at"]
    columns = {
        "symbol": np.tile(market.names, n_rounds),
        "open": year.opens.ravel(),
        "high": (year.opens * np.exp((step + above) / 2)).ravel(),
        "low": (year.opens * np.exp((step - below) / 2)).ravel(),
        "close": year.closes.ravel(),
        "volume": np.round(volume).ravel(),
    }
    frame = pl.DataFrame(columns).with_columns(
        stamped_at=_each(ends.dt.offset_by(f"-{rounds.MINUTES}m"), n_names),
        known_at=_each(ends, n_names),
        is_end_stamped=pl.lit(value=False),
        n_minutes=pl.lit(rounds.MINUTES, pl.Int64),
        split_ratio=pl.lit(1.0),
        source=pl.lit(SOURCE),
        **_WHOLE,
    )
    return frame.select(intraday_tables.DELIVERED.column_names)


def headlines(market: Market, year: Year, rng: np.random.Generator) -> pl.DataFrame:
    """Columns of `intraday_tables.DELIVERED_HEADLINES`."""
    at, symbols, titles = [], [], []
    ends = year.grid["ends_at"].to_list()
    for row, column in zip(*np.nonzero(year.story), strict=True):
        symbol, side = market.symbols[column], year.story[row, column]
        told = [row, *(row + rng.integers(1, 12, rng.poisson(0.7)))]
        for place in told:
            is_right = rng.random() >= WRONG_SHARE
            words = GOOD if (side > 0) == is_right else BAD
            at.append(place)
            symbols.append(symbol)
            titles.append(words[rng.integers(len(words))].format(symbol))
        at.append(row + int(rng.integers(0, 8)))
        symbols.append(symbol)
        titles.append(PLAIN[rng.integers(len(PLAIN))].format(symbol))
    published = [
        ends[min(place, len(ends) - 1)]
        - dt.timedelta(seconds=int(rng.integers(1, 800)))
        for place in at
    ]
    moments = pl.Series(published, dtype=_CLOCK)
    return pl.DataFrame(
        {
            "symbol": pl.Series(symbols, dtype=pl.String),
            "published_at": moments,
            "known_at": moments,
            "title": pl.Series(titles, dtype=pl.String),
        }
    ).with_columns(
        source=pl.lit(SOURCE),
        **{column.name: pl.lit(None, column.dtype) for column in intraday_tables.TONES},
        **_WHOLE,
    )


def chains(market: Market, year: Year, rng: np.random.Generator) -> pl.DataFrame:
    """Columns of `intraday_tables.DELIVERED_CHAINS`: every hour one of each symbol."""
    taken = year.grid.with_row_index("row").filter(
        pl.col("minute") % (CHAIN_EVERY * rounds.MINUTES) == 0
    )
    parts = [
        _quotes(year, taken, market.symbols.index(symbol), rng).with_columns(
            symbol=pl.lit(symbol)
        )
        for symbol in market.symbols
    ]
    stacked = pl.concat(parts).with_columns(source=pl.lit(SOURCE), **_WHOLE)
    return stacked.select(intraday_tables.DELIVERED_CHAINS.column_names)


def _quotes(
    year: Year, taken: pl.DataFrame, column: int, rng: np.random.Generator
) -> pl.DataFrame:
    """Quotes of one symbol; every moment, expiry, strike and right is a row."""
    row = taken["row"].to_numpy()
    shape = (row.size, len(EXPIRIES), STRIKES.size, 2)
    moment, days, log_strike, is_call = (
        axis.ravel()
        for axis in np.meshgrid(
            np.arange(row.size), EXPIRIES, STRIKES, [True, False], indexing="ij"
        )
    )
    spot = year.closes[row, column][moment]
    strike = np.round(20.0 * spot * np.exp(log_strike)) / 20.0
    implied = (year.daily_vol[row] * np.sqrt(252.0))[moment]
    value = _black_scholes(spot, strike, days / 365.0, implied, is_call)
    half = 0.01 + 0.02 * value
    # Who pays up shows in where the last trade lies between bid and ask.
    side = year.flow[row, column][moment] * np.where(is_call, 1, -1)
    lies = np.clip(0.5 * side + rng.normal(0.0, 0.5, moment.size), -1.0, 1.0)
    through = np.arange(1, row.size + 1)[moment] % 6 + 1
    traded = rng.poisson(40.0 * through * np.exp(-((log_strike / 0.04) ** 2)))
    held = rng.poisson(2000.0 * np.exp(-((log_strike / 0.05) ** 2)), moment.size)
    at = taken[np.repeat(np.arange(row.size), int(np.prod(shape[1:])))]
    return at.select("session", "minute", known_at="ends_at").with_columns(
        expires_on=pl.col("session") + pl.duration(days=pl.lit(pl.Series(days))),
        strike=pl.Series(strike),
        right=pl.Series(np.where(is_call, "call", "put")),
        bid=pl.Series(np.maximum(value - half, 0.0)),
        ask=pl.Series(value + half),
        last=pl.Series(np.maximum(value + lies * half, 0.0)),
        traded=pl.Series(traded.astype(np.float64)),
        open_interest=pl.Series(held.astype(np.float64)),
        implied_vol=pl.Series(implied),
    )


def _black_scholes(
    spot: Reals, strike: Reals, years: Reals, vol: Reals, is_call: Reals
) -> Reals:
    """Value of European options without interest and dividends, in dollars."""
    spread = vol * np.sqrt(years)
    d1 = np.log(spot / strike) / spread + spread / 2.0
    call = spot * special.ndtr(d1) - strike * special.ndtr(d1 - spread)
    value: Reals = np.where(is_call, call, call - spot + strike)
    return np.maximum(value, 0.0)


def _each(moments: pl.Series, n: int) -> pl.Series:
    """Every moment `n` times in a row."""
    return moments.gather(np.repeat(np.arange(moments.len()), n))
