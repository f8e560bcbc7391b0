"""What a changed past would have changed: sides of signals, labels of outcomes.

A bar that a source corrects, or posts late, rests under signals that were emitted and
outcomes that were graded. Signals are never rewritten; here it is counted how many
would now read otherwise. Frames in, frames out; nothing is read or written.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable

import polars as pl

from turbomode_assets import loop, market_tables, policy, sessions
from turbomode_assets.features import catalog

Speak = Callable[[pl.DataFrame, str], pl.DataFrame]
"""From rows of `tables.FEATURES` and a version to what that champion says of them."""

_VALUES = [column.name for column in market_tables.BAR_COLUMNS]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Past:
    """A stretch of history in which bars changed, before and after."""

    found: pl.DataFrame
    """Rows of `market_tables.BAR_REVISIONS` that changed a bar or came late."""

    before: pl.DataFrame
    """Rows of `tables.BARS` as known before any of them, from
    `loop.bars_for_outcomes` of the first to the last session known."""

    after: pl.DataFrame
    """The same bars as known now."""

    universe: pl.DataFrame
    """Rows of `tables.UNIVERSE`."""

    signals: pl.DataFrame
    """Rows of `tables.SIGNALS` from the first changed session on."""

    features: pl.DataFrame
    """Rows of `tables.FEATURES` of the same sessions, computed from `after`."""


def reach(first: dt.date, changed_to: dt.date, last: dt.date) -> dt.date:
    """Last session, `last` at the latest, whose features rest on bars up to a day.

    Parameters
    ----------
    first, changed_to
        First and last session whose bar changed.
    last
        Last session known.
    """
    n_ahead = max(catalog.lookback(), loop.outcome_lookback())
    n_known = len(sessions.sessions_between(max(first, changed_to), last))
    return last if n_known <= n_ahead else sessions.shift(changed_to, n_ahead)


def measure(
    past: Past, speak: Speak, rules: policy.Policy = policy.SWING
) -> pl.DataFrame:
    """Rows of `market_tables.RESTATEMENTS`: one for each symbol and fetch.

    Parameters
    ----------
    past
        What changed, and what rests on it. Where several fetches changed it, all are
        held against what was known before the first.
    speak
        How a champion reads features.
    rules
        Policy in force: which label counts.
    """
    changes = _summary(past)
    sides = _flipped_sides(past, speak)
    labels = _flipped_labels(past, rules)
    return market_tables.RESTATEMENTS.conform(
        changes.join(
            _count(changes, sides, catalog.lookback(), "signals", "sides"),
            on=["symbol", "known_at"],
        )
        .join(
            _count(changes, labels, 0, "outcomes", "labels"), on=["symbol", "known_at"]
        )
        .select(market_tables.RESTATEMENTS.column_names)
    )


def _summary(past: Past) -> pl.DataFrame:
    known = past.before.select("symbol", "session", *_VALUES)
    both = past.found.join(
        known, on=["symbol", "session"], how="left", suffix="_before"
    )
    is_late = pl.col("close_before").is_null()
    names = [
        pl.when((~is_late & (pl.col(name) != pl.col(f"{name}_before"))).any())
        .then(pl.lit(name))
        .alias(f"_{name}")
        for name in _VALUES
    ]
    changed = pl.concat_str(
        [f"_{name}" for name in _VALUES], separator=" ", ignore_nulls=True
    )
    return (
        both.group_by("symbol", "known_at")
        .agg(
            *names,
            session=pl.col("session").min(),
            changed_to_on=pl.col("session").max(),
            n_bars=pl.len().cast(pl.Int64),
            n_late=is_late.sum().cast(pl.Int64),
        )
        .with_columns(changed=changed)
        .sort("symbol", "known_at")
    )


def _flipped_sides(past: Past, speak: Speak) -> pl.DataFrame:
    """Symbol, session and whether the side differs, of each emitted signal."""
    spoken = past.signals.join(
        past.found.select("symbol").unique(), on="symbol", how="semi"
    )
    again = [
        speak(
            past.features.join(said, on=["symbol", "session"], how="semi"), str(version)
        ).select("symbol", "session", side_now="side")
        for (version,), said in spoken.group_by("champion_version", maintain_order=True)
    ]
    key = {"symbol": pl.String, "session": pl.Date}
    empty = pl.DataFrame(schema={**key, "side_now": pl.String})
    return spoken.join(
        pl.concat([empty, *again]), on=["symbol", "session"], how="left"
    ).select(
        "symbol",
        from_on="session",
        to_on="session",
        is_flipped=pl.col("side").ne_missing(pl.col("side_now")),
    )


def _flipped_labels(past: Past, rules: policy.Policy) -> pl.DataFrame:
    """Symbol, holding period and whether the label differs, of each outcome."""
    label = f"label_{rules.training.label}"
    first, last = past.found["session"].min(), past.after["session"].max()
    if not isinstance(first, dt.date) or not isinstance(last, dt.date):
        return pl.DataFrame(schema=["symbol", "from_on", "to_on", "is_flipped"])
    periods = loop.maturing(first, last, rules)
    # What was known before a change may end before what is known now.
    graded = [
        loop.resolve_outcomes(
            bars,
            past.universe,
            past.signals,
            periods.filter(pl.col("matures_on") <= bars["session"].max()),
            rules,
        )
        for bars in (past.before, past.after)
    ]
    both = graded[1].join(
        graded[0].select("symbol", "session", label_before=label),
        on=["symbol", "session"],
        how="left",
    )
    return both.filter(pl.col(label).is_not_null()).select(
        "symbol",
        from_on="entry_on",
        to_on="matures_on",
        is_flipped=pl.col("label_before").is_not_null()
        & (pl.col(label) != pl.col("label_before")),
    )


def _count(
    changes: pl.DataFrame, rests: pl.DataFrame, n_ahead: int, what: str, flips: str
) -> pl.DataFrame:
    """How many of `rests` each change touches, and how many of them flip."""
    spans = changes.select(
        "symbol",
        "known_at",
        "session",
        until=pl.col("changed_to_on").map_elements(
            lambda day: sessions.shift(day, n_ahead), return_dtype=pl.Date
        ),
    )
    touched = spans.join(rests, on="symbol", how="left").with_columns(
        is_touched=(pl.col("from_on") <= pl.col("until"))
        & (pl.col("to_on") >= pl.col("session"))
    )
    return touched.group_by("symbol", "known_at").agg(
        pl.col("is_touched").sum().cast(pl.Int64).alias(f"n_{what}"),
        (pl.col("is_touched") & pl.col("is_flipped"))
        .sum()
        .cast(pl.Int64)
        .alias(f"n_{flips}_flipped"),
    )
