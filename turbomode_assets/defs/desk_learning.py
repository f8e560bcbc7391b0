"""The learned model between the desk's tables and its loop: who teaches, who speaks.

1. `teach`    votes, bars, outcomes    -> challenger, judged
2. `seat`     verdict                  -> row of the champions
3. `Champions`   votes, reigns          -> what the learned model says

What is computed stands in ``intraday/loop.py`` and ``judging.py``.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable

import polars as pl

from turbomode_assets import (
    desks,
    errors,
    intraday_tables,
    judging,
    schema,
    sessions,
    succession,
)
from turbomode_assets import loop as swing_loop
from turbomode_assets.defs.resources import RegistryResource
from turbomode_assets.intraday import (
    knowledge,
    learned_model,
    loop,
    model_card,
    walk,
)
from turbomode_assets.intraday_policy import IntradayPolicy
from turbomode_assets.promotion import alias, gate
from turbomode_assets.store.warehouse import Warehouse

WARM_UP_SESSIONS = 21
"""Sessions of bars before the first round asked about: the longest look of a feature is
the same minute of the last 20."""

DESK = desks.INTRADAY

_MOMENT = ["symbol", "session", "minute"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Judged:
    """A challenger with its verdict, and the rows both leave behind."""

    verdict: gate.Verdict | None
    """None where there is no challenger yet."""

    lacking: str
    """What is lacking for one; empty where there is one."""

    rows: dict[schema.Table, pl.DataFrame]

    @classmethod
    def nobody(cls, lacking: str) -> "Judged":
        """No challenger, and why."""
        tables = (DESK.models, DESK.predictions, DESK.verdicts)
        rows = {table: table.empty() for table in tables}
        return cls(verdict=None, lacking=lacking, rows=rows)


def _scorers(models: RegistryResource) -> Callable[[str], learned_model.Scorer]:
    return lambda address: learned_model.load(models.load(address))


def teach(
    store: Warehouse,
    models: RegistryResource,
    week: dt.date,
    now: Callable[[], dt.datetime],
    rules: IntradayPolicy,
) -> Judged:
    """Train and judge the challenger of a week, on what was known before it.

    Parameters
    ----------
    store
        The open warehouse; nothing is written.
    models
        Where its artifact is stored.
    week
        Sunday before the first session it would be in force.
    now
        Tells the present moment, UTC.
    rules
        Policy in force.
    """
    began, gathered = now(), _samples(store, week, rules)
    try:
        trained = loop.train_challenger(gathered, week, rules)
    except errors.NotEnoughHistory as lacking:
        return Judged.nobody(str(lacking))
    record = model_card.Record(
        trained=trained,
        known=loop.known_before(gathered, week, rules),
        month=week,
        address=models.save(trained.artifact),
    )
    verdict = judging.judge(store, record, _scorers(models), rules, DESK)
    rows = model_card.rows(record, verdict, rules, (began, now()))
    return Judged(verdict=verdict, lacking="", rows=rows)


def _samples(store: Warehouse, week: dt.date, rules: IntradayPolicy) -> pl.DataFrame:
    """Samples of what was voted on and graded before a week."""
    eve = week - dt.timedelta(days=1)
    since = sessions.shift(week, -rules.learning.max_sessions)
    votes = store.read(intraday_tables.VOTES, since, eve)
    known = store.read(
        intraday_tables.BARS, sessions.shift(since, -WARM_UP_SESSIONS), eve
    )
    ends = store.read(intraday_tables.OUTCOMES, since, eve)
    return loop.gather_samples(votes, known, ends, rules)


def seat(store: Warehouse, week: dt.date, decided_at: dt.datetime) -> pl.DataFrame:
    """Row of the champions that lets the week's challenger speak; none without one.

    Raises
    ------
    errors.PromotionRefused
        Where its verdict is missing, or a criterion failed.
    """
    cards = store.read(DESK.models, week, week).sort("trained_at")
    if cards.is_empty():
        return DESK.champions.empty()
    version = str(cards["version"][-1])
    verdict = store.read(DESK.verdicts, match={"version": version})
    failed = verdict.filter(~pl.col("is_passed")).sort("position")
    if verdict.is_empty() or failed.height:
        found = "; ".join(failed["sentence"]) or "none"
        message = f"{version} needs a passing verdict, found: {found}"
        raise errors.PromotionRefused(message)
    to = swing_loop.Crowning(version=version, month=week, decided_at=decided_at)
    return succession.crown(store, to, DESK)


def addresses(store: Warehouse, reigns: pl.DataFrame) -> list[str]:
    """Content addresses behind rows of the champions."""
    cards = store.read(DESK.models)
    return cards.join(reigns, on="version", how="semi")["artifact_sha256"].to_list()


@dataclasses.dataclass(frozen=True)
class Champions:
    """Learned models, each for the sessions it reigns in."""

    store: Warehouse
    models: RegistryResource
    rules: IntradayPolicy

    def reigning(self, days: Iterable[dt.date]) -> set[str]:
        """Who reigned in some sessions; empty where nobody did."""
        reigns = self.store.read(DESK.champions)
        found = (alias.reigning(reigns, DESK.name, day) for day in days)
        return {version for version in found if version is not None}

    def ask(self, votes: pl.DataFrame) -> pl.DataFrame:
        """What the champions of their sessions say of moments that were voted on.

        Parameters
        ----------
        votes
            Rows of `intraday_tables.VOTES`.

        Returns
        -------
        pl.DataFrame
            Columns of `walk.LEARNED`; no row of a session in which nobody reigned.
        """
        reigns = self.store.read(DESK.champions)
        said = [walk.LEARNED.to_frame()]
        for day in votes["session"].unique().sort():
            version = alias.reigning(reigns, DESK.name, day)
            if version is not None:
                own = votes.filter(pl.col("session") == day)
                said.append(self._of(version, own, day))
        return pl.concat(said)

    def _of(self, version: str, votes: pl.DataFrame, day: dt.date) -> pl.DataFrame:
        card = self.store.read(DESK.models, match={"version": version})
        scorer = learned_model.load(self.models.load(card["artifact_sha256"][0]))
        since = sessions.shift(day, -WARM_UP_SESSIONS)
        known = self.store.read(intraday_tables.BARS, since, day)
        moments, none = votes.select(_MOMENT).unique(), intraday_tables.DAILY_BARS
        return pl.concat(
            loop.ask_champion(
                scorer, votes.join(then.moments, on=_MOMENT), then.bars, self.rules
            )
            for then in knowledge.at(moments, known, none.empty())
        )
