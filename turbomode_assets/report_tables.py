"""Tables in which the loop says what it found out about itself.

Declared like those of the loop in ``tables.py``, which lists them all. Nothing here
reads or writes; a report adds no fact, so everything here can be made again.
"""

import polars as pl

from turbomode_assets import schema
from turbomode_assets.schema import Column, Table


def _nats(name: str, sentence: str) -> Column:
    return schema.real(name, sentence, unit="nats", nullable=True)


FEATURE_REPORTS = Table(
    name="swing.feature_reports",
    grain="month and feature",
    key=("month", "feature"),
    partition_column="month",
    sentence="What each feature was worth, and whether it is still what it was.",
    columns=(
        schema.date("month", "First day of the month; all of it was known before."),
        schema.text("feature", "A feature of the catalog."),
        schema.text("feature_version", "Hash of the feature catalog."),
        schema.count(
            "n_due", "Rows of the month before with a filled look-back.", low=0
        ),
        schema.real(
            "coverage",
            "Of those, the share with a value; null where none is due.",
            nullable=True,
            low=0.0,
            high=1.0,
        ),
        schema.real(
            "psi",
            "Stability index of the month before against the training window.",
            nullable=True,
            low=0.0,
        ),
        schema.real(
            "psi_bar",
            "Index from which it is a drift, whatever other features do.",
            nullable=True,
            low=0.0,
        ),
        schema.column(
            "is_drifting",
            pl.Boolean(),
            "Whether psi exceeds its bar; null where that cannot be said.",
            nullable=True,
        ),
        schema.real(
            "importance_share",
            "Share in the fit of the newest model; null where it is not in it.",
            nullable=True,
            low=0.0,
            high=1.0,
        ),
        schema.real(
            "rank_ic",
            "Mean rank correlation with the return that followed, over sessions.",
            nullable=True,
            low=-1.0,
            high=1.0,
        ),
        schema.real(
            "rank_ic_error",
            "Newey and West's standard error of that mean.",
            nullable=True,
            low=0.0,
        ),
        schema.count("n_sessions", "Sessions with an order behind rank_ic.", low=0),
    ),
)

LEARNING = Table(
    name="reports.learning",
    grain="month and arm",
    key=("month", "arm"),
    partition_column="month",
    sentence="What every arm of the loop had been worth before each month.",
    columns=(
        schema.date("month", "First day of the month; what matured before it counts."),
        schema.text("arm", "Who speaks: the product, or what it is held against."),
        schema.count("n_sessions", "Matured sessions the arm spoke in.", low=1),
        schema.count("n_rows", "Matured rows it spoke of.", low=1),
        schema.real("loss", "Mean log-loss, session by session.", unit="nats"),
        schema.real("skill", "Share of the base rate's loss saved.", nullable=True),
        schema.real("skill_low", "Lower end of its 90 % range.", nullable=True),
        schema.real("skill_high", "Upper end of its 90 % range.", nullable=True),
        _nats("direction", "Loss saved in telling up from down."),
        _nats("direction_low", "Lower end of its 90 % range."),
        _nats("direction_high", "Upper end of its 90 % range."),
        schema.real("equity", "What a dollar in its paper book became.", nullable=True),
        _nats(
            "product_gain", "Loss the product saved against it; silence = base rate."
        ),
        schema.real(
            "product_p", "Chance of a gain this far from zero.", nullable=True, low=0.0
        ),
    ),
)

_MESSAGE = schema.text("message", "Its kind and what it is about: said only once.")
_WRITTEN_ON = schema.date("day", "Day in New York it was written on.")

MESSAGE_KINDS = (
    *("daily_report", "promotion", "refusal", "demotion", "drift"),
    *("failure", "stale_data", "test", "answer"),
)
"""What people are told of."""

MESSAGES = Table(
    name="reports.messages",
    grain="message",
    key=("message",),
    partition_column="day",
    sentence="What people are told, once written and never changed.",
    columns=(
        _MESSAGE,
        _WRITTEN_ON,
        schema.text("kind", "What it tells of.", levels=MESSAGE_KINDS),
        schema.text("title", "The news in a line."),
        schema.text("text", "The rest, as plain text."),
        schema.text("picture", "A PNG file in base64; null without.", nullable=True),
        schema.clock("written_at", "When it was written."),
    ),
)

DELIVERY_EVENTS = ("queued", "sending", "sent", "refused", "unsure", "settled")
"""What may become of a part of a message, see `notify.outbox`."""

DELIVERIES = Table(
    name="reports.deliveries",
    grain="message, channel, part, attempt and event",
    key=("message", "channel", "part", "attempt", "event"),
    partition_column="day",
    sentence="What became of each message on each channel; append-only.",
    columns=(
        _MESSAGE,
        _WRITTEN_ON,
        schema.text("channel", "What its owner calls it."),
        schema.count("part", "Of the message, from 1: a long one has several.", low=1),
        schema.count("attempt", "From 1; 0 before the first.", low=0),
        schema.text("event", "What happened.", levels=DELIVERY_EVENTS),
        schema.text("receipt", "What the channel calls the part; else empty."),
        schema.text("reason", "Why it was refused or is in doubt; else empty."),
        schema.real("wait_seconds", "Wait the channel asks for.", low=0.0),
        schema.column(
            "is_about_note",
            pl.Boolean(),
            "Whether the part itself is refused, and others may be taken.",
        ),
        schema.clock("happened_at", "When it was recorded."),
    ),
)

ALL = (FEATURE_REPORTS, LEARNING, MESSAGES, DELIVERIES)
"""Stored tables of this file."""
