"""Lives of contracts: time to expiry, and the dividends expected in it.

A life ends at the close of its last session and is counted in calendar years of 365
days. Dividends are expected a year after they were paid, by the same amount, which
looks at nothing that was not known. No price of an option belongs here.
"""

import datetime as dt

import polars as pl

from turbomode_assets import rounds, sessions

A_YEAR = dt.timedelta(days=364)
"""After which a dividend is paid again: 52 weeks, so that weekdays stay."""

_YEAR_MICROSECONDS = 365 * 86_400 * 1e6


def years_left(contracts: pl.DataFrame) -> pl.Series:
    """Years from the end of each row's round to the close of its last session.

    Parameters
    ----------
    contracts
        Columns session, minute and expires_on; an expiry without a session ends with
        the session before it.

    Returns
    -------
    pl.Series
        Named years, in the order of the rows; zero or less once it has expired.

    Examples
    --------
    >>> day = dt.date(2024, 7, 1)
    >>> row = {"session": day, "minute": 390, "expires_on": day + dt.timedelta(days=1)}
    >>> round(years_left(pl.DataFrame([row])).item() * 365, 4)
    1.0
    """
    if contracts.is_empty():
        return pl.Series("years", dtype=pl.Float64)
    begun = rounds.named(rounds.numbers(contracts))["ends_at"]
    days = contracts["expires_on"]
    first, last = days.min(), days.max()
    hours = sessions.trading_hours(first - dt.timedelta(days=7), last)  # type: ignore[operator,arg-type]
    ends = (
        days.to_frame()
        .with_row_index()
        .sort("expires_on")
        .join_asof(
            hours.select(expires_on="session", ends="closes_at"), on="expires_on"
        )
    )
    left = ends.sort("index")["ends"].to_physical() - begun.to_physical()
    return (left / _YEAR_MICROSECONDS).alias("years")


def dividend_yield(contracts: pl.DataFrame, paid: pl.DataFrame) -> pl.Series:
    """Continuous yield that takes as much off the price as the dividends of a life.

    Parameters
    ----------
    contracts
        Columns symbol, session, expires_on, spot, years and rate.
    paid
        Dividends: columns symbol, session (without the dividend from then on) and
        dividend, in USD per share. Later ones than a row's session do not enter.

    Returns
    -------
    pl.Series
        Fractions named dividend_yield, in the order of the rows; zero where nothing is
        expected or the contract has expired.

    Examples
    --------
    >>> day = dt.date(2024, 7, 1)
    >>> terms = {"symbol": "A", "spot": 100.0, "years": 0.25, "rate": 0.0}
    >>> row = {"session": day, "expires_on": day + dt.timedelta(days=91)} | terms
    >>> paid = {"symbol": "A", "session": day - dt.timedelta(days=350), "dividend": 1.0}
    >>> dividend_yield(pl.DataFrame([row]), pl.DataFrame([paid])).round(4).item()
    0.0402
    """
    again = paid.filter(pl.col("dividend") > 0).select(
        "symbol", "dividend", paid_on="session", due_on=pl.col("session") + A_YEAR
    )
    numbered = contracts.with_row_index()
    is_in_life = (pl.col("paid_on") <= pl.col("session")) & pl.col("due_on").is_between(
        pl.col("session"), pl.col("expires_on"), closed="right"
    )
    wait = (pl.col("due_on") - pl.col("session")).dt.total_days() / 365
    due = (
        numbered.select("index", "symbol", "session", "expires_on", "rate")
        .join(again, on="symbol")
        .filter(is_in_life)
        .group_by("index")
        .agg(taken=(pl.col("dividend") * (-pl.col("rate") * wait).exp()).sum())
    )
    off = pl.col("taken").fill_null(0.0) / pl.col("spot")
    spread = -(1 - off.clip(upper_bound=0.9)).log() / pl.col("years")
    lasting = pl.when(pl.col("years") > 0).then(spread).otherwise(0.0)
    found = numbered.join(due, on="index", how="left").sort("index")
    return found.select(dividend_yield=lasting.fill_null(0.0)).to_series()


def dividends_left(held: pl.DataFrame, paid: pl.DataFrame) -> pl.DataFrame:
    """Dividends expected at the entry that were paid since, and yield of the others.

    What is expected stays expected until it is paid, so that a contract does not move
    with a date that was only guessed, and an expected dividend moves it no more than
    the market would let it.

    Parameters
    ----------
    held
        Columns symbol, entered_on and left_on (sessions), spot, years and
        dividend_yield at the entry, and exit_spot and exit_years.
    paid
        Dividends, as `dividend_yield` wants them.

    Returns
    -------
    pl.DataFrame
        Columns dividends_usd, per share and at most what was expected, and exit_yield,
        a fraction; in the order of the rows.
    """
    since = pl.col("session").is_between("entered_on", "left_on", closed="right")
    numbered = held.with_row_index()
    received = (
        numbered.select("index", "symbol", "entered_on", "left_on")
        .join(paid, on="symbol")
        .filter(since)
        .group_by("index")
        .agg(received=pl.col("dividend").sum())
    )
    expected = pl.col("spot") * (
        1 - (-pl.col("dividend_yield") * pl.col("years")).exp()
    )
    gone = pl.min_horizontal(pl.col("received").fill_null(0.0), expected)
    off = ((expected - gone) / pl.col("exit_spot")).clip(0.0, 0.9)
    lasting = pl.col("exit_years") > 0
    return (
        numbered.join(received, on="index", how="left")
        .sort("index")
        .select(
            dividends_usd=gone,
            exit_yield=pl.when(lasting)
            .then(-(1 - off).log() / pl.col("exit_years"))
            .otherwise(0.0),
        )
    )
