"""Delivered headlines and option quotes, each accepted or refused with a reason.

What voters see beside bars. Nothing is dropped and nothing is repaired: a headline
whose moment is missing would otherwise pass for one of 1970, or for news.
"""

import dataclasses
import datetime as dt

import numpy as np
import polars as pl

from turbomode_assets import intraday_tables, rounds, schema, sessions, tables
from turbomode_assets.prices import quality

REFUSALS = {
    "unreadable": "A value is missing, or is no finite number.",
    "bad_symbol": f"The symbol does not match {tables.SYMBOL_PATTERN}.",
    "no_moment": "The moment of publication is missing, or before the calendar.",
    "not_yet": "It was to appear after it was fetched.",
    "untitled": "The headline is empty.",
    "hindsight": "Its tone comes from a model that may have known what followed.",
    "duplicate": "Another row says the same.",
    "expired": "The contract had expired before the session.",
    "crossed": "The bid lies above the ask.",
    "negative": "A price or a count is negative, or the strike is not positive.",
}
"""Findings that refuse a row, and what they mean."""

_BEGIN = dt.datetime.combine(sessions.FIRST_DAY, dt.time(), dt.UTC)
_QUOTED = ("bid", "ask", "last", "traded", "open_interest", "implied_vol")


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What became of a delivery: rows of the table, and of the quarantine."""

    accepted: pl.DataFrame
    refused: pl.DataFrame


def inspect_headlines(delivered: pl.DataFrame) -> Inspection:
    """Judge every delivered headline, and name the round that could first know it.

    Parameters
    ----------
    delivered
        Columns of `intraday_tables.DELIVERED_HEADLINES`.

    Returns
    -------
    Inspection
        Accepted: rows of `intraday_tables.HEADLINES`, of equal ones the first known.
    """
    published = pl.col("published_at")
    tests = {
        "unreadable": pl.col("fault").is_not_null(),
        "bad_symbol": ~pl.col("symbol").str.contains(tables.SYMBOL_PATTERN),
        "no_moment": published.is_null() | (published < _BEGIN),
        "not_yet": published > pl.col("known_at"),
        "untitled": pl.col("title").fill_null("").str.strip_chars() == "",
        "hindsight": pl.col("tone").is_not_null()
        & (pl.col("tone_cutoff_on") >= published.dt.date()).fill_null(value=True),
    }
    key = intraday_tables.HEADLINES.key
    found = _judged(delivered.sort("known_at"), tests, key)
    sound = found.filter(pl.col("finding").is_null())
    moments = rounds.named(_first_known(sound["published_at"], sound["known_at"]))
    accepted = sound.with_columns(moments.get_columns()[:2])
    refused = found.with_columns(session=published.dt.date())
    return _split(accepted, refused, intraday_tables.HEADLINES)


def _first_known(published: pl.Series, fetched: pl.Series) -> rounds.Rounds:
    """Round that ends after the publication, or the last one before a later fetch."""
    after_fetch = rounds.first_ending_after(fetched.dt.offset_by("1us"))
    return np.maximum(rounds.first_ending_after(published), after_fetch - 1)


def inspect_chains(delivered: pl.DataFrame) -> Inspection:
    """Judge every delivered option quote.

    Parameters
    ----------
    delivered
        Columns of `intraday_tables.DELIVERED_CHAINS`.

    Returns
    -------
    Inspection
        Accepted: rows of `intraday_tables.CHAINS`, of equal ones the first known.
    """
    tests = {
        "unreadable": pl.any_horizontal(
            pl.col("fault").is_not_null(), pl.col("expires_on", "strike").is_null()
        ),
        "bad_symbol": ~pl.col("symbol").str.contains(tables.SYMBOL_PATTERN),
        "expired": pl.col("expires_on") < pl.col("session"),
        "negative": (pl.col("strike") <= 0)
        | pl.any_horizontal(pl.col(_QUOTED).fill_null(0.0) < 0),
        "crossed": pl.col("bid") > pl.col("ask"),
    }
    key = intraday_tables.CHAINS.key
    found = _judged(delivered.sort("known_at"), tests, key)
    sound = found.filter(pl.col("finding").is_null())
    return _split(sound, found, intraday_tables.CHAINS)


def _judged(
    rows: pl.DataFrame, tests: dict[str, pl.Expr], key: tuple[str, ...]
) -> pl.DataFrame:
    """Rows with their first finding, null where there is none, and as text."""
    own = pl.coalesce(
        pl.when(is_found).then(pl.lit(kind)) for kind, is_found in tests.items()
    )
    is_sound = pl.col("finding").is_null()
    is_first = pl.struct(key).is_first_distinct().over(is_sound)
    again = pl.when(is_sound & ~is_first).then(pl.lit("duplicate"))
    said = pl.all().exclude("row", "fault", "known_at").cast(pl.String)
    as_text = pl.coalesce("row", pl.struct(said).struct.json_encode())
    return rows.with_columns(finding=own, row=as_text).with_columns(
        finding=pl.coalesce("finding", again)
    )


def _split(
    accepted: pl.DataFrame, judged: pl.DataFrame, table: schema.Table
) -> Inspection:
    refused = judged.filter(pl.col("finding").is_not_null())
    return Inspection(
        table.conform(accepted.select(table.column_names)),
        quality.quarantine(refused, REFUSALS),
    )
