"""What a learning report draws over time: skill with its band, equity of a book.

Rows of arms in, one point a session out. Drawing stands in ``learning_charts.py``.
"""

import dataclasses

import polars as pl

from turbomode_assets import policy, report_policy
from turbomode_assets.reports import learning_losses
from turbomode_assets.stats import resampling

ROLLING_SESSIONS = 126
"""Sessions behind each point of skill over time: half a year."""

_N_RESAMPLES = 300  # a band is looked at, not decided by


def rolling_skill(
    own: pl.DataFrame, usual: pl.DataFrame, gate: policy.GatePolicy
) -> pl.DataFrame:
    """Skill over the last half year, with a band at the end of every month.

    Parameters
    ----------
    own, usual
        Losses of an arm and of the base rate.
    gate
        Gives the bootstrap.

    Returns
    -------
    pl.DataFrame
        session, skill as a fraction, low and high; null before half a year has passed,
        the band also within a month.
    """
    found = learning_losses.gains(own, usual)
    means = {"rolled": "gain", "usual": "loss_than"}
    rolled = found.with_columns(
        pl.col(column).rolling_mean(ROLLING_SESSIONS).alias(name)
        for name, column in means.items()
    ).with_columns(skill=pl.col("rolled") / pl.col("usual"))
    month = pl.col("session").dt.truncate("1mo")
    is_end = (month != month.shift(-1)).fill_null(value=True)
    ends = rolled.with_row_index("place").filter(is_end)
    bands = [
        (row["session"], *_band(found, row["place"], row["usual"], gate))
        for row in ends.drop_nulls("usual").iter_rows(named=True)
    ]
    kinds = {"session": pl.Date(), "low": pl.Float64(), "high": pl.Float64()}
    drawn = pl.DataFrame(bands, schema=kinds, orient="row")
    return rolled.select("session", "skill").join(drawn, on="session", how="left")


def _band(
    found: pl.DataFrame, place: int, usual: float, gate: policy.GatePolicy
) -> tuple[float | None, float | None]:
    window = found["gain"][place + 1 - ROLLING_SESSIONS : place + 1]
    fewer = dataclasses.replace(gate, n_resamples=_N_RESAMPLES)
    ends = resampling.interval(window, fewer)
    return (ends[0] / usual, ends[1] / usual) if ends else (None, None)


def book(rows: pl.DataFrame, paper: report_policy.PaperPolicy) -> pl.DataFrame:
    """Equity of a book that buys the largest and sells the smallest edges.

    Each session invests one tranche, half on either side, and books what it earned
    after costs when it matures. A session whose edges do not differ is left out.

    Parameters
    ----------
    rows
        Columns symbol, session, p_up, p_down, matures_on and realized_return.
    paper
        Names a side, costs and tranches.

    Returns
    -------
    pl.DataFrame
        session and equity, beginning at 1 before the first.
    """
    edge = pl.col("p_up") - pl.col("p_down")
    order = pl.struct(-edge, pl.col("symbol")).rank("ordinal").over("session")
    spread = (edge.max() - edge.min()).over("session")
    n = pl.len().over("session")
    placed = rows.filter(spread > 0, n >= 2 * paper.n_names).with_columns(
        pl.when(order <= paper.n_names)
        .then(1.0)
        .when(order > pl.len().over("session") - paper.n_names)
        .then(-1.0)
        .alias("held")
    )
    earned = pl.col("held") * pl.col("realized_return") - 2.0 * paper.cost
    cohorts = placed.drop_nulls("held").sort("matures_on", "session", "symbol")
    daily = cohorts.group_by("matures_on", maintain_order=True).agg(
        earned.sum().alias("earned")
    )
    share = 2 * paper.n_names * paper.tranches
    return daily.select(
        pl.col("matures_on").alias("session"),
        equity=1.0 + (pl.col("earned") / share).cum_sum(),
    )
