"""What became of each signal, in session time: one row per round and horizon.

A signal of a round can be acted on at the open of the next one and is judged at the
close of the round its horizon ends with (`rounds.exits`); nights take no time. Rows
follow from stored bars alone, so that a late run gives the same ones. Where bars last
several rounds, a horizon that ends within one has no price, and is unavailable. Prices
are as traded; what was bought before a split is more shares after it. Dividends are
left out: none is paid within a session, and few nights have one. No probability and no
vote may enter; `grade` adds the side.
"""

import polars as pl

from turbomode_assets import intraday_tables, rounds

_MOMENT = ("symbol", "session", "minute")
_CALLED = {"buy": 1, "hold": 0, "sell": -1}


def resolve(moments: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
    """Outcome of every moment at every horizon.

    Parameters
    ----------
    moments
        Columns symbol, session and minute, each row once.
    bars
        Rows of `intraday_tables.BARS`; of several revisions the last known counts.

    Returns
    -------
    pl.DataFrame
        Columns of `intraday_tables.OUTCOMES` without side and is_hit, sorted by its
        key. A missing bar makes a row unavailable once a later session of the symbol
        has one: until then it may still arrive.
    """
    priced = _priced(bars)
    frames = [_of_horizon(moments, priced, horizon) for horizon in rounds.HORIZONS]
    names = list(intraday_tables.OUTCOMES.schema())
    kept = [name for name in names if name not in {"side", "is_hit"}]
    return pl.concat(frames).select(kept).sort(intraday_tables.OUTCOMES.key)


def grade(outcomes: pl.DataFrame, signals: pl.DataFrame) -> pl.DataFrame:
    """Outcomes beside the side that was signaled; rows of `intraday_tables.OUTCOMES`.

    Parameters
    ----------
    outcomes
        As `resolve` returns them.
    signals
        Rows of `intraday_tables.SIGNALS`; outcomes without a signal are left out.
    """
    key = list(intraday_tables.OUTCOMES.key)
    graded = outcomes.join(signals.select(*key, "side"), on=key)
    called = pl.col("side").replace_strict(_CALLED, return_dtype=pl.Int8)
    gained = called * pl.col("realized_return")
    is_hit = pl.when(called != 0).then(gained > 0)
    return intraday_tables.OUTCOMES.conform(graded.with_columns(is_hit=is_hit))


def shares_of(bars: pl.DataFrame) -> pl.DataFrame:
    """Shares that one share has become, by symbol and session.

    Parameters
    ----------
    bars
        Rows of `intraday_tables.BARS`, one of each round.

    Returns
    -------
    pl.DataFrame
        Columns symbol, session and shares; 1 until a split.
    """
    split = bars.group_by("symbol", "session").agg(pl.col("split_ratio").last())
    became = pl.col("split_ratio").cum_prod().over("symbol", order_by="session")
    return split.select("symbol", "session", shares=became)


def _priced(bars: pl.DataFrame) -> pl.DataFrame:
    """Columns symbol, round, begins, open, close and shares, and newest_on."""
    latest = bars.sort("known_at").unique(_MOMENT, keep="last", maintain_order=True)
    numbered = latest.with_columns(round=pl.Series(rounds.numbers(latest)))
    return numbered.join(shares_of(latest), on=["symbol", "session"]).select(
        "symbol",
        "round",
        # A bar of several rounds opens with the first of them.
        pl.col("round").sub(intraday_tables.N_ROUNDS - 1).alias("begins"),
        "open",
        "close",
        "shares",
        newest_on=pl.col("session").max().over("symbol"),
    )


def _of_horizon(
    moments: pl.DataFrame, priced: pl.DataFrame, horizon: str
) -> pl.DataFrame:
    numbers = rounds.numbers(moments)
    exits = rounds.exits(numbers, horizon)
    rows = moments.select(_MOMENT).with_columns(
        horizon=pl.lit(horizon),
        entered=pl.Series(numbers + 1),
        entry_on=rounds.named(numbers + 1)["session"],
        exited=pl.Series(exits),
        exit_on=rounds.named(exits)["session"],
    )
    newest = priced.select("symbol", "newest_on").unique()
    entries = priced.select("symbol", "shares", entered="begins", entry="open")
    closes = priced.select("symbol", exited="round", exit="close", became="shares")
    found = (
        rows.join(newest, on="symbol", how="left")
        .join(entries, on=["symbol", "entered"], how="left")
        .join(closes, on=["symbol", "exited"], how="left")
    )
    held = pl.col("became") / pl.col("shares")
    earned = held * pl.col("exit") / pl.col("entry") - 1
    lost_entry = pl.col("entry").is_null() & (pl.col("newest_on") > pl.col("entry_on"))
    lost_exit = pl.col("exit").is_null() & (pl.col("newest_on") > pl.col("exit_on"))
    return found.with_columns(
        realized_return=earned,
        is_up=earned > 0,
        maturity=pl.when(earned.is_not_null())
        .then(pl.lit("final"))
        .when(lost_entry | lost_exit)
        .then(pl.lit("unavailable"))
        .otherwise(pl.lit("pending")),
    )
