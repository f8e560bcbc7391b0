"""What people ask by Telegram, in the chats that may: read, handed over, confirmed.

Telegram keeps what was written to a bot until somebody asks for what came after it. It
is confirmed when the answers are written, so a crash before that asks again, and an
answer is known by the number of its question. What is answered is not known here.

References
----------
https://core.telegram.org/bots/api#getupdates
"""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence

from turbomode_assets.notify import telegram


@dataclasses.dataclass(frozen=True)
class Question:
    """One message of a person, by a number that Telegram gives it."""

    channel: telegram.Telegram
    number: int
    text: str


@contextlib.contextmanager
def heard(listening: Sequence[telegram.Telegram]) -> Iterator[list[Question]]:
    """Questions that were not confirmed; they are when the context ends well.

    Parameters
    ----------
    listening
        Chats in which one may ask; what is written to the bot elsewhere is confirmed
        unread.
    """
    bots: dict[str, list[telegram.Telegram]] = {}
    for channel in listening:
        bots.setdefault(channel.bot, []).append(channel)
    updates = {bot: chats[0].updates() for bot, chats in bots.items()}
    yield [
        Question(channel, update["update_id"], str(update["message"].get("text", "")))
        for bot, chats in bots.items()
        for update in updates[bot]
        for channel in chats
        if channel.is_place_of(update.get("message", {}))
    ]
    for bot, chats in bots.items():
        if updates[bot]:
            chats[0].updates(after=updates[bot][-1]["update_id"])
