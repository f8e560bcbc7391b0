"""The outbox: every message to every channel once, through crashes and lost answers.

What was tried is an append-only log, `report_tables.DELIVERIES`, an event a row:

1. `queued`   with the message, for each channel there is: who it is for never changes
2. `sending`  before an attempt, so that a crash leaves a trace
3. `sent`, `refused` or `unsure`, whatever the channel answered
4. `settled`  copies that an attempt in doubt may have left were taken back

An attempt that ends with none of 3 is in doubt like `unsure`: after it the part is
sent again, so none is lost, and then copies are taken back, so none is there twice. A
channel is asked for one thing after another, and while it cannot be asked, what follows
waits, in order. Nothing here reads a clock, a file or the environment.
"""

import base64
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import polars as pl

from turbomode_assets import report_tables
from turbomode_assets.notify import base

FIRST_WAIT = dt.timedelta(minutes=1)
"""From a first failure to the next attempt; doubles with each further one."""

LONGEST_WAIT = dt.timedelta(hours=1)
"""Longest wait, unless the channel asks for a longer one."""

QUEUED, SENDING, SENT, REFUSED, UNSURE, SETTLED = report_tables.DELIVERY_EVENTS

_PART = ["message", "day", "part"]


class Ledger(Protocol):
    """Where messages and what became of them are kept."""

    def log(self, channel: str) -> pl.DataFrame:
        """Rows of `report_tables.DELIVERIES` of a channel."""

    def messages(self, first: dt.date) -> pl.DataFrame:
        """Rows of `report_tables.MESSAGES` from a day on."""

    def record(self, rows: pl.DataFrame) -> None:
        """Add rows of `report_tables.DELIVERIES`, for good."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parcel:
    """One part of a message that is not done, and its log, oldest event first."""

    message: str
    day: dt.date
    part: int
    note: base.Note
    log: Sequence[Mapping[str, Any]]

    @property
    def attempt(self) -> int:
        """Attempts so far."""
        return int(self.log[-1]["attempt"])

    @property
    def receipt(self) -> str | None:
        """What the channel calls the part; null until it has it."""
        return next((r["receipt"] for r in self.log if r["event"] == SENT), None)

    @property
    def is_in_doubt(self) -> bool:
        """Whether an attempt ended without a sure answer."""
        return self.attempt > sum(row["event"] in (SENT, REFUSED) for row in self.log)

    @property
    def rests_until(self) -> dt.datetime:
        """When it may be tried again."""
        newest = self.log[-1]
        moment: dt.datetime = newest["happened_at"]
        if newest["event"] in (QUEUED, SENT):
            return moment
        own = min(FIRST_WAIT * 2 ** min(self.attempt - 1, 10), LONGEST_WAIT)
        asked = dt.timedelta(seconds=float(newest["wait_seconds"]))
        until: dt.datetime = moment + max(own, asked)
        return until

    @property
    def is_itself_refused(self) -> bool:
        """Whether the channel took offense at this part, and may take another."""
        return bool(self.log[-1]["is_about_note"])


def queued(
    message: Mapping[str, Any], channels: Iterable[base.Channel], now: dt.datetime
) -> pl.DataFrame:
    """Rows that address a message to channels, one for each part.

    Parameters
    ----------
    message
        A row of `report_tables.MESSAGES`.
    channels
        Everyone who is to have it.
    now
        The present moment.
    """
    return _rows(
        {name: message[name] for name in ("message", "day")}
        | {"channel": channel.name, "part": part, "event": QUEUED, "happened_at": now}
        for channel in channels
        for part, _ in enumerate(notes(channel, message), start=1)
    )


@dataclasses.dataclass(frozen=True)
class Post:
    """One channel, where it is recorded, and the clock.

    Parameters
    ----------
    channel
        The channel.
    ledger
        What is due, and where everything is recorded.
    clock
        The present moment; asked before and after each attempt.
    """

    channel: base.Channel
    ledger: Ledger
    clock: Callable[[], dt.datetime]

    def deliver(self, until: dt.datetime) -> list[Parcel]:
        """Send what is due, oldest first.

        Parameters
        ----------
        until
            Moment after which nothing more is begun.

        Returns
        -------
        list of Parcel
            What the channel has now, and has once.
        """
        taken: list[Parcel] = []
        log = self.ledger.log(self.channel.name)
        known = set(log["receipt"]) - {""}
        for parcel in self.open_parcels(log):
            now = self.clock()
            is_resting = parcel.rests_until > now
            if now > until or (is_resting and not parcel.is_itself_refused):
                break
            if is_resting:
                continue
            answer = self._take(parcel, known)
            if isinstance(answer, base.Sent):
                taken.append(parcel)
            elif not (isinstance(answer, base.Refused) and answer.is_about_note):
                break
        return taken

    def open_parcels(self, log: pl.DataFrame) -> list[Parcel]:
        """Parts that are not done, in the order in which they were queued.

        Parameters
        ----------
        log
            Rows of the channel.
        """
        found = unfinished(log)
        if found.is_empty():
            return []
        ordered = log.join(found, on=_PART, how="semi").sort(
            "attempt", pl.col("event") != SENDING
        )
        logs = ordered.partition_by("message", "part", as_dict=True)
        messages = self.ledger.messages(found["day"].min())  # type: ignore[arg-type]
        return [
            Parcel(
                message=row["message"],
                day=row["day"],
                part=part,
                note=note,
                log=logs[row["message"], part].to_dicts(),
            )
            for row in messages.sort("written_at", "message").iter_rows(named=True)
            for part, note in enumerate(notes(self.channel, row), start=1)
            if (row["message"], part) in logs
        ]

    def _take(self, parcel: Parcel, known: set[str]) -> base.Answer:
        """One attempt with a part, and with its copies if there may be any."""
        receipt = parcel.receipt
        answer = self._attempt(parcel) if receipt is None else base.Sent(receipt)
        if not isinstance(answer, base.Sent):
            return answer
        if parcel.is_in_doubt:
            if not self.channel.retract(answer.receipt, known - {answer.receipt}):
                return base.Unsure("a copy may be left")
            self._record(parcel, SETTLED, parcel.attempt)
        known.add(answer.receipt)
        return answer

    def _attempt(self, parcel: Parcel) -> base.Answer:
        attempt = parcel.attempt + 1
        self._record(parcel, SENDING, attempt)
        answer = self.channel.send(parcel.note, is_repeat=parcel.is_in_doubt)
        match answer:
            case base.Sent(receipt):
                self._record(parcel, SENT, attempt, receipt=receipt)
            case base.Refused(reason, wait, is_about_note):
                further = {"wait_seconds": wait, "is_about_note": is_about_note}
                self._record(parcel, REFUSED, attempt, reason=reason, **further)
            case base.Unsure(reason):
                self._record(parcel, UNSURE, attempt, reason=reason)
        return answer

    def _record(
        self, parcel: Parcel, event: str, attempt: int, **further: object
    ) -> None:
        row: dict[str, object] = {
            "message": parcel.message,
            "day": parcel.day,
            "channel": self.channel.name,
            "part": parcel.part,
            "attempt": attempt,
            "event": event,
            "happened_at": self.clock(),
        }
        self.ledger.record(_rows([row | further]))


def unfinished(log: pl.DataFrame) -> pl.DataFrame:
    """Parts that are not there, or may be there twice.

    Parameters
    ----------
    log
        Rows of `report_tables.DELIVERIES` of one channel.

    Returns
    -------
    pl.DataFrame
        Columns message, day, part, attempts and is_sent, in no order.
    """
    event = pl.col("event")
    return (
        log.group_by(_PART)
        .agg(
            attempts=pl.col("attempt").max(),
            n_sure=event.is_in([SENT, REFUSED]).sum(),
            is_sent=(event == SENT).any(),
            is_settled=(event == SETTLED).any(),
        )
        .filter(
            ~(
                pl.col("is_sent")
                & (pl.col("is_settled") | (pl.col("n_sure") == pl.col("attempts")))
            )
        )
        .select(*_PART, "attempts", "is_sent")
    )


def notes(channel: base.Channel, message: Mapping[str, Any]) -> list[base.Note]:
    """Parts in which a channel is sent a row of `report_tables.MESSAGES`."""
    coded = message["picture"]
    picture = None if coded is None else base64.b64decode(coded)
    return channel.notes(message["title"], message["text"], picture)


def _rows(rows: Iterable[Mapping[str, object]]) -> pl.DataFrame:
    table = report_tables.DELIVERIES
    blank = {
        "attempt": 0,
        "receipt": "",
        "reason": "",
        "wait_seconds": 0.0,
        "is_about_note": False,
    }
    return pl.DataFrame([blank | dict(row) for row in rows], schema=table.schema())
