"""Invariants of what was delivered: revisions, bars, quarantine and the fetch log."""

import polars as pl

from turbomode_assets import intraday_tables, market_tables, tables
from turbomode_assets.invariants import base
from turbomode_assets.prices import quality
from turbomode_assets.sources import base as sources_base
from turbomode_assets.store import clauses

BARS_OF_REVISIONS = base.Invariant(
    name="bars_stand_in_revisions",
    sentence="Each bar is a revision that was stored, value by value.",
    table=tables.BARS,
    find=base.query(
        """
        SELECT symbol, session, known_at, open, high, low, close, volume, dividend,
            split_ratio
        FROM market.bars
        EXCEPT
        SELECT symbol, session, known_at, open, high, low, close, volume, dividend,
            split_ratio
        FROM market.bar_revisions
        """,
        tables.BARS,
        market_tables.BAR_REVISIONS,
    ),
)

BARS_ARE_POSSIBLE = base.Invariant(
    name="bars_are_possible",
    sentence="Prices are finite and positive, and no high lies below its low.",
    table=market_tables.BAR_REVISIONS,
    find=base.query(
        """
        SELECT symbol, session, open, high, low, close
        FROM market.bar_revisions
        WHERE NOT (isfinite(open) AND isfinite(high) AND isfinite(low)
            AND isfinite(close) AND isfinite(volume))
            OR least(open, high, low, close) <= 0 OR volume < 0
            OR low > high * (1 + 1e-6)
        """,
        market_tables.BAR_REVISIONS,
    ),
)

DELIVERIES_LEFT_A_TRACE = base.Invariant(
    name="deliveries_left_a_trace",
    sentence="Rows that a fetch delivered stand in revisions or in quarantine.",
    table=market_tables.FETCHES,
    find=base.query(
        """
        SELECT source, symbol, session, n_rows
        FROM market.fetches f
        WHERE result = 'complete' AND n_rows > 0
            AND symbol NOT IN (SELECT symbol FROM market.bar_revisions)
            AND symbol NOT IN (
                SELECT symbol FROM market.quarantine WHERE symbol IS NOT NULL
            )
        """,
        market_tables.FETCHES,
        market_tables.BAR_REVISIONS,
        market_tables.QUARANTINE,
    ),
)

ROWS_ACCOUNTED = base.Invariant(
    name="every_row_accounted",
    sentence="Each row fetched is new, known or refused, and as many are kept.",
    table=market_tables.FETCHES,
    find=base.query(
        """
        WITH told AS (
            SELECT source, symbol, sum(n_rows) AS n_rows, sum(n_new) AS n_new,
                sum(n_known) AS n_known, sum(n_refused) AS n_refused,
                sum(n_quarantined) AS n_quarantined
            FROM market.fetches
            GROUP BY ALL
            HAVING count(*) = count(n_new)
        ),
        revised AS (
            SELECT source, symbol, count(*) AS n_revisions
            FROM market.bar_revisions GROUP BY ALL
        ),
        refused AS (
            SELECT source, symbol, count(*) AS n_in_quarantine
            FROM market.quarantine GROUP BY ALL
        )
        SELECT told.*, coalesce(n_revisions, 0) AS n_revisions,
            coalesce(n_in_quarantine, 0) AS n_in_quarantine
        FROM told
        LEFT JOIN revised USING (source, symbol)
        LEFT JOIN refused USING (source, symbol)
        WHERE n_rows <> n_new + n_known + n_refused
            OR coalesce(n_revisions, 0) <> n_new
            OR coalesce(n_in_quarantine, 0) <> n_quarantined
        """,
        market_tables.FETCHES,
        market_tables.BAR_REVISIONS,
        market_tables.QUARANTINE,
    ),
)
"""Of symbols whose every fetch was counted; an older home has some that were not."""

_KEPT_IN = intraday_tables.KINDS | {"quarantine": market_tables.QUARANTINE}

_KEPT = " UNION ALL ".join(
    f"SELECT source, '{about}' AS about FROM {clauses.relation(table)}"  # noqa: S608
    for about, table in _KEPT_IN.items()
)
"""Every row an intake of the intraday desk may have brought."""

_NIGHTLY = ", ".join(map(clauses.literal, sorted(sources_base.discover())))

ROWS_OF_INTAKES_ACCOUNTED = base.Invariant(
    name="every_intraday_row_accounted",
    sentence="Each row of an intake is used, refused or waiting; the new are kept.",
    table=intraday_tables.INTAKES,
    find=base.query(
        f"""
        WITH kept AS (
            SELECT source, about, count(*) AS n_found FROM ({_KEPT}) GROUP BY ALL
        ),
        told AS (
            SELECT source, about, sum(n_new) AS n_told
            FROM intraday.intakes GROUP BY ALL
            UNION ALL
            SELECT source, 'quarantine', sum(n_quarantined)
            FROM intraday.intakes
            WHERE source NOT IN ({_NIGHTLY}) GROUP BY ALL
        )
        SELECT source, about, n_told, coalesce(n_found, 0) AS n_found
        FROM told LEFT JOIN kept USING (source, about)
        WHERE n_told <> coalesce(n_found, 0)
        UNION ALL
        SELECT min(source), about, sum(n_rows), sum(n_used + n_refused + n_waiting)
        FROM intraday.intakes
        GROUP BY about, session, asked_at, attempt
        HAVING sum(n_rows) <> sum(n_used + n_refused + n_waiting)
        """,  # noqa: S608
        intraday_tables.INTAKES,
        *_KEPT_IN.values(),
    ),
)
"""Of sources that were counted; an older home counts them from what it held. Not the
quarantine of a source that bears the name of one of the nightly desk's."""


def _altered(place: base.Place) -> pl.DataFrame:
    stored = place.store.read(market_tables.QUARANTINE)
    is_whole = pl.col("row_id").is_in(quality.row_ids(stored).implode())
    return stored.filter(~is_whole).select("row_id", "symbol", "reason")


QUARANTINE_AS_IT_CAME = base.Invariant(
    name="quarantine_as_it_came",
    sentence="Each refused row is kept as it came, with the reason it had.",
    table=market_tables.QUARANTINE,
    find=_altered,
)

ALL = (
    BARS_OF_REVISIONS,
    BARS_ARE_POSSIBLE,
    DELIVERIES_LEFT_A_TRACE,
    ROWS_ACCOUNTED,
    ROWS_OF_INTAKES_ACCOUNTED,
    QUARANTINE_AS_IT_CAME,
)
"""Invariants of this file."""
