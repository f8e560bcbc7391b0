"""How much a sample counts: labels that overlap say the same thing twice.

Weights depend on the calendar and on the number of names of a session, never on a
price, a label or a prediction. Time decay is a choice of training, not of samples.
"""

import datetime as dt

import numpy as np
import polars as pl

from turbomode_assets import sessions


def uniqueness(periods: pl.DataFrame, calendar_days: int) -> pl.DataFrame:
    """Average uniqueness of the label of each session, in (0, 1].

    Concurrency counts the holding periods of *every* session of the calendar, not
    only of those given. The weight is therefore a function of the calendar alone:
    more history, or a gap in it, never changes it.

    Parameters
    ----------
    periods
        Columns session, entry_on, matures_on, as `sessions.holding_periods` returns
        them for `calendar_days`.
    calendar_days
        Days from entry to maturity.

    Returns
    -------
    pl.DataFrame
        Columns session and uniqueness, one row per period in the given order: the
        mean over the held sessions of 1 / number of periods that hold it.

    References
    ----------
    M. Lopez de Prado, "Advances in Financial Machine Learning", chapter 4, 2018.

    Examples
    --------
    >>> periods = sessions.holding_periods([dt.date(2024, 7, 2)], 1)
    >>> uniqueness(periods, 1)["uniqueness"].to_list()
    [0.5]
    """
    if periods.is_empty():
        return pl.DataFrame(schema={"session": pl.Date, "uniqueness": pl.Float64})
    first: dt.date = periods["entry_on"].min()  # type: ignore[assignment]
    last: dt.date = periods["matures_on"].max()  # type: ignore[assignment]
    start = first - dt.timedelta(days=calendar_days + 14)
    emitting = sessions.sessions_between(max(start, sessions.FIRST_DAY), last)
    every = sessions.held_sessions(sessions.holding_periods(emitting, calendar_days))
    concurrency = every.group_by("held_on").len("n_periods")
    held = sessions.held_sessions(periods).join(
        concurrency, on="held_on", how="left", maintain_order="left"
    )
    counts = held["session"].rle().struct.field("len").to_numpy().astype(np.int64)
    # One sum per contiguous run: the order of addition is the calendar's.
    starts = np.cumsum(counts) - counts
    totals = np.add.reduceat(1.0 / held["n_periods"].to_numpy(), starts)
    return periods.select("session", pl.Series("uniqueness", totals / counts))


def sample_weights(rows: pl.DataFrame, calendar_days: int) -> pl.DataFrame:
    """Rows with their weight: uniqueness of the label / names of the session.

    Parameters
    ----------
    rows
        Column session; all samples of a session together, or its names are
        undercounted.
    calendar_days
        Days from entry to maturity.

    Returns
    -------
    pl.DataFrame
        Same rows in the same order with sample_weight, positive; a session sums to
        its uniqueness.
    """
    days = rows["session"].unique().sort()
    periods = sessions.holding_periods(days.to_list(), calendar_days)
    unique = uniqueness(periods, calendar_days)
    weight = pl.col("uniqueness") / pl.len().over("session")
    joined = rows.join(unique, on="session", how="left", maintain_order="left")
    return joined.with_columns(weight.alias("sample_weight")).drop("uniqueness")
