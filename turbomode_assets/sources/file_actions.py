"""Dividends and splits of rows from files, and prices back to what traded.

Turns rows of whole symbols, typed but as a file has them, into prices as traded and
dividends as paid. Rows with a fault, or without a price, pass through untouched. No
reading of files here, and no judging.
"""

import polars as pl

ROUNDING_NOISE = 0.5e-4
"""Change of adj_close / close below which no dividend is read into it: half a basis
point, above the noise of six decimals and below any dividend paid."""

LARGE_SPLIT = 0.25
"""Log split ratio from which a split must show in the close as traded: five for four
or more, beyond what a price moves on a usual day."""

_PRICES = ("open", "high", "low", "close")
_HAS_PRICE = pl.col("fault").is_null() & (pl.col("close") > 0)


def count_hidden_splits(rows: pl.DataFrame) -> tuple[int, int]:
    """Number of large splits, and of those that left no trace in the close.

    Parameters
    ----------
    rows
        Rows of whole symbols, sorted by symbol and session.

    Returns
    -------
    n_large, n_hidden : int
        Where most are hidden the file has divided its prices by later splits. A single
        one says little: it may come with a spin-off that hides it.
    """
    move = (pl.col("close") / pl.col("close").shift(1).over("symbol")).log()
    split = _ratio().log()
    is_large = split.abs() > LARGE_SPLIT
    is_hidden = is_large & (move.abs() < (move + split).abs())
    counts = rows.filter(_HAS_PRICE).select(
        large=is_large.sum(), hidden=is_hidden.sum()
    )
    large, hidden = counts.row(0)
    return large, hidden


def apply(rows: pl.DataFrame, *, is_divided: bool) -> pl.DataFrame:
    """Rows as they traded, with a dividend and a split ratio each.

    Parameters
    ----------
    rows
        Rows of whole symbols, sorted by symbol and session, with adj_close (null where
        unknown, or where dividends are given).
    is_divided
        Whether prices, volumes and dividends were divided by later splits.

    Returns
    -------
    pl.DataFrame
        Same rows, without adj_close and with later_splits.
    """
    rows = rows.with_columns(split_ratio=_ratio())
    priced = rows.filter(_HAS_PRICE)
    paid = pl.col("dividend")
    if priced["adj_close"].count():
        shown = pl.lit(1.0) if is_divided else pl.col("split_ratio")
        paid = pl.coalesce(paid, _implied_dividend(shown))
    later = _later_splits() if is_divided else pl.lit(1.0)
    others = rows.filter(~_HAS_PRICE).with_columns(later_splits=1.0)
    both = [priced.with_columns(dividend=paid, later_splits=later), others]
    return (
        pl.concat(both, how="diagonal")
        .with_columns(pl.col("dividend").fill_null(0.0))
        .with_columns(
            pl.col(*_PRICES, "dividend") * pl.col("later_splits"),
            pl.col("volume") / pl.col("later_splits"),
        )
        .drop("adj_close")
    )


def _ratio() -> pl.Expr:
    # yfinance writes 0 where no split fell
    return pl.col("split_ratio").replace(0.0, 1.0).fill_null(1.0)


def _implied_dividend(ratio: pl.Expr) -> pl.Expr:
    """Dividend from adj_close, null where that is unknown.

    With f = adj_close / close and a split ratio r that shows in the close, a dividend
    is D_t = close_{t-1} (1 - r_t f_{t-1} / f_t).
    """
    factor = pl.col("adj_close") / pl.col("close")
    change = ratio * _session_before(factor) / factor
    implied = _session_before(pl.col("close")) * (1.0 - change)
    is_noise = (change - 1.0).abs() < ROUNDING_NOISE
    return pl.when(is_noise).then(0.0).otherwise(implied)


def _session_before(value: pl.Expr) -> pl.Expr:
    """Value in the symbol's session before; rows of one session see the same."""
    before = pl.when(_is_first_of_session()).then(value.shift(1))
    return before.forward_fill().over("symbol")


def _is_first_of_session() -> pl.Expr:
    return pl.col("session").is_first_distinct()


def _later_splits() -> pl.Expr:
    is_first = _is_first_of_session().over("symbol")
    once = pl.when(is_first).then("split_ratio").otherwise(1.0)
    return once.product().over("symbol") / once.cum_prod().over("symbol")
