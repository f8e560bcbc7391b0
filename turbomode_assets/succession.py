"""Who follows whom: step 7 of the loop on whatever keeps its tables.

1. `assess_champion`    signals of the champion, outcomes    -> standing
2. `unseat`             standing                             -> row of the champions
3. `judge`              challenger, champion, their records  -> verdict
4. `crown`              verdict                              -> row of the champions
5. `roll_back`          a person's word                      -> row of the champions
6. `superseded`         champions, model cards               -> artifacts that may go

The Dagster assets and the replay both go through here, one on the warehouse and one
in memory, so that neither can judge otherwise than the other. What is required stands
in `promotion`; nothing here writes.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import polars as pl

from turbomode_assets import errors, loop, policy, schema, sessions, tables
from turbomode_assets.features import catalog
from turbomode_assets.models import card, fold_losses, scoring
from turbomode_assets.promotion import alias, evidence, gate, standing
from turbomode_assets.samples import label_balance

_SAID = ["symbol", "session", "p_up", "p_flat", "p_down", "champion_version"]


class Ledger(Protocol):
    """Whatever tables can be read from, such as the warehouse."""

    def read(
        self,
        table: schema.Table,
        first: dt.date | None = None,
        last: dt.date | None = None,
        match: Mapping[str, str] | None = None,
    ) -> pl.DataFrame:
        """Rows of a table, sorted by its key."""

    def partitions(self, table: schema.Table) -> list[dt.date]:
        """Partitions that hold rows, ascending."""


ScorerOf = Callable[[str], scoring.Scorer]
"""Loads the scorer with a content address."""


def judged_against(ledger: Ledger, month: dt.date) -> str:
    """Champion a challenger for `month` must beat; empty where nobody reigns.

    Whoever reigned on the eve, or followed it by a demotion of that month. A promotion
    of the month itself does not count: judged again, the verdict is the same. A
    challenger ahead of the month is for the day it was asked on.
    """
    champions, eve = ledger.read(tables.CHAMPIONS), sessions.shift(month, -1)
    version = alias.reigning(champions, loop.DESK, eve) or ""
    standings = ledger.read(tables.STANDINGS, month, month)
    fallen = standings.filter(~pl.col("is_passed"), pl.col("version") == version)
    return str(fallen["successor"][0]) if fallen.height else version


def assess_champion(
    ledger: Ledger, month: dt.date, rules: policy.Policy = policy.SWING
) -> pl.DataFrame:
    """What the champion on the eve of a month is worth; the row of `tables.STANDINGS`.

    Parameters
    ----------
    ledger
        Tables of the loop.
    month
        First day of the month; what matured in it or later changes nothing.
    rules
        Policy in force.

    Returns
    -------
    pl.DataFrame
        No row where nobody reigns.
    """
    champions, eve = ledger.read(tables.CHAMPIONS), sessions.shift(month, -1)
    began = alias.reign_began(champions, loop.DESK, eve)
    version = alias.reigning(champions, loop.DESK, eve)
    if began is None or version is None:
        return tables.STANDINGS.empty()
    label = pl.col(f"label_{rules.training.label}").alias("label")
    found = standing.assess(
        ledger.read(tables.SIGNALS, began, eve, {"champion_version": version}),
        ledger.read(tables.OOF_PREDICTIONS, match={"version": version}),
        ledger.read(tables.OUTCOMES, last=eve).with_columns(label),
        rules.gate,
    )
    successor = "" if found.is_passed else alias.predecessor(champions, loop.DESK)
    row = {
        "desk": loop.DESK,
        "month": month,
        "version": version,
        "n_sessions": found.n_sessions,
        "gain": found.gain,
        "observed": found.observed,
        "required": found.required,
        "is_passed": found.is_passed,
        "successor": successor,
    }
    return tables.STANDINGS.conform(
        pl.DataFrame([row], schema=tables.STANDINGS.schema())
    )


def unseat(
    ledger: Ledger, found: pl.DataFrame, decided_at: dt.datetime
) -> pl.DataFrame:
    """Row of `tables.CHAMPIONS` that follows from a standing; none where it holds.

    Parameters
    ----------
    ledger
        Tables of the loop.
    found
        As `assess_champion` returns it.
    decided_at
        Moment of the decision, UTC.
    """
    champions = ledger.read(tables.CHAMPIONS)
    for row in found.filter(~pl.col("is_passed")).iter_rows(named=True):
        last = alias.history(champions, loop.DESK)["version"][-1]
        if last == row["version"]:
            reason = (
                f"{alias.DEMOTED}{last} fell below the base rate, evidence "
                f"{row['observed']:.4g} of {row['required']:.4g}"
            )
            to = loop.Crowning(
                version=row["successor"], month=row["month"], decided_at=decided_at
            )
            return _seat(ledger, to, reason)
    return tables.CHAMPIONS.empty()


def crown(ledger: Ledger, chosen: loop.Crowning) -> pl.DataFrame:
    """Row of `tables.CHAMPIONS` after a passing verdict; none where it once reigned.

    Raises
    ------
    errors.PromotionRefused
        Where the reigning champion was trained for a later month.
    """
    champions = ledger.read(tables.CHAMPIONS)
    if chosen.version in champions["version"].to_list():
        return tables.CHAMPIONS.empty()
    for version in alias.history(champions, loop.DESK)["version"].tail(1):
        reigning = ledger.read(tables.MODELS, match={"version": version})
        if reigning.filter(pl.col("month") > chosen.month).height:
            message = (
                f"a challenger for {chosen.month} cannot follow {version}, which was "
                "trained for a later month; train one for that month or after"
            )
            raise errors.PromotionRefused(message)
    return _seat(ledger, chosen, "promoted by the gate")


def roll_back(
    ledger: Ledger, version: str | None, on: dt.date, decided_at: dt.datetime
) -> pl.DataFrame:
    """Row of `tables.CHAMPIONS` that seats an earlier champion again.

    Parameters
    ----------
    ledger
        Tables of the loop.
    version
        Who shall reign; None for the predecessor. Empty for nobody.
    on
        First day of the new reign; later where signals were already emitted.
    decided_at
        Moment of the decision, UTC.

    Raises
    ------
    errors.PromotionRefused
        Where nobody reigned yet, where the version already reigns, or where no
        champion ever had it; names those there were.
    """
    reigns = alias.history(ledger.read(tables.CHAMPIONS), loop.DESK)
    known = sorted(set(reigns["version"]) - {alias.NOBODY})
    if not known:
        message = (
            "expected a champion to roll back from, found none; run the loop first"
        )
        raise errors.PromotionRefused(message)
    to = alias.predecessor(reigns, loop.DESK) if version is None else version
    if to not in [*known, alias.NOBODY] or to == reigns["version"][-1]:
        found = to or "nobody"
        message = (
            f"expected a former champion that does not reign, found {found}; "
            f"choose one of {', '.join(known)} (reigning: {reigns['version'][-1]})"
        )
        raise errors.PromotionRefused(message)
    wanted = loop.Crowning(version=to, month=on, decided_at=decided_at)
    return _seat(ledger, wanted, "rolled back by hand")


def _seat(ledger: Ledger, wanted: loop.Crowning, reason: str) -> pl.DataFrame:
    last_signal = max(ledger.partitions(tables.SIGNALS), default=None)
    row = loop.crown(wanted, ledger.read(tables.CHAMPIONS), last_signal)
    return tables.CHAMPIONS.conform(row.with_columns(reason=pl.lit(reason)))


def artifacts(ledger: Ledger, reigns: pl.DataFrame) -> list[str]:
    """Content addresses behind rows of the champions; of nobody there is none."""
    cards = ledger.read(tables.MODELS)
    return cards.join(reigns, on="version", how="semi")["artifact_sha256"].to_list()


def judge(
    ledger: Ledger,
    record: card.Record,
    scorer_of: ScorerOf,
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
    ledger: Ledger,
    record: card.Record,
    scorer_of: ScorerOf,
    rules: policy.Policy = policy.SWING,
) -> evidence.Evidence:
    """Challenger beside whoever reigned when its month began.

    Parameters
    ----------
    ledger
        Tables of the loop.
    record
        The challenger.
    scorer_of
        Loads the champion, to say what it would have in sessions after its training
        in which it emitted nothing.
    rules
        Policy in force: which features.
    """
    version = judged_against(ledger, record.asked_on or record.month)
    cards = ledger.read(tables.MODELS, match={"version": version})
    fitted_on = cards["labels_known_on"].max() if cards.height else dt.date.min
    return evidence.gather(
        record.predictions(),
        ledger.read(tables.OOF_PREDICTIONS, match={"version": version}),
        _heard(ledger, version, record.known, scorer_of, rules),
        record.known.filter(pl.col("matures_on") > fitted_on).height,
        _earlier(ledger, version, record.month, record.known_on),
    )


def compared_rows(
    ledger: Ledger,
    version: str,
    scorer_of: ScorerOf,
    rules: policy.Policy = policy.SWING,
) -> pl.DataFrame:
    """Rows on which a judged challenger was compared, as `evidence.rows` lists them.

    What the champion would have said where it was silent is not stored; its artifact
    says it again.

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
    against = verdict["against"][0]
    cards = ledger.read(tables.MODELS, match={"version": version})
    learned = cards.row(0, named=True)
    known = loop.learned_from(ledger.read(tables.SAMPLES), learned, rules)
    return evidence.rows(
        own,
        ledger.read(tables.OOF_PREDICTIONS, match={"version": against}),
        _heard(ledger, against, known, scorer_of, rules),
        _earlier(ledger, against, learned["month"], learned["labels_known_on"]),
    )


def _heard(
    ledger: Ledger,
    version: str,
    known: pl.DataFrame,
    scorer_of: ScorerOf,
    rules: policy.Policy,
) -> pl.DataFrame:
    """What a champion emitted, and would have where it was silent."""
    cards = ledger.read(tables.MODELS, match={"version": version})
    signals = ledger.read(tables.SIGNALS, match={"champion_version": version})
    unheard = _unheard(signals, known, cards, scorer_of, rules)
    return pl.concat([signals.select(_SAID), unheard])


def _unheard(
    signals: pl.DataFrame,
    known: pl.DataFrame,
    cards: pl.DataFrame,
    scorer_of: ScorerOf,
    rules: policy.Policy,
) -> pl.DataFrame:
    """What the champion would have said where it was silent: out of its sample too."""
    nothing = signals.select(_SAID).clear()
    version = catalog.feature_version(rules.features.feature_set)
    for row in cards.iter_rows(named=True):
        if row["feature_version"] != version:
            return nothing
        later = known.filter(pl.col("session") > row["labels_known_on"])
        silent = later.join(signals, on=["symbol", "session"], how="anti")
        if silent.height:
            said = scorer_of(row["artifact_sha256"]).score(silent)
            return said.with_columns(champion_version=pl.lit(row["version"])).select(
                _SAID
            )
    return nothing


def _earlier(
    ledger: Ledger, version: str, month: dt.date, known_on: dt.date
) -> pl.DataFrame:
    """Predictions of the challengers judged against `version` before, oldest first."""
    judged = ledger.read(tables.VERDICTS, match={"against": version or "nobody"})
    cards = ledger.read(tables.MODELS).select("version", "labels_known_on")
    # Of one month its own comes before one that was ahead of the next.
    is_older = (pl.col("month") < month) | (pl.col("labels_known_on") < known_on)
    before = judged.join(cards, on="version").filter(is_older)
    before = before.sort("month", "labels_known_on")
    versions = before["version"].unique(maintain_order=True)
    rows = [ledger.read(tables.OOF_PREDICTIONS, match={"version": v}) for v in versions]
    return pl.concat([tables.OOF_PREDICTIONS.empty(), *rows])


def measured(
    record: card.Record, verdict: gate.Verdict, rules: policy.Policy = policy.SWING
) -> dict[str, Any]:
    """What judgment adds to a model card: criteria, folds, the labels' balance."""
    found: dict[str, Any] = {c.name: c.observed for c in verdict.criteria}
    found |= {"folds": fold_losses.by_fold(record.trained.oof)}
    labels = label_balance.balance(record.known, rules)
    return found | ({"labels": dataclasses.asdict(labels)} if labels else {})


def superseded(ledger: Ledger, rules: policy.Policy = policy.SWING) -> list[str]:
    """Content addresses of artifacts nobody will ask for: of old challengers only.

    Parameters
    ----------
    ledger
        Tables of the loop.
    rules
        Says how many of those trained last stay. Whoever reigned stays for ever:
        its signals are explained with it, and it may be called back.
    """
    cards = ledger.read(tables.MODELS).sort("trained_at", "version")
    latest = cards.tail(rules.registry.kept_challengers)
    reigned = ledger.read(tables.CHAMPIONS)["version"].to_list()
    crowned = cards.filter(pl.col("version").is_in(reigned))
    kept = {*latest["artifact_sha256"], *crowned["artifact_sha256"]}
    return [each for each in cards["artifact_sha256"] if each not in kept]
