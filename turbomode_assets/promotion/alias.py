"""The champion alias: who reigned when.

The history is append-only; the last row whose first session is not later than a
session says who reigned in it. Who deserves to reign is the gate's business.
"""

import datetime as dt

import polars as pl


def reigning(champions: pl.DataFrame, desk: str, session: dt.date) -> str | None:
    """Version that reigned over `desk` in `session`.

    Parameters
    ----------
    champions
        Rows of `tables.CHAMPIONS`.
    desk
        The desk.
    session
        A session.

    Returns
    -------
    str or None
        Null before the first champion.

    Examples
    --------
    >>> rows = {"desk": "swing", "version": "v1", "effective_from": dt.date(2024, 7, 1)}
    >>> champions = pl.DataFrame([rows])
    >>> reigning(champions, "swing", dt.date(2024, 7, 2))
    'v1'
    >>> reigning(champions, "swing", dt.date(2024, 6, 28)) is None
    True
    """
    begun = champions.filter(
        pl.col("desk") == desk, pl.col("effective_from") <= session
    ).sort("effective_from")
    return None if begun.is_empty() else str(begun["version"][-1])
