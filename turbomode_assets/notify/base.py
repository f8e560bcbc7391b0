"""What a channel is: a place messages go to, and the three things it may answer.

A channel tells what is known for sure from what is not: only `Refused` says that
nobody has read the message. When it is tried again is decided in ``outbox.py``; a
secret never stands in an answer.
"""

import dataclasses
from collections.abc import Collection
from typing import Protocol


@dataclasses.dataclass(frozen=True, kw_only=True)
class Note:
    """One thing to send: text, and a picture where the channel shows any."""

    text: str
    picture: bytes | None = None
    """A PNG file."""


@dataclasses.dataclass(frozen=True)
class Sent:
    """The channel has it."""

    receipt: str = ""
    """What the channel calls it; empty where it does not say."""


@dataclasses.dataclass(frozen=True)
class Refused:
    """The channel surely does not have it."""

    reason: str
    wait_seconds: float = 0.0
    """How long the channel wants to be left alone."""
    is_about_note: bool = False
    """Whether it is this note that is refused, and another might be taken."""


@dataclasses.dataclass(frozen=True)
class Unsure:
    """The answer was lost, so the channel may have it or not."""

    reason: str


Answer = Sent | Refused | Unsure
"""What comes of one attempt."""


class Channel(Protocol):
    """A place messages go to."""

    @property
    def name(self) -> str:
        """What its owner calls it; never a secret."""

    def notes(self, title: str, text: str, picture: bytes | None) -> list[Note]:
        """The parts in which a message is sent; the same message, the same parts."""

    def send(self, note: Note, *, is_repeat: bool) -> Answer:
        """Try once.

        Parameters
        ----------
        note
            One part of a message.
        is_repeat
            Whether an earlier attempt may have arrived.
        """

    def retract(self, receipt: str, known: Collection[str]) -> bool:
        """Take back copies that arrived although their answer was lost.

        Parameters
        ----------
        receipt
            Of the copy that stays.
        known
            Every receipt there is: older ones than that are from before the copies.

        Returns
        -------
        bool
            Whether nothing is left to take back; false asks for another try.
        """
