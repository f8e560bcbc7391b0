"""Whether what is stored could have been known: recomputed from the past alone.

Turns stored rows and the bars of their past into a `Finding`: how many values were
made again from data that ends where their knowledge ended, and how many differ.
Frames in, frames out; which sessions are audited is not decided here.
"""

import dataclasses
import datetime as dt

import polars as pl

from turbomode_assets import loop, policy

_KEY = ["symbol", "session"]


@dataclasses.dataclass(frozen=True)
class Finding:
    """What an audit found.

    Parameters
    ----------
    n_values
        Values that were made again.
    differing
        Symbol, session and column of those that differ, the first of them.
    n_differing
        All of those that differ.
    """

    n_values: int
    differing: list[tuple[str, dt.date, str]]
    n_differing: int


def features(
    stored: pl.DataFrame,
    bars: pl.DataFrame,
    universe: pl.DataFrame,
    session: dt.date,
    rules: policy.Policy = policy.SWING,
) -> Finding:
    """Features of a session against those made from bars up to its close.

    Parameters
    ----------
    stored
        Rows of `tables.FEATURES` of the session.
    bars
        Rows of `tables.BARS` from ``loop.bars_for_features`` on; later ones are cut.
    universe
        Rows of `tables.UNIVERSE`; who joined later is cut, and ends that had not come
        are unknown.
    session
        The session.
    rules
        Policy in force.
    """
    past = bars.filter(pl.col("session") <= session)
    members = _as_known(universe, session)
    again = loop.compute_features(past, members, session, session, rules)
    return _compare(stored, again)


def outcomes(
    stored: pl.DataFrame,
    bars: pl.DataFrame,
    universe: pl.DataFrame,
    signals: pl.DataFrame,
    matured_on: dt.date,
) -> Finding:
    """Outcomes against those resolved from bars up to their maturity.

    Parameters
    ----------
    stored
        Rows of `tables.OUTCOMES` that matured in a session.
    bars
        Rows of `tables.BARS` from ``loop.bars_for_outcomes`` on; later ones are cut.
    universe
        Rows of `tables.UNIVERSE`.
    signals
        Rows of `tables.SIGNALS` of their sessions.
    matured_on
        The session they matured in.
    """
    past = bars.filter(pl.col("session") <= matured_on)
    periods = loop.maturing(matured_on, matured_on)
    return _compare(stored, loop.resolve_outcomes(past, universe, signals, periods))


def strangers(signals: pl.DataFrame, universe: pl.DataFrame) -> pl.DataFrame:
    """Symbol and session of signals on who did not belong in their session."""
    spans = universe.select("symbol", "valid_from", "valid_to")
    is_member = (pl.col("session") >= pl.col("valid_from")) & (
        pl.col("valid_to").is_null() | (pl.col("session") <= pl.col("valid_to"))
    )
    known = signals.select(_KEY).join(spans, on="symbol").filter(is_member)
    return signals.select(_KEY).join(known, on=_KEY, how="anti")


def members(
    stored: pl.DataFrame, known_then: pl.DataFrame, session: dt.date
) -> Finding:
    """Members of a session against those who were known to belong at its close.

    Parameters
    ----------
    stored
        Rows of `tables.UNIVERSE`.
    known_then
        The same, made from what was known at the close of the session.
    session
        The session.

    Returns
    -------
    Finding
        A value is a member with its sector. Who is missing today is not looked at: a
        departure shows weeks after the last bar.
    """
    now = _members_in(stored, session)
    known = dict(_members_in(known_then, session).iter_rows())
    differing = [
        (symbol, session, "sector" if symbol in known else "valid_from")
        for symbol, sector in now.iter_rows()
        if known.get(symbol) != sector
    ]
    return Finding(now.height, differing[:5], len(differing))


def _members_in(universe: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    is_open = pl.col("valid_to").is_null() | (pl.col("valid_to") >= session)
    inside = universe.filter(pl.col("valid_from") <= session, is_open)
    return inside.select("symbol", "sector").unique().sort("symbol", "sector")


def _as_known(universe: pl.DataFrame, session: dt.date) -> pl.DataFrame:
    ends = [
        pl.when(pl.col(name) < session).then(name).alias(name)
        for name in ("valid_to", "delisted_on")
    ]
    return universe.filter(pl.col("valid_from") <= session).with_columns(ends)


def _compare(stored: pl.DataFrame, again: pl.DataFrame) -> Finding:
    names = [name for name in again.columns if name not in _KEY]
    stored = stored.select(_KEY + [name for name in names if name in stored.columns])
    both = stored.join(again, on=_KEY, how="full", suffix="_again", coalesce=True)
    differing = [
        (symbol, session, name)
        for name in names
        for symbol, session in both.filter(_differs(name, stored)).select(_KEY).rows()
    ]
    return Finding(both.height * len(names), differing[:5], len(differing))


def _differs(name: str, stored: pl.DataFrame) -> pl.Expr:
    if name not in stored.columns:
        return pl.lit(value=True)
    return pl.col(name).ne_missing(pl.col(f"{name}_again"))
