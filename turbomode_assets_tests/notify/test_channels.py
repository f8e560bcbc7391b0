"""Channels by URL: what is understood, and that no secret is ever said."""

import http.server
import json
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from turbomode_assets import errors
from turbomode_assets.notify import base, channels, service, telegram
from turbomode_assets.store import mail
from turbomode_assets_tests.loopback import server
from turbomode_assets_tests.loopback import telegram as loopback
from turbomode_assets_tests.notify import desk

PLANTED = "planted-secret-token"

URLS = {
    "tgram": (f"tgram://{desk.TOKEN}/-10042", telegram.Telegram),
    "topic": (f"tgram://{desk.TOKEN}/-10042:7", telegram.Telegram),
    "mailto": (f"mailto://me:{PLANTED}@example.com", service.Service),
    "discord": (f"discord://12345/{PLANTED}", service.Service),
    "ntfy": (f"ntfy://{PLANTED}", service.Service),
}


class Hook(http.server.BaseHTTPRequestHandler):
    """A web hook that keeps what it is sent, and answers with `status`."""

    status = 200
    heard: list[dict[str, object]]

    def do_POST(self) -> None:
        """Keep what comes."""
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append(json.loads(content))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: `heard` is the log."""


@pytest.fixture
def hook() -> Iterator[tuple[type[Hook], str]]:
    """A web hook and its URL, as Apprise writes it."""

    class Fresh(Hook):
        heard: list[dict[str, object]] = []  # noqa: RUF012

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Fresh) as listener:
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        yield Fresh, f"json://127.0.0.1:{listener.server_address[1]}/{PLANTED}"
        listener.shutdown()
        thread.join()


@pytest.mark.parametrize("kind", URLS)
def test_a_channel_is_called_by_its_variable(kind: str) -> None:
    url, expected = URLS[kind]
    environment = {f"{channels.PREFIX}MY_PHONE": url, "OTHER": "json://x"}
    (found,) = channels.opened(environment)
    assert (found.name, type(found)) == ("my_phone", expected)


@pytest.mark.parametrize("url", [f"nonsense-{PLANTED}", f"tgram://{desk.TOKEN}/"])
def test_an_error_names_the_variable_and_not_its_value(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(errors.SettingsError, match="TURBOMODE_NOTIFY_PHONE") as raised:
        channels.opened({f"{channels.PREFIX}PHONE": url})
    assert PLANTED not in f"{raised.value!r} {caplog.text}"


def test_another_service_gets_text_and_picture(hook: tuple[type[Hook], str]) -> None:
    heard, url = hook
    (channel,) = channels.opened({f"{channels.PREFIX}HOOK": url})
    (note,) = channel.notes("Title", "Text <b>", desk.PICTURE)
    assert channel.send(note, is_repeat=False) == base.Sent("")
    (sent,) = heard.heard
    assert sent["message"] == "Title\n\nText <b>"
    assert len(sent["attachments"]) == 1  # type: ignore[arg-type]


def test_a_service_that_does_not_confirm_is_told_that_it_is_a_repeat(
    hook: tuple[type[Hook], str], tmp_path: Path
) -> None:
    heard, url = hook
    (channel,) = channels.opened({f"{channels.PREFIX}HOOK": url})
    clock, ledger = desk.Clock(), mail.Mail(tmp_path / "w.duckdb", tmp_path)
    desk.write(ledger.address, desk.message("one", "well", clock), clock, channel)
    for status in (500, 200):
        heard.status = status
        desk.deliver(ledger, clock, channel)
        clock.move(minutes=2)
    first, second = (str(sent["message"]) for sent in heard.heard)
    assert second == f"{service.REPEATED}\n\n{first}"
    assert desk.is_idle(ledger, channel)


OBSTACLES = [*loopback.FAULTS, "wrong_token", "nobody_there", "no_certificates"]


@pytest.mark.parametrize("fault", OBSTACLES)
def test_a_token_is_never_said(
    fault: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    clock, ledger = desk.Clock(), mail.Mail(tmp_path / "w.duckdb", tmp_path)
    known = "another" if fault == "wrong_token" else desk.TOKEN
    url = f"tgram://{desk.TOKEN}/42"
    with server.led_to(loopback.Chat(known)) as chat, channels.silence():
        (channel,) = channels.opened({f"{channels.PREFIX}PHONE": url})
        desk.write(ledger.address, desk.message("one", "well", clock), clock, channel)
        chat.planned = [fault] if fault in loopback.FAULTS else []
        if fault == "nobody_there":
            os.environ["https_proxy"] = "http://127.0.0.1:9"
        if fault == "no_certificates":
            os.environ["REQUESTS_CA_BUNDLE"] = str(tmp_path / "absent.pem")
        desk.deliver(ledger, clock, channel)
    n_sent = ledger.log("phone").filter(event="sent").height
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    said = f"{caplog.text} {channel!r} {ledger.log('phone').to_dicts()}"
    assert n_sent == 0
    assert PLANTED not in said
    assert PLANTED.encode() not in kept
