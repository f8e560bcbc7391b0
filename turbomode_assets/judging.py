"""What a verdict rests on, read from whatever keeps the tables of the loop.

1. `graded`           earlier decisions, what matured since    -> who had been better
2. `gather_evidence`  challenger, graded decisions             -> evidence
3. `judge`            evidence                                 -> verdict
4. `compared_rows`    a version that was judged                -> the rows, once more
5. `measured`         verdict                                  -> what its card says

Both desks, the Dagster assets and the replay go through here, as through
``succession.py``. What is required stands in `promotion`; nothing here writes.
"""

import dataclasses
import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any, Protocol

import polars as pl

from turbomode_assets import (
    desks,
    errors,
    loop,
    policy,
    report_policy,
    sessions,
    succession,
    tables,
)
from turbomode_assets.models import card, fold_losses
from turbomode_assets.promotion import evidence, gate
from turbomode_assets.samples import label_balance

_P = ("p_up", "p_flat", "p_down")


class Record(Protocol):
    """A trained challenger of whichever desk."""

    @property
    def version(self) -> str:
        """Its name."""

    @property
    def known(self) -> pl.DataFrame:
        """Samples it learned from: the desk's key, label, matures_on, features."""

    @property
    def month(self) -> dt.date:
        """First day it would be in force."""

    @property
    def asked_on(self) -> dt.date | None:
        """First day whose labels it does not know; null where that is the same."""

    def predictions(self) -> pl.DataFrame:
        """Rows of the desk's table of predictions."""


class Rules(Protocol):
    """What is asked of policies here."""

    @property
    def version(self) -> str:
        """Name of the policy."""

    @property
    def gate(self) -> policy.GatePolicy:
        """What is required."""

    @property
    def registry(self) -> report_policy.RegistryPolicy:
        """Which artifacts are kept."""


class Speaker(Protocol):
    """A challenger or champion that can be asked again."""

    def score(self, features: pl.DataFrame) -> pl.DataFrame:
        """The desk's key, p_up, p_flat and p_down of each row."""


SpeakerOf = Callable[[str], Speaker]
"""Loads whoever has a content address."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question:
    """Who is asked about: the recipe, and the day on which its newest is judged."""

    policy_version: str
    feature_version: str
    until: dt.date
    desk: desks.Desk = desks.SWING


def judge(
    ledger: succession.Ledger,
    record: Record,
    scorer_of: SpeakerOf,
    rules: Rules = policy.SWING,
    desk: desks.Desk = desks.SWING,
) -> gate.Verdict:
    """Verdict over a challenger; of one that was ever judged, the stored one.

    A version is judged once, by the policy on its card. Were the same artifact judged
    again whenever the policy changes, the gate could be asked until it says yes, and a
    stored verdict would be a mixture of several.

    Parameters
    ----------
    ledger, record, scorer_of, desk
        As for `gather_evidence`.
    rules
        Policy in force.
    """
    stored = ledger.read(desk.verdicts, match={"version": record.version})
    if stored.height:
        return gate.from_frame(stored)
    found = gather_evidence(ledger, record, scorer_of, rules, desk)
    return loop.judge_challenger(found, rules.gate)


def gather_evidence(
    ledger: succession.Ledger,
    record: Record,
    scorer_of: SpeakerOf,
    rules: Rules = policy.SWING,
    desk: desks.Desk = desks.SWING,
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
    desk
        Whose challenger it is.
    """
    asked = Question(
        policy_version=rules.version,
        feature_version=record.known["feature_version"][0],
        until=record.asked_on or record.month,
        desk=desk,
    )
    version = succession.judged_against(ledger, asked.until, desk)
    cards = ledger.read(desk.models, match={"version": version})
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
    desk = desks.SWING
    own = ledger.read(desk.predictions, match={"version": version})
    verdict = ledger.read(desk.verdicts, match={"version": version})
    if own.is_empty() or verdict.is_empty():
        judged = ledger.read(desk.verdicts)["version"].unique().sort()
        found = ", ".join(judged) or "none yet"
        message = f"expected a judged challenger, was {version!r}; judged: {found}"
        raise errors.MissingEvidence(message)
    cards = ledger.read(desk.models, match={"version": version})
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
    scorer_of: SpeakerOf,
    rules: Rules = policy.SWING,
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
        p_up_champion and so on, a row for each of the desk's. A session stands under
        the challenger that was the newest then; no rows where nobody reigned, or
        whoever spoke was pruned.
    """
    desk, key = asked.desk, list(asked.desk.key)
    cards = ledger.read(desk.models).sort("month", "labels_known_on")
    cards = cards.filter(pl.col("feature_version") == asked.feature_version)
    line = cards.filter(pl.col("policy_version") == asked.policy_version)
    gone = succession.superseded(ledger, rules.registry, desk)
    kept = cards.filter(~pl.col("artifact_sha256").is_in(gone))
    address = dict(kept.select("version", "artifact_sha256").iter_rows())
    held = ledger.read(desk.verdicts).select("version", "against").unique()
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
                *key, "label", version=pl.lit(version), against=pl.lit(champion)
            )
            for name, suffix in ((version, ""), (champion, "_champion")):
                said = scorer_of(address[name]).score(faced)
                renamed = said.select(*key, *(pl.col(p).alias(p + suffix) for p in _P))
                rows = rows.join(renamed, on=key, maintain_order="left")
            parts.append(rows.select(evidence.GRADED.names()))
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
