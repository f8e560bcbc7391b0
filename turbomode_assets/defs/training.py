"""Learning on a machine that is on now and then: what is due, in order.

1. samples of every week that rests on increments no sampling has seen
2. a challenger for each month since the last, up to the one after the watermark
3. a challenger ahead of its month, where ``ahead.py`` finds an occasion
4. the learning report of that month

Runs are those of the timetable, on the home's own instance. A sampling is tagged with
the last increment it knows, so whatever is interrupted is simply due again. What an
increment is stands in ``store/exchange.py``.
"""

import datetime as dt
from collections.abc import Iterator, Sequence

import dagster as dg

from turbomode_assets import errors, loop, sessions, tables
from turbomode_assets.defs import (
    ahead,
    driver,
    exchanging,
    partitions,
    restating,
    upstream,
)
from turbomode_assets.defs.assets import learning
from turbomode_assets.store import exchange, home, manifest, warehouse

KNOWS_TAG = "turbomode/ledger"
"""Tag of a sampling run: the last increment of the ledger it knows."""

_TAUGHT_BY = {
    table.name for table in (tables.OUTCOMES, tables.FEATURES, tables.SIGNALS)
}
"""Tables samples are made of."""


def learn(
    where: home.Home,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    here: exchange.Side,
) -> Iterator[str]:
    """Learn everything that is due.

    Parameters
    ----------
    where
        The home; it trains for another one.
    definitions
        Its definitions.
    instance
        Its Dagster instance.
    here
        Its end of the exchange.

    Yields
    ------
    str
        What is about to be done, and what came of it.

    Raises
    ------
    errors.TurbomodeError
        As the run's own code raised it; what was done before stays done.
    """
    agent = driver.Driver(where, definitions, instance)
    with warehouse.opened(where.warehouse) as store:
        ledger = exchange.record_of(store, here, exchanging.LEDGER.name, "received")
        if not ledger:
            yield "The other machine has sent nothing yet."
            return
        place, newest = ledger[-1]
        step = samples_due(store, unseen(instance, ledger))
        if isinstance(step, str):
            yield step
            return
        if step:
            yield f"Samples of the weeks from {step.first} to {step.last}."
            agent.run(step, {KNOWS_TAG: place.sha256})
        for month in months_due(store, newest.watermark):
            yield f"Training for {month:%Y-%m}."
            yield _told(month, agent.retrain(month))
            agent.run(driver.Step(driver.Kind.LEARNING_REPORT, month, month))
        found = _occasion(store, newest.watermark, here.now)
        if found:
            yield f"Training ahead for {found.month:%Y-%m}: {found.reason}."
            _train_ahead(definitions, instance, found)


def _occasion(
    store: warehouse.Warehouse, watermark: dt.date | None, now: dt.datetime
) -> ahead.Occasion | None:
    """Challenger to train ahead; none where the ledger ends in another month."""
    if watermark is None:
        return None
    reached = sessions.month_start(sessions.shift(watermark, 1))
    found = ahead.occasion(store, now)
    is_present = reached == sessions.month_start(now.date())
    return found if is_present and isinstance(found, ahead.Occasion) else None


def _told(month: dt.date, verdict: str) -> str:
    return (
        f"{month:%Y-%m}: {verdict or 'passed; whoever serves decides when it reigns'}"
    )


def unseen(
    instance: dg.DagsterInstance, ledger: exchange.Kept
) -> list[manifest.Manifest]:
    """Increments that came after the last one a finished sampling knew."""
    done = dg.RunsFilter(
        job_name=driver.Kind.SAMPLING.value, statuses=[dg.DagsterRunStatus.SUCCESS]
    )
    known = {run.tags.get(KNOWS_TAG) for run in instance.get_runs(done)}
    seen = [n for n, (place, _) in enumerate(ledger, 1) if place.sha256 in known]
    return [found for _, found in ledger[max(seen, default=0) :]]


def samples_due(
    store: warehouse.Warehouse, increments: Sequence[manifest.Manifest]
) -> driver.Step | str | None:
    """Weeks whose samples rest on some increments; a sentence where they must wait.

    Parameters
    ----------
    store
        The open warehouse, with these increments.
    increments
        As `unseen` returns them.
    """
    parts = [part for each in increments for part in each.parts]
    taught = [(p.first, p.last) for p in parts if p.table in _TAUGHT_BY]
    graded = store.partitions(tables.OUTCOMES)
    days = [(a, b) for a, b in taught if a is not None and b is not None]
    if not days or not graded:
        return None
    first = min(a for a, _ in days)
    last = sessions.shift(max(b for _, b in days), loop.HELD_SESSIONS)
    weeks = restating.weeks(partitions.Window(first, min(last, graded[-1])))
    if weeks.first > weeks.last:
        return None
    try:
        end = weeks.last + dt.timedelta(days=6)
        upstream.require_outcomes(store, partitions.Window(weeks.first, end))
    except errors.MissingUpstream as missing:
        return f"The other machine is amid a night, learning waits: {missing}"
    return driver.Step(driver.Kind.SAMPLING, weeks.first, weeks.last)


def months_due(store: warehouse.Warehouse, watermark: dt.date | None) -> list[dt.date]:
    """Months to train a challenger for, ascending.

    The first challenger is for the month after the watermark; from then on no month is
    left out, since a verdict rests on those before it.
    """
    if watermark is None:
        return []
    newest = sessions.month_start(sessions.shift(watermark, 1))
    trained = store.read(tables.MODELS)["month"].to_list()
    month = _next_month(max(trained)) if trained else newest
    due = []
    while month <= newest:
        due.append(month)
        month = _next_month(month)
    return due


def _next_month(month: dt.date) -> dt.date:
    return sessions.month_start(month + dt.timedelta(days=31))


def _train_ahead(
    definitions: dg.Definitions, instance: dg.DagsterInstance, found: ahead.Occasion
) -> None:
    job = definitions.resolve_job_def("retraining_ahead")
    job.execute_in_process(
        instance=instance,
        partition_key=partitions.key(found.month),
        run_config=learning.known_until(found.until),
        raise_on_error=False,
    )
