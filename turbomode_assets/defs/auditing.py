"""The look-ahead audit as asset checks: every run samples the past and makes it again.

A range audits a session in every hundred of its own; a single session audits one of
the last year's, so that a live home is audited night after night. The sample is
seeded by the window. What is compared stands in ``audit.py``.
"""

import datetime as dt
import hashlib
from collections.abc import Callable

import dagster as dg
import numpy as np
import polars as pl

from turbomode_assets import audit, loop, schema, sessions, tables
from turbomode_assets.defs import metadata, partitions
from turbomode_assets.store import warehouse

LOOK_AHEAD = "look_ahead"
"""Name of the check on features, outcomes and the universe."""

MEMBERS_ONLY = "members_only"
"""Name of the check on signals."""

EVERY_SESSIONS = 100
"""Sessions of a range for each that is audited."""

LOOKED_BACK_SESSIONS = 252
"""Sessions among which a single session's run picks one: a year."""


def spec(table: schema.Table, name: str = LOOK_AHEAD) -> dg.AssetCheckSpec:
    """Check of a table; it does not block, since what it audits lies in the past."""
    sentence = {
        LOOK_AHEAD: "A sample, made again from what was known then, is the same.",
        MEMBERS_ONLY: "Nobody is signaled who did not belong in that session.",
    }
    return dg.AssetCheckSpec(
        name, asset=metadata.key(table), description=sentence[name]
    )


def features(
    store: warehouse.Warehouse, window: partitions.Window
) -> dg.AssetCheckResult:
    """Audit of features around a window."""
    found = {}
    for session in sampled(store, tables.FEATURES, window):
        bars = store.read(tables.BARS, loop.bars_for_features(session), session)
        stored = store.read(tables.FEATURES, session, session)
        universe = store.read(tables.UNIVERSE)
        found[session] = audit.features(stored, bars, universe, session)
    return _result(tables.FEATURES, found)


def outcomes(
    store: warehouse.Warehouse, window: partitions.Window
) -> dg.AssetCheckResult:
    """Audit of outcomes around a window."""
    found = {}
    for session in sampled(store, tables.OUTCOMES, window):
        bars = store.read(tables.BARS, loop.bars_for_outcomes(session), session)
        stored = store.read(tables.OUTCOMES, session, session)
        universe = store.read(tables.UNIVERSE)
        since = loop.signals_maturing_from(session)
        signals = store.read(tables.SIGNALS, since, session)
        found[session] = audit.outcomes(stored, bars, universe, signals, session)
    return _result(tables.OUTCOMES, found)


def signals(
    store: warehouse.Warehouse, window: partitions.Window
) -> dg.AssetCheckResult:
    """Whether everybody signaled in a window belonged."""
    spoken = store.read(tables.SIGNALS, window.first, window.last)
    strange = audit.strangers(spoken, store.read(tables.UNIVERSE))
    return dg.AssetCheckResult(
        check_name=MEMBERS_ONLY,
        asset_key=metadata.key(tables.SIGNALS),
        passed=strange.is_empty(),
        description=f"{strange.height} of {spoken.height} signals on strangers.",
        metadata={"signals": spoken.height, "strangers": strange.height},
    )


def universe(
    store: warehouse.Warehouse, as_known: Callable[[dt.date], pl.DataFrame]
) -> dg.AssetCheckResult:
    """Audit of the members of a session among the newest.

    Parameters
    ----------
    store
        The open warehouse, universe and bars stored.
    as_known
        The universe as it would have been made at the close of a session.
    """
    newest = store.partitions(tables.BARS)[-1]
    night = partitions.Window(newest, newest)
    stored = store.read(tables.UNIVERSE)
    found = {
        session: audit.members(stored, as_known(session), session)
        for session in sampled(store, tables.BARS, night)
    }
    return _result(tables.UNIVERSE, found)


def sampled(
    store: warehouse.Warehouse, table: schema.Table, window: partitions.Window
) -> list[dt.date]:
    """Stored sessions to audit, ascending; the same for the same window."""
    first = window.first
    if window.first == window.last:
        first = sessions.shift(window.last, -LOOKED_BACK_SESSIONS)
    stored = [day for day in store.partitions(table) if first <= day <= window.last]
    n_wanted = min(len(stored), -(-len(stored) // EVERY_SESSIONS) or 1)
    if window.first == window.last:
        n_wanted = min(len(stored), 1)
    digest = hashlib.sha256(f"{table.name} {window.first} {window.last}".encode())
    dice = np.random.default_rng(int.from_bytes(digest.digest()[:8]))
    picked = dice.choice(max(len(stored), 1), n_wanted, replace=False)
    return sorted(stored[int(place)] for place in picked)


def _result(
    table: schema.Table, found: dict[dt.date, audit.Finding]
) -> dg.AssetCheckResult:
    n_values = sum(each.n_values for each in found.values())
    n_differing = sum(each.n_differing for each in found.values())
    shown = [str(cell) for each in found.values() for cell in each.differing][:5]
    return dg.AssetCheckResult(
        check_name=LOOK_AHEAD,
        asset_key=metadata.key(table),
        passed=n_differing == 0,
        description=(
            f"{n_differing} of {n_values} values differ when made again from what was "
            f"known then. {'; '.join(shown)}"
        ).strip(),
        metadata={
            "sessions": ", ".join(map(str, found)),
            "values": n_values,
            "differing": n_differing,
        },
    )
