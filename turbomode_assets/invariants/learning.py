"""Invariants of what was learned, and of who was let speak."""

import polars as pl

from turbomode_assets import errors, tables
from turbomode_assets.invariants import base
from turbomode_assets.store import registry

WINDOW_ENDS = base.Invariant(
    name="windows_end_before_their_month",
    sentence="A challenger knows no label of its month; one ahead of its turn, none of "
    "the day it was trained on.",
    table=tables.MODELS,
    find=base.query(
        """
        SELECT version, month, window_to, labels_known_on, trained_at
        FROM learning.models
        WHERE window_to >= labels_known_on OR labels_known_on >= month AND (
            date_trunc('month', CAST(trained_at AS DATE)) <> month
            OR labels_known_on > CAST(trained_at AS DATE)
        )
        """,
        tables.MODELS,
    ),
)

JUDGED = base.Invariant(
    name="challengers_are_judged",
    sentence="Each challenger has a verdict, stored together with its card.",
    table=tables.VERDICTS,
    find=base.query(
        """
        SELECT version, month FROM learning.models
        WHERE version NOT IN (SELECT version FROM learning.verdicts)
        UNION ALL SELECT DISTINCT version, month FROM learning.verdicts
        WHERE version NOT IN (SELECT version FROM learning.models)
        """,
        tables.MODELS,
        tables.VERDICTS,
    ),
)

VERDICT_FIRST = base.Invariant(
    name="verdict_before_champion",
    sentence="Nobody reigned without a verdict in which every criterion passed.",
    table=tables.CHAMPIONS,
    find=base.query(
        """
        SELECT effective_from, version, reason FROM learning.champions c
        WHERE version <> '' AND coalesce((
            SELECT NOT bool_and(is_passed) FROM learning.verdicts v
            WHERE v.version = c.version
        ), true)
        """,
        tables.CHAMPIONS,
        tables.VERDICTS,
    ),
)

PREDICTIONS_OWNED = base.Invariant(
    name="predictions_have_a_card",
    sentence="Out-of-sample predictions belong to a challenger, and to its window.",
    table=tables.OOF_PREDICTIONS,
    find=base.query(
        """
        SELECT DISTINCT p.version, p.month FROM learning.oof_predictions p
        LEFT JOIN learning.models m USING (version)
        WHERE m.version IS NULL OR p.session NOT BETWEEN m.window_from AND m.window_to
        """,
        tables.OOF_PREDICTIONS,
        tables.MODELS,
    ),
)


def _damaged(place: base.Place) -> pl.DataFrame:
    """Artifacts that are gone, torn or changed; a pruned one only if it reigned."""
    cards = place.store.columns(tables.MODELS, ["version", "artifact_sha256"])
    reigned = set(place.store.columns(tables.CHAMPIONS, ["version"])["version"])
    found = []
    for version, address in cards.iter_rows():
        state = registry.state(place.where.models, address)
        if state == "pruned" and version not in reigned:
            continue
        try:
            registry.load(place.where.models, address)
        except errors.ArtifactError as fault:
            found.append((version, fault))
    return base.listed(["version", "fault"], found)


ARTIFACTS_WHOLE = base.Invariant(
    name="artifacts_match_manifests",
    sentence="Every artifact that was not pruned is as its manifest says, to the byte.",
    table=tables.MODELS,
    find=_damaged,
)

ALL = (WINDOW_ENDS, JUDGED, VERDICT_FIRST, PREDICTIONS_OWNED, ARTIFACTS_WHOLE)
"""Invariants of this file."""
