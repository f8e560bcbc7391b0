"""From probabilities to buy, hold or sell, and the order within a session.

A pure rule on three probabilities. Where they come from, which symbols are scored
and what is written down must not go here; no symbol is ever named.
"""

import polars as pl

from turbomode_assets import policy


def choose_sides(scored: pl.DataFrame, side: policy.SidePolicy) -> pl.DataFrame:
    """Probabilities with edge, side and rank.

    Parameters
    ----------
    scored
        Columns symbol, session, p_up and p_down without nulls; others are kept.
    side
        Smallest probability and smallest edge of a side, both included.

    Returns
    -------
    pl.DataFrame
        Same rows in the same order. Edge is p_up - p_down in [-1, 1]; rank is 1 for
        the largest edge of the session, ties in the order of symbols.

    Examples
    --------
    >>> scored = pl.DataFrame({"symbol": ["AA", "BB"], "session": [1, 1],
    ...                        "p_up": [0.02, 0.2], "p_down": [0.3, 0.1]})
    >>> sides = choose_sides(scored, policy.SidePolicy())
    >>> sides.select("side", "rank").rows()
    [('sell', 2), ('buy', 1)]
    """
    edge = pl.col("p_up") - pl.col("p_down")
    order = pl.struct(-edge, pl.col("symbol")).rank("ordinal").over("session")
    return scored.with_columns(
        edge.alias("edge"),
        pl.when(_is_taken("p_up", edge, side))
        .then(pl.lit("buy"))
        .when(_is_taken("p_down", -edge, side))
        .then(pl.lit("sell"))
        .otherwise(pl.lit("hold"))
        .alias("side"),
        order.cast(pl.Int64).alias("rank"),
    )


def _is_taken(name: str, edge: pl.Expr, side: policy.SidePolicy) -> pl.Expr:
    is_likely = pl.col(name) >= side.min_probability
    # An edge of zero points nowhere, even under a policy that asks for none.
    return is_likely & (edge >= side.min_edge) & (edge > 0)
