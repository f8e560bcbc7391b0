"""The trailing base rate: class shares of everything that had matured.

What any forecast must beat. How losses against it are averaged stands in
``classification.py``.
"""

import polars as pl

from turbomode_assets.stats import classification


def trailing(outcomes: pl.DataFrame) -> pl.DataFrame:
    """Class shares of all outcomes up to each maturity.

    Parameters
    ----------
    outcomes
        Columns matures_on and label, one of `classification.CLASSES`, never null.

    Returns
    -------
    pl.DataFrame
        Columns matures_on, ascending, and ``p_<class>_base_rate``.
    """
    classes = classification.CLASSES
    counts = outcomes.group_by("matures_on").agg(
        (pl.col("label") == name).sum().cast(pl.Int64).alias(name) for name in classes
    )
    so_far = counts.sort("matures_on").with_columns(pl.col(classes).cum_sum())
    total = pl.sum_horizontal(classes)
    return so_far.select(
        "matures_on",
        *((pl.col(name) / total).alias(f"p_{name}_base_rate") for name in classes),
    )


def beside(rows: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
    """Rows with the base rate of what had matured before their session.

    Parameters
    ----------
    rows
        Column session; others are kept.
    outcomes
        As for `trailing`.

    Returns
    -------
    pl.DataFrame
        Sorted by session; null where nothing had matured.
    """
    return rows.sort("session").join_asof(
        trailing(outcomes),
        left_on="session",
        right_on="matures_on",
        allow_exact_matches=False,
    )
