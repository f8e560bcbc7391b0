"""What the rows of an arm cost it: mean log-loss a session, alone and against another.

Every figure of a learning report begins here. No interval and no test is computed.
"""

import polars as pl

from turbomode_assets.stats import classification, skill_split

_KEY = ["symbol", "session"]


def losses(rows: pl.DataFrame) -> pl.DataFrame:
    """Mean log-loss of an arm, session by session.

    Parameters
    ----------
    rows
        Columns session, p_up, p_flat, p_down and label.

    Returns
    -------
    pl.DataFrame
        session, n_rows and loss in nats, ascending.
    """
    scored = rows.with_columns(classification.log_loss().alias("loss"))
    return classification.session_means(scored.drop_nulls("loss"), "loss")


def gains(better: pl.DataFrame, than: pl.DataFrame) -> pl.DataFrame:
    """Loss saved per session, where both spoke, beside the loss saved from.

    Parameters
    ----------
    better, than
        As `losses` returns them.

    Returns
    -------
    pl.DataFrame
        session, n_rows, loss_than and gain, ascending.
    """
    both = better.join(than, on="session", suffix="_than").sort("session")
    return both.select(
        "session", "n_rows", "loss_than", gain=pl.col("loss_than") - pl.col("loss")
    )


def filled(rows: pl.DataFrame, usual: pl.DataFrame) -> pl.DataFrame:
    """An arm's rows, and those of the base rate where it was silent.

    Whoever says nothing of a symbol leaves its reader with the usual chances; left out,
    silence in bad times would look like skill.
    """
    silent = usual.join(rows, on=_KEY, how="anti")
    return pl.concat([rows.select(usual.columns), silent]).sort("session", "symbol")


def direction_gains(rows: pl.DataFrame, usual: pl.DataFrame) -> pl.Series:
    """Mean loss saved in telling up from down, session by session, in nats.

    The other part of a gain over the base rate is whether a move is large at all: any
    forecast of volatility has that.
    """
    chances = ["p_up", "p_flat", "p_down"]
    both = rows.join(
        usual.select(*_KEY, *chances), on=_KEY, suffix="_usual"
    ).drop_nulls("label")
    gain = skill_split.direction_loss("_usual") - skill_split.direction_loss()
    means = classification.session_means(both.with_columns(gain=gain), "gain")
    return means["gain"]
