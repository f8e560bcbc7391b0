"""The intraday loop over history with its learned model: the second door, replayed.

1. `replay.cast`       bars, headlines, chains    -> votes
2. `learn`             votes, outcomes            -> challengers, verdicts, champions
3. `replay.speak`      votes, champions           -> signals, outcomes, weights

What a round teaches does not depend on what the desk said, so all challengers are
trained and judged first, each on what was known before its day, and the champions then
speak in the sessions they reign in. Judged and crowned by what judges and crowns the
other desk. Everything is in memory.
"""

import dataclasses
import datetime as dt
import functools

import polars as pl

from turbomode_assets import desks, errors, judging, loop, replay, sessions, succession
from turbomode_assets.intraday import (
    learned_model,
    learning,
    model_card,
    outcomes,
    samples,
    walk,
)
from turbomode_assets.intraday import loop as intraday_loop
from turbomode_assets.intraday import replay as intraday_replay
from turbomode_assets.intraday_policy import INTRADAY, IntradayPolicy
from turbomode_assets.promotion import alias, gate
from turbomode_assets.store import registry


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lived:
    """What was said, and who learned what."""

    replayed: intraday_replay.Replayed
    ledger: replay.Shelf
    """Tables of `desks.TABLES`."""


def run(
    world: intraday_replay.World,
    first: dt.date,
    last: dt.date,
    rules: IntradayPolicy = INTRADAY,
    progress: learning.Progress = lambda _: None,
) -> Lived:
    """Every signal from `first` to `last`, with challengers on the way.

    Parameters
    ----------
    world
        Stored rows, from as many sessions before `first` as voters look back.
    first, last
        Days; they need not be sessions.
    rules
        Policy in force.
    progress
        Told the name of each step.
    """
    votes = intraday_replay.cast(world, first, last, rules)
    gated = Gated(world, votes, rules)
    for day in training_days(first, last, rules.learning.every_weeks):
        gated.live(day, progress)
    learned = gated.speak(first, last)
    said = intraday_replay.speak(world, votes, rules, learned)
    return Lived(replayed=said, ledger=gated.ledger)


def training_days(first: dt.date, last: dt.date, every_weeks: int) -> list[dt.date]:
    """First session of every so many weeks.

    Examples
    --------
    >>> days = training_days(dt.date(2024, 7, 1), dt.date(2024, 7, 31), 2)
    >>> [str(day) for day in days]
    ['2024-07-01', '2024-07-15', '2024-07-29']
    """
    found = pl.Series("session", sessions.sessions_between(first, last))
    weeks = pl.DataFrame([found]).group_by(pl.col("session").dt.truncate("1w")).min()
    return weeks["session"].sort().gather_every(every_weeks).to_list()


class Gated:
    """Challengers, verdicts and champions of one world, week by week.

    Parameters
    ----------
    world
        Stored rows.
    votes
        As `replay.cast` returns them.
    rules
        Policy in force.
    """

    def __init__(
        self,
        world: intraday_replay.World,
        votes: pl.DataFrame,
        rules: IntradayPolicy = INTRADAY,
    ) -> None:
        """Begin with nothing learned and nobody reigning."""
        self.ledger = replay.Shelf({})
        self._rules = rules
        self._artifacts: dict[str, dict[str, bytes]] = {}
        self._features = samples.features_of(votes, world.bars, rules.desk)
        moments = self._features.select("symbol", "session", "minute")
        ends = outcomes.resolve(moments, world.bars)
        self._samples = samples.gather(self._features, ends)

    def live(
        self, day: dt.date, progress: learning.Progress = lambda _: None
    ) -> gate.Verdict | None:
        """Train, judge and perhaps crown the challenger of a day.

        Returns
        -------
        Verdict or None
            None where too little was known to train one.
        """
        rules, store = self._rules, self.ledger
        try:
            trained = intraday_loop.train_challenger(
                self._samples, day, rules, progress
            )
        except errors.NotEnoughHistory:
            return None
        address = registry.content_address(trained.artifact)
        self._artifacts[address] = trained.artifact
        known = intraday_loop.known_before(self._samples, day, rules)
        record = model_card.Record(
            trained=trained, known=known, month=day, address=address
        )
        verdict = judging.judge(store, record, self._load, rules, desks.INTRADAY)
        now = dt.datetime.combine(day, dt.time(), dt.UTC)
        for table, rows in model_card.rows(record, verdict, rules, (now, now)).items():
            store.append(table, rows)
        if verdict.is_passed:
            to = loop.Crowning(version=record.version, month=day, decided_at=now)
            store.append(desks.CHAMPIONS, succession.crown(store, to, desks.INTRADAY))
        return verdict

    def speak(self, first: dt.date, last: dt.date) -> pl.DataFrame:
        """What champions say in the sessions they reign in.

        Returns
        -------
        pl.DataFrame
            Columns of `walk.LEARNED`.
        """
        champions = self.ledger.read(desks.CHAMPIONS)
        cards = self.ledger.read(desks.MODELS)
        addresses = dict(cards.select("version", "artifact_sha256").iter_rows())
        said = [walk.LEARNED.to_frame()]
        for day in sessions.sessions_between(first, last):
            version = alias.reigning(champions, desks.INTRADAY.name, day)
            if version is not None:
                rows = self._features.filter(pl.col("session") == day)
                said.append(self._load(addresses[version]).directions(rows))
        return pl.concat(said)

    @functools.cache  # noqa: B019
    def _load(self, address: str) -> learned_model.Scorer:
        return learned_model.load(self._artifacts[address])
