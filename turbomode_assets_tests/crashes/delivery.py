"""The daily report of a home, written and delivered to a letter box in its folder.

The box is a channel as any other, and lies in the home so that a copy of the home has
its letters: what arrived before a kill stays there, whether or not it was recorded.
"""

import datetime as dt
from collections.abc import Collection
from pathlib import Path

import dagster as dg
import polars as pl

from turbomode_assets import report_tables
from turbomode_assets.defs import messaging, resources
from turbomode_assets.notify import base, outbox
from turbomode_assets.store import home, mail, warehouse
from turbomode_assets_tests.crashes.world import Story, Tables

EVENING = dt.datetime(2024, 3, 9, 22, 30, tzinfo=dt.UTC)
"""Half past five in New York: the report of the day is due."""

ROUNDS = [EVENING + n * outbox.LONGEST_WAIT for n in range(20)]
"""When deliveries are tried, each after any wait; the next report is not yet due."""


class Letters:
    """A letter box: a folder, and in it a file for each copy that arrived."""

    name = "letters"

    def __init__(self, folder: Path) -> None:
        """Hang it up."""
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def notes(self, title: str, text: str, picture: bytes | None) -> list[base.Note]:
        """A letter with the words, and one with the picture."""
        words = base.Note(text=f"{title}\n\n{text}")
        return [words, base.Note(text=title, picture=picture)]

    def send(self, note: base.Note, *, is_repeat: bool) -> base.Answer:
        """Put a letter in, whole or not at all."""
        del is_repeat
        aside = self._folder / ".aside"
        aside.write_bytes(_content(note))
        newest = max((int(path.name) for path in self.arrived()), default=-1)
        letter = self._folder / f"{newest + 1:03d}"
        aside.rename(letter)
        return base.Sent(letter.name)

    def retract(self, receipt: str, known: Collection[str]) -> bool:
        """Take copies out of the box."""
        for letter in self.arrived():
            if letter.name not in {receipt, *known}:
                letter.unlink()
        return True

    def arrived(self) -> list[Path]:
        """Every letter in the box."""
        return [path for path in sorted(self._folder.iterdir()) if path.name.isdigit()]


def _content(note: base.Note) -> bytes:
    return note.text.encode() + (note.picture or b"")


def _box(where: home.Home) -> Letters:
    return Letters(where.root / "letters")


def _live(where: home.Home) -> None:
    """Ticks of the sensor that writes and delivers, until nothing is left to do."""
    box, ledger = _box(where), mail.Mail(where.warehouse, where.root)
    with dg.DagsterInstance.ephemeral() as instance:
        for now in ROUNDS:
            with warehouse.opened(where.warehouse) as store:
                found = [*messaging.report(store, where, instance, now)]
                messaging.write(store, found, [box], now)
            clock = resources.ClockResource(fixed_at=now.isoformat())
            messaging.deliver(ledger, [box], clock)
            if outbox.unfinished(ledger.log(box.name)).is_empty():
                return


def _told(where: home.Home) -> Tables:
    """How often each part of what was written arrived, and what the home says of it."""
    box = _box(where)
    with warehouse.opened(where.warehouse) as store:
        written = store.read(report_tables.MESSAGES)
        log = store.read(report_tables.DELIVERIES)
    letters = [path.read_bytes() for path in box.arrived()]
    parts = [
        _content(note)
        for row in written.iter_rows(named=True)
        for note in outbox.notes(box, row)
    ]
    sent = log.filter(pl.col("event") == outbox.SENT)
    return {
        "letters": pl.DataFrame({"n_arrived": [letters.count(part) for part in parts]}),
        "strays": pl.DataFrame({"n": [len(set(letters) - set(parts))]}),
        # The report tells of the room on this disk.
        "messages": written.drop("text"),
        "sent": sent.select("message", "channel", "part").sort("message", "part"),
        "unfinished": outbox.unfinished(log).drop("attempts"),
    }


DELIVERY = Story(live=_live, told=_told)
