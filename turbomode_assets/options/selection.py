"""The contract that stands for a signal, or the reason why there is none.

A buy takes a call and a sell a put, of the newest chain that is fresh. Candidates go
through `FILTERS` in their order; where one leaves nothing, it is the refusal. Of those
left the one nearest to the life, then to the delta preferred is taken. Whether the book
may buy it is decided in ``risk.py``.
"""

import polars as pl

from turbomode_assets import rounds
from turbomode_assets.options_policy import OPTIONS, SHARES, OptionsPolicy

FILTERS = {
    "no_fresh_chain": "No chain of the symbol is recent enough.",
    "no_right": "The chain has no contract of the right.",
    "life": "None expires within the days allowed.",
    "quote": "None has a sound two-sided quote.",
    "spread": "The spread is too wide a share of the mid.",
    "illiquid": "Too little is traded and too little is open.",
    "delta": "None moves with the share as much as asked for.",
    "unaffordable": "One contract costs more than a trade may.",
}
"""Reasons of a refusal, in the order they are looked at."""

_MOMENT = ["symbol", "session", "minute"]


def choose(
    signals: pl.DataFrame, quotes: pl.DataFrame, rules: OptionsPolicy = OPTIONS
) -> pl.DataFrame:
    """Contract for each moment and side that was signaled.

    Parameters
    ----------
    signals
        Columns symbol, session, minute and side; holds are left out, and of several
        horizons with the same side one row is made.
    quotes
        Rows of `options_tables.QUOTES`; only those at or before a signal are seen.
    rules
        Policy in force.

    Returns
    -------
    pl.DataFrame
        Columns symbol, session, minute, side, refusal (null where there is a
        contract), quote_age_minutes, and those of the quote but for its moment; one row
        per moment and side, sorted.
    """
    asked = signals.filter(pl.col("side") != "hold").select(*_MOMENT, "side").unique()
    candidates = _candidates(asked, quotes, rules)
    stages = list(FILTERS)
    passed = pl.lit(0)
    is_open = pl.lit(value=True)
    for test in _tests(rules):
        is_open = is_open & test.fill_null(value=False)
        passed = passed + is_open.cast(pl.Int64)
    judged = candidates.with_columns(passed=passed)
    distance = (pl.col("days") - rules.selection.target_days).abs()
    off = (pl.col("delta").abs() - rules.selection.target_delta).abs()
    best = (
        judged.sort(
            [-pl.col("passed"), distance, off, "expires_on", "strike"], nulls_last=True
        )
        .unique([*_MOMENT, "side"], keep="first", maintain_order=True)
        .sort(*_MOMENT, "side")
    )
    refusal = pl.col("passed").replace_strict(
        {i: stages[i] for i in range(len(stages))}, default=None
    )
    dropped = ["passed", "days", "_round", "_taken"]
    return best.with_columns(refusal=refusal).drop(dropped)


def feasibility(chosen: pl.DataFrame) -> pl.DataFrame:
    """Share of the moments with a contract, and of each refusal, by side.

    Parameters
    ----------
    chosen
        As `choose` returns them.

    Returns
    -------
    pl.DataFrame
        Columns side, refusal (null for those with a contract), n and share.
    """
    counted = chosen.group_by("side", "refusal").agg(n=pl.len().cast(pl.Int64))
    share = pl.col("n") / pl.col("n").sum().over("side")
    return counted.with_columns(share=share).sort("side", "refusal", nulls_last=False)


def _candidates(
    asked: pl.DataFrame, quotes: pl.DataFrame, rules: OptionsPolicy
) -> pl.DataFrame:
    """Every contract of the newest fresh chain of each moment; nulls where none is."""
    right = pl.when(pl.col("side") == "buy").then(pl.lit("call"))
    wanted = asked.with_columns(
        _round=pl.Series(rounds.numbers(asked), dtype=pl.Int64),
        right=right.otherwise(pl.lit("put")),
    ).sort("_round")
    numbered = quotes.with_columns(
        _taken=pl.Series(rounds.numbers(quotes), dtype=pl.Int64)
    ).drop("session", "minute")
    taken = numbered.select("symbol", "_taken").unique().sort("_taken")
    seen = wanted.join_asof(
        taken,
        left_on="_round",
        right_on="_taken",
        by="symbol",
        coalesce=False,
        check_sortedness=False,
    )
    wait = (pl.col("_round") - pl.col("_taken")) * rounds.MINUTES
    fresh = pl.when(wait <= rules.quotes.max_age_minutes).then("_taken")
    found = seen.with_columns(_taken=fresh).join(
        numbered, on=["symbol", "_taken", "right"], how="left"
    )
    age = (wait + pl.col("age_minutes")).cast(pl.Float64)
    days = (pl.col("expires_on") - pl.col("session")).dt.total_days()
    return found.with_columns(quote_age_minutes=age, days=days)


def _tests(rules: OptionsPolicy) -> list[pl.Expr]:
    """What a candidate must be to pass each of `FILTERS`, in their order."""
    bounds, mid = rules.selection, (pl.col("bid") + pl.col("ask")) / 2
    is_traded = pl.col("traded") >= bounds.min_traded
    is_open = pl.col("open_interest") >= bounds.min_open_interest
    is_liquid = is_traded.fill_null(value=False) | is_open.fill_null(value=False)
    budget = min(
        rules.risk.max_trade_usd, rules.risk.max_trade_share * rules.risk.capital_usd
    )
    return [
        pl.col("_taken").is_not_null(),
        pl.col("basis").is_not_null(),
        pl.col("days").is_between(bounds.min_days, bounds.max_days),
        pl.col("finding").is_null()
        & (pl.col("quote_age_minutes") <= rules.quotes.max_age_minutes),
        pl.col("ask") - pl.col("bid") <= bounds.max_spread * mid + 1e-9,
        # A model has no volume: what is made of its quotes says so in `basis`.
        (pl.col("basis") == "model") | is_liquid,
        pl.col("delta").abs().is_between(bounds.min_delta, bounds.max_delta),
        pl.col("ask") * SHARES + rules.risk.commission_usd <= budget,
    ]
