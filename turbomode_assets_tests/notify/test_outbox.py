"""A message is there once: what crashes, lost answers and refusals leave in a chat."""

import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from turbomode_assets import report_tables
from turbomode_assets.notify import base, outbox, telegram
from turbomode_assets.store import mail, warehouse
from turbomode_assets_tests.loopback import server
from turbomode_assets_tests.loopback import telegram as loopback
from turbomode_assets_tests.notify import desk

PHONE = telegram.Telegram("phone", desk.TOKEN, "42")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[mail.Mail]:
    """A ledger whose warehouse stays open, which spares opening it each time."""
    with warehouse.opened(tmp_path / "w.duckdb"):
        yield mail.Mail(tmp_path / "w.duckdb", tmp_path)


@pytest.fixture
def chat() -> Iterator[loopback.Chat]:
    """A chat without faults but those a test plans."""
    with server.led_to(loopback.Chat(desk.TOKEN)) as found:
        yield found


def texts(chat: loopback.Chat) -> list[str]:
    """What stands in the chat, oldest first."""
    return [message.text for _, message in sorted(chat.messages.items())]


def test_a_message_goes_out_once(chat: loopback.Chat, ledger: mail.Mail) -> None:
    clock = desk.Clock()
    row = desk.message("today", "all is well", clock, desk.PICTURE)
    assert desk.write(ledger.address, row, clock, PHONE)
    assert not desk.write(ledger.address, row, clock, PHONE)
    for _ in range(3):
        desk.deliver(ledger, clock, PHONE)
        clock.move(hours=2)
    assert texts(chat) == ["Report of today", "all is well"]
    assert chat.messages[1].picture == desk.PICTURE
    assert desk.is_idle(ledger, PHONE)


@pytest.mark.parametrize("fault", loopback.FAULTS)
def test_no_fault_loses_or_doubles_a_message(
    chat: loopback.Chat, ledger: mail.Mail, fault: str
) -> None:
    clock = desk.Clock()
    for subject in ("one", "two"):
        row = desk.message(subject, "well", clock)
        desk.write(ledger.address, row, clock, PHONE)
    chat.planned = [loopback.SPARED, fault]
    for _ in range(3):
        desk.deliver(ledger, clock, PHONE)
        chat.say("what was that?")
        clock.move(minutes=5)
    said = [text for text in texts(chat) if text != "what was that?"]
    assert said == ["Report of one\n\nwell", "Report of two\n\nwell"]
    assert texts(chat).count("what was that?") == 3
    assert desk.is_idle(ledger, PHONE)


def test_a_rate_limit_is_waited_for(chat: loopback.Chat, ledger: mail.Mail) -> None:
    clock = desk.Clock()
    desk.write(ledger.address, desk.message("one", "well", clock), clock, PHONE)
    chat.planned = ["rate_limit"]
    desk.deliver(ledger, clock, PHONE)
    clock.move(seconds=loopback.RETRY_AFTER - 1)
    desk.deliver(ledger, clock, PHONE)
    assert (len(chat.asked), texts(chat)) == (1, [])
    clock.move(seconds=1)
    desk.deliver(ledger, clock, PHONE)
    assert texts(chat) == ["Report of one\n\nwell"]


@pytest.mark.parametrize("n_recorded", [0, 1, 2])
def test_a_crash_around_a_record_changes_nothing(
    chat: loopback.Chat, ledger: mail.Mail, n_recorded: int
) -> None:
    class Dying(mail.Mail):
        left = n_recorded

        def record(self, rows: object) -> None:
            if not type(self).left:
                raise desk.Crash
            type(self).left -= 1
            super().record(rows)  # type: ignore[arg-type]

    clock = desk.Clock()
    desk.write(ledger.address, desk.message("one", "well", clock), clock, PHONE)
    desk.deliver(Dying(ledger.address, ledger.root), clock, PHONE)
    assert len(texts(chat)) == min(n_recorded, 1)
    clock.move(minutes=2)
    desk.deliver(ledger, clock, PHONE)
    assert texts(chat) == ["Report of one\n\nwell"]
    assert desk.is_idle(ledger, PHONE)


def test_a_message_that_is_refused_holds_up_no_other(
    chat: loopback.Chat, ledger: mail.Mail
) -> None:
    class Blunt(telegram.Telegram):
        """Sends whatever it is given in one part."""

        def notes(
            self, title: str, text: str, picture: bytes | None
        ) -> list[base.Note]:
            return [base.Note(text=title + text, picture=picture)]

    blunt = Blunt("phone", desk.TOKEN, "42")
    clock = desk.Clock()
    for subject, text in (("one", "x" * 5000), ("two", "well")):
        desk.write(ledger.address, desk.message(subject, text, clock), clock, blunt)
    desk.deliver(ledger, clock, blunt)
    assert texts(chat) == ["Report of twowell"]
    (left,) = outbox.unfinished(ledger.log("phone"))["message"]
    assert left == "daily_report one"


def test_a_long_report_arrives_whole_and_in_order(
    chat: loopback.Chat, ledger: mail.Mail
) -> None:
    clock = desk.Clock()
    text = "\n".join(f"{n}: 📈 of symbol {n}" for n in range(900))
    desk.write(
        ledger.address, desk.message("one", text, clock, desk.PICTURE), clock, PHONE
    )
    for _ in range(2):
        desk.deliver(ledger, clock, PHONE)
    caption, *parts = texts(chat)
    assert caption == "Report of one"
    assert "".join(parts) == text
    assert len(parts) > 3


def test_a_channel_that_comes_later_is_not_told_of_the_past(
    chat: loopback.Chat, ledger: mail.Mail
) -> None:
    clock = desk.Clock()
    assert desk.write(ledger.address, desk.message("one", "well", clock), clock)
    desk.deliver(ledger, clock, PHONE)
    assert (texts(chat), chat.asked) == ([], [])


def test_two_processes_never_deliver_at_once(ledger: mail.Mail) -> None:
    with ledger.delivering() as first, ledger.delivering() as second:
        assert (first, second) == (True, False)
    with ledger.delivering() as again:
        assert again


def test_a_month_of_faults_and_crashes_delivers_each_report_once(
    tmp_path: Path,
) -> None:
    clock, told = desk.Clock(), []
    ledger = desk.Frail(tmp_path / "w.duckdb", tmp_path)
    draws = random.Random(5)  # noqa: S311 - no secret is drawn
    with (
        server.led_to(loopback.Chat(desk.TOKEN, fault_rate=0.3, seed=3)) as chat,
        warehouse.opened(ledger.address),
    ):
        ledger.rate = desk.Frail.rate = 0.05
        for day in range(30):
            text = f"day {day}\n" + "a line of the report\n" * draws.choice([1, 5, 300])
            told.append((f"Report of day {day}", text))
            row = desk.message(f"day {day}", text, clock, desk.PICTURE)
            desk.write(ledger.address, row, clock, PHONE)
            for _ in range(8):
                desk.deliver(ledger, clock, PHONE)
                if draws.random() < 0.05:
                    chat.say("a person")
                clock.move(hours=3)
        left = ledger.log("phone")
        said = [m.text for _, m in sorted(chat.messages.items()) if m.is_by_bot]
    assert outbox.unfinished(left).is_empty()
    assert "".join(said) == "".join(title + text for title, text in told)
    assert set(loopback.FAULTS) <= chat.met
    events = left["event"].value_counts()
    assert set(events["event"]) == set(report_tables.DELIVERY_EVENTS)


def test_a_channel_out_of_reach_for_a_week_gets_everything(ledger: mail.Mail) -> None:
    clock = desk.Clock()
    with server.led_to(loopback.Chat(desk.TOKEN, fault_rate=1.0)) as chat:
        chat.planned = ["unreachable"] * 1000
        for day in range(7):
            row = desk.message(f"day {day}", "well", clock)
            desk.write(ledger.address, row, clock, PHONE)
            for _ in range(4):
                desk.deliver(ledger, clock, PHONE)
                clock.move(hours=6)
        assert texts(chat) == []
        chat.planned, chat.fault_rate = [], 0.0
        desk.deliver(ledger, clock, PHONE)
        assert texts(chat) == [f"Report of day {n}\n\nwell" for n in range(7)]
    moments = ledger.log("phone")["happened_at"].to_list()
    assert max(moments) >= desk.BEGAN + dt.timedelta(days=6)
