"""Telegram, by its Bot API: the channel that can take back what was sent twice.

The API knows no idempotency key and lets no bot read a chat, so after a lost answer
nobody can ask whether a message arrived. But it numbers messages: one that was sent
again takes a higher number than every earlier copy, and what a bot may edit it has
written. So a copy is found among the numbers between, and deleted. A bot must not
write for others too.

Messages are plain text: nothing in them can be read as markup.

References
----------
https://core.telegram.org/bots/api
"""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any

import requests
from urllib3 import exceptions as transport

from turbomode_assets.notify import parts
from turbomode_assets.notify.base import Answer, Note, Refused, Sent, Unsure

ADDRESS = "https://api.telegram.org"
"""Host of the API."""

TEXT_LIMIT, CAPTION_LIMIT = 4096, 1024
"""Longest text and longest caption of a picture, in UTF-16 units."""

SEARCHED = 100
"""Numbers looked at for a copy, from the newest down: copies lie close together."""

TRIES = 5
"""Tries of a question about one number before it waits for another round."""

TIMEOUT_SECONDS = 10.0
"""Longest wait for an answer: a sensor has a minute in all."""

_OK, _BAD_REQUEST, _TOO_LARGE, _TOO_MANY, _SERVER = 200, 400, 413, 429, 500

_NEVER_LEFT = (
    transport.NewConnectionError,
    transport.ConnectTimeoutError,
    transport.NameResolutionError,
    transport.ProxyError,
    transport.SSLError,
)
"""Faults before a request was on its way; all others leave its fate open."""


@dataclasses.dataclass(frozen=True)
class _Said:
    """Status and content of an answer."""

    status: int
    content: dict[str, Any]

    @property
    def description(self) -> str:
        return str(self.content.get("description", f"status {self.status}"))

    @property
    def wait_seconds(self) -> float:
        return float(self.content.get("parameters", {}).get("retry_after", 0.0))


class Telegram:
    """One chat.

    Parameters
    ----------
    name
        What its owner calls it.
    token
        Of the bot; a secret.
    chat
        Number or @name of the chat.
    topic
        Thread of a forum; null outside of forums.
    """

    def __init__(
        self, name: str, token: str, chat: str, topic: int | None = None
    ) -> None:
        """Keep the address; nothing is asked yet."""
        self.name = name
        self.bot = token.partition(":")[0]
        """Number of the bot, which everybody may know."""
        self._token = token
        self._place: dict[str, Any] = {"chat_id": chat}
        if topic is not None:
            self._place["message_thread_id"] = topic

    def notes(self, title: str, text: str, picture: bytes | None) -> list[Note]:
        """The picture with the title under it, then the text in parts."""
        if picture is None:
            return [Note(text=t) for t in parts.split(f"{title}\n\n{text}", TEXT_LIMIT)]
        captions = parts.split(title, CAPTION_LIMIT)
        texts = [*captions[1:], *parts.split(text, TEXT_LIMIT)]
        return [Note(text=captions[0], picture=picture), *(Note(text=t) for t in texts)]

    def send(self, note: Note, *, is_repeat: bool) -> Answer:
        """Try once; a repeat looks like the original, since copies are taken back."""
        del is_repeat
        if note.picture is None:
            said = self._ask("sendMessage", {"text": note.text})
        else:
            said = self._ask("sendPhoto", {"caption": note.text}, note.picture)
        if not isinstance(said, _Said):
            return said
        if said.status != _OK:
            return _failure(said)
        receipt = said.content.get("result", {}).get("message_id")
        if receipt is None:
            return Unsure("Telegram's answer names no message")
        return Sent(str(receipt))

    def retract(self, receipt: str, known: Collection[str]) -> bool:
        """Delete what this bot wrote since its last message that is known."""
        newest = int(receipt)
        earlier = (number for number in map(int, known) if number < newest)
        oldest = max([newest - 1 - SEARCHED, 0, *earlier])
        return all(map(self._is_rid_of, range(newest - 1, oldest, -1)))

    def updates(self, after: int | None = None) -> list[dict[str, Any]]:
        """What was written to the bot, in any chat, and is not confirmed.

        Parameters
        ----------
        after
            Confirms everything up to this number.

        Returns
        -------
        list of dict
            Telegram's updates, ascending; none where Telegram does not answer.
        """
        asked = {"timeout": 0, "allowed_updates": '["message"]'}
        said = self._ask("getUpdates", asked | ({"offset": after + 1} if after else {}))
        if not isinstance(said, _Said) or said.status != _OK:
            return []
        return list(said.content.get("result", []))

    def is_place_of(self, message: Mapping[str, Any]) -> bool:
        """Whether a message of an update was written in this chat and topic."""
        chat = message.get("chat", {})
        names = {str(chat.get("id")), f"@{chat.get('username')}"}
        topic = self._place.get("message_thread_id")
        return self._place["chat_id"] in names and topic in (
            None,
            message.get("message_thread_id"),
        )

    def _is_rid_of(self, number: int) -> bool:
        """Whether nothing of ours stands at a number any more."""
        is_ours = self._settled("editMessageReplyMarkup", number)
        if is_ours is None:
            return False
        return not is_ours or self._settled("deleteMessage", number) is not None

    def _settled(self, method: str, number: int) -> bool | None:
        """Whether a message that is ours is there; null where nobody says."""
        for _ in range(TRIES):
            said = self._ask(method, {"message_id": number})
            if not isinstance(said, _Said) or said.status >= _SERVER:
                continue
            if said.status in (_OK, _BAD_REQUEST):
                return said.status == _OK or "is not modified" in said.description
            return None
        return None

    def _ask(
        self, method: str, content: dict[str, Any], picture: bytes | None = None
    ) -> _Said | Refused | Unsure:
        files = {"photo": ("chart.png", picture, "image/png")} if picture else None
        try:
            answer = requests.post(
                f"{ADDRESS}/bot{self._token}/{method}",
                data=self._place | content,
                files=files,
                timeout=TIMEOUT_SECONDS,
            )
            said = answer.json()
        except OSError as fault:  # of requests, or a file with certificates
            # Its words hold the address, and so the token.
            kind = type(fault).__name__
            if _never_left(fault):
                return Refused(f"Telegram cannot be reached: {kind}")
            return Unsure(f"Telegram's answer was lost: {kind}")
        if not isinstance(said, dict):
            return Unsure("Telegram's answer is not its own")
        return _Said(answer.status_code, said)


def _failure(said: _Said) -> Refused | Unsure:
    reason = f"Telegram says {said.status}: {said.description}"
    if said.status >= _SERVER:
        return Unsure(reason)
    is_about_note = said.status in (_BAD_REQUEST, _TOO_LARGE)
    # A chat that is not there is said with the status of a bad note.
    is_about_note &= "chat" not in said.description
    return Refused(reason, said.wait_seconds, is_about_note)


def _never_left(fault: OSError) -> bool:
    """Whether a request failed before it was on its way."""
    if not isinstance(fault, requests.RequestException):
        return True
    cause = fault.args[0] if fault.args else None
    if isinstance(cause, transport.MaxRetryError):
        cause = cause.reason
    return isinstance(cause, _NEVER_LEFT)
