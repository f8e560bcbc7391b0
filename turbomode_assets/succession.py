"""Who follows whom: step 7 of the loop on whatever keeps its tables.

1. `assess_champion`    signals of the champion, outcomes    -> standing
2. `unseat`             standing                             -> row of the champions
3. `crown`              verdict (``judging.py``)             -> row of the champions
4. `roll_back`          a person's word                      -> row of the champions
5. `superseded`         champions, model cards               -> artifacts that may go

The Dagster assets and the replay both go through here, one on the warehouse and one
in memory, so that neither can decide otherwise than the other. What is required stands
in `promotion`; nothing here writes.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Protocol

import polars as pl

from turbomode_assets import (
    desks,
    errors,
    loop,
    policy,
    report_policy,
    schema,
    sessions,
    tables,
    volatility_baseline,
)
from turbomode_assets.models import scoring
from turbomode_assets.promotion import alias, standing


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


def judged_against(
    ledger: Ledger, month: dt.date, desk: desks.Desk = desks.SWING
) -> str:
    """Champion a challenger for `month` must beat; empty where nobody reigns.

    Whoever reigned on the eve, or followed it by a demotion of that month. A promotion
    of the month itself does not count: judged again, the verdict is the same. A
    challenger ahead of the month is for the day it was asked on.
    """
    champions, eve = ledger.read(desk.champions), sessions.shift(month, -1)
    version = alias.reigning(champions, desk.name, eve) or ""
    if desk.standings is None:
        return version
    standings = ledger.read(desk.standings, month, month)
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
        _volatility_alone(ledger, version, began, rules),
        rules.gate,
    )
    successor = "" if found.is_passed else alias.predecessor(champions, loop.DESK)
    row = {
        "desk": loop.DESK,
        "month": month,
        "version": version,
        "against": found.against,
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


def _volatility_alone(
    ledger: Ledger, version: str, began: dt.date, rules: policy.Policy
) -> pl.DataFrame:
    """What a champion's baseline, learned when it was, says since a session."""
    samples = ledger.read(tables.SAMPLES)
    later = samples.filter(pl.col("session") >= began)
    for learned in ledger.read(tables.MODELS, match={"version": version}).iter_rows(
        named=True
    ):
        known = loop.learned_from(samples, learned, rules)
        if known.height and later.height:
            baseline = volatility_baseline.learn(known, rules)
            return volatility_baseline.score(baseline, later, rules)
    return samples.select("symbol", "session", p_up=0.0, p_flat=0.0, p_down=0.0).clear()


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
                f"{alias.DEMOTED}{last} fell below {row['against']}, evidence "
                f"{row['observed']:.4g} of {row['required']:.4g}"
            )
            to = loop.Crowning(
                version=row["successor"], month=row["month"], decided_at=decided_at
            )
            return _seat(ledger, to, reason)
    return tables.CHAMPIONS.empty()


def crown(
    ledger: Ledger, chosen: loop.Crowning, desk: desks.Desk = desks.SWING
) -> pl.DataFrame:
    """Row of the champions after a passing verdict; none where it once reigned.

    Raises
    ------
    errors.PromotionRefused
        Where the reigning champion was trained for a later month.
    """
    champions = ledger.read(desk.champions)
    if chosen.version in champions["version"].to_list():
        return desk.champions.empty()
    for version in alias.history(champions, desk.name)["version"].tail(1):
        reigning = ledger.read(desk.models, match={"version": version})
        if reigning.filter(pl.col("month") > chosen.month).height:
            message = (
                f"a challenger for {chosen.month} cannot follow {version}, which was "
                "trained for a later month; train one for that month or after"
            )
            raise errors.PromotionRefused(message)
    return _seat(ledger, chosen, "promoted by the gate", desk)


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


def _seat(
    ledger: Ledger,
    wanted: loop.Crowning,
    reason: str,
    desk: desks.Desk = desks.SWING,
) -> pl.DataFrame:
    last_signal = max(ledger.partitions(desk.signals), default=None)
    row = loop.crown(wanted, ledger.read(desk.champions), last_signal, desk.name)
    return desk.champions.conform(row.with_columns(reason=pl.lit(reason)))


def artifacts(ledger: Ledger, reigns: pl.DataFrame) -> list[str]:
    """Content addresses behind rows of the champions; of nobody there is none."""
    cards = ledger.read(tables.MODELS)
    return cards.join(reigns, on="version", how="semi")["artifact_sha256"].to_list()


def superseded(
    ledger: Ledger,
    kept_policy: report_policy.RegistryPolicy = policy.SWING.registry,
    desk: desks.Desk = desks.SWING,
) -> list[str]:
    """Content addresses of artifacts nobody will ask for: of old challengers only.

    Parameters
    ----------
    ledger
        Tables of the loop.
    kept_policy
        Says how many of those trained last stay. Whoever reigned stays for ever:
        its signals are explained with it, and it may be called back.
    desk
        Whose challengers.
    """
    cards = ledger.read(desk.models).sort("trained_at", "version")
    latest = cards.tail(kept_policy.kept_challengers)
    reigned = ledger.read(desk.champions)["version"].to_list()
    crowned = cards.filter(pl.col("version").is_in(reigned))
    kept = {*latest["artifact_sha256"], *crowned["artifact_sha256"]}
    return [each for each in cards["artifact_sha256"] if each not in kept]
