"""Delivered rows judged: accepted, refused with a reason, or accepted with a warning.

In order, each on what the one before left over:

1. what a row shows by itself       `findings.own`
2. rows of the same session         `findings.repeated`
3. repetitions without volume       `neighbors.frozen`
4. what does not fit its neighbors  `neighbors.misplaced`, and for a source that may
                                    correct itself also what looks at later bars

Nothing is dropped: every delivered row is either accepted or refused, and refused for
one reason. For a source that never revises only earlier bars are looked at, so a range
is judged like its sessions one by one. No reading or writing, no adjustment, no repair.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping

import polars as pl

from turbomode_assets import market_policy, market_tables
from turbomode_assets.prices import findings, neighbors

_REFUSED = {
    column.name: column.dtype
    for column in market_tables.QUARANTINE.columns
    if column.name != "seen_on"
}


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What became of a delivery.

    Parameters
    ----------
    accepted
        Rows of `market_tables.BAR_REVISIONS`; each symbol and session once.
    refused
        Rows of `market_tables.QUARANTINE` without `seen_on`.
    warnings
        Columns symbol, session, kind and sentence; kinds of `findings.WARNINGS`.
    """

    accepted: pl.DataFrame
    refused: pl.DataFrame
    warnings: pl.DataFrame


def inspect(
    delivered: pl.DataFrame,
    known: pl.DataFrame,
    rules: market_policy.QualityPolicy,
    *,
    is_revising: bool,
) -> Inspection:
    """Judge every delivered row.

    Parameters
    ----------
    delivered
        Columns of `market_tables.DELIVERED`, in any order of rows.
    known
        Rows of `tables.BARS` known before, for the same symbols and at least the
        sessions around those delivered; a delivered row takes the place of a known one.
    rules
        When a row is refused.
    is_revising
        Whether the source may correct itself or post an action late: then a bar is
        also judged by later ones, and the newest waits for them if it jumped.

    Returns
    -------
    Inspection
        As many rows accepted and refused as were delivered; sorted, the same whatever
        the order of `delivered`.
    """
    numbered = delivered.with_row_index("number").join(
        findings.CALENDAR, on="session", how="left", maintain_order="left"
    )
    rows = numbered.with_columns(finding=findings.own(rules))
    sound = rows.filter(pl.col("finding").is_null())
    refusals = [rows.select("number", "finding").drop_nulls()]
    refusals.append(findings.repeated(sound, rules))
    history = neighbors.sequence(_without(sound, refusals[-1]), known)
    refusals += _misfits(history, rules, is_revising=is_revising)
    found = pl.concat(refusals)
    accepted = _without(sound, found).select(market_tables.BAR_REVISIONS.column_names)
    warned = _warnings(_without(history, found), rules, is_revising=is_revising)
    if is_revising:
        warned.append(_withdrawn(rows, known))
    return Inspection(
        market_tables.BAR_REVISIONS.conform(accepted),
        quarantine(_as_text(rows.drop("finding")).join(found, on="number")),
        _in_words(pl.concat(warned)),
    )


def _without(rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    if found.is_empty():
        return rows
    return rows.join(found, on="number", how="anti", maintain_order="left")


def _misfits(
    history: pl.DataFrame, rules: market_policy.QualityPolicy, *, is_revising: bool
) -> list[pl.DataFrame]:
    """Findings of the neighbors in time; each takes its rows out of the next."""
    found = [neighbors.frozen(history, rules)]
    history = _without(history, found[-1])
    if is_revising:
        found.append(neighbors.out_of_scale(history, rules))
        history = _without(history, found[-1])
    suspects = history
    while suspects.height:
        first = neighbors.misplaced(suspects, rules, is_revising=is_revising)
        found.append(first.select("number", "finding"))
        affected = pl.col("symbol").is_in(first["symbol"].implode())
        suspects = _without(suspects.filter(affected), found[-1])
    if is_revising:
        history = _without(history, pl.concat(found))
        # A bar that waits confirms none before it: take it out and ask again.
        while (waiting := neighbors.unconfirmed(history, rules)).height:
            found.append(waiting)
            history = _without(history, waiting)
    return found


def _as_text(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with what their columns say as text, where the source kept none."""
    said = ["symbol", "session", *findings.VALUES, "later_splits"]
    as_text = pl.struct(pl.col(said).cast(pl.String)).struct.json_encode()
    return rows.with_columns(row=pl.coalesce("row", as_text))


def quarantine(
    rows: pl.DataFrame, sentences: Mapping[str, str] = findings.REFUSALS
) -> pl.DataFrame:
    """Refused rows as they are kept.

    Parameters
    ----------
    rows
        Columns symbol, session, known_at, source, row (the row as text), fault (null
        or the source's own words) and finding; one row per refused row.
    sentences
        What each finding means.

    Returns
    -------
    pl.DataFrame
        Rows of `market_tables.QUARANTINE` without `seen_on`, sorted by row_id.
    """
    sentence = pl.col("finding").replace_strict(sentences, return_dtype=pl.String)
    texts = rows.select(
        "symbol",
        "session",
        "known_at",
        "source",
        "row",
        reason="finding",
        sentence=pl.coalesce("fault", sentence),
    )
    return texts.with_columns(row_ids(texts)).select(list(_REFUSED)).sort("row_id")


def row_ids(refused: pl.DataFrame) -> pl.Series:
    """Identity of each refused row, so that it is kept once however often it comes.

    Parameters
    ----------
    refused
        Columns source, symbol, session, row and reason; equal rows are told apart.
    """
    identity = refused.select("source", "symbol", "session", "row", "reason")
    copy = pl.int_range(pl.len()).over(identity.columns)
    ids = [_sha256(row) for row in identity.with_columns(copy=copy).iter_rows()]
    return pl.Series("row_id", ids, dtype=pl.String)


def _sha256(identity: tuple[object, ...]) -> str:
    return hashlib.sha256(json.dumps(identity, default=str).encode()).hexdigest()


def _warnings(
    history: pl.DataFrame, rules: market_policy.QualityPolicy, *, is_revising: bool
) -> list[pl.DataFrame]:
    """Columns symbol, session and kind of what was accepted with a question."""
    is_jump = neighbors.is_jump(rules)
    is_reused = is_jump & (pl.col("sessions_since") > rules.silent_sessions)
    has_stayed = (pl.col("symbol") == pl.col("symbol").shift(-1)) & ~is_jump.shift(-1)
    is_confirmed = has_stayed.fill_null(value=False) & pl.lit(is_revising)
    tests = {
        "gap": pl.col("sessions_since") > 1,
        "zero_volume": pl.col("volume") == 0,
        "unexplained_jump": is_jump & ~is_reused & ~is_confirmed,
        "confirmed_jump": is_jump & ~is_reused & is_confirmed,
        "symbol_reuse": is_reused,
    }
    moves = neighbors.moved(history)
    is_delivered = pl.col("number").is_not_null()
    return [
        moves.filter(test & is_delivered).select("symbol", "session", kind=pl.lit(kind))
        for kind, test in tests.items()
    ]


def _withdrawn(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Known bars inside the span of what is delivered that are not delivered again."""
    session = pl.col("session")
    spans = rows.group_by("symbol").agg(first=session.min(), last=session.max())
    return (
        known.join(spans, on="symbol")
        .filter(session.is_between("first", "last"))
        .join(rows, on=findings.KEY, how="anti")
        .select("symbol", "session", kind=pl.lit("withdrawn"))
    )


def _in_words(warned: pl.DataFrame) -> pl.DataFrame:
    sentence = pl.col("kind").replace_strict(findings.WARNINGS, return_dtype=pl.String)
    return warned.sort("symbol", "session", "kind").with_columns(sentence=sentence)
