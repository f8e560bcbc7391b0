"""Quarterly curation: which candidates are worth scoring, with bands against flicker.

In order:

1. `_observe`    price, dollar volume and liquidity over the look-back
2. `_stand`      who is a candidate on the eve, and who was a member
3. `_judge`      every floor missed; members are held to the lower ones
4. `_rank`       places within a sector, where a quota is set
5. `_decide`     added, kept, dropped or refused, with the reason

Only bars before the quarter are looked at, and a decision holds from the quarter's
first session on. What membership follows from decisions stands in ``membership.py``.
"""

import datetime as dt

import polars as pl

from turbomode_assets import market_policy, market_tables, sessions

_MILLION = 1e6


def bars_from(quarter: dt.date, rules: market_policy.CurationPolicy) -> dt.date:
    """First session whose bars the curation of `quarter` looks at."""
    return sessions.shift(quarter, -rules.lookback_sessions)


def curate(
    bars: pl.DataFrame,
    candidates: pl.DataFrame,
    previous: pl.DataFrame,
    rules: market_policy.CurationPolicy,
    quarter: dt.date,
) -> pl.DataFrame:
    """Decision on every candidate for one quarter.

    Parameters
    ----------
    bars
        Rows of `tables.BARS` from `bars_from` on; prices as traded. Rows of the
        quarter itself change nothing.
    candidates
        Rows of `tables.UNIVERSE` as known on the eve of the quarter.
    previous
        Rows of `market_tables.CURATIONS`; the latest quarter before this one counts.
        Without any, every candidate is a member so far.
    rules
        Floors and bands.
    quarter
        First day of the quarter.

    Returns
    -------
    pl.DataFrame
        Rows of `market_tables.CURATIONS`: a row for each candidate and for each
        member that is one no longer. No rows where the market itself traded in less
        than ``exit_traded_share`` of the look-back: history begins too late to judge.
    """
    eve = sessions.shift(quarter, -1)
    known = bars.filter(
        pl.col("session").is_between(bars_from(quarter, rules), eve),
        pl.col("volume") > 0,
    )
    enough = rules.exit_traded_share * rules.lookback_sessions
    if known["session"].n_unique() < enough:
        return market_tables.CURATIONS.empty()
    rows = _stand(candidates, previous, quarter).join(
        _observe(known, rules), on="symbol", how="left"
    )
    judged = _rank(_judge(rows, rules), rules)
    return market_tables.CURATIONS.conform(_decide(judged, quarter))


def _observe(known: pl.DataFrame, rules: market_policy.CurationPolicy) -> pl.DataFrame:
    usd = (pl.col("close") * pl.col("volume")).median()
    observed = known.group_by("symbol").agg(
        close=pl.col("close").sort_by("session").last(),
        dollar_volume_usd=usd,
        traded_share=pl.len() / rules.lookback_sessions,
    )
    size = (
        pl.when(pl.col("dollar_volume_usd") >= rules.large_dollar_volume_usd)
        .then(pl.lit("large"))
        .when(pl.col("dollar_volume_usd") >= rules.mid_dollar_volume_usd)
        .then(pl.lit("mid"))
        .otherwise(pl.lit("small"))
    )
    return observed.with_columns(volume_class=size)


def _stand(
    candidates: pl.DataFrame, previous: pl.DataFrame, quarter: dt.date
) -> pl.DataFrame:
    """Columns symbol, sector, is_candidate and was_member of all to be decided on."""
    eve = sessions.shift(quarter, -1)
    # An end on the eve itself is not told before the eve has passed.
    stays = pl.col("valid_to").is_null() | (pl.col("valid_to") >= eve)
    present = candidates.filter(pl.col("valid_from") <= eve, stays)
    listed = present.select("symbol", "sector", is_candidate=True)
    before = previous.filter(pl.col("quarter") < quarter)
    if before.is_empty():
        return listed.with_columns(was_member=True)
    latest = before.filter(pl.col("quarter") == before["quarter"].max())
    members = latest.filter("is_member").select("symbol", "sector", was_member=True)
    return listed.join(members, on="symbol", how="full", coalesce=True).select(
        "symbol",
        pl.coalesce("sector", "sector_right"),
        pl.col("is_candidate", "was_member").fill_null(value=False),
    )


def _judge(rows: pl.DataFrame, rules: market_policy.CurationPolicy) -> pl.DataFrame:
    """Adds `missed`: every floor missed, in words; empty where none was."""
    usd, close = pl.col("dollar_volume_usd") / _MILLION, pl.col("close")
    filled = rows.with_columns(
        pl.col("traded_share").fill_null(0.0),
        pl.col("volume_class").fill_null("unknown"),
    )
    share = pl.col("traded_share")
    prices = _floor(rules.enter_price_usd, rules.exit_price_usd)
    volumes = _floor(
        rules.enter_dollar_volume_usd / _MILLION,
        rules.exit_dollar_volume_usd / _MILLION,
    )
    shares = _floor(rules.enter_traded_share, rules.exit_traded_share)
    gone = pl.when(~pl.col("is_candidate")).then(pl.lit("no longer a candidate"))
    return filled.with_columns(
        missed=pl.concat_str(
            gone,
            _below("close of {} USD below {}", close, prices),
            _below("dollar volume of {} M below {} M", usd, volumes),
            _below("traded in {} of the sessions, below {}", share, shares),
            separator="; ",
            ignore_nulls=True,
        )
    )


def _floor(enter: float, leave: float) -> pl.Expr:
    return pl.when("was_member").then(leave).otherwise(enter)


def _below(sentence: str, observed: pl.Expr, floor: pl.Expr) -> pl.Expr:
    """The sentence where `observed` lies below `floor`; null elsewhere."""
    words = pl.format(sentence, observed.round_sig_figs(4), floor)
    return pl.when(observed < floor).then(words)


def _rank(judged: pl.DataFrame, rules: market_policy.CurationPolicy) -> pl.DataFrame:
    """Adds to `missed` that a sector is full, for those who missed no floor."""
    if not rules.max_per_sector:
        return judged
    fits = (pl.col("missed") == "") & (pl.col("sector") != "unknown")
    volume = pl.when(fits).then(pl.col("dollar_volume_usd"))
    ahead = pl.when("was_member").then(rules.sector_buffer).otherwise(0)
    place = volume.rank("ordinal", descending=True).over("sector").cast(pl.Int64)
    # A member counts as if it ranked `sector_buffer` places better, and wins a tie.
    order = [pl.col("place") - ahead, ~pl.col("was_member"), pl.col("place")]
    placed = judged.sort("symbol").with_columns(place=place)
    seated = placed.sort(order, nulls_last=True).with_columns(
        seat=pl.int_range(1, pl.len() + 1).over("sector")
    )
    full = pl.format("place {} in a sector of {}", "seat", pl.lit(rules.max_per_sector))
    has_no_seat = fits & (pl.col("seat") > rules.max_per_sector)
    return seated.with_columns(
        missed=pl.when(has_no_seat).then(full).otherwise("missed")
    )


def _decide(judged: pl.DataFrame, quarter: dt.date) -> pl.DataFrame:
    belongs, was = pl.col("missed") == "", pl.col("was_member")
    decision = (
        pl.when(belongs & was)
        .then(pl.lit("kept"))
        .when(belongs)
        .then(pl.lit("added"))
        .when(was)
        .then(pl.lit("dropped"))
        .otherwise(pl.lit("refused"))
    )
    return judged.with_columns(
        decision=decision,
        is_member=belongs,
        reason=pl.when(belongs).then(pl.lit("no floor missed")).otherwise("missed"),
        quarter=pl.lit(quarter),
        effective_from=pl.lit(sessions.on_or_after(quarter)),
    ).select(market_tables.CURATIONS.column_names)
