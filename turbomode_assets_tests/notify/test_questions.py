"""Questions by Telegram: heard where one may ask, each once, whatever breaks."""

import contextlib
import logging
import random
from collections.abc import Iterator

import pytest

from turbomode_assets import errors
from turbomode_assets.notify import channels, questions, telegram
from turbomode_assets_tests.loopback import server
from turbomode_assets_tests.loopback import telegram as loopback
from turbomode_assets_tests.notify import desk

HOME, OFFICE, STRANGER = 42, 43, 666
PHONE, DESK = (
    telegram.Telegram(name, desk.TOKEN, str(chat))
    for name, chat in (("phone", HOME), ("desk", OFFICE))
)


@pytest.fixture
def chat() -> Iterator[loopback.Chat]:
    """A bot without faults but those a test plans."""
    with server.led_to(loopback.Chat(desk.TOKEN)) as found:
        yield found


def heard(*listening: telegram.Telegram) -> list[tuple[str, int, str]]:
    """Channel, number and text of every question, confirmed."""
    with questions.heard(listening) as found:
        return [(one.channel.name, one.number, one.text) for one in found]


def test_a_bot_hears_those_who_may_ask_and_nobody_else(chat: loopback.Chat) -> None:
    for number, place in enumerate((STRANGER, HOME, OFFICE, STRANGER), start=1):
        chat.ask("/status", place, number)
    assert heard(PHONE, DESK) == [("phone", 2, "/status"), ("desk", 3, "/status")]
    assert heard(PHONE, DESK) == []
    assert chat.updates == []


def test_what_was_not_answered_is_heard_again(chat: loopback.Chat) -> None:
    chat.ask("/status", HOME, 7)
    with contextlib.suppress(desk.Crash), questions.heard([PHONE]):
        raise desk.Crash
    assert heard(PHONE) == [("phone", 7, "/status")]


def test_a_topic_is_a_place_of_its_own(chat: loopback.Chat) -> None:
    chat.ask("/status", HOME, 1)
    topical = telegram.Telegram("topic", desk.TOKEN, str(HOME), topic=5)
    assert heard(topical) == []


def test_whoever_is_not_answered_by_telegram_hears_nothing(chat: loopback.Chat) -> None:
    chat.ask("/status", HOME, 1)
    chat.planned = ["error_before"]
    assert heard(PHONE) == []
    assert heard(PHONE) == [("phone", 1, "/status")]


def test_under_faults_no_question_is_lost_and_no_token_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    draws = random.Random(2)  # noqa: S311 - no secret is drawn
    asked, known = [], set()
    wire = server.led_to(loopback.Chat(desk.TOKEN, fault_rate=0.3, seed=4))
    with wire as chat, channels.silence():
        for number in range(1, 31):
            place = draws.choice([HOME, STRANGER])
            chat.ask("/status", place, number)
            asked += [("phone", number, "/status")] if place == HOME else []
            known.update(heard(PHONE))
        chat.fault_rate = 0.0
        known.update(heard(PHONE))
    assert sorted(known) == asked
    assert set(loopback.FAULTS) <= chat.met
    assert "planted" not in caplog.text


def test_one_may_ask_only_where_it_was_said() -> None:
    environment = {f"{channels.PREFIX}PHONE": f"tgram://{desk.TOKEN}/42"}
    opened = channels.opened(environment)
    assert channels.listening(opened, environment) == []
    assert channels.listening(opened, {channels.LISTEN: "Phone"}) == opened
    with pytest.raises(errors.SettingsError, match="found mail; such a channel"):
        channels.listening(opened, {channels.LISTEN: "phone, mail"})
