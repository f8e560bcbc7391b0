"""The arrows of the loop chained through history, and the arms they are held against.

1. `train`         samples, month    -> a training, shared by every arm
2. `Gated.live`    training, ledger  -> a month of the product: standing, verdict,
                                        champion, signals
3. `speak`         trainings         -> what every arm said, on the same rows

The gated arm goes through `succession` and `loop` as the living system does and
leaves the same rows. Everything is in memory; the world is made in
``replay_world.py``, files and processes stand in ``replay_files.py``, what it all means
in ``reports/learning.py``.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from turbomode_assets import (
    errors,
    judging,
    loop,
    policy,
    replay_world,
    schema,
    succession,
    tables,
    volatility_baseline,
)
from turbomode_assets.models import base, card, scoring, volatility_only
from turbomode_assets.promotion import alias, gate
from turbomode_assets.signals import ledger as signals_ledger
from turbomode_assets.stats import base_rate
from turbomode_assets.store import registry

ARMS = ("gated", "always_newest", "frozen", "volatility_only", "base_rate")
"""The product; every challenger crowned; for ever the product's champion of the first
session compared, or its first one after that; and the two baselines, both learned again
every month."""

OLDER = "one_month_older"
"""Beside the arms: what the challenger of the month before says, to be compared with
the newest in sessions neither has seen."""

_LONG_AGO = dt.timedelta(days=3650)  # every signal of a replay is one
_KEY = ["symbol", "session"]
_SAID = [*_KEY, "p_up", "p_flat", "p_down"]


class Shelf:
    """Tables in memory, read and appended to as those of the warehouse are."""

    def __init__(self, rows: Mapping[str, pl.DataFrame]) -> None:
        """Begin with some tables, by name."""
        self._rows = dict(rows)

    def read(
        self,
        table: schema.Table,
        first: dt.date | None = None,
        last: dt.date | None = None,
        match: Mapping[str, str] | None = None,
    ) -> pl.DataFrame:
        """See `succession.Ledger.read`."""
        asked = [pl.col(name) == value for name, value in (match or {}).items()]
        asked += [] if first is None else [pl.col(table.partition_column) >= first]
        asked += [] if last is None else [pl.col(table.partition_column) <= last]
        rows = self._rows.get(table.name, table.empty())
        return rows.filter(*asked) if asked else rows

    def partitions(self, table: schema.Table) -> list[dt.date]:
        """See `succession.Ledger.partitions`."""
        days = self.read(table)[table.partition_column]
        return list(days.unique().sort())

    def append(self, table: schema.Table, rows: pl.DataFrame) -> None:
        """Add rows; stored ones are never changed."""
        both = pl.concat([self.read(table), table.conform(rows)])
        self._rows[table.name] = both.sort(table.key)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training:
    """A challenger of one month, and the baseline trained beside it."""

    month: dt.date
    version: str
    scorer: scoring.Scorer
    volatility: volatility_only.Logistic


def train(
    samples: pl.DataFrame, month: dt.date, rules: policy.Policy = policy.SWING
) -> tuple[card.Record, dict[str, bytes]]:
    """Challenger of a month, and its artifact."""
    trained = loop.train_challenger(samples, month, rules)
    record = card.Record(
        desk=loop.DESK,
        trained=trained,
        known=loop.known_before(samples, month, rules),
        month=month,
        address=registry.content_address(trained.artifact),
    )
    return record, trained.artifact


def fit_volatility(
    samples: pl.DataFrame, month: dt.date, rules: policy.Policy = policy.SWING
) -> volatility_only.Logistic:
    """The volatility-only baseline of a month, on the samples its challenger had."""
    return volatility_baseline.learn(loop.known_before(samples, month, rules), rules)


class Gated:
    """The product's arm: a ledger of its own, lived month by month.

    Parameters
    ----------
    world
        What does not depend on who reigns.
    span
        Sessions lived.
    scorer_of
        Loads the scorer with a content address.
    rules
        Policy in force.
    """

    def __init__(
        self,
        world: replay_world.World,
        span: replay_world.Span,
        scorer_of: succession.ScorerOf,
        rules: policy.Policy = policy.SWING,
    ) -> None:
        """Begin with nothing said and nobody reigning."""
        known = {
            tables.OUTCOMES.name: world.outcomes,
            tables.SAMPLES.name: world.samples,
        }
        self.ledger = Shelf(known)
        self._world, self._span, self._rules = world, span, rules
        self._scorer_of = scorer_of

    def live(self, record: card.Record, now: dt.datetime) -> gate.Verdict:
        """Judge the challenger of a month and live the month's sessions.

        Parameters
        ----------
        record
            The month's challenger.
        now
            Moment that is written beside every decision, UTC.
        """
        store, rules = self.ledger, self._rules
        standing = succession.assess_champion(store, record.month, rules)
        store.append(tables.STANDINGS, standing)
        store.append(tables.CHAMPIONS, succession.unseat(store, standing, now))
        verdict = judging.judge(store, record, self._scorer_of, rules)
        metrics = judging.measured(record, verdict, rules)
        store.append(tables.MODELS, record.card(metrics, rules, (now, now)))
        store.append(tables.OOF_PREDICTIONS, record.predictions())
        judged = verdict.to_frame(loop.DESK, record.version, record.month)
        store.append(tables.VERDICTS, judged)
        if verdict.is_passed:
            to = loop.Crowning(
                version=record.version, month=record.month, decided_at=now
            )
            store.append(tables.CHAMPIONS, succession.crown(store, to))
        self._speak(self._span.lived(record.month), now)
        return verdict

    def _speak(self, days: Sequence[dt.date], now: dt.datetime) -> None:
        champions, cards = (
            self.ledger.read(t) for t in (tables.CHAMPIONS, tables.MODELS)
        )
        addresses = dict(cards.select("version", "artifact_sha256").iter_rows())
        spoken: dict[str, list[dt.date]] = {}
        for day in days:
            version = alias.reigning(champions, loop.DESK, day)
            if version is not None:
                spoken.setdefault(version, []).append(day)
        for version, reign in spoken.items():
            champion = loop.Champion(version, self._scorer_of(addresses[version]))
            said = emit(self._world, reign, champion, self._rules)
            rows = signals_ledger.stamp(said, now, -_LONG_AGO)
            self.ledger.append(tables.SIGNALS, rows)


def emit(
    world: replay_world.World,
    days: Sequence[dt.date],
    champion: loop.Champion,
    rules: policy.Policy = policy.SWING,
) -> pl.DataFrame:
    """What a champion says in some sessions, as `loop.emit_signals` has it."""
    features = world.features.filter(pl.col("session").is_in(list(days)))
    return loop.emit_signals(features, world.universe, champion, rules)


def speak(
    world: replay_world.World,
    span: replay_world.Span,
    trainings: Iterable[Training],
    gated: succession.Ledger,
    rules: policy.Policy = policy.SWING,
) -> dict[str, pl.DataFrame]:
    """What every arm said, with what happened.

    Parameters
    ----------
    world, span
        As lived.
    trainings
        Every month's, ascending; taken one after another.
    gated
        Ledger of the gated arm, lived to the end.
    rules
        Policy in force.

    Returns
    -------
    dict of str to pl.DataFrame
        By arm, and `OLDER`: symbol, session, p_up, p_flat, p_down, version, label,
        entry_on, matures_on and realized_return of every matured row of the sessions
        compared.

    Raises
    ------
    errors.MissingUpstream
        Where there is no training.
    """
    unchanged = _unchanged(gated.read(tables.CHAMPIONS), span.compared_from)
    said: dict[str, list[pl.DataFrame]] = {arm: [] for arm in (*ARMS, OLDER)}
    frozen: loop.Champion | None = None
    older: loop.Champion | None = None
    for training in trainings:
        newest = loop.Champion(training.version, training.scorer)
        frozen = newest if newest.version == unchanged else frozen
        days = span.lived(training.month)
        said["always_newest"].append(emit(world, days, newest, rules))
        for arm, other in (("frozen", frozen), (OLDER, older)):
            if other is not None:
                said[arm].append(emit(world, days, other, rules))
        older = newest
        said["volatility_only"].append(_of_volatility(world, days, training, rules))
    if not said["always_newest"]:
        message = "expected at least one month to replay, found none; widen the span"
        raise errors.MissingUpstream(message)
    said["gated"].append(gated.read(tables.SIGNALS))
    label = pl.col(f"label_{rules.training.label}").alias("label")
    labeled = world.outcomes.with_columns(label).drop_nulls("label")
    said["base_rate"].append(_of_base_rate(labeled, said["always_newest"]))
    told = {arm: _with_outcomes(labeled, rows) for arm, rows in said.items()}
    is_compared = pl.col("session") >= span.compared_from
    return {arm: rows.filter(is_compared) for arm, rows in told.items()}


def _unchanged(champions: pl.DataFrame, begin: dt.date) -> str | None:
    """Who reigns when arms begin to be compared, or is crowned first after that."""
    reigning = alias.reigning(champions, loop.DESK, begin)
    reigns = alias.history(champions, loop.DESK)
    later = reigns.filter(pl.col("effective_from") > begin)
    crowned = [reigning, *later["version"]]
    return next((version for version in crowned if version), None)


def _of_volatility(
    world: replay_world.World,
    days: Sequence[dt.date],
    training: Training,
    rules: policy.Policy,
) -> pl.DataFrame:
    features = world.features.filter(pl.col("session").is_in(list(days)))
    rows = signals_ledger.eligible(features, world.universe)
    version = pl.lit(f"volatility {training.month:%Y-%m}")
    said = volatility_baseline.score(training.volatility, rows, rules)
    return said.with_columns(champion_version=version)


def _of_base_rate(
    labeled: pl.DataFrame, spoken: Sequence[pl.DataFrame]
) -> pl.DataFrame:
    keys = pl.concat([rows.select(_KEY) for rows in spoken])
    rows = base_rate.beside(keys, labeled.select("matures_on", "label"))
    renamed = {f"p_{name}_base_rate": f"p_{name}" for name in base.CLASSES}
    return rows.rename(renamed).with_columns(champion_version=pl.lit("base rate"))


def _with_outcomes(labeled: pl.DataFrame, said: Sequence[pl.DataFrame]) -> pl.DataFrame:
    happened = labeled.select(
        *_KEY, "entry_on", "matures_on", "realized_return", "label"
    )
    wanted = [*_SAID, pl.col("champion_version").alias("version")]
    silent = tables.SIGNALS.empty().select(wanted)
    rows = pl.concat([silent, *(frame.select(wanted) for frame in said)])
    return rows.join(happened, on=_KEY).sort("session", "symbol")
