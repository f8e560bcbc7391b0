"""Delivered intraday rows into 15-minute bars; each row used, refused or left waiting.

1. what a row shows by itself       `prices.findings.own`
2. where it lies in the session     `_place`: stamps at the start or the end of a bar
3. rows one too many                `_coarser`, `prices.findings.repeated`
4. rounds that have ended           `_summed`: minutes into bars of a round

A row that lasts several rounds, up to an hour, becomes the bar of the round it ends
with; of the rounds before it nothing is known by themselves, and they have none.

Nothing is dropped: `Inspection` has every delivered row. Nothing is filled in: a round
without a row has no bar, and `gaps` names it. No adjustment, no reading or writing.
"""

import dataclasses
import datetime as dt

import polars as pl

from turbomode_assets import intraday_tables, market_policy, rounds, sessions
from turbomode_assets.prices import findings, quality

REFUSALS = findings.REFUSALS | {
    "bad_length": f"A bar must divide {rounds.MINUTES} minutes, or be whole rounds of "
    "an hour at the most.",
    "outside_session": "The bar lies outside of the session's hours.",
    "off_grid": "The bar does not begin a whole number of its lengths after the open; "
    "one of several rounds: with none, or within the one before it.",
    "coarser": "Shorter bars of the same symbol and session are there.",
}
"""Findings that refuse an intraday row, and what they mean."""

LONGEST = 60
"""Minutes of the longest bar: the shortest horizon, which a longer one would hide."""

_PLACE = ("symbol", "session", "offset")
_MOMENT = ("symbol", "session", "minute")
_SAYS = ("open", "high", "low", "close", "volume", "split_ratio", "coverage")
_AS_DAILY = {"dividend": 0.0, "later_splits": 1.0}
"""What the findings of daily bars look at besides; a bar of minutes has none of it."""


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What became of a delivery.

    Parameters
    ----------
    accepted
        Rows of `intraday_tables.BARS`; each symbol and round once.
    refused
        Rows of `market_tables.QUARANTINE` without `seen_on`.
    waiting
        Columns of `intraday_tables.DELIVERED`: rows of rounds that have not ended,
        to be delivered again.
    gaps
        Columns symbol, session, minute and coverage: rounds that ended in a session in
        which the symbol has any bar, with less than all of their minutes.
    """

    accepted: pl.DataFrame
    refused: pl.DataFrame
    waiting: pl.DataFrame
    gaps: pl.DataFrame


def inspect(
    delivered: pl.DataFrame, rules: market_policy.QualityPolicy, now: dt.datetime
) -> Inspection:
    """Judge every delivered row and make bars of the sound ones.

    Parameters
    ----------
    delivered
        Columns of `intraday_tables.DELIVERED`, in any order of rows.
    rules
        When a row is refused.
    now
        Present moment, UTC: a round that ends later has no bar yet.

    Returns
    -------
    Inspection
        ``accepted.n_parts`` adds up, with the refused and the waiting, to the rows
        delivered. The same whatever the order of `delivered`.
    """
    rows = _place(delivered.with_row_index("number"), rules)
    sound = rows.filter(pl.col("finding").is_null())
    coarse = _coarser(sound)
    fine = sound.join(coarse, on="number", how="anti")
    doubled = findings.repeated(fine, rules, _PLACE)
    kept = fine.join(doubled, on="number", how="anti")
    refusals = [rows.select("number", "finding").drop_nulls(), coarse, doubled]
    ended = kept.filter(pl.col("ends_at") <= now)
    waiting = kept.filter(pl.col("ends_at") > now)
    accepted = _summed(ended)
    return Inspection(
        accepted,
        quality.quarantine(
            _as_text(rows).join(pl.concat(refusals), "number"), REFUSALS
        ),
        delivered[sorted(waiting["number"].to_list())],
        _gaps(accepted, now),
    )


def changed(
    accepted: pl.DataFrame,
    known: pl.DataFrame,
    now: dt.datetime,
    rules: market_policy.QualityPolicy,
) -> pl.DataFrame:
    """Accepted bars that say something new.

    Parameters
    ----------
    accepted
        As `inspect` returns them.
    known
        Rows of `intraday_tables.BARS` of the same sessions.
    now
        Present moment, UTC: when a bar that was known otherwise was seen to differ.
    rules
        From which difference on two values are not the same.

    Returns
    -------
    pl.DataFrame
        Rows of `intraday_tables.BARS`: of moments that had no bar, as they came; of
        others those that differ from the last known, as known from `now` on.
    """
    newest = (
        known.sort("known_at").unique(_MOMENT, keep="last").select(*_MOMENT, *_SAYS)
    )
    both = accepted.join(newest, on=_MOMENT, how="left", maintain_order="left")
    is_known = pl.col("open_right").is_not_null()
    differs = pl.any_horizontal(
        (pl.col(name) - old).abs() > rules.same_within * old.abs()
        for name in _SAYS
        for old in [pl.col(f"{name}_right")]
    )
    seen_at = pl.when(is_known).then(pl.lit(now)).otherwise(pl.col("known_at"))
    news = both.filter(~is_known | differs).with_columns(known_at=seen_at)
    return intraday_tables.BARS.conform(news.select(accepted.columns))


def _place(numbered: pl.DataFrame, rules: market_policy.QualityPolicy) -> pl.DataFrame:
    """Rows with session, offset of their start, minute and end of their round."""
    at, n = pl.col("stamped_at"), pl.col("n_minutes")
    began = pl.col("offset")
    hours = sessions.trading_hours(sessions.FIRST_DAY, sessions.LAST_DAY)
    daily = {name: pl.lit(value) for name, value in _AS_DAILY.items()}
    # A session lies within one day of UTC, so the day of a stamp in it is its session.
    placed = (
        numbered.with_columns(**daily, session=at.dt.date())
        .join(findings.CALENDAR, on="session", how="left")
        .join(hours, on="session", how="left")
        .with_columns(
            since_open=(at - pl.col("opens_at")).dt.total_microseconds() / 60e6,
            length=(pl.col("closes_at") - pl.col("opens_at")).dt.total_minutes(),
        )
        .with_columns(
            offset=pl.col("since_open") - pl.when("is_end_stamped").then(n).otherwise(0)
        )
        # What a source stamps at the open and calls ended is the opening auction.
        .with_columns(
            _is_auction=pl.col("is_end_stamped")
            & (at == pl.col("opens_at"))
            & (n <= rounds.MINUTES)
        )
    )
    ends = pl.min_horizontal(began + n, pl.col("length"))
    minute = (ends.clip(1) / rounds.MINUTES).ceil().cast(pl.Int64) * rounds.MINUTES
    covers = pl.when("_is_auction").then(0).otherwise(ends - began.clip(0))
    return placed.with_columns(
        finding=_finding(rules), minute=minute, _covers=covers
    ).with_columns(ends_at=pl.col("opens_at") + pl.duration(minutes="minute"))


def _finding(rules: market_policy.QualityPolicy) -> pl.Expr:
    """First reason to refuse a placed row by itself; null where there is none."""
    n, began, length = pl.col("n_minutes"), pl.col("offset"), pl.col("length")
    is_long = n > rounds.MINUTES
    is_whole = n.is_between(1, rounds.MINUTES) & (rounds.MINUTES % n == 0)
    is_whole |= is_long & (n <= LONGEST) & (n % rounds.MINUTES == 0)
    # Hours by the clock begin before the open, those by the open end after the close.
    is_inside = (is_long | (began >= 0) | pl.col("_is_auction")) & (began < length)
    is_inside &= pl.when(is_long).then(began + n > 0).otherwise(began + n <= length)
    is_off = began % pl.min_horizontal(n, rounds.MINUTES) != 0
    return pl.coalesce(
        findings.own(rules),
        pl.when(~is_whole.fill_null(value=False)).then(pl.lit("bad_length")),
        pl.when(~is_inside).then(pl.lit("outside_session")),
        pl.when(is_off | (is_long & _begins_within_another())).then(pl.lit("off_grid")),
    )


def _begins_within_another() -> pl.Expr:
    """Whether a bar begins after one of its length began and before that has ended."""
    began = pl.col("offset")
    before = began.shift(1).over("symbol", "session", "n_minutes", order_by="offset")
    return (before < began) & (began < before + pl.col("n_minutes"))


def _coarser(sound: pl.DataFrame) -> pl.DataFrame:
    """Rows of sessions for which the same symbol has shorter bars."""
    finest = pl.col("n_minutes").min().over("symbol", "session")
    return sound.filter(pl.col("n_minutes") > finest).select(
        "number", finding=pl.lit("coarser")
    )


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    """Bars of rounds from the rows in them."""
    bars = (
        rows.sort(*_PLACE)
        .group_by(_MOMENT, maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
            pl.col("split_ratio").last(),
            pl.max_horizontal(pl.col("known_at", "ends_at").max()).alias("known_at"),
            pl.col("source").last(),
            n_parts=pl.len().cast(pl.Int64),
            coverage=pl.col("_covers").sum() / rounds.MINUTES,
        )
    )
    return intraday_tables.BARS.conform(bars)


def _gaps(bars: pl.DataFrame, now: dt.datetime) -> pl.DataFrame:
    """Rounds of a symbol's sessions that are missing or lack minutes."""
    if bars.is_empty():
        return bars.select(*_MOMENT, "coverage")
    days = bars["session"]
    grid = rounds.between(days.min(), days.max())  # type: ignore[arg-type]
    ended = grid.filter(pl.col("ends_at") <= now).select("session", "minute")
    expected = bars.select("symbol", "session").unique().join(ended, on="session")
    found = expected.join(_each_round(bars), on=_MOMENT, how="left").select(
        *_MOMENT, pl.col("coverage").fill_null(0.0)
    )
    return found.filter(pl.col("coverage") < 1).sort(_MOMENT)


def _each_round(bars: pl.DataFrame) -> pl.DataFrame:
    """Bars of several rounds once for each of them."""
    minute, n = pl.col("minute"), intraday_tables.N_ROUNDS
    every = pl.int_ranges(minute - (n - 1) * rounds.MINUTES, minute + 1, rounds.MINUTES)
    return bars.with_columns(minute=every).explode("minute")


def _as_text(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with what they said, where the source did not keep it."""
    said = intraday_tables.DELIVERED.column_names[:-4]
    as_json = pl.struct(pl.col(said).cast(pl.String)).struct.json_encode()
    return rows.drop("finding").with_columns(row=pl.coalesce("row", as_json))
