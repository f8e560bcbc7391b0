"""Option chains as quotes with what they imply, and what is wrong with them.

A chain of the intraday desk, the share's price and the dividends it has paid become
rows of `options_tables.QUOTES`. Nothing is dropped: a quote that cannot be acted on
says why. `modeled` makes the same rows where nothing is quoted; they say so in
``basis``. Which contract is taken is decided in ``selection.py``.
"""

import numpy as np
import polars as pl

from turbomode_assets import options_tables, rounds
from turbomode_assets.options import lives, pricing
from turbomode_assets.options_policy import OPTIONS, ModelPolicy, OptionsPolicy

FINDINGS = {
    "no_spot": "The share has no bar of the round.",
    "expired": "The contract's last session is over.",
    "crossed": "The bid lies above the ask.",
    "one_sided": "Nothing is bid, or nothing is asked.",
    "stale": "Neither side nor the volume has changed for too long.",
    "absurd_vol": "No volatility explains the mid, or none that a share has.",
}
"""Why a quote cannot be acted on; the first that applies is told."""

_CONTRACT = ["symbol", "expires_on", "strike", "right"]
_MOMENT = ["symbol", "session", "minute"]
_GREEKS = ("delta", "gamma", "theta", "vega")


def of_chains(
    chains: pl.DataFrame,
    bars: pl.DataFrame,
    paid: pl.DataFrame,
    rules: OptionsPolicy = OPTIONS,
) -> pl.DataFrame:
    """Quotes of every chain.

    Parameters
    ----------
    chains
        Rows of `intraday_tables.CHAINS`.
    bars
        Rows of `intraday_tables.BARS`; of several revisions the last known counts.
    paid
        Dividends, as `lives.dividend_yield` wants them.
    rules
        Policy in force.

    Returns
    -------
    pl.DataFrame
        Rows of `options_tables.QUOTES`, with basis ``quoted``.
    """
    spots = latest(bars).select(*_MOMENT, spot="close")
    aged = _with_age(chains).join(spots, on=_MOMENT, how="left")
    terms = _with_terms(aged.drop("implied_vol"), paid, rules.model)
    mid = (pl.col("bid") + pl.col("ask")) / 2
    implied = pricing.imply(terms.with_columns(price=mid)).with_columns(
        basis=pl.lit("quoted")
    )
    return _conformed(implied, rules)


def modeled(
    moments: pl.DataFrame, paid: pl.DataFrame, rules: OptionsPolicy = OPTIONS
) -> pl.DataFrame:
    """Quotes a market maker might give who knows no more than the model.

    Parameters
    ----------
    moments
        Columns symbol, session, minute, spot and vol: `realized_vol` with its premium.
    paid
        Dividends, as `lives.dividend_yield` wants them.
    rules
        Policy in force; its `ModelPolicy` says what is assumed.

    Returns
    -------
    pl.DataFrame
        Rows of `options_tables.QUOTES`, with basis ``model``: Fridays and strikes
        around the spot, out of the money or next to it. Traded and open interest are
        null, as a model has none.
    """
    listed = _listed(moments, rules)
    terms = _with_terms(listed, paid, rules.model)
    priced = pricing.value(terms)
    half = half_spread(pl.col("price"), rules.model)
    quoted = priced.with_columns(
        bid=(pl.col("price") - half).clip(0.0),
        ask=pl.col("price") + half,
        traded=pl.lit(None, pl.Float64),
        open_interest=pl.lit(None, pl.Float64),
        age_minutes=pl.lit(0.0),
        basis=pl.lit("model"),
    )
    return _conformed(quoted, rules)


def half_spread(mid: pl.Expr, rules: ModelPolicy) -> pl.Expr:
    """Half of the spread that the model assumes of a price, in USD."""
    return pl.max_horizontal(mid * rules.spread, pl.lit(rules.least_spread_usd)) / 2


def realized_vol(
    bars: pl.DataFrame, daily: pl.DataFrame, rules: ModelPolicy
) -> pl.DataFrame:
    """Annual volatility each round could expect from the sessions before it.

    Parameters
    ----------
    bars
        Rows of `intraday_tables.BARS`; of several revisions the last known counts.
    daily
        Rows of `intraday_tables.DAILY_BARS`, for sessions before the bars begin.
    rules
        Gives vol_sessions and vol_premium.

    Returns
    -------
    pl.DataFrame
        Columns symbol, session, minute, spot (close of the round) and vol: the root
        mean square of the log returns from close to close, nights included, of the
        sessions before this one, times the premium. Null until there are as many.
    """
    known = latest(bars).sort(_MOMENT)
    held = _closes(known, daily)
    before = pl.col("close").shift(1).over("symbol")
    moved = (
        (pl.col("close") + pl.col("dividend")) * pl.col("split_ratio") / before
    ).log()
    mean = (moved**2).rolling_mean(rules.vol_sessions).shift(1).over("symbol")
    vol = held.select("symbol", "session", vol=(252 * mean).sqrt() * rules.vol_premium)
    return known.select(*_MOMENT, spot="close").join(
        vol, on=["symbol", "session"], how="left", maintain_order="left"
    )


def _closes(known: pl.DataFrame, daily: pl.DataFrame) -> pl.DataFrame:
    """Last close of each symbol and session, and what its holders got beside."""
    own = known.group_by("symbol", "session", maintain_order=True).agg(
        pl.col("close").last(), pl.col("split_ratio").first(), dividend=pl.lit(0.0)
    )
    earlier = daily.sort("known_at").unique(["symbol", "session"], keep="last")
    others = earlier.join(own, on=["symbol", "session"], how="anti")
    both = pl.concat([others.select(own.columns), own])
    return both.sort("symbol", "session")


def latest(bars: pl.DataFrame) -> pl.DataFrame:
    """Bars as they are known last, each round once."""
    ordered = bars.sort("known_at")
    return ordered.unique(_MOMENT, keep="last", maintain_order=True)


def _with_age(chains: pl.DataFrame) -> pl.DataFrame:
    """Chains with the session minutes since each quote last changed."""
    told = ["bid", "ask", "traded"]
    ordered = chains.with_columns(
        _round=pl.Series(rounds.numbers(chains), dtype=pl.Int64)
    ).sort(*_CONTRACT, "_round")
    is_same = pl.all_horizontal(
        pl.col(name).eq_missing(pl.col(name).shift(1)) for name in told
    ).over(_CONTRACT)
    changed = pl.when(~is_same.fill_null(value=False)).then("_round")
    since = pl.col("_round") - changed.forward_fill().over(_CONTRACT)
    age = (since * rounds.MINUTES).cast(pl.Float64)
    return ordered.with_columns(age_minutes=age).drop("_round")


def _listed(moments: pl.DataFrame, rules: OptionsPolicy) -> pl.DataFrame:
    """Contracts around each moment: Fridays within the days allowed, and strikes."""
    known = moments.filter(pl.col("vol") > 0)
    days = pl.DataFrame({"days": np.arange(_MOST_DAYS + 1)})
    bounds = rules.selection
    until_friday = (5 - pl.col("session").dt.weekday()) % 7
    is_friday = (pl.col("days") - until_friday) % 7 == 0
    is_allowed = pl.col("days").is_between(bounds.min_days, bounds.max_days)
    fridays = known.join(days, how="cross").filter(is_friday & is_allowed)
    nearest = (pl.col("days") - bounds.target_days).abs()
    one = fridays.filter(nearest == nearest.min().over(_MOMENT))
    steps = pl.DataFrame(
        {"step": np.arange(-rules.model.n_strikes, rules.model.n_strikes + 1)}
    )
    grid = 10 ** (pl.col("spot") * rules.model.strike_step).log10().floor() / 2
    unit = grid * (pl.col("spot") * rules.model.strike_step / grid).round()
    strike = (pl.col("spot") / unit).round() * unit + pl.col("step") * unit
    sided = one.join(steps, how="cross").with_columns(strike=strike)
    put = pl.col("strike") <= pl.col("spot") + unit
    call = pl.col("strike") >= pl.col("spot") - unit
    return pl.concat(
        [
            sided.filter(call).with_columns(right=pl.lit("call")),
            sided.filter(put).with_columns(right=pl.lit("put")),
        ]
    ).with_columns(expires_on=pl.col("session") + pl.duration(days="days"))


_MOST_DAYS = 365


def _with_terms(
    rows: pl.DataFrame, paid: pl.DataFrame, rules: ModelPolicy
) -> pl.DataFrame:
    """Rows with years, rate and dividend yield."""
    lasting = rows.with_columns(rate=pl.lit(rules.rate), years=lives.years_left(rows))
    return lasting.with_columns(lives.dividend_yield(lasting, paid).fill_nan(0.0))


def _conformed(rows: pl.DataFrame, rules: OptionsPolicy) -> pl.DataFrame:
    bounds = rules.quotes
    bid, ask = pl.col("bid"), pl.col("ask")
    tests = {
        "no_spot": pl.col("spot").is_null(),
        "expired": pl.col("years") <= 0,
        "crossed": bid > ask,
        "one_sided": (bid.fill_null(0.0) <= 0) | (ask.fill_null(0.0) <= 0),
        "stale": pl.col("age_minutes") > bounds.max_age_minutes,
        "absurd_vol": ~pl.col("vol")
        .is_between(bounds.min_vol, bounds.max_vol)
        .fill_null(value=False),
    }
    finding = pl.coalesce(
        pl.when(is_found).then(pl.lit(kind)) for kind, is_found in tests.items()
    )
    names = options_tables.QUOTES.column_names
    return options_tables.QUOTES.conform(
        rows.with_columns(finding=finding).select(names)
    )


NO_DIVIDENDS = pl.DataFrame(
    schema={"symbol": pl.String, "session": pl.Date, "dividend": pl.Float64}
)
"""Of shares that pay none, or of which none is known."""
