"""A sender's side of the wire: a clock that is moved, messages, a ledger that fails."""

import base64
import dataclasses
import datetime as dt
import random
from typing import Any

import polars as pl

from turbomode_assets import report_tables
from turbomode_assets.notify import base, outbox
from turbomode_assets.store import mail, warehouse
from turbomode_assets.store.address import Address

TOKEN = "123456:planted-secret-token"  # noqa: S105 - of a chat on this machine
BEGAN = dt.datetime(2024, 2, 1, 22, tzinfo=dt.UTC)
PICTURE = b"\x89PNG\r\n\x1a\n and so on"


@dataclasses.dataclass
class Clock:
    """A clock that stands until it is moved."""

    moment: dt.datetime = BEGAN

    def __call__(self) -> dt.datetime:
        """The present moment, a microsecond after the last."""
        self.moment += dt.timedelta(microseconds=1)
        return self.moment

    def move(self, **span: float) -> None:
        """Let time pass."""
        self.moment += dt.timedelta(**span)


class Crash(BaseException):
    """The process died."""


class Frail(mail.Mail):
    """A ledger whose process dies now and then, before or after it has recorded."""

    rate = 0.0
    draws = random.Random(1)  # noqa: S311 - no secret is drawn

    def record(self, rows: pl.DataFrame) -> None:
        """Record, or die on either side of it."""
        if self.draws.random() < self.rate:
            raise Crash
        super().record(rows)
        if self.draws.random() < self.rate:
            raise Crash


def message(subject: str, text: str, clock: Clock, picture: bytes = b"") -> Any:
    """Row of `report_tables.MESSAGES`."""
    coded = base64.b64encode(picture).decode() if picture else None
    row = {
        "message": f"daily_report {subject}",
        "day": clock.moment.date(),
        "kind": "daily_report",
        "title": f"Report of {subject}",
        "text": text,
        "picture": coded,
        "written_at": clock(),
    }
    return pl.DataFrame([row], schema=report_tables.MESSAGES.schema())


def write(
    place: Address, row: pl.DataFrame, clock: Clock, *channels: base.Channel
) -> bool:
    """Put a message in the outbox; whether it is new."""
    queued = outbox.queued(row.row(0, named=True), channels, clock())
    with warehouse.opened(place) as store:
        return mail.write(store, row, queued)


def deliver(ledger: mail.Mail, clock: Clock, *channels: base.Channel) -> None:
    """One round; a crash ends it, as it ends a process."""
    for channel in channels:
        post = outbox.Post(channel, ledger, clock)
        try:
            post.deliver(clock.moment + dt.timedelta(minutes=1))
        except Crash:
            continue


def is_idle(ledger: mail.Mail, *channels: base.Channel) -> bool:
    """Whether nothing is left to do on any channel."""
    logs = (ledger.log(channel.name) for channel in channels)
    return all(outbox.unfinished(log).is_empty() for log in logs)
