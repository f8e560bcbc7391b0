"""What the intraday desk has to do next, by what its tables hold.

A round is due once it has ended, and done once something was said in it. Missed ones
are made up for with those of today, oldest first and in one run; a session for which
that failed, or did not help, is tried again alone and after today's, so that one bad
session never keeps the desk from speaking. Jobs and times stand in
``desk_automation.py``.
"""

import datetime as dt
from collections.abc import Callable, Sequence

import dagster as dg
import numpy as np
import polars as pl

from turbomode_assets import errors, intraday_tables, rounds, sessions
from turbomode_assets.defs import catching_up, desk, partitions, restating
from turbomode_assets.defs.assets import intraday_learning
from turbomode_assets.defs.catching_up import Step
from turbomode_assets.defs.partitions import Window
from turbomode_assets.defs.resources import RoundsResource, WarehouseResource
from turbomode_assets.store.warehouse import Warehouse

ROUND, GRADING, WEIGHING = "intraday_round", "intraday_grading", "intraday_weights"
TEACHING = "intraday_retraining"
"""Jobs of the desk."""

REACH_SESSIONS = 10
"""How far back missed rounds are made up for: two weeks. What lies further back is a
backfill for somebody to ask for."""

TRIES = 3
"""Tries after which a session is left alone: of a past one within a day, of the newest
since its newest round ended. In a halt nothing trades, and there is nothing to say."""


def next_round(
    instance: dg.DagsterInstance,
    warehouse: WarehouseResource,
    source: RoundsResource,
    now: dt.datetime,
) -> Step | str:
    """Sessions to speak in now, or why there are none, in words."""
    why_not = source.why_resting or _why_busy(instance)
    if why_not:
        return why_not
    try:
        with warehouse.opened(restating.BUSY_SECONDS) as store:
            missing = unspoken(store, now)
    except errors.WarehouseBusy as busy:
        return str(busy)

    today, ended_at = _newest_round(now)

    def n_tries(day: dt.date) -> int:
        name = _step(ROUND, Window(day, day)).name
        tried = catching_up.attempts(instance, name, now)
        return sum(day < today or at >= ended_at for at in tried)

    chosen = choose(missing, today, n_tries)
    return _step(ROUND, chosen) if chosen else "Every round that has ended was spoken."


def unspoken(store: Warehouse, now: dt.datetime) -> list[dt.date]:
    """Sessions with a round that has ended and in which nothing was said, ascending.

    A desk that never spoke begins with the newest session.
    """
    today, _ = _newest_round(now)
    lived = store.partitions(intraday_tables.SIGNALS)
    since = max(sessions.shift(today, -REACH_SESSIONS), min([*lived, today]))
    ended = rounds.between(since, today).filter(pl.col("ends_at") <= now)
    names = ["session", "minute"]
    said = store.columns(intraday_tables.SIGNALS, names, since, today)
    silent = ended.join(said, on=names, how="anti")
    return silent["session"].unique().sort().to_list()


def choose(
    missing: Sequence[dt.date], today: dt.date, n_tries: Callable[[dt.date], int]
) -> Window | None:
    """Neighboring sessions to speak in now, by how often they were tried.

    Parameters
    ----------
    missing
        As `unspoken` returns them.
    today
        Newest session of which a round has ended.
    n_tries
        How often a session was tried lately.

    Returns
    -------
    Window or None
        None where nothing is left to try.
    """
    past = {day: n_tries(day) for day in missing if day < today}
    untried = [day for day, n in past.items() if n == 0]
    if untried:
        follow = [day for day in missing if day >= untried[0]]
        return Window(*sessions.spans(follow)[0])
    if today in missing and n_tries(today) < TRIES:
        return Window(today, today)
    again = [day for day, n in past.items() if n < TRIES]
    return Window(again[0], again[0]) if again else None


def next_weighing(
    instance: dg.DagsterInstance, warehouse: WarehouseResource, now: dt.datetime
) -> Step | str:
    """Sessions to learn from now, or why there are none, in words."""
    busy = _why_busy(instance)
    if busy:
        return busy
    closed = sessions.closed_by(now)
    since = sessions.shift(closed, -REACH_SESSIONS)
    with warehouse.opened() as store:
        said = store.partitions(intraday_tables.SIGNALS)
        weighed = store.partitions(intraday_tables.WEIGHTS)
    missing = [day for day in said if since <= day <= closed and day not in weighed]
    if not missing:
        return "Every session that was spoken in was learned from."
    return _step(WEIGHING, Window(missing[0], missing[-1]))


def next_teaching(
    instance: dg.DagsterInstance, source: RoundsResource, now: dt.datetime
) -> Step | str:
    """Week whose challenger is to be trained now, or why there is none, in words."""
    why_not = source.why_resting or _why_busy(instance)
    if why_not:
        return why_not
    week = sessions.week_start(now.date())
    made = instance.get_latest_storage_id_by_partition(
        intraday_learning.CHALLENGER, dg.DagsterEventType.ASSET_MATERIALIZATION
    )
    if partitions.key(week) in made:
        return "The challenger of this week was trained and judged."
    step = _step(TEACHING, Window(week, week))
    return catching_up.why_wait(instance, step.name, now) or step


def next_grading(
    instance: dg.DagsterInstance, warehouse: WarehouseResource, now: dt.datetime
) -> Step | str:
    """Session to grade now, or why there is none, in words.

    Grading one session settles those before it that wait.
    """
    newest, _ = _newest_round(now)
    since = sessions.shift(newest, -desk.PENDING_SESSIONS)
    try:
        with warehouse.opened(restating.BUSY_SECONDS) as store:
            is_due = desk.is_due(store, Window(since, newest))
    except errors.WarehouseBusy as busy:
        return str(busy)
    if not is_due:
        return "Nothing that has matured waits for its grade."
    step = _step(GRADING, Window(newest, newest))
    busy_now = _why_busy(instance)
    return busy_now or catching_up.why_wait(instance, step.name, now) or step


def _why_busy(instance: dg.DagsterInstance) -> str:
    running = catching_up.unfinished(instance)
    own = sorted({ROUND, GRADING, WEIGHING, TEACHING} & set(running))
    return f"{own[0]} is not finished; one run of the desk at a time." if own else ""


def _newest_round(now: dt.datetime) -> tuple[dt.date, dt.datetime]:
    """Session and end of the newest round that has ended."""
    newest = rounds.named(np.array([rounds.ended_by(now)]))
    return newest["session"][0], newest["ends_at"][0]


def _step(job: str, window: Window) -> Step:
    return Step(job, partitions.key(window.first), partitions.key(window.last))
