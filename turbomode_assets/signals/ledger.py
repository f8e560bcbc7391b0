"""What makes a signal a fact: who was eligible, what was seen, when it was said.

Freezes the feature row beside the signal and tells live from replayed. Which side a
probability means stands in ``sides.py``; nothing is scored here.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence

import numpy as np
import polars as pl

from turbomode_assets import sessions, tables


def eligible(features: pl.DataFrame, universe: pl.DataFrame) -> pl.DataFrame:
    """Feature rows of symbols that belong to the universe in their session.

    Parameters
    ----------
    features
        Rows of `tables.FEATURES`.
    universe
        Rows of `tables.UNIVERSE`.

    Returns
    -------
    pl.DataFrame
        A subset of `features`, sorted by symbol and session.
    """
    members = universe.select("symbol", "valid_from", "valid_to")
    return (
        features.join(members, on="symbol")
        .filter(
            pl.col("session") >= pl.col("valid_from"),
            pl.col("session") <= pl.col("valid_to").fill_null(sessions.LAST_DAY),
        )
        .drop("valid_from", "valid_to")
        .sort("symbol", "session")
    )


def freeze(features: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Feature rows as one list a row, with a hash of their bytes.

    Parameters
    ----------
    features
        Rows of `tables.FEATURES`.
    names
        Features in catalog order.

    Returns
    -------
    pl.DataFrame
        Columns symbol, session, feature_version, features (Float32 list, null where
        the look-back is not filled) and features_hash (SHA-256 in hex).
    """
    frozen = features.select(pl.concat_list(names).alias("features")).to_series()
    return features.select(
        "symbol", "session", "feature_version", frozen, features_hash=hashes(frozen)
    )


def hashes(frozen: pl.Series) -> pl.Series:
    """SHA-256 of each row of frozen features, in hex; a null counts as not a number."""
    exploded = frozen.list.explode(empty_as_null=False, keep_nulls=False)
    values = exploded.fill_null(float("nan")).to_numpy().astype("<f4")
    rows = np.split(values, frozen.list.len().cum_sum().to_numpy()[:-1])
    found = [hashlib.sha256(row.tobytes()).hexdigest() for row in rows]
    return pl.Series("features_hash", found[: frozen.len()], dtype=pl.String())


def thaw(signals: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Frozen rows as features again: the inverse of `freeze`.

    Parameters
    ----------
    signals
        Rows of `tables.SIGNALS` frozen with these features; may be empty.
    names
        Features in catalog order.

    Returns
    -------
    pl.DataFrame
        Columns symbol, session, feature_version and one per feature.
    """
    values = (
        pl.col("features").list.get(place, null_on_oob=True).alias(name)
        for place, name in enumerate(names)
    )
    return signals.select("symbol", "session", "feature_version", *values)


def stamp(
    said: pl.DataFrame, now: dt.datetime, live_within: dt.timedelta
) -> pl.DataFrame:
    """Signals with the time and the mode they were emitted in.

    Parameters
    ----------
    said
        Columns of `tables.SIGNALS` but for mode and emitted_at.
    now
        Present moment, UTC.
    live_within
        Longest time after its session's close for a signal to count as live.

    Returns
    -------
    pl.DataFrame
        Rows of `tables.SIGNALS`.
    """
    spoken = said["session"].unique()
    live = [s for s in spoken if now - sessions.close_at(s) <= live_within]
    mode = pl.when(pl.col("session").is_in(live)).then(pl.lit("live"))
    stamped = said.with_columns(
        mode=mode.otherwise(pl.lit("replay")),
        emitted_at=pl.lit(now, dtype=pl.Datetime("us", "UTC")),
    )
    return tables.SIGNALS.conform(stamped.select(tables.SIGNALS.column_names))
