"""Invariants of what then happened, and of what it teaches."""

import datetime as dt

import polars as pl

from turbomode_assets import loop, market_tables, policy, tables
from turbomode_assets.features import catalog
from turbomode_assets.invariants import base
from turbomode_assets.outcomes import labels
from turbomode_assets.store import clauses

_KEY = ["symbol", "session"]
_MOVE = policy.SWING.horizon.large_move - labels.ROUNDING


def _periods(rows: pl.DataFrame) -> pl.DataFrame:
    """Entry and maturity of every session of some rows, by the calendar."""
    days = rows["matures_on"]
    return loop.maturing(days.min(), days.max()) if rows.height else rows  # type: ignore[arg-type]


def _ungraded(place: base.Place) -> pl.DataFrame:
    graded = place.store.columns(tables.OUTCOMES, [*_KEY, "matures_on"])
    said = place.store.columns(tables.SIGNALS, _KEY)
    if graded.is_empty():
        return graded
    due = said.join(_periods(graded), on="session").join(
        graded.select("matures_on").unique(), on="matures_on", how="semi"
    )
    return due.join(graded, on=_KEY, how="anti")


GRADED = base.Invariant(
    name="matured_signals_are_graded",
    sentence="In a session that was graded, each signal that matured in it was.",
    table=tables.OUTCOMES,
    find=_ungraded,
)


def _early(place: base.Place) -> pl.DataFrame:
    names = [*_KEY, "entry_on", "matures_on"]
    graded = place.store.columns(tables.OUTCOMES, names)
    newest = place.store.columns(tables.BARS, ["session"])["session"].max()
    if graded.is_empty():
        return graded
    true = _periods(graded)
    unripe = graded.filter(pl.col("matures_on") > pl.lit(newest))
    return pl.concat([graded.join(true, on=names[1:], how="anti"), unripe])


NOT_EARLY = base.Invariant(
    name="no_outcome_before_maturity",
    sentence="Entry and maturity are those of the calendar, and have passed.",
    table=tables.OUTCOMES,
    find=_early,
)

PRICES_STORED = base.Invariant(
    name="entry_and_exit_are_stored",
    sentence="Each entry and each exit is the price of a stored revision of its bar.",
    table=tables.OUTCOMES,
    find=base.query(
        """
        SELECT symbol, session, entry_on, entry, exit_on, exit
        FROM swing.outcomes o
        WHERE entry IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM market.bar_revisions b WHERE b.symbol = o.symbol
                AND b.session = o.entry_on AND b.open = o.entry
        ) OR exit IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM market.bar_revisions b WHERE b.symbol = o.symbol
                AND b.session = o.exit_on AND b.close = o.exit
        )
        """,
        tables.OUTCOMES,
        market_tables.BAR_REVISIONS,
    ),
)

LABELS_FOLLOW = base.Invariant(
    name="labels_follow_returns",
    sentence="A label is a function of the return alone; without one there is none.",
    table=tables.OUTCOMES,
    find=base.query(
        f"""
        SELECT symbol, session, realized_return, label_symmetric_10pct
        FROM swing.outcomes
        WHERE label_symmetric_10pct IS DISTINCT FROM CASE
            WHEN realized_return >= {_MOVE} THEN 'up'
            WHEN realized_return <= -{_MOVE} THEN 'down'
            WHEN realized_return IS NOT NULL THEN 'flat' END
            OR (status IN ('final', 'delisted')) <> (realized_return IS NOT NULL)
        """,  # noqa: S608 - a number of the policy
        tables.OUTCOMES,
    ),
)

HITS_FOLLOW = base.Invariant(
    name="hits_follow_labels",
    sentence="A hit is a buy that ended up, or a sell that ended down.",
    table=tables.OUTCOMES,
    find=base.query(
        """
        SELECT symbol, session, side, label_symmetric_10pct, is_hit
        FROM swing.outcomes
        WHERE is_hit IS DISTINCT FROM CASE side
            WHEN 'buy' THEN label_symmetric_10pct = 'up'
            WHEN 'sell' THEN label_symmetric_10pct = 'down' END
        """,
        tables.OUTCOMES,
    ),
)

SIDES_AS_SAID = base.Invariant(
    name="sides_as_signaled",
    sentence="The side an outcome was graded by is the side that was signaled.",
    table=tables.OUTCOMES,
    find=base.query(
        """
        SELECT o.symbol, o.session, o.side, s.side AS signaled
        FROM swing.outcomes o LEFT JOIN swing.signals s USING (symbol, session)
        WHERE o.side IS NOT NULL AND o.side IS DISTINCT FROM s.side
        """,
        tables.OUTCOMES,
        tables.SIGNALS,
    ),
)

SAMPLES_MATURED = base.Invariant(
    name="samples_have_an_outcome",
    sentence="Each sample is of an outcome, and as ripe as that.",
    table=tables.SAMPLES,
    find=base.query(
        """
        SELECT symbol, session, matures_on FROM swing.samples
        EXCEPT SELECT symbol, session, matures_on FROM swing.outcomes
        """,
        tables.SAMPLES,
        tables.OUTCOMES,
    ),
)


def _as_seen(place: base.Place) -> pl.DataFrame:
    """Samples of signals with other features than were frozen."""
    stored = place.store.read(tables.SAMPLES, dt.date.min, dt.date.min).columns
    if not set(catalog.names()) <= set(stored):
        return pl.DataFrame()  # nothing was stored yet under the present catalog
    names = ", ".join(f"p.{clauses.quoted(name)}" for name in catalog.names())
    sql = f"""
        SELECT p.symbol, p.session FROM swing.samples p
        JOIN swing.signals s USING (symbol, session, feature_version)
        WHERE p.feature_version = {clauses.literal(catalog.feature_version())}
            AND p.origin <> 'history' AND [{names}] IS DISTINCT FROM s.features
        """  # noqa: S608 - names of the catalog
    return base.query(sql, tables.SAMPLES, tables.SIGNALS)(place)


SAMPLES_AS_SEEN = base.Invariant(
    name="samples_carry_frozen_features",
    sentence="A sample of a signal has the features that were frozen with it.",
    table=tables.SAMPLES,
    find=_as_seen,
)

ALL = (
    GRADED,
    NOT_EARLY,
    PRICES_STORED,
    LABELS_FOLLOW,
    HITS_FOLLOW,
    SIDES_AS_SAID,
    SAMPLES_MATURED,
    SAMPLES_AS_SEEN,
)
"""Invariants of this file."""
