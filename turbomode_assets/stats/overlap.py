"""How many holding periods stand on their own, where most of them overlap.

Neighboring signals share nearly all of their horizon: ten of them are one trial seen
ten times. What is done with the count does not belong here.
"""

from collections.abc import Sequence

import polars as pl


def keep_apart(rows: pl.DataFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """Rows of each group whose holding periods do not overlap, as many as can be.

    Parameters
    ----------
    rows
        Columns entry_on, matures_on and those of `by`, never null; days, or any other
        places in time.
    by
        Columns that make a group; none makes one group of all.

    Returns
    -------
    pl.DataFrame
        A subset of `rows`, sorted by `by` and maturity; of rows with the same period
        the first.

    Notes
    -----
    Taken greedily by the earliest maturity, which is optimal for intervals.

    Examples
    --------
    >>> import datetime as dt
    >>> day = dt.date(2024, 7, 1)
    >>> same = pl.DataFrame({"entry_on": [day] * 2, "matures_on": [day] * 2})
    >>> keep_apart(same).height
    1
    """
    ordered = rows.sort(*by, "matures_on", "entry_on", maintain_order=True)
    stands, group, free_from = [], None, None
    for *key, entry_on, matures_on in ordered.select(
        *by, "entry_on", "matures_on"
    ).iter_rows():
        if key != group:
            group, free_from = key, None
        stands.append(free_from is None or entry_on > free_from)
        if stands[-1]:
            free_from = matures_on
    return ordered.filter(pl.Series(stands, dtype=pl.Boolean))
