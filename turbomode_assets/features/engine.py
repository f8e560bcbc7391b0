"""Adjusted bars into feature rows, the same bytes whatever range is asked for.

1. `blocks` cuts a range into calendar years. The bars of a year are always loaded from
   the same session on, so rolling sums start, and round, in the same place whether
   one session is computed or twenty years.
2. `compute` prepares the market (`_with_returns`), evaluates the catalog over each
   symbol, keeps the sessions asked for and then ranks within each session.

Which features exist is the catalog's; adjusting and loading bars is the caller's.
"""

import dataclasses
import datetime as dt

import numpy as np
import polars as pl

from turbomode_assets import errors, sessions, tables
from turbomode_assets.features import catalog

_MARGIN_SESSIONS = 21
"""Sessions loaded beyond the longest look-back: a month of a symbol's missing bars."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Block:
    """A stretch of one calendar year and the session its bars are loaded from."""

    load_from: dt.date
    first: dt.date
    last: dt.date


def blocks(first: dt.date, last: dt.date) -> list[Block]:
    """Blocks that cover `first` to `last`, one per calendar year touched.

    Parameters
    ----------
    first, last
        Calendar days, both included; they need not be sessions.

    Returns
    -------
    list of Block
        Ascending; `load_from` depends on the year alone.

    Examples
    --------
    >>> found = blocks(dt.date(2023, 12, 1), dt.date(2024, 2, 1))
    >>> [(str(block.load_from), str(block.last)) for block in found]
    [('2021-12-02', '2023-12-31'), ('2022-11-30', '2024-02-01')]
    """
    return [
        Block(
            load_from=_anchor(year),
            first=max(first, dt.date(year, 1, 1)),
            last=min(last, dt.date(year, 12, 31)),
        )
        for year in range(first.year, last.year + 1)
    ]


def _anchor(year: int) -> dt.date:
    n_sessions = catalog.lookback() + _MARGIN_SESSIONS
    new_year = dt.date(year, 1, 1)
    # Twice as many calendar days hold enough sessions, however holidays fall.
    earliest = new_year - dt.timedelta(days=2 * n_sessions)
    if earliest <= sessions.FIRST_DAY:
        return sessions.FIRST_DAY
    return sessions.sessions_between(earliest, new_year)[-n_sessions]


def compute(adjusted: pl.DataFrame, first: dt.date, last: dt.date) -> pl.DataFrame:
    """Feature rows of the sessions `first` to `last` of one calendar year.

    Parameters
    ----------
    adjusted
        What `prices.adjustment.adjust` returns for every bar of the block, `load_from`
        to `last`; rows after `last` are not looked at.
    first, last
        Bounds of session, both included, in one calendar year.

    Returns
    -------
    pl.DataFrame
        Rows of `tables.FEATURES`, one per bar from `first` to `last`, sorted by symbol
        and session; features in catalog order, null until their look-back is filled
        and where they are not finite.

    Raises
    ------
    errors.TableError
        Where `first` and `last` lie in two years, or bars begin before the block.
    """
    _require_block(adjusted, first, last)
    bars = adjusted.filter(pl.col("session") <= last).sort("symbol", "session")
    bars = bars.with_columns(pl.col("symbol").cast(pl.Enum(_symbols(bars))))
    per_symbol = _with_returns(bars).select("symbol", "session", *_evaluated("symbol"))
    asked = per_symbol.filter(pl.col("session") >= first).with_columns(
        _finite(feature) for feature in catalog.CATALOG if feature.over == "symbol"
    )
    ranked = asked.with_columns(_evaluated("session")).select(
        pl.col("symbol").cast(pl.String),
        "session",
        pl.lit(catalog.feature_version()).alias("feature_version"),
        pl.col(catalog.names()).cast(pl.Float32),
    )
    return tables.FEATURES.conform(ranked)


def _require_block(adjusted: pl.DataFrame, first: dt.date, last: dt.date) -> None:
    if first.year != last.year:
        message = f"a block lies in one calendar year, was {first} to {last}: cut it"
        raise errors.TableError(message)
    load_from = _anchor(first.year)
    n_early = adjusted.filter(pl.col("session") < load_from).height
    if n_early:
        message = f"bars must start at {load_from}, {n_early} rows lie before: adjust "
        message += "and pass the bars of one block only"
        raise errors.TableError(message)


def _symbols(bars: pl.DataFrame) -> list[str]:
    return bars["symbol"].unique(maintain_order=True).to_list()


def _evaluated(over: str) -> list[pl.Expr]:
    return [
        feature.expression.over(over).alias(feature.name)
        for feature in catalog.CATALOG
        if feature.over == over
    ]


def _finite(feature: catalog.Feature) -> pl.Expr:
    value = pl.col(feature.name).cast(pl.Float32)
    return pl.when(value.is_finite()).then(value).alias(feature.name)


def _with_returns(bars: pl.DataFrame) -> pl.DataFrame:
    bars = bars.with_columns(log_return=pl.col("close").log().diff().over("symbol"))
    # The difference of a level, so that a symbol that missed sessions is compared
    # with the market over the same gap.
    bars = bars.with_columns(market_log_return=_market_log_level(bars))
    return bars.with_columns(pl.col("market_log_return").diff().over("symbol"))


def _market_log_level(bars: pl.DataFrame) -> pl.Series:
    """Log level of the equal-weight market at the session of each bar."""
    simple = bars["log_return"].exp().to_numpy() - 1
    is_known = np.isfinite(simple)
    days, position = np.unique(bars["session"].to_numpy(), return_inverse=True)
    # bincount adds in row order: no thread and no later row can change a bit.
    total = np.bincount(position, np.where(is_known, simple, 0.0), days.size)
    n_symbols = np.bincount(position, is_known, days.size)
    mean = pl.Series(total / np.maximum(n_symbols, 1))
    return mean.log1p().cum_sum().gather(position)
