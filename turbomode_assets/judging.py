"""What a verdict rests on, read from whatever keeps the tables of the loop.

1. `graded`           earlier decisions, what matured since    -> who had been better
2. `gather_evidence`  challenger, graded decisions             -> evidence
3. `judge`            evidence                                 -> verdict
4. `compared_rows`    a version that was judged                -> the rows, once more
5. `measured`         verdict                                  -> what its card says

The Dagster assets and the replay both go through here, as through ``succession.py``.
What is required stands in `promotion`; nothing here writes.
"""

import dataclasses
import datetime as dt
import itertools
from typing import Any

import polars as pl

from turbomode_assets import errors, loop, policy, sessions, succession, tables
from turbomode_assets.features import catalog
from turbomode_assets.models import card, fold_losses
from turbomode_assets.promotion import evidence, gate
from turbomode_assets.samples import label_balance

_P = ("p_up", "p_flat", "p_down")
_KEY = ("symbol", "session")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """Who is asked about: the recipe, and the day on which its newest is judged."""

    policy_version: str
    feature_version: str
    until: dt.date


def judge(
    ledger: succession.Ledger,
    record: card.Record,
    scorer_of: succession.ScorerOf,
    rules: policy.Policy = policy.SWING,
) -> gate.Verdict:
    """Verdict over a challenger; of one that was ever judged, the stored one.

    A version is judged once, by the policy on its card. Were the same artifact judged
    again whenever the policy changes, the gate could be asked until it says yes, and a
    stored verdict would be a mixture of several.

    Parameters
    ----------
    ledger, record, scorer_of
        As for `gather_evidence`.
    rules
        Policy in force.
    """
    stored = ledger.read(tables.VERDICTS, match={"version": record.version})
    if stored.height:
        return gate.from_frame(stored)
    found = gather_evidence(ledger, record, scorer_of, rules)
    return loop.judge_challenger(found, rules)


def gather_evidence(
    ledger: succession.Ledger,
    record: card.Record,
    scorer_of: succession.ScorerOf,
    rules: policy.Policy = policy.SWING,
) -> evidence.Evidence:
    """Challenger, and what followed the decisions before it.

    Parameters
    ----------
    ledger
        Tables of the loop.
    record
        The challenger.
    scorer_of
        Loads challengers and champions, to say again what they would have said.
    rules
        Policy in force.
    """
    asked = Question(
        policy_version=rules.version,
        feature_version=catalog.feature_version(rules.features.feature_set),
        until=record.asked_on or record.month,
    )
    version = succession.judged_against(ledger, asked.until)
    cards = ledger.read(tables.MODELS, match={"version": version})
    fitted_on = cards["labels_known_on"].max() if cards.height else dt.date.min
    return evidence.gather(
        record.predictions(),
        graded(ledger, record.known, asked, scorer_of, rules),
        version,
        record.known.filter(pl.col("matures_on") > fitted_on).height,
    )


def compared_rows(
    ledger: succession.Ledger,
    version: str,
    scorer_of: succession.ScorerOf,
    rules: policy.Policy = policy.SWING,
) -> pl.DataFrame:
    """Rows on which a judged challenger was compared, as `evidence.rows` lists them.

    What was said after earlier decisions is not stored; the artifacts say it again.

    Parameters
    ----------
    ledger
        Tables of the loop.
    version
        The challenger.
    scorer_of
        As for `gather_evidence`.
    rules
        Policy in force.

    Raises
    ------
    errors.MissingEvidence
        Where no verdict over it is stored.
    """
    own = ledger.read(tables.OOF_PREDICTIONS, match={"version": version})
    verdict = ledger.read(tables.VERDICTS, match={"version": version})
    if own.is_empty() or verdict.is_empty():
        judged = ledger.read(tables.VERDICTS)["version"].unique().sort()
        found = ", ".join(judged) or "none yet"
        message = f"expected a judged challenger, was {version!r}; judged: {found}"
        raise errors.MissingEvidence(message)
    cards = ledger.read(tables.MODELS, match={"version": version})
    learned = cards.row(0, named=True)
    known = loop.learned_from(ledger.read(tables.SAMPLES), learned, rules)
    asked = Question(
        policy_version=learned["policy_version"],
        feature_version=learned["feature_version"],
        until=_began(learned),
    )
    return evidence.rows(own, graded(ledger, known, asked, scorer_of, rules))


def graded(
    ledger: succession.Ledger,
    known: pl.DataFrame,
    asked: Question,
    scorer_of: succession.ScorerOf,
    rules: policy.Policy = policy.SWING,
) -> pl.DataFrame:
    """What challengers and the champions they were held against said afterwards.

    Parameters
    ----------
    ledger
        Tables of the loop.
    known
        Samples that had matured, with their features.
    asked
        Decisions about other recipes, or later ones, do not count.
    scorer_of
        Loads the scorer with a content address.
    rules
        How far to look back, and which artifacts are kept.

    Returns
    -------
    pl.DataFrame
        Columns symbol, session, label, version, against, p_up, p_flat, p_down, and
        p_up_champion and so on. A session stands under the challenger that was the
        newest then; no rows where nobody reigned, or whoever spoke was pruned.
    """
    cards = ledger.read(tables.MODELS).sort("month", "labels_known_on")
    cards = cards.filter(pl.col("feature_version") == asked.feature_version)
    line = cards.filter(pl.col("policy_version") == asked.policy_version)
    gone = succession.superseded(ledger, rules)
    kept = cards.filter(~pl.col("artifact_sha256").is_in(gone))
    address = dict(kept.select("version", "artifact_sha256").iter_rows())
    held = ledger.read(tables.VERDICTS).select("version", "against").unique()
    against = dict(held.iter_rows())
    began = [_began(card) for card in line.iter_rows(named=True)]
    earliest = sessions.shift(asked.until, -rules.gate.evidence_window_sessions)
    parts = [evidence.GRADED.to_frame()]
    windows = itertools.pairwise([*began, asked.until])
    for version, (first, end) in zip(line["version"], windows, strict=True):
        champion = against.get(version)
        faced = known.filter(
            pl.col("session") >= max(first, earliest), pl.col("session") < end
        )
        if {version, champion} <= address.keys() and faced.height:
            rows = faced.select(
                *_KEY, "label", version=pl.lit(version), against=pl.lit(champion)
            )
            for name, suffix in ((version, ""), (champion, "_champion")):
                said = scorer_of(address[name]).score(faced)
                renamed = said.select(*_KEY, *(pl.col(p).alias(p + suffix) for p in _P))
                rows = rows.join(renamed, on=_KEY)
            parts.append(rows)
    return pl.concat(parts)


def _began(card: dict[str, Any]) -> dt.date:
    """First day a challenger speaks of that it has not learned from."""
    day: dt.date = max(card["month"], card["labels_known_on"] + dt.timedelta(days=1))
    return day


def measured(
    record: card.Record, verdict: gate.Verdict, rules: policy.Policy = policy.SWING
) -> dict[str, Any]:
    """What judgment adds to a model card: criteria, folds, the labels' balance."""
    found: dict[str, Any] = {c.name: c.observed for c in verdict.criteria}
    found |= {"folds": fold_losses.by_fold(record.trained.oof)}
    labels = label_balance.balance(record.known, rules)
    return found | ({"labels": dataclasses.asdict(labels)} if labels else {})
