"""The daily report of a home that lives: due at five, whole, and told once."""

import dataclasses
import datetime as dt
import pathlib

import dagster as dg
import pytest

from turbomode_assets import report_tables
from turbomode_assets.defs import daily_report, messaging, resources, ticks
from turbomode_assets.notify import channels, outbox
from turbomode_assets.store import home, mail, warehouse
from turbomode_assets_tests import lakes
from turbomode_assets_tests.conftest import LAST, Lived
from turbomode_assets_tests.loopback import server, telegram
from turbomode_assets_tests.notify import desk

YEARS = [dt.date(2023, 1, 1) + dt.timedelta(days=n) for n in range(3 * 366)]


def test_every_day_has_one_report_due_at_five_in_new_york() -> None:
    for day in YEARS:
        five = dt.datetime.combine(day, dt.time(17), ticks.NEW_YORK)
        before = five.astimezone(dt.UTC) - dt.timedelta(seconds=1)
        assert daily_report.due(five.astimezone(dt.UTC)) == day
        assert daily_report.due(before) == day - dt.timedelta(days=1)


@pytest.fixture
def kept(lived: Lived, tmp_path: pathlib.Path) -> home.Home:
    """A copy of the home that lived."""
    where = home.Home(tmp_path)
    lakes.copy(lived.where, where)
    return where


def test_a_report_arrives_with_its_chart_and_once(kept: home.Home) -> None:
    evening = dt.datetime.combine(LAST, dt.time(22, 5), dt.UTC)
    clock = resources.ClockResource(fixed_at=evening.isoformat())
    url = {f"{channels.PREFIX}PHONE": f"tgram://{desk.TOKEN}/42"}
    with (
        server.led_to(telegram.Chat(desk.TOKEN)) as chat,
        dg.DagsterInstance.ephemeral() as instance,
        warehouse.opened(kept.warehouse) as store,
    ):
        addressed = channels.opened(url)
        for _ in range(2):
            found = list(messaging.report(store, kept, instance, evening))
            messaging.write(store, found, addressed, evening)
            messaging.deliver(mail.Mail(kept.warehouse, kept.root), addressed, clock)
        told = store.read(report_tables.MESSAGES)
        log = store.read(report_tables.DELIVERIES)
    assert told["message"].to_list() == [f"daily_report {LAST}"]
    caption, *texts = (m.text for _, m in sorted(chat.messages.items()))
    assert caption == told["title"][0]
    assert "".join(texts) == told["text"][0]
    assert chat.messages[1].picture.startswith(b"\x89PNG")
    assert outbox.unfinished(log).is_empty()


def test_a_late_report_says_what_a_timely_one_would_have_said(kept: home.Home) -> None:
    five = dt.datetime.combine(LAST, dt.time(17), ticks.NEW_YORK)
    with (
        dg.DagsterInstance.ephemeral() as instance,
        warehouse.opened(kept.warehouse) as store,
    ):
        told = [
            daily_report.compose(kept, store, instance, five + dt.timedelta(hours=h))
            for h in (0, 15)
        ]
    # How much of the disk is free is asked anew, and others write to it meanwhile.
    timely, late = (
        [line for line in one.text.split("\n") if not line.startswith("- disk")]
        for one in told
    )
    assert timely == late
    assert dataclasses.replace(told[0], text="") == dataclasses.replace(
        told[1], text=""
    )


def test_a_home_that_lives_in_the_past_reports_nothing(kept: home.Home) -> None:
    now = dt.datetime.combine(LAST, dt.time(22), dt.UTC) + 2 * daily_report.RECENT
    with (
        dg.DagsterInstance.ephemeral() as instance,
        warehouse.opened(kept.warehouse) as store,
    ):
        assert list(messaging.report(store, kept, instance, now)) == []
