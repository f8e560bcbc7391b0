"""What the sensor of the messages tells of a home, and what no one ever sees of it."""

import datetime as dt
import os
import pathlib
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from turbomode_assets import cli, report_tables, sessions, tables
from turbomode_assets.defs import assembly, resources
from turbomode_assets.notify import channels
from turbomode_assets.store import home, warehouse
from turbomode_assets_tests import lakes
from turbomode_assets_tests.loopback import server, telegram
from turbomode_assets_tests.notify import desk
from turbomode_assets_tests.store.test_warehouse import bars

NOW = dt.datetime(2024, 7, 9, 8, tzinfo=dt.UTC)
TABLES = """
    SELECT string_agg(table_name, ', ' ORDER BY table_name)
    FROM information_schema.tables
"""
PHONE = f"{channels.PREFIX}PHONE"


@pytest.fixture
def chat() -> Iterator[telegram.Chat]:
    """A chat, and the variable that leads to it."""
    with server.led_to(telegram.Chat(desk.TOKEN)) as found:
        os.environ[PHONE] = f"tgram://{desk.TOKEN}/42"
        yield found


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster of its own."""
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def tick(
    where: home.Home, instance: dg.DagsterInstance, now: dt.datetime, source: str
) -> SensorExecutionData:
    """One tick of the sensor at a moment."""
    clock = resources.ClockResource(fixed_at=now.isoformat())
    living = assembly.assemble(where, home.Settings(source=source), {"clock": clock})
    parts = {name: (living.resources or {})[name] for name in ("clock", "warehouse")}
    with dg.build_sensor_context(
        instance=instance, definitions=living, resources=parts
    ) as context:
        return living.resolve_sensor_def("messages").evaluate_tick(context)


def fail(instance: dg.DagsterInstance) -> str:
    """Run that fails, and its id."""

    @dg.op
    def explode() -> None:
        message = "the market is on fire"
        raise ValueError(message)

    job = dg.GraphDefinition(name="scan", node_defs=[explode]).to_job()
    return job.execute_in_process(instance=instance, raise_on_error=False).run_id


def test_a_failed_run_stale_bars_and_the_day_are_told_once(
    chat: telegram.Chat, instance: dg.DagsterInstance, tmp_path: pathlib.Path
) -> None:
    where, now = home.Home(tmp_path), resources.ClockResource().now()
    with warehouse.opened(where.warehouse) as store:
        old = sessions.closed_by(now - dt.timedelta(days=14))
        store.append(tables.BARS, bars(old, "AAA"))
    failed = fail(instance)
    said = [str(tick(where, instance, now, "yahoo").skip_message) for _ in range(2)]
    assert said == [
        "3 messages written, 4 parts sent.",
        "0 messages written, 0 parts sent.",
    ]
    report, why, stale = sorted(m.text for m in chat.messages.values() if not m.picture)
    assert "market.bars should reach" in stale
    assert "Nothing is signaled until a challenger passes the gate." in report
    assert why.startswith(f"Failed: scan\n\nRun {failed} of scan")
    assert "the market is on fire" in why


def test_nothing_is_told_of_a_home_without_news(
    chat: telegram.Chat, instance: dg.DagsterInstance, tmp_path: pathlib.Path
) -> None:
    found = tick(home.Home(tmp_path), instance, NOW, "simulated")
    assert found.skip_message == "0 messages written, 0 parts sent."
    assert chat.asked == []


def test_without_channels_news_is_kept_to_be_looked_at(
    instance: dg.DagsterInstance, tmp_path: pathlib.Path
) -> None:
    where, now = home.Home(tmp_path), resources.ClockResource().now()
    fail(instance)
    tick(where, instance, now, "simulated")
    with warehouse.opened(where.warehouse) as store:
        (kept,) = store.read(report_tables.MESSAGES)["title"]
        assert store.read(report_tables.DELIVERIES).is_empty()
    assert kept == "Failed: scan"


def test_a_channel_nobody_knows_stops_no_loop_and_is_named(
    instance: dg.DagsterInstance,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(PHONE, "nonsense-planted-secret-token")
    found = tick(home.Home(tmp_path), instance, NOW, "simulated")
    assert PHONE in str(found.skip_message)
    assert "planted" not in str(found)


def test_a_tick_tells_dagster_everything_but_the_secret(
    chat: telegram.Chat, instance: dg.DagsterInstance, tmp_path: pathlib.Path
) -> None:
    fail(instance)
    chat.planned = ["lost_after"]
    found = tick(
        home.Home(tmp_path), instance, resources.ClockResource().now(), "simulated"
    )
    assert len(found.asset_events) == 1
    assert "planted" not in str(found)


def test_questions_are_answered_once_and_change_nothing(
    chat: telegram.Chat,
    instance: dg.DagsterInstance,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    where, now = home.Home(tmp_path), resources.ClockResource().now()
    lakes.prepare(where, home.Settings())
    monkeypatch.setenv(channels.LISTEN, "phone")
    asked = ("/status", "signals", "/report@bot", "/rollback", "good morning")
    for number, text in enumerate(asked, start=1):
        chat.ask(text, 42, number)
    chat.ask("/status", 666, len(asked) + 1)
    said = [str(tick(where, instance, now, "simulated").skip_message) for _ in range(2)]
    assert said[1] == "0 messages written, 0 parts sent."
    with warehouse.opened(where.warehouse) as store:
        kept = store.read(report_tables.MESSAGES)["message"].to_list()
        (written,) = store.cursor().sql(TABLES).fetchall()
    assert sorted(kept) == [f"answer phone {number}" for number in range(1, 5)]
    assert written == ("deliveries, messages, version",)
    status, signals, report, confused = (
        "".join(m.text for m in chat.messages.values() if m.text.startswith(title))
        for title in ("Status", "Signals", "Daily report", "Not understood")
    )
    assert "Champion: nobody." in status
    assert "No symbol is bought or sold." in signals
    assert "amiss: bars" in report
    assert "I understand:\n/status" in confused
    assert chat.updates == []


@pytest.mark.parametrize(("fault", "code"), [("none", 0), ("unreachable", 1)])
def test_notify_test_says_what_became_of_it(
    chat: telegram.Chat,
    tmp_path: pathlib.Path,
    capsys: pytest.CaptureFixture[str],
    fault: str,
    code: int,
) -> None:
    chat.planned = [fault]
    assert cli.main(["notify", "--home", str(tmp_path), "test"]) == code
    said = capsys.readouterr().out
    assert "phone" in said
    assert ("sent" in said, "cannot be reached" in said) == (not code, bool(code))
    assert "planted" not in said
    assert len(chat.messages) == 1 - code


def test_notify_test_without_channels_says_how_to_set_one(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["notify", "--home", str(tmp_path), "test"]) == 1
    assert "TURBOMODE_NOTIFY_PHONE=tgram://" in capsys.readouterr().err
