"""Tables behind the bars: what a source delivered, and what became of every row.

Declared like those of the loop in ``tables.py``, which lists them all. Nothing here
reads or writes.
"""

import dataclasses

import polars as pl

from turbomode_assets import schema
from turbomode_assets.schema import Column, Table

_SYMBOL = schema.text("symbol", "A listed instrument.")
_SESSION = schema.date("session", "Exchange session.")
_KNOWN_AT = schema.clock("known_at", "When a fetch saw this.")
_SOURCE = schema.text("source", "Which source delivered it.")

BAR_COLUMNS = (
    schema.real("open", "First price as traded.", unit="USD", low=0.0),
    schema.real("high", "Highest price as traded.", unit="USD", low=0.0),
    schema.real("low", "Lowest price as traded.", unit="USD", low=0.0),
    schema.real("close", "Last price as traded.", unit="USD", low=0.0),
    schema.real("volume", "Shares traded, as traded.", unit="shares", low=0.0),
    schema.real(
        "dividend", "Cash per share going ex today; 0 if none.", unit="USD", low=0.0
    ),
    schema.real(
        "split_ratio", "New shares per old share from today; 1 if none.", low=0.0
    ),
)
"""What a bar says, as it traded; the dividend is paid per share after the split."""

_LATER_SPLITS = schema.real(
    "later_splits",
    "Product of the later splits by which the source had divided the price; 1 if none.",
    low=0.0,
)

DELIVERED = Table(
    name="market.delivered",
    grain="row of a source",
    key=("symbol", "session"),
    sentence="Rows as a source delivered them, before any judgment; never stored.",
    columns=(
        schema.text("symbol", "A listed instrument, if readable.", nullable=True),
        schema.date("session", "Day of the row, if readable.", nullable=True),
        _KNOWN_AT,
        *(
            schema.real(column.name, column.sentence, unit=column.unit, nullable=True)
            for column in (*BAR_COLUMNS, _LATER_SPLITS)
        ),
        _SOURCE,
        schema.text(
            "row", "The row as it came; null where its columns say all.", nullable=True
        ),
        schema.text("fault", "Why the source could not read the row.", nullable=True),
    ),
)
"""What sources deliver and the prices stage judges. Prices as traded, dividends as
paid; unlike a stored table it may hold nulls, doubled keys and impossible values."""

BAR_REVISIONS = Table(
    name="market.bar_revisions",
    grain="symbol, session and the moment a fetch saw it",
    key=("symbol", "session", "known_at"),
    partition_column="session",
    sentence="Every bar as each fetch that saw something new knew it; append-only.",
    columns=(_SYMBOL, _SESSION, _KNOWN_AT, *BAR_COLUMNS, _LATER_SPLITS, _SOURCE),
)

QUARANTINE = Table(
    name="market.quarantine",
    grain="source row and reason",
    key=("row_id",),
    partition_column="seen_on",
    sentence="What was refused, why, and the row as it came; append-only.",
    columns=(
        schema.text(
            "row_id",
            "SHA-256 over source, symbol, session, row, reason and copy of equal rows.",
        ),
        schema.date("seen_on", "Session in whose run the row was first refused."),
        schema.text("symbol", "Its symbol, if readable.", nullable=True),
        schema.date("session", "Its day, if readable.", nullable=True),
        _KNOWN_AT,
        _SOURCE,
        schema.text("reason", "Kind of the finding that refused it."),
        schema.text("sentence", "The finding in words."),
        schema.text("row", "The row as it came."),
    ),
)


def _fate(name: str, sentence: str) -> Column:
    told = f"{sentence} Null in homes that did not count them yet."
    return schema.count(name, told, nullable=True, low=0)


ATTEMPTS = Table(
    name="market.attempts",
    grain="attempt to fetch a symbol",
    key=("source", "symbol", "asked_at", "attempt"),
    partition_column="session",
    sentence="Attempts to fetch a symbol as a source tells of them; never stored.",
    columns=(
        _SOURCE,
        _SYMBOL,
        schema.date("session", "Last session asked for."),
        schema.clock("asked_at", "When the fetch began."),
        schema.count("attempt", "1 for the first attempt of the fetch.", low=1),
        schema.clock("ended_at", "When the attempt ended."),
        schema.text(
            "result",
            "How it ended.",
            levels=(
                "complete",
                "empty",
                "unknown_symbol",
                "rate_limited",
                "unreachable",
                "unreadable",
                "timed_out",
                "skipped",
                "unavailable",
            ),
        ),
        schema.text("detail", "What the source said; empty when all went well."),
        schema.count("n_rows", "Rows delivered.", low=0),
    ),
)
"""What sources say of their attempts; `FETCHES` adds what became of the rows."""

FETCHES = dataclasses.replace(
    ATTEMPTS,
    name="market.fetches",
    sentence="Every attempt to fetch a symbol and how it ended; append-only.",
    columns=(
        *ATTEMPTS.columns,
        _fate("n_new", "Of the rows delivered, those that said something new."),
        _fate("n_known", "Of the rows delivered, those that said what was known."),
        _fate("n_refused", "Of the rows delivered, those that were refused."),
        _fate("n_quarantined", "Of the refused, those not refused before."),
    ),
)

RESTATEMENTS = Table(
    name="market.restatements",
    grain="symbol and the moment its past changed",
    key=("symbol", "known_at"),
    sentence="Bars that changed or came late, and what they would have flipped.",
    columns=(
        _SYMBOL,
        schema.date("session", "Earliest session whose bar changed."),
        schema.date("changed_to_on", "Latest session whose bar changed."),
        _KNOWN_AT,
        schema.count("n_bars", "Bars that changed or came late.", low=1),
        schema.count("n_late", "Of those, bars that had not been known.", low=0),
        schema.text("changed", "Columns that changed in any of them."),
        schema.count("n_signals", "Emitted signals that rest on them.", low=0),
        schema.count(
            "n_sides_flipped", "Of those, whose side would now differ.", low=0
        ),
        schema.count("n_outcomes", "Outcomes that rest on them.", low=0),
        schema.count(
            "n_labels_flipped", "Of those, whose label differs from before.", low=0
        ),
    ),
)

CURATIONS = Table(
    name="market.curations",
    grain="quarter and symbol",
    key=("quarter", "symbol"),
    partition_column="quarter",
    sentence="Every decision on every candidate: added, kept, dropped, refused, why.",
    columns=(
        schema.date("quarter", "First day of the quarter the decision is for."),
        _SYMBOL,
        schema.date("effective_from", "First session of the quarter."),
        schema.text(
            "decision",
            "A newcomer is added or refused, a member kept or dropped.",
            levels=("added", "kept", "dropped", "refused"),
        ),
        schema.column("is_member", pl.Boolean(), "Whether it belongs from then on."),
        schema.text("reason", "What decided, with what was observed."),
        schema.text("sector", "One of eleven sectors, or unknown."),
        schema.text(
            "volume_class",
            "Size by dollar volume.",
            levels=("large", "mid", "small", "unknown"),
        ),
        schema.real(
            "close", "Last close as traded.", unit="USD", nullable=True, low=0.0
        ),
        schema.real(
            "dollar_volume_usd",
            "Median close x volume of the sessions it traded in.",
            unit="USD",
            nullable=True,
            low=0.0,
        ),
        schema.real(
            "traded_share", "Sessions it traded in / look-back.", low=0.0, high=1.0
        ),
    ),
)


def _skill(name: str, sentence: str) -> Column:
    return schema.real(name, sentence, low=-1.0, high=1.0)


RANKINGS = Table(
    name="market.rankings",
    grain="month, mode and symbol",
    key=("month", "mode", "symbol"),
    partition_column="month",
    sentence="Symbols by the shrunken skill of the signals that matured on them.",
    columns=(
        schema.date("month", "First day of the month; all of it was known before."),
        schema.text(
            "mode",
            "Signals ranked: live or replay, never added up.",
            levels=("live", "replay"),
        ),
        _SYMBOL,
        schema.count("rank", "1 for the largest skill_lower.", low=1),
        schema.column("is_top", pl.Boolean(), "Whether it is in the top list."),
        schema.text(
            "trend",
            "How hits of the longest window compare with the year before.",
            levels=("improving", "deteriorating", "steady"),
        ),
        schema.count("n_signals", "Buys and sells of the longest window.", low=1),
        schema.count("n_effective", "Of those, that do not overlap.", low=1),
        schema.real("hit_share", "Hits / signals.", low=0.0, high=1.0),
        schema.real("base_rate", "Hits blind picks would have had.", low=0.0, high=1.0),
        _skill("skill", "Posterior hit share - base rate, windows weighted."),
        _skill("skill_lower", "Lower credible bound of the skill."),
        _skill("skill_upper", "Upper credible bound of the skill."),
        _skill("skill_short", "Posterior skill in the shortest window."),
        _skill("skill_middle", "Posterior skill in the middle window."),
        _skill("skill_long", "Posterior skill in the longest window."),
    ),
)

ALL = (BAR_REVISIONS, QUARANTINE, FETCHES, RESTATEMENTS, CURATIONS, RANKINGS)
"""Stored tables of this file."""
