"""One turn of the loop in plain Python: one function per arrow.

::

    1. prices     source                  -> bars         market_loop.py
    2. features   bars, universe          -> features     compute_features
    3. signals    features, champion      -> signals      emit_signals
    4. outcomes   bars, signals           -> outcomes     resolve_outcomes
    5. samples    outcomes, features      -> samples      gather_samples
    6. models     samples                 -> challenger   train_challenger
    7. promotion  challenger, champion    -> verdict      judge_challenger, crown

The loop closes through one door: `crown` makes a row of the champions, and the next
`emit_signals` speaks with whoever reigned in its session (`promotion.alias`). In
Dagster the same door is the external asset ``learning/champion_in_force``.

Frames in, frames out. Nothing here reads a clock, a file or a database, and stages
meet only here.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from turbomode_assets import errors, policy, sessions, tables
from turbomode_assets.features import catalog, engine
from turbomode_assets.models import challenger, layout, scoring
from turbomode_assets.outcomes import resolution
from turbomode_assets.prices import adjustment
from turbomode_assets.promotion import evidence, gate
from turbomode_assets.samples import splits, weights
from turbomode_assets.signals import ledger, sides

DESK = "swing"
"""The desk this loop belongs to."""

HELD_SESSIONS = 12
"""Sessions from a signal to its maturity at the most: one to the entry, and eleven in
fourteen calendar days and the weekend or holidays after them. A test checks it against
the calendar."""

SAMPLE_WEEKS = 3
"""Weeks a sample's signal lies before the week it matured in, at the most."""


@dataclasses.dataclass(frozen=True)
class Champion:
    """A model that reigns: its version and what it scores with."""

    version: str
    scorer: scoring.Scorer


@dataclasses.dataclass(frozen=True, kw_only=True)
class Crowning:
    """A promotion: the version, the month it was trained for, and when, in UTC."""

    version: str
    month: dt.date
    decided_at: dt.datetime


# 2. features -------------------------------------------------------------------------


def bars_for_features(first: dt.date) -> dt.date:
    """First session whose bars the features of session `first` are computed from."""
    return engine.blocks(first, first)[0].load_from


def compute_features(
    bars: pl.DataFrame,
    universe: pl.DataFrame,
    first: dt.date,
    last: dt.date,
    rules: policy.Policy = policy.SWING,
) -> pl.DataFrame:
    """Features of the sessions from `first` to `last`.

    Parameters
    ----------
    bars
        Rows of `tables.BARS` from ``bars_for_features(first)`` to `last`.
    universe
        Rows of `tables.UNIVERSE`: the sector of each symbol, point in time.
    first, last
        Sessions wanted.
    rules
        Policy in force: which set of features.

    Returns
    -------
    pl.DataFrame
        Rows of `tables.FEATURES`, year by year, each sorted by symbol and session; the
        same bytes whatever range they were asked in.
    """
    feature_set = rules.features.feature_set
    frames = [
        engine.compute(
            adjustment.adjust(_between(bars, block)), universe, block, feature_set
        )
        for block in engine.blocks(first, last)
    ]
    return pl.concat(frames)


def _between(bars: pl.DataFrame, block: engine.Block) -> pl.DataFrame:
    return bars.filter(pl.col("session").is_between(block.load_from, block.last))


# 3. signals --------------------------------------------------------------------------


def emit_signals(
    features: pl.DataFrame,
    universe: pl.DataFrame,
    champion: Champion,
    rules: policy.Policy = policy.SWING,
) -> pl.DataFrame:
    """What `champion` says of every symbol of the universe, with frozen features.

    Parameters
    ----------
    features
        Rows of `tables.FEATURES`.
    universe
        Rows of `tables.UNIVERSE`; symbols outside it in a session are not scored.
    champion
        The model that reigned in these sessions.
    rules
        Policy in force.

    Returns
    -------
    pl.DataFrame
        Rows of `tables.SIGNALS` but for mode and emitted_at, which
        `ledger.stamp` adds.
    """
    eligible = ledger.eligible(features, universe)
    scored = champion.scorer.score(eligible)
    names = catalog.names(feature_set=rules.features.feature_set)
    frozen = ledger.freeze(eligible, names)
    return (
        sides.choose_sides(scored, rules.side)
        .join(frozen, on=["symbol", "session"], validate="1:1")
        .with_columns(
            champion_version=pl.lit(champion.version),
            policy_version=pl.lit(rules.version),
        )
    )


# 4. outcomes -------------------------------------------------------------------------


def maturing(
    first: dt.date, last: dt.date, rules: policy.Policy = policy.SWING
) -> pl.DataFrame:
    """Holding periods that end in the sessions from `first` to `last`."""
    return sessions.maturing_between(first, last, rules.horizon.calendar_days)


def signals_maturing_from(first: dt.date) -> dt.date:
    """Earliest session whose signal can mature in session `first` or later."""
    return sessions.shift(first, -HELD_SESSIONS)


def bars_for_outcomes(first: dt.date, rules: policy.Policy = policy.SWING) -> dt.date:
    """First session whose bars the outcomes maturing in `first` are computed from."""
    return sessions.shift(first, -outcome_lookback(rules))


def outcome_lookback(rules: policy.Policy = policy.SWING) -> int:
    """Sessions before its maturity that an outcome depends on."""
    return HELD_SESSIONS + rules.horizon.barrier_vol_sessions + 1


def resolve_outcomes(
    bars: pl.DataFrame,
    universe: pl.DataFrame,
    signals: pl.DataFrame,
    periods: pl.DataFrame,
    rules: policy.Policy = policy.SWING,
) -> pl.DataFrame:
    """What each symbol earned over `periods`, and whether its signal was right.

    Parameters
    ----------
    bars
        Rows of `tables.BARS` from ``bars_for_outcomes`` to the last maturity.
    universe
        Rows of `tables.UNIVERSE`.
    signals
        Rows of `tables.SIGNALS` of the periods' sessions; may be empty.
    periods
        As `maturing` returns them.
    rules
        Policy in force.

    Returns
    -------
    pl.DataFrame
        Rows of `tables.OUTCOMES`: every symbol of the universe, signaled or not.
    """
    outcomes = resolution.resolve(bars, universe, periods, rules.horizon)
    return resolution.grade(outcomes, signals)


# 5. samples --------------------------------------------------------------------------


def gather_samples(
    outcomes: pl.DataFrame,
    features: pl.DataFrame,
    signals: pl.DataFrame,
    rules: policy.Policy = policy.SWING,
) -> pl.DataFrame:
    """What matured outcomes teach, on features as they were seen.

    A signal's frozen features are used where they stem from the present catalog;
    elsewhere, and in history, the stored feature rows are.

    Parameters
    ----------
    outcomes
        Rows of `tables.OUTCOMES`; those without a label teach nothing and are left
        out.
    features
        Rows of `tables.FEATURES` of the outcomes' sessions.
    signals
        Rows of `tables.SIGNALS` of the same sessions; may be empty.
    rules
        Policy in force: which label is learned.

    Returns
    -------
    pl.DataFrame
        Rows of `tables.SAMPLES`.
    """
    label = f"label_{rules.training.label}"
    seen = _as_seen(features, signals, rules.features.feature_set)
    origin = signals.select("symbol", "session", origin="mode")
    rows = (
        outcomes.filter(pl.col(label).is_not_null())
        .join(seen, on=["symbol", "session"])
        .join(origin, on=["symbol", "session"], how="left")
        .with_columns(
            pl.col("origin").fill_null("history"),
            label=pl.col(label),
            label_version=pl.lit(rules.training.label),
        )
    )
    weighted = weights.sample_weights(rows, rules.horizon.calendar_days)
    names = catalog.names(feature_set=rules.features.feature_set)
    wanted = list(tables.SAMPLES.schema(tuple(names)))
    return tables.SAMPLES.conform(weighted.select(wanted))


def _as_seen(
    features: pl.DataFrame, signals: pl.DataFrame, feature_set: str
) -> pl.DataFrame:
    version = catalog.feature_version(feature_set)
    present = signals.filter(pl.col("feature_version") == version)
    frozen = ledger.thaw(present, catalog.names(feature_set=feature_set))
    if features.is_empty():
        return frozen
    unseen = features.join(frozen, on=["symbol", "session"], how="anti")
    return pl.concat([frozen, unseen.select(frozen.columns)])


# 6. models ---------------------------------------------------------------------------


def known_before(
    samples: pl.DataFrame, month: dt.date, rules: policy.Policy = policy.SWING
) -> pl.DataFrame:
    """Samples a challenger for `month` may learn from: label known before it began."""
    oldest = sessions.month_start(month).replace(
        year=month.year - rules.training.max_years
    )
    return samples.filter(
        pl.col("matures_on") < month,
        pl.col("session") >= oldest,
        pl.col("feature_version")
        == catalog.feature_version(rules.features.feature_set),
    ).sort("symbol", "session")


def learned_from(
    samples: pl.DataFrame, card: Mapping[str, Any], rules: policy.Policy = policy.SWING
) -> pl.DataFrame:
    """Samples a challenger learned from, by its card; ahead of a month, within it."""
    unknown_from = card["labels_known_on"] + dt.timedelta(days=1)
    return known_before(samples, max(card["month"], unknown_from), rules)


def train_challenger(
    samples: pl.DataFrame,
    month: dt.date,
    rules: policy.Policy = policy.SWING,
    progress: Callable[[str], None] = lambda _: None,
) -> challenger.Challenger:
    """Eight base models and their stacking meta-learner, with honest predictions.

    Parameters
    ----------
    samples
        Rows of `tables.SAMPLES`; those not known before `month` are left out.
    month
        First day of the month the challenger would be in force.
    rules
        Policy in force.
    progress
        Called with the name of each step as it begins.

    Returns
    -------
    challenger.Challenger
        Artifact and out-of-sample predictions.

    Raises
    ------
    errors.NotEnoughHistory
        Where too few sessions have matured.
    errors.PolicyError
        Where the policy names a feature its set of features lacks.
    """
    catalog.require(rules.training.momentum_feature, rules.features.feature_set)
    catalog.require(rules.training.volatility_feature, rules.features.feature_set)
    known = known_before(samples, month, rules)
    if known.is_empty():
        message = f"expected samples known before {month}, found none; make them first"
        raise errors.NotEnoughHistory(message)
    periods = known.select("session", "entry_on", "matures_on").unique().sort("session")
    folds = splits.walk_forward(periods, rules.training)
    splits.require_apart(folds, periods)
    feature_set = rules.features.feature_set
    columns = layout.Columns(
        features=catalog.learned(feature_set),
        volatility=catalog.names("volatility", feature_set),
        momentum=rules.training.momentum_feature,
    )
    return challenger.train(known, folds, columns, rules.training, progress)


# 7. promotion ------------------------------------------------------------------------


def judge_challenger(
    found: evidence.Evidence, required: policy.GatePolicy = policy.SWING.gate
) -> gate.Verdict:
    """Verdict of the gate on the evidence."""
    return gate.judge(found, required)


def crown(
    champion: Crowning,
    champions: pl.DataFrame,
    last_signal_on: dt.date | None,
    desk: str = DESK,
) -> pl.DataFrame:
    """Row of `tables.CHAMPIONS` that lets a version speak; the door of the loop.

    A promotion never reaches back: not behind a signal already emitted, and not
    behind the champion before it, which reigns for one session at least.

    Parameters
    ----------
    champion
        Who is promoted, for which month, and when that was decided.
    champions
        Rows of `tables.CHAMPIONS` so far.
    last_signal_on
        Latest session with an emitted signal; null where there is none.
    desk
        Whose champion.

    Returns
    -------
    pl.DataFrame
        One row; effective_from is a session.
    """
    begun = champions.filter(pl.col("desk") == desk)["effective_from"].to_list()
    spoken = [] if last_signal_on is None else [last_signal_on]
    free = [sessions.shift(day, 1) for day in (*begun, *spoken)]
    row = {
        "desk": desk,
        "effective_from": max([sessions.on_or_after(champion.month), *free]),
        "version": champion.version,
        "reason": "promoted by the gate",
        "decided_at": champion.decided_at,
    }
    return pl.DataFrame([row], schema=tables.CHAMPIONS.schema())
