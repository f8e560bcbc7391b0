"""Membership: the candidates of a source, held against the decisions of curation.

Intervals in, intervals out. A symbol belongs where a source names it a candidate and
the curation in force lets it in; before the first curation every candidate belongs.
Who leaves keeps its rows, so history stays what it was. Reading lists from files is
the sources' affair, deciding is that of ``curation.py``.
"""

import polars as pl

from turbomode_assets import sessions, tables


def curated(candidates: pl.DataFrame, curations: pl.DataFrame) -> pl.DataFrame:
    """Candidates' intervals cut to those in which curation let them in.

    Parameters
    ----------
    candidates
        Rows of `tables.UNIVERSE` as a source knows them.
    curations
        Rows of `market_tables.CURATIONS` in force by then; a quarter that is missing
        leaves the decisions before it in force. May be empty.

    Returns
    -------
    pl.DataFrame
        Rows of `tables.UNIVERSE`. Who is dropped leaves with the last session before
        the decision takes effect, who is added again opens a new interval. A size the
        source does not know is that of the dollar volume when the interval opened.
    """
    if curations.is_empty():
        return candidates
    runs = _runs(candidates.select("symbol").unique(), curations)
    both = candidates.join(runs, on="symbol").with_columns(
        valid_from=pl.max_horizontal("valid_from", "since"),
        valid_to=pl.min_horizontal("valid_to", "until"),
        is_cut=pl.col("until") < pl.col("valid_to").fill_null(sessions.LAST_DAY),
    )
    lasts = pl.col("valid_to").fill_null(sessions.LAST_DAY) >= pl.col("valid_from")
    left = pl.when("is_cut").then(pl.format("dropped: {}", "why_left"))
    size = pl.when(pl.col("cap_class") != "unknown").then("cap_class")
    named = both.filter(lasts).with_columns(
        reason=pl.concat_str("reason", left, separator="; ", ignore_nulls=True),
        cap_class=size.otherwise(pl.col("volume_class").fill_null("unknown")),
    )
    return tables.UNIVERSE.conform(named.select(tables.UNIVERSE.column_names))


def _runs(symbols: pl.DataFrame, curations: pl.DataFrame) -> pl.DataFrame:
    """Unbroken spans in which curation let a symbol in, and why each ended."""
    spans = _spans(curations)
    decided = curations.select(
        "symbol", "quarter", "is_member", "volume_class", why="reason"
    )
    # Before the first curation, where the quarter is null, everybody belongs.
    state = (
        symbols.join(spans, how="cross")
        .join(decided, on=["symbol", "quarter"], how="left")
        .with_columns(pl.col("is_member").fill_null(pl.col("quarter").is_null()))
        .sort("symbol", "since")
        .with_columns(
            run=pl.col("is_member").rle_id().over("symbol"),
            why_left=pl.col("why").shift(-1).over("symbol"),
        )
    )
    return (
        state.filter("is_member")
        .group_by("symbol", "run", maintain_order=True)
        .agg(
            pl.col("since", "volume_class").first(),
            pl.col("until", "why_left").last(),
        )
    )


def _spans(curations: pl.DataFrame) -> pl.DataFrame:
    """Columns quarter, since and until; first the time before any curation.

    A quarter lasts until the next one decided on; the last has no end.
    """
    decided = curations.select("quarter", "effective_from").unique().sort("quarter")
    starts = decided["effective_from"].to_list()
    return pl.DataFrame(
        {
            "quarter": [None, *decided["quarter"]],
            "since": [sessions.FIRST_DAY, *starts],
            "until": [*(sessions.shift(day, -1) for day in starts), None],
        },
        schema=dict.fromkeys(("quarter", "since", "until"), pl.Date),
    )
