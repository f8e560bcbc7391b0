"""How well a score brings what is rare to the top of the list.

For classes of a few percent, where accuracy says nothing. Each number belongs beside
the base rate, which is what a blind list reaches.
"""

import numpy as np
import polars as pl


def average_precision(is_positive: pl.Series, score: pl.Series) -> float | None:
    """Precision averaged over all positives, in (0, 1]; ties are taken together.

    Parameters
    ----------
    is_positive, score
        Booleans and numbers of one length, without nulls.

    Returns
    -------
    float or None
        None without positives; a blind score reaches about their share.

    Examples
    --------
    >>> average_precision(pl.Series([True, False, True]), pl.Series([3, 2, 1]))
    0.8333333333333333
    """
    counts = (
        pl.DataFrame({"score": score, "hit": is_positive.cast(pl.Int64)})
        .group_by("score")
        .agg(pl.col("hit").sum(), pl.len().cast(pl.Int64).alias("n"))
        .sort("score", descending=True)
    )
    hits, n = counts["hit"].to_numpy(), counts["n"].to_numpy()
    if not hits.sum():
        return None
    precision = np.cumsum(hits) / np.cumsum(n)
    return float((precision * hits).sum() / hits.sum())


def precision_at(rows: pl.DataFrame, n_names: int, score: str, hit: str) -> pl.Series:
    """Share of hits among the `n_names` highest scores of each session.

    Parameters
    ----------
    rows
        Columns symbol, session, `score` and the boolean `hit`, without nulls; ties go
        to the earlier symbol.
    n_names
        Names picked; all of a session that has fewer.
    score, hit
        What orders the names, and what then happened.

    Returns
    -------
    pl.Series
        One value per session, ascending.

    Examples
    --------
    >>> day = {"symbol": ["A", "B"], "session": [1, 1], "p": [0.2, 0.1], "up": [1, 0]}
    >>> precision_at(pl.DataFrame(day), 1, "p", "up").to_list()
    [1.0]
    """
    ordered = rows.sort(["session", score, "symbol"], descending=[False, True, False])
    picked = ordered.group_by("session", maintain_order=True).head(n_names)
    shares = picked.group_by("session", maintain_order=True).agg(
        pl.col(hit).cast(pl.Float64).mean()
    )
    return shares[hit]
