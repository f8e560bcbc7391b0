"""A chat of Telegram's on the own machine: its Bot API as far as it is used.

Numbers grow with every message in the chat, whoever writes it. A bot may edit and
delete what it wrote; of all else it is told, in Telegram's words, why not. Each fault
of `FAULTS` stands for one way in which real requests end.
"""

import dataclasses
import email
import email.policy
import random
import urllib.parse
from typing import Any

from turbomode_assets_tests.loopback import reply, server

HOST = "api.telegram.org"

SPARED = "none"
RETRY_AFTER = 90


def _refusal(status: int, description: str, **parameters: int) -> reply.Reply:
    content = {"ok": False, "error_code": status, "description": description}
    return reply.as_json(content | {"parameters": parameters}, status)


BEFORE = {
    "rate_limit": _refusal(429, "Too Many Requests", retry_after=RETRY_AFTER),
    "error_before": _refusal(500, "Internal Server Error"),
    "lost_before": reply.Reply(body=b"{}", is_cut=True),
}
"""Faults in whose wake nothing was done."""

AFTER = {
    "error_after": _refusal(502, "Bad Gateway"),
    "page_after": reply.as_text("<html>We will be back soon</html>"),
}
"""Faults that hide what was done; so does an answer that is lost."""

FAULTS = ("unreachable", *BEFORE, *AFTER, "lost_after")


@dataclasses.dataclass(frozen=True)
class Message:
    """What stands in the chat."""

    text: str
    picture: bytes = b""
    is_by_bot: bool = True


class Chat(server.Loopback):
    """One chat with one bot.

    Parameters
    ----------
    token
        The only token that is known.
    fault_rate
        Share of requests over which a fault comes.
    seed
        Of the draws.

    Attributes
    ----------
    messages : dict of int to Message
        What can be read in the chat, by number.
    updates : list of dict
        What was written to the bot and is not confirmed.
    planned : list of str
        Faults of the next requests, in order; then the draws go on.
    """

    def __init__(self, token: str, fault_rate: float = 0.0, seed: int = 0) -> None:
        """An empty chat."""
        super().__init__(HOST)
        self.token, self.fault_rate = token, fault_rate
        self.messages: dict[int, Message] = {}
        self.planned: list[str] = []
        self.met: set[str] = set()
        self.updates: list[dict[str, Any]] = []
        self._number = 0
        self._next = SPARED
        self._random = random.Random(seed)  # noqa: S311 - no secret is drawn

    def say(self, text: str) -> None:
        """Somebody else writes."""
        self._write(Message(text, is_by_bot=False))

    def ask(self, text: str, chat: int, number: int) -> None:
        """Somebody writes to the bot, in a chat of the given number."""
        message = {"text": text, "chat": {"id": chat}}
        self.updates.append({"update_id": number, "message": message})

    def is_reachable(self) -> bool:
        """Whether the next request is let through; draws what becomes of it."""
        self._next = self._drawn()
        self.met.add(self._next)
        return self._next != "unreachable"

    def answer(self, host: str, target: str, sent: reply.Sent) -> reply.Reply:
        """What Telegram says, or what a fault leaves of it."""
        assert host == HOST
        if self._next in BEFORE:
            return BEFORE[self._next]
        said = self._followed(target, _content(sent))
        if self._next == "lost_after":
            return dataclasses.replace(said, is_cut=True)
        return AFTER.get(self._next, said)

    def _drawn(self) -> str:
        if self.planned:
            return self.planned.pop(0)
        is_spared = self._random.random() >= self.fault_rate
        return SPARED if is_spared else self._random.choice(FAULTS)

    def _write(self, message: Message) -> int:
        self._number += 1
        self.messages[self._number] = message
        return self._number

    def _followed(self, target: str, content: dict[str, Any]) -> reply.Reply:
        _, bot, method = target.split("/")
        if bot != f"bot{self.token}":
            return _refusal(401, "Unauthorized")
        if method in ("sendMessage", "sendPhoto"):
            return self._sent(method, content)
        if method == "getUpdates":
            first = int(content.get("offset", 0))
            self.updates = [one for one in self.updates if one["update_id"] >= first]
            return reply.as_json({"ok": True, "result": self.updates})
        return self._changed(method, int(content["message_id"]))

    def _sent(self, method: str, content: dict[str, Any]) -> reply.Reply:
        name, limit = ("text", 4096) if method == "sendMessage" else ("caption", 1024)
        text = content[name]
        if len(text.encode("utf-16-le")) // 2 > limit:
            return _refusal(400, "Bad Request: message is too long")
        number = self._write(Message(text, content.get("photo", b"")))
        return reply.as_json({"ok": True, "result": {"message_id": number}})

    def _changed(self, method: str, number: int) -> reply.Reply:
        found = self.messages.get(number)
        verb = "edit" if method == "editMessageReplyMarkup" else "delete"
        if found is None:
            return _refusal(400, f"Bad Request: message to {verb} not found")
        if not found.is_by_bot:
            return _refusal(400, f"Bad Request: message can't be {verb}ed")
        if verb == "edit":
            return _refusal(400, "Bad Request: message is not modified: specified new")
        del self.messages[number]
        return reply.as_json({"ok": True, "result": True})


def _content(sent: reply.Sent) -> dict[str, Any]:
    """Fields of a form, whichever way it was sent."""
    if "multipart" not in sent.kind:
        return dict(urllib.parse.parse_qsl(sent.body.decode()))
    head = f"Content-Type: {sent.kind}\r\n\r\n".encode()
    whole = email.message_from_bytes(head + sent.body, policy=email.policy.HTTP)
    fields: dict[str, Any] = {}
    for part in whole.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        raw = part.get_payload(decode=True)
        assert isinstance(raw, bytes)
        fields[name] = raw if part.get_filename() else raw.decode()
    return fields
