"""Ahead of the month: whether a challenger should be trained before it turns.

`occasion` asks `REASONS` in order; a reason is a function of the warehouse and of what
would be learned, that answers with a sentence, or null. A further reason is one more
function in that list. What a challenger must show is the gate's business.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable

import polars as pl

from turbomode_assets import loop, policy, report_tables, sessions, tables
from turbomode_assets.promotion import alias
from turbomode_assets.reports import features
from turbomode_assets.store import warehouse as warehouses

SPACING = dt.timedelta(days=7)
"""Least time between the labels of two challengers: samples come by the week."""


@dataclasses.dataclass(frozen=True)
class Occasion:
    """A challenger to train ahead: for which month, on what was known, and why."""

    month: dt.date
    until: dt.date
    """First day whose labels it does not know."""

    reason: str


@dataclasses.dataclass(frozen=True)
class Lesson:
    """What a challenger trained on a day would learn that none has learned yet."""

    day: dt.date
    since: dt.date
    """First day whose labels are new."""

    until: dt.date
    """First day whose labels it would not know."""


Reason = Callable[[warehouses.Warehouse, Lesson], str | None]


def vacant_seat(store: warehouses.Warehouse, lesson: Lesson) -> str | None:
    """Nobody reigns; every month without a champion is without signals."""
    champions = store.read(tables.CHAMPIONS)
    is_vacant = alias.reigning(champions, loop.DESK, lesson.day) is None
    return "nobody reigns" if is_vacant else None


def drifted_features(store: warehouses.Warehouse, lesson: Lesson) -> str | None:
    """Features of the month before drifted, and all of that month can now be learned.

    So at most once a month: who knows its last label knows it all.
    """
    month = sessions.month_start(lesson.until)
    names = features.drifting(store.read(report_tables.FEATURE_REPORTS, month, month))
    eve, days = sessions.shift(month, -1), policy.SWING.horizon.calendar_days
    known_on = sessions.holding_periods([eve], days).item(0, "matures_on")
    if not names or not lesson.since <= known_on < lesson.until:
        return None
    return f"{len(names)} features drifted, most of all {names[0]}"


REASONS: tuple[Reason, ...] = (vacant_seat, drifted_features)
"""Reasons to train ahead. That new samples came is none by itself: with a hundred
symbols a hundred mature every session, and the gate's published error rates are those
of one decision a month."""


def occasion(
    store: warehouses.Warehouse,
    now: dt.datetime,
    rules: policy.GatePolicy = policy.SWING.gate,
) -> Occasion | str:
    """Challenger to train ahead of the month, or why there is none, in words.

    Parameters
    ----------
    store
        The open warehouse.
    now
        The present moment.
    rules
        Policy in force: how many new samples a challenger needs.
    """
    until = sessions.week_start(now.date())
    month = sessions.month_start(until)
    if sessions.month_start(now.date()) != month:
        return "The month has just turned; its own challenger comes first."
    fitted = store.read(tables.MODELS, last=month)["labels_known_on"].max()
    if not isinstance(fitted, dt.date):
        return "No challenger was trained yet; the month's own comes first."
    if until - fitted <= SPACING:
        return f"A challenger knows every label up to {fitted}."
    since = fitted + dt.timedelta(days=1)
    new = store.read(tables.SAMPLES, since, until - dt.timedelta(days=1))
    n_new = new.filter(pl.col("matures_on") < until).height
    if n_new < rules.min_new_samples:
        return f"{n_new} new samples, {rules.min_new_samples} are needed."
    lesson = Lesson(now.date(), since, until)
    found = (reason(store, lesson) for reason in REASONS)
    reason = next((sentence for sentence in found if sentence), None)
    if reason is None:
        return f"{n_new} new samples, but no reason to train ahead of the month."
    return Occasion(month, until, f"{n_new} new samples, and {reason}")
