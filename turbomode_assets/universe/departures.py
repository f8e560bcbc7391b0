"""Who trades no longer, as far as a source that forgets can tell.

A source that lists no delistings refuses a symbol once it has forgotten it, in the
same words it uses on a bad night. A symbol counts as gone when it was refused night
after night while others were served. Who belongs is decided in ``membership.py``.
"""

import datetime as dt
from collections.abc import Mapping

import polars as pl

from turbomode_assets import tables


def with_departures(
    members: pl.DataFrame,
    fetches: pl.DataFrame,
    newest: Mapping[str, dt.date],
    n_nights: int,
) -> pl.DataFrame:
    """Members with the end of those the source has forgotten.

    Parameters
    ----------
    members
        Rows of `tables.UNIVERSE`.
    fetches
        Rows of `market_tables.FETCHES`.
    newest
        Latest stored session of each symbol.
    n_nights
        Sessions in a row in which a symbol must have been unknown to be gone.

    Returns
    -------
    pl.DataFrame
        Rows of `tables.UNIVERSE`; ends that were known already are kept.
    """
    schema = {"symbol": pl.String, "last": pl.Date}
    bars = pl.DataFrame({"symbol": newest.keys(), "last": newest.values()}, schema)
    gone = (
        fetches.sort("session", "asked_at", "attempt")
        .unique(["symbol", "session"], keep="last", maintain_order=True)
        .with_columns(is_unknown=pl.col("result") == "unknown_symbol")
        .group_by("symbol")
        .agg(is_gone=(pl.col("is_unknown").tail(n_nights).sum() == n_nights))
        .filter("is_gone")
        .join(bars, on="symbol")
    )
    ended = members.join(gone.select("symbol", "last"), on="symbol", how="left")
    left = pl.col("last").is_not_null() & pl.col("delisted_on").is_null()
    return tables.UNIVERSE.conform(
        ended.with_columns(
            delisted_on=pl.coalesce("delisted_on", "last"),
            valid_to=pl.coalesce("valid_to", "last"),
            reason=pl.when(left)
            .then(pl.lit("the source has forgotten it"))
            .otherwise("reason"),
        ).drop("last")
    )
