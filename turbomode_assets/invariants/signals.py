"""Invariants of the signals: whose they are, what they rest on, that they stayed."""

import itertools
from collections.abc import Iterator

import polars as pl

from turbomode_assets import proof_tables, tables
from turbomode_assets.invariants import base
from turbomode_assets.signals import chain, ledger

OF_THE_CHAMPION = base.Invariant(
    name="signals_are_the_champions",
    sentence="Each signal is by the champion that reigned in its session.",
    table=tables.SIGNALS,
    find=base.query(
        """
        SELECT s.symbol, s.session, s.champion_version, c.version AS reigning
        FROM swing.signals s
        ASOF LEFT JOIN (SELECT * FROM learning.champions WHERE desk = 'swing') c
            ON s.session >= c.effective_from
        WHERE s.champion_version IS DISTINCT FROM c.version
        """,
        tables.SIGNALS,
        tables.CHAMPIONS,
    ),
)

NO_LATER_LABEL = base.Invariant(
    name="signals_know_no_later_label",
    sentence="No champion speaks of a session whose labels it learned from.",
    table=tables.SIGNALS,
    find=base.query(
        """
        SELECT s.symbol, s.session, s.champion_version, m.labels_known_on
        FROM swing.signals s JOIN learning.models m ON s.champion_version = m.version
        WHERE m.labels_known_on >= s.session
        """,
        tables.SIGNALS,
        tables.MODELS,
    ),
)

ADD_UP = base.Invariant(
    name="probabilities_add_up",
    sentence="Up, flat and down add up to 1, and the edge is up - down.",
    table=tables.SIGNALS,
    find=base.query(
        """
        SELECT symbol, session, p_up, p_flat, p_down, edge
        FROM swing.signals
        WHERE abs(p_up + p_flat + p_down - 1) > 1e-6 OR abs(p_up - p_down - edge) > 1e-9
        """,
        tables.SIGNALS,
    ),
)

ON_MEMBERS = base.Invariant(
    name="signals_on_members_only",
    sentence="Nobody is signaled who did not belong in that session.",
    table=tables.SIGNALS,
    find=base.query(
        """
        SELECT symbol, session FROM swing.signals s
        WHERE NOT EXISTS (
            SELECT 1 FROM market.universe u WHERE u.symbol = s.symbol
                AND s.session >= u.valid_from
                AND (u.valid_to IS NULL OR s.session <= u.valid_to)
        )
        """,
        tables.SIGNALS,
        tables.UNIVERSE,
    ),
)


def _by_year(place: base.Place) -> Iterator[pl.DataFrame]:
    """Signals year by year: with the features frozen in them, all are too many."""
    days = place.store.partitions(tables.SIGNALS)
    for _, group in itertools.groupby(days, key=lambda day: day.year):
        year = list(group)
        yield place.store.read(tables.SIGNALS, year[0], year[-1])


def _thawed(place: base.Place) -> pl.DataFrame:
    found = [pl.DataFrame()]
    for rows in _by_year(place):
        is_same = ledger.hashes(rows["features"]) == rows["features_hash"]
        changed = rows.filter(~is_same)
        found.append(changed.select("symbol", "session", "features_hash"))
    return pl.concat(found, how="diagonal")


FROZEN = base.Invariant(
    name="features_stayed_frozen",
    sentence="The features frozen with each signal have the hash they were given.",
    table=tables.SIGNALS,
    find=_thawed,
)


def _broken(place: base.Place) -> pl.DataFrame:
    stored = [chain.digests(rows) for rows in _by_year(place)]
    whole = {day: spoken for year in stored for day, spoken in year.items()}
    return chain.breaks(place.store.read(proof_tables.SIGNAL_CHAIN), whole)


CHAIN_UNBROKEN = base.Invariant(
    name="chain_unbroken",
    sentence="The hash chain fits every signal: none was changed, added or removed.",
    table=proof_tables.SIGNAL_CHAIN,
    find=_broken,
)

ALL = (OF_THE_CHAMPION, NO_LATER_LABEL, ADD_UP, ON_MEMBERS, FROZEN, CHAIN_UNBROKEN)
"""Invariants of this file."""
