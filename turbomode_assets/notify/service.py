"""Any service Apprise knows: e-mail, Slack, Discord, ntfy and a hundred more.

Apprise says only whether a message went out, so whatever did not is in doubt, and is
sent again with a line that says so. Nothing can be taken back.

References
----------
https://appriseit.com
"""

from collections.abc import Collection

import apprise
from apprise.attachment.memory import AttachMemory

from turbomode_assets.notify.base import Answer, Note, Sent, Unsure

REPEATED = "(Sent again: whether an earlier copy arrived is not known.)"
"""First line of what may be there twice."""


class Service:
    """One address of a service.

    Parameters
    ----------
    name
        What its owner calls it.
    sender
        As `apprise.Apprise.instantiate` makes it.
    """

    def __init__(self, name: str, sender: apprise.NotifyBase) -> None:
        """Keep the address; nothing is asked yet."""
        self.name = name
        self._sender = apprise.Apprise()
        self._sender.add(sender)

    def notes(self, title: str, text: str, picture: bytes | None) -> list[Note]:
        """One note: how it is divided is known to Apprise for each service."""
        return [Note(text=f"{title}\n\n{text}", picture=picture)]

    def send(self, note: Note, *, is_repeat: bool) -> Answer:
        """Try once."""
        text = f"{REPEATED}\n\n{note.text}" if is_repeat else note.text
        is_sent = self._sender.notify(
            body=text,
            body_format=apprise.NotifyFormat.TEXT,
            attach=_attached(note.picture),
        )
        return Sent() if is_sent else Unsure(f"{self.name} did not confirm the message")

    def retract(self, receipt: str, known: Collection[str]) -> bool:
        """Nothing can be taken back, and the reader was told."""
        del receipt, known
        return True


def _attached(picture: bytes | None) -> apprise.AppriseAttachment | None:
    if picture is None:
        return None
    attached = apprise.AppriseAttachment()
    file = AttachMemory(  # type: ignore[no-untyped-call]
        picture, name="chart.png", mimetype="image/png"
    )
    attached.add(file)
    return attached
