"""Messages: what people are told, and the sensor that sees to it that they are.

Every tick asks the tables and Dagster for news (`reports.news` words them), writes what
was not written before, and delivers what is due. Nothing is pushed from within a run,
so no channel can hold up the loop, and what happened while nobody watched is told at
the next tick. Channels stand in the environment, see ``notify/channels.py``; no value
of theirs reaches Dagster.
"""

import dataclasses
import datetime as dt
import time
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
import polars as pl

from turbomode_assets import errors, report_tables, sessions, tables
from turbomode_assets.defs import (
    answering,
    catching_up,
    daily_report,
    freshness,
    metadata,
    restating,
    ticks,
)
from turbomode_assets.defs.assets import learning
from turbomode_assets.defs.resources import ClockResource, WarehouseResource
from turbomode_assets.notify import base, channels, outbox, questions
from turbomode_assets.reports import news
from turbomode_assets.store import home, mail, warehouse

REACH = dt.timedelta(days=7)
"""How far back news is told: a home that is opened does not tell its history."""

EVERY_SECONDS = 60
"""How often news is looked for, and deliveries are tried."""

BUDGET_SECONDS = 25.0
"""After which a tick begins no further delivery: Dagster ends it after a minute."""

_EXPLAINED = 3000
"""Characters of an error that are told; all of it stands with the run."""


def build_specs() -> list[dg.AssetSpec]:
    """What the sensor writes, for the asset graph."""
    messages = dg.AssetSpec(
        **metadata.declared(report_tables.MESSAGES, metadata.REPORTS),
        description="What people are told, as the sensor `messages` found it.",
        deps=[
            learning.CHAMPION,
            *map(metadata.key, (tables.VERDICTS, report_tables.FEATURE_REPORTS)),
        ],
    )
    deliveries = dg.AssetSpec(
        **metadata.declared(report_tables.DELIVERIES, metadata.REPORTS),
        description="What became of it, channel by channel.",
        deps=[messages.key],
    )
    return [messages, deliveries]


def build_sensor(
    where: home.Home, settings: home.Settings, status: dg.DefaultSensorStatus
) -> Any:
    """Sensor `messages` of a home.

    Parameters
    ----------
    where
        The home.
    settings
        Say whether it must keep up with the exchange; a home that only trains need
        not, and leaves the daily report to the one it trains for.
    status
        Whether it runs where nobody has switched it.
    """
    serves = settings.role != "train"

    @dg.sensor(
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=status,
        description="Writes what people are to be told, and delivers it.",
    )
    def messages(
        context: dg.SensorEvaluationContext,
        warehouse: WarehouseResource,
        clock: ClockResource,
    ) -> dg.SensorResult | dg.SkipReason:
        now = clock.now()
        try:
            addressed = channels.opened()
            with (
                channels.silence(),
                questions.heard(channels.listening(addressed)) as asked,
                warehouse.opened(restating.BUSY_SECONDS) as store,
            ):
                found = [*told(store, now, is_living=settings.is_living and serves)]
                found += failures(context.instance, store, now)
                found += report(store, where, context.instance, now) if serves else ()
                written = write(store, found, addressed, now)
                given = answering.answered(asked, where, store, context.instance, now)
                for question, answer in given:
                    written += write(store, [answer], [question.channel], now)
        except (errors.WarehouseBusy, errors.SettingsError) as obstacle:
            return dg.SkipReason(str(obstacle))
        ledger = mail.Mail(warehouse.address, warehouse.home.root)
        sent = deliver(ledger, addressed, clock)
        return dg.SensorResult(
            skip_reason=f"{len(written)} messages written, {len(sent)} parts sent.",
            asset_events=[*map(_written, written), *map(_sent, sent)],
        )

    return messages


def told(
    store: warehouse.Warehouse, now: dt.datetime, *, is_living: bool
) -> Iterator[news.News]:
    """News of the loop.

    Parameters
    ----------
    store
        The open warehouse.
    now
        The present moment.
    is_living
        Whether the home must keep up with the exchange.
    """
    since, today = now - REACH, now.astimezone(ticks.NEW_YORK).date()
    month = sessions.month_start(today)
    recent = sessions.month_start(month - dt.timedelta(days=1))
    # A home that is lived through history decides today what is long past.
    reigns = store.read(tables.CHAMPIONS).filter(pl.col("effective_from") >= recent)
    yield from news.crownings(reigns, since)
    verdicts = store.read(tables.VERDICTS, recent)
    cards = store.columns(tables.MODELS, ["version", "trained_at"], recent)
    yield from news.refusals(verdicts, cards, since)
    yield from news.drifts(store.read(report_tables.FEATURE_REPORTS, month), month)
    if is_living:
        asked = (freshness.ask(store, table, now) for table in freshness.WATCHED)
        behind = [sentence for is_well, sentence in asked if not is_well]
        yield from news.staleness(behind, freshness.due(now))


def failures(
    instance: dg.DagsterInstance, store: warehouse.Warehouse, now: dt.datetime
) -> Iterator[news.News]:
    """Runs that failed, each step once a day however often it was tried.

    Parameters
    ----------
    instance
        Dagster instance of the home.
    store
        The open warehouse: what was told before is not looked into again.
    now
        The present moment.
    """
    records = instance.get_run_records(
        dg.RunsFilter(
            statuses=[dg.DagsterRunStatus.FAILURE], updated_after=now - REACH
        ),
        limit=100,
    )
    today = now.astimezone(ticks.NEW_YORK).date()
    known = store.columns(report_tables.MESSAGES, ["message"], today - 2 * REACH)
    for record in records:
        run = record.dagster_run
        step = run.tags.get(catching_up.STEP_TAG, run.job_name)
        ended = dt.datetime.fromtimestamp(record.end_time or now.timestamp(), dt.UTC)
        subject = f"{step} {ended.astimezone(ticks.NEW_YORK).date()}"
        found = news.News(
            kind="failure", subject=subject, title=f"Failed: {step}", text=""
        )
        is_told = found.name in known["message"]
        if not is_told and not catching_up.is_refusal(instance, run):
            text = f"Run {run.run_id} of {run.job_name}: {_why(instance, run.run_id)}"
            yield dataclasses.replace(found, text=text)


def report(
    store: warehouse.Warehouse,
    where: home.Home,
    instance: dg.DagsterInstance,
    now: dt.datetime,
) -> Iterator[news.News]:
    """The daily report that is due, unless it was written.

    Parameters
    ----------
    store
        The open warehouse.
    where
        The home.
    instance
        Its Dagster instance.
    now
        The present moment.
    """
    day = daily_report.due(now)
    known = store.columns(report_tables.MESSAGES, ["message"], day)
    is_told = daily_report.name(day) in known["message"]
    if not is_told and daily_report.is_wanted(store, day):
        yield daily_report.compose(where, store, instance, now)


def write(
    store: warehouse.Warehouse,
    found: Sequence[news.News],
    addressed: Sequence[base.Channel],
    now: dt.datetime,
) -> list[news.News]:
    """Write news that were not written before; those that were new.

    Parameters
    ----------
    store
        The open warehouse.
    found
        The news.
    addressed
        Whom they are for.
    now
        The present moment.
    """
    day = now.astimezone(ticks.NEW_YORK).date()
    written = []
    for one in found:
        row = {
            "message": one.name,
            "day": day,
            "kind": one.kind,
            "title": one.title,
            "text": one.text,
            "picture": one.picture,
            "written_at": now,
        }
        kept = pl.DataFrame([row], schema=report_tables.MESSAGES.schema())
        if mail.write(store, kept, outbox.queued(row, addressed, now)):
            written.append(one)
    return written


def deliver(
    ledger: mail.Mail, addressed: Sequence[base.Channel], clock: ClockResource
) -> list[dict[str, Any]]:
    """Deliver what is due on every channel; what they took, part by part.

    Parameters
    ----------
    ledger
        Where messages are kept.
    addressed
        The channels.
    clock
        Stamps what happens.
    """
    sent: list[dict[str, Any]] = []
    ends = time.monotonic() + BUDGET_SECONDS
    with ledger.delivering() as is_ours, channels.silence():
        for channel in addressed if is_ours else ():
            left = dt.timedelta(seconds=max(ends - time.monotonic(), 0.0))
            post = outbox.Post(channel, ledger, clock.now)
            sent += (
                {"message": one.message, "part": one.part, "channel": channel.name}
                for one in post.deliver(clock.now() + left)
            )
    return sent


def _why(instance: dg.DagsterInstance, run_id: str) -> str:
    """First words of what went wrong in a run."""
    kinds = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
    logged = instance.all_logs(run_id, of_type=kinds)
    events = [entry.dagster_event for entry in logged if entry.dagster_event]
    words = [
        event.step_failure_data.error_display_string
        if event.is_step_failure
        else event.message or ""
        for event in events
    ]
    return next(filter(None, words), "no reason was recorded")[:_EXPLAINED]


def _written(one: news.News) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(
        metadata.key(report_tables.MESSAGES),
        metadata={"message": one.name, "title": one.title, "text": one.text},
    )


def _sent(part: dict[str, Any]) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(
        metadata.key(report_tables.DELIVERIES), metadata=part
    )
