"""What became of the rows a fetch delivered, symbol by symbol.

Turns attempts and judged rows into rows of the fetch log. Judging stands in
``quality.py``, what says something new in ``revisions.py``.
"""

import polars as pl

from turbomode_assets import market_tables
from turbomode_assets.prices import quality

_COUNTS = ("n_new", "n_known", "n_refused", "n_quarantined")


def counted(
    attempts: pl.DataFrame,
    judged: quality.Inspection,
    fresh: pl.DataFrame,
    unseen: pl.DataFrame,
) -> pl.DataFrame:
    """Attempts with what became of their rows.

    Parameters
    ----------
    attempts
        Rows of `market_tables.ATTEMPTS`; of a symbol at most one delivered rows.
    judged
        What became of the delivered rows.
    fresh
        Those of the accepted rows that say something new.
    unseen
        Those of the refused rows that were not refused before.

    Returns
    -------
    pl.DataFrame
        Rows of `market_tables.FETCHES`; 0 where nothing was delivered.
    """
    parts = {
        "n_new": fresh,
        "n_accepted": judged.accepted,
        "n_refused": judged.refused,
        "n_quarantined": unseen,
    }
    found = attempts
    for name, rows in parts.items():
        by_symbol = rows.group_by("symbol").agg(pl.len().cast(pl.Int64).alias(name))
        found = found.join(by_symbol, on="symbol", how="left")
    known = pl.col("n_accepted").fill_null(0) - pl.col("n_new").fill_null(0)
    has_rows = pl.col("n_rows") > 0
    counts = found.with_columns(n_known=known).with_columns(
        pl.when(has_rows).then(pl.col(name).fill_null(0)).otherwise(0).alias(name)
        for name in _COUNTS
    )
    return market_tables.FETCHES.conform(counts.drop("n_accepted"))
