"""Ahead of the month: whether a challenger should be trained before it turns.

`occasion` asks `REASONS` in order; a reason is a function of the warehouse and a day
that answers with a sentence, or null. A further reason, such as drift of the features,
is one more function in that list. What a challenger must show is the gate's business.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable

import polars as pl

from turbomode_assets import loop, policy, sessions, tables
from turbomode_assets.promotion import alias
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


Reason = Callable[[warehouses.Warehouse, dt.date], str | None]


def vacant_seat(store: warehouses.Warehouse, day: dt.date) -> str | None:
    """Nobody reigns on a day; every month without a champion is without signals."""
    champions = store.read(tables.CHAMPIONS)
    is_vacant = alias.reigning(champions, loop.DESK, day) is None
    return "nobody reigns" if is_vacant else None


REASONS: tuple[Reason, ...] = (vacant_seat,)
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
    found = (reason(store, now.date()) for reason in REASONS)
    reason = next((sentence for sentence in found if sentence), None)
    if reason is None:
        return f"{n_new} new samples, but no reason to train ahead of the month."
    return Occasion(month, until, f"{n_new} new samples, and {reason}")
