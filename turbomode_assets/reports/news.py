"""News: what the loop decided and found, in the words people are told it in.

Tables in, messages out, each under a name that it has only once; asked again, the same
tables give the same messages, so whoever asks often enough misses none. When somebody
is told is decided in ``defs/messaging.py``, how in ``notify/``.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence

import polars as pl

PROMOTED = "promoted"
"""How the reason of a reign begins that the gate decided."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class News:
    """One message before it is written."""

    kind: str
    subject: str
    title: str
    text: str
    picture: str | None = None
    """A PNG file in base64."""

    @property
    def name(self) -> str:
        """What the message is known by."""
        return f"{self.kind} {self.subject}"


def crownings(champions: pl.DataFrame, since: dt.datetime) -> Iterator[News]:
    """Promotions and demotions decided since a moment.

    Parameters
    ----------
    champions
        Rows of `tables.CHAMPIONS`.
    since
        Moment from which reigns are told.
    """
    for row in champions.filter(pl.col("decided_at") >= since).iter_rows(named=True):
        kind = "promotion" if row["reason"].startswith(PROMOTED) else "demotion"
        who, day = row["version"] or "nobody", row["effective_from"]
        yield News(
            kind=kind,
            subject=f"{row['desk']} {day}",
            title=f"{kind.capitalize()}: {who} reigns from {day}",
            text=f"Desk {row['desk']}: {row['reason']}.",
        )


def refusals(
    verdicts: pl.DataFrame, cards: pl.DataFrame, since: dt.datetime
) -> Iterator[News]:
    """Challengers trained since a moment and refused, with every reason.

    Parameters
    ----------
    verdicts
        Rows of `tables.VERDICTS`.
    cards
        Columns version and trained_at of `tables.MODELS`.
    since
        Moment from which challengers are told.
    """
    recent = cards.filter(pl.col("trained_at") >= since).select("version")
    failed = verdicts.filter(~pl.col("is_passed")).join(recent, on="version")
    for (desk, version), rows in (
        failed.sort("month", "version", "position")
        .partition_by("desk", "version", as_dict=True, maintain_order=True)
        .items()
    ):
        told = "\n".join(
            f"- {name}: {why}" for name, why in rows[["criterion", "sentence"]].rows()
        )
        yield News(
            kind="refusal",
            subject=f"{desk} {version}",
            title=f"Refused: challenger {version}",
            text=f"The gate asked for more:\n{told}",
        )


def drifts(reports: pl.DataFrame, month: dt.date) -> Iterator[News]:
    """Features that are no longer what they were, in one month's report.

    Parameters
    ----------
    reports
        Rows of `report_tables.FEATURE_REPORTS`.
    month
        Its first day.
    """
    drifting = reports.filter((pl.col("month") == month) & pl.col("is_drifting"))
    if drifting.height:
        lines = (
            f"- {name}: stability index {psi:.3f}, drift from {bar:.3f}"
            for name, psi, bar in drifting[["feature", "psi", "psi_bar"]].rows()
        )
        yield News(
            kind="drift",
            subject=f"{month:%Y-%m}",
            title=f"Drift: {drifting.height} features unlike the training window",
            text="\n".join(lines),
        )


def staleness(behind: Sequence[str], day: dt.date) -> Iterator[News]:
    """Tables that do not keep up, once a day.

    Parameters
    ----------
    behind
        A sentence about each; none where all is well.
    day
        Session they should have reached.
    """
    if behind:
        title = f"Stale data: {day} is missing"
        text = "\n".join(f"- {sentence}" for sentence in behind)
        yield News(kind="stale_data", subject=str(day), title=title, text=text)
