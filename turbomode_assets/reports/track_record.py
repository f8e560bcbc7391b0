"""What the emitted signals were worth so far: skill and equity, for two charts.

Signals and outcomes in, one row per session out. Live and replayed signals stay
apart, as everywhere. Nothing is drawn or judged: a champion's standing, which decides
whether it falls, stands in ``promotion/standing.py``.
"""

import polars as pl

from turbomode_assets import policy
from turbomode_assets.reports import learning_lines
from turbomode_assets.stats import base_rate, classification

ROLLING_SESSIONS = 63
"""Sessions behind each point of skill: a quarter."""

FEWEST_SESSIONS = 21
"""Sessions without which no skill is shown: a month."""

SAID = ("symbol", "session", "mode", "p_up", "p_flat", "p_down")
"""Columns of `tables.SIGNALS` that are needed."""

_KEY = ["symbol", "session"]


def matured(
    signals: pl.DataFrame, outcomes: pl.DataFrame, chosen: policy.Policy = policy.SWING
) -> pl.DataFrame:
    """Signals beside what happened and the base rate of their session.

    Parameters
    ----------
    signals
        Columns `SAID`.
    outcomes
        Rows of `tables.OUTCOMES`; those without a label are left out.
    chosen
        Names the label.

    Returns
    -------
    pl.DataFrame
        `SAID`, label, matures_on, realized_return and ``p_<class>_base_rate``, sorted
        by session.
    """
    graded = outcomes.select(
        *_KEY,
        "matures_on",
        "realized_return",
        label=pl.col(f"label_{chosen.training.label}"),
    ).drop_nulls("label")
    return base_rate.beside(signals.select(SAID).join(graded, on=_KEY), graded)


def skill(rows: pl.DataFrame) -> pl.DataFrame:
    """Share of the base rate's log-loss saved over the last quarter.

    Parameters
    ----------
    rows
        As `matured` returns them, of one mode.

    Returns
    -------
    pl.DataFrame
        Columns session and skill; null before `FEWEST_SESSIONS`.
    """
    losses = rows.with_columns(
        classification.log_loss().alias("loss"),
        classification.log_loss("_base_rate").alias("usual"),
    ).drop_nulls(["loss", "usual"])
    means = classification.session_means(losses, "loss", "usual").sort("session")
    loss, usual = (
        pl.col(name).rolling_mean(ROLLING_SESSIONS, min_samples=FEWEST_SESSIONS)
        for name in ("loss", "usual")
    )
    return means.select("session", skill=1.0 - loss / usual)


def equity(rows: pl.DataFrame, chosen: policy.Policy = policy.SWING) -> pl.DataFrame:
    """Paper book that follows the edges, after costs, beginning at 1.

    Parameters
    ----------
    rows
        As `matured` returns them, of one mode.
    chosen
        Gives the names held and their cost.

    Returns
    -------
    pl.DataFrame
        Columns session, at whose close a tranche was booked, and equity.
    """
    priced = rows.drop_nulls("realized_return")
    return learning_lines.book(priced, chosen.paper).sort("session")
