"""Raw bars into prices whose ratios are total returns.

Adjustment runs forward: the first row of each symbol keeps its price as traded, and
every later row is multiplied by the splits and dividends since. An action therefore
moves its own session and later ones, never an earlier value, and nothing looks ahead.
The level depends on where the frame begins, so only ratios within one frame mean
anything. No cleaning of prices here, no quarantine, no reading or writing.
"""

import numpy as np
import polars as pl

from turbomode_assets import errors

_PRICES = ("open", "high", "low", "close")
_FAULTS = {
    "prices must be positive": pl.any_horizontal(pl.col(_PRICES) <= 0),
    "split ratios must be positive": pl.col("split_ratio") <= 0,
    "dividends must lie in [0, previous close)": (pl.col("dividend") < 0)
    | ((pl.col("_paid") > 0) & (pl.col("_paid") >= pl.col("_previous_close"))),
}


def adjust(bars: pl.DataFrame) -> pl.DataFrame:
    """Total-return adjusted bars, forward from each symbol's first row.

    The factor of a row is that of the symbol's previous row times
    ``split / (1 - dividend * split / previous close)``, the previous close as traded;
    actions in the first row of a symbol count for nothing, as no price precedes them.

    Parameters
    ----------
    bars
        Rows of `tables.BARS`, in any order.

    Returns
    -------
    pl.DataFrame
        Columns symbol, session, open, high, low, close (USD of the symbol's first
        row), volume (shares of the symbol's first row, adjusted for splits only);
        one row per bar, sorted by symbol and session, never null.

    Raises
    ------
    errors.SourceError
        Where a price or split ratio is not positive, or a dividend is negative or
        eats the whole previous close; lists every kind with its count.

    Notes
    -----
    A dividend is reinvested at the previous close, as in Yahoo's adjusted close. CRSP
    reinvests at the close of the ex-date; its return is ``1 - dividend * split /
    previous close`` times this one.

    Examples
    --------
    >>> bars = pl.DataFrame({
    ...     "symbol": ["A", "A"], "session": [1, 2], "volume": [10.0, 20.0],
    ...     "open": [100.0, 50.0], "high": [100.0, 51.0], "low": [98.0, 49.0],
    ...     "close": [100.0, 49.0], "dividend": [0.0, 1.0], "split_ratio": [1.0, 2.0],
    ... })
    >>> adjust(bars).select("close", "volume").row(1)
    (100.0, 10.0)
    """
    is_first = pl.col("symbol").ne_missing(pl.col("symbol").shift(1))
    rows = bars.sort("symbol", "session").with_columns(
        _previous_close=pl.col("close").shift(1),
        _paid=pl.when(is_first).then(0.0).otherwise(_paid_per_old_share()),
        _split=pl.when(is_first).then(1.0).otherwise(pl.col("split_ratio")),
        _is_step=is_first | (pl.col("dividend") != 0) | (pl.col("split_ratio") != 1),
    )
    _refuse_faults(rows)
    step = rows["_is_step"].arg_true()
    n_rows = np.diff(step.to_numpy(), append=rows.height)
    factor, shares = (
        pl.lit(pl.Series(np.repeat(each.to_numpy(), n_rows)))
        for each in _steps(rows[step])
    )
    return rows.select(
        "symbol",
        "session",
        *(pl.col(price) * factor for price in _PRICES),
        pl.col("volume") / shares,
    )


def _steps(rows: pl.DataFrame) -> pl.DataFrame:
    """Factors of prices and shares from each row to the symbol's next."""
    kept = pl.when(pl.col("_paid") > 0).then(
        1 - pl.col("_paid") / pl.col("_previous_close")
    )
    return rows.select(
        factor=(pl.col("_split") / kept.otherwise(1.0)).cum_prod().over("symbol"),
        shares=pl.col("_split").cum_prod().over("symbol"),
    )


def _paid_per_old_share() -> pl.Expr:
    # The dividend is quoted per share after the split of the same session.
    return pl.col("dividend") * pl.col("split_ratio")


def _refuse_faults(rows: pl.DataFrame) -> None:
    faults = []
    for sentence, is_fault in _FAULTS.items():
        found = rows.filter(is_fault)
        if found.height:
            symbol, session = found.select("symbol", "session").row(0)
            faults.append(f"{sentence}: {found.height} rows, first {symbol} {session}")
    if faults:
        message = "; ".join(faults) + ". Correct the source or leave the symbol out."
        raise errors.SourceError(message)
