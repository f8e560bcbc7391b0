"""Whether the stored bars of a session look like a market.

Turns bars into sentences about sessions: too few symbols, or a source that repeats
itself. What is wrong with a single row stands in ``quality.py``.
"""

import datetime as dt

import polars as pl

from turbomode_assets import market_policy, sessions

_VALUES = ("open", "high", "low", "close", "volume")


def thin_sessions(
    bars: pl.DataFrame, expected: list[dt.date], rules: market_policy.QualityPolicy
) -> dict[dt.date, str]:
    """Sessions in which too few symbols of the session before have a bar.

    Parameters
    ----------
    bars
        Rows of `tables.BARS` of the expected sessions and the one before them.
    expected
        Sessions that should have bars, ascending.
    rules
        Smallest share.

    Returns
    -------
    dict of datetime.date to str
        A sentence for each thin session; a session without any bar is thin.
    """
    counts = _beside_the_session_before(bars, expected)
    thin = counts.filter(
        (pl.col("n_bars") == 0)
        | (pl.col("n_both") < rules.min_coverage * pl.col("n_before"))
    )
    return {
        day: f"{n_bars} bars, {n_both} of the {n_before} symbols of the session before"
        for day, n_bars, n_before, n_both in thin.select(
            "session", "n_bars", "n_before", "n_both"
        ).iter_rows()
    }


def stuck_sessions(
    bars: pl.DataFrame, expected: list[dt.date], rules: market_policy.QualityPolicy
) -> dict[dt.date, str]:
    """Sessions in which too many bars repeat the session before to the last digit.

    Parameters
    ----------
    bars, expected, rules
        As for `thin_sessions`; the largest share is the policy's.
    """
    counts = _beside_the_session_before(bars, expected)
    stuck = counts.filter(
        pl.col("n_repeated") > rules.max_repeated * pl.col("n_both"),
        pl.col("n_both") > 0,
    )
    return {
        day: f"{n_repeated} of {n_both} bars repeat the session before"
        for day, n_repeated, n_both in stuck.select(
            "session", "n_repeated", "n_both"
        ).iter_rows()
    }


def _beside_the_session_before(
    bars: pl.DataFrame, expected: list[dt.date]
) -> pl.DataFrame:
    """Counts by expected session: n_bars, n_before, n_both and n_repeated."""
    if not expected:
        names = ("n_bars", "n_before", "n_both", "n_repeated")
        return pl.DataFrame(
            schema={"session": pl.Date, **dict.fromkeys(names, pl.Int64)}
        )
    calendar = pl.DataFrame(
        {
            "session": expected,
            "before": [sessions.shift(expected[0], -1), *expected[:-1]],
        }
    )
    now = bars.select("symbol", "session", *_VALUES)
    then = now.rename({"session": "before"} | {v: f"{v}_before" for v in _VALUES})
    is_same = pl.all_horizontal(pl.col(v) == pl.col(f"{v}_before") for v in _VALUES)
    seen = (
        calendar.join(now, on="session")
        .join(then, on=["symbol", "before"], how="left")
        .group_by("session")
        .agg(
            n_bars=pl.len(),
            n_both=pl.col("open_before").count(),
            n_repeated=is_same.sum(),
        )
    )
    earlier = bars.group_by(before="session").agg(n_before=pl.len())
    return (
        calendar.join(seen, on="session", how="left")
        .join(earlier, on="before", how="left")
        .with_columns(pl.col("n_bars", "n_both", "n_repeated", "n_before").fill_null(0))
        .sort("session")
    )
