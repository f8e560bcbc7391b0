"""Charts the user interface shows beside a materialization, as Markdown images.

Reads what a chart needs and hands it over; drawing stands in ``reports``. The verdict's
chart and calibration stand with the check and the card.
"""

import datetime as dt

import dagster as dg

from turbomode_assets import sessions, tables
from turbomode_assets.defs import gate_report, partitions
from turbomode_assets.reports import (
    coverage_chart,
    track_record,
    track_record_charts,
)
from turbomode_assets.store import warehouse

SHOWN_SESSIONS = 252
"""Sessions of coverage shown: a year."""

GRADED = (
    "symbol",
    "session",
    "matures_on",
    "realized_return",
    *(name for name in tables.OUTCOMES.column_names if name.startswith("label_")),
)
"""Columns of the outcomes a track record is made of."""


def coverage(
    store: warehouse.Warehouse, window: partitions.Window
) -> dict[str, dg.MarkdownMetadataValue]:
    """Bars coverage of the year that ends with a window."""
    first = sessions.shift(sessions.on_or_before(window.last), 1 - SHOWN_SESSIONS)
    bars = store.columns(tables.BARS, ("symbol", "session"), first, window.last)
    drawn = coverage_chart.draw(bars, store.read(tables.UNIVERSE))
    return {"coverage": gate_report.as_image(drawn)}


def track(
    store: warehouse.Warehouse, month: dt.date
) -> dict[str, dg.MarkdownMetadataValue]:
    """Skill and equity of all signals that matured before a month."""
    eve = month - dt.timedelta(days=1)
    signals = store.columns(tables.SIGNALS, track_record.SAID, last=eve)
    outcomes = store.columns(tables.OUTCOMES, GRADED, last=eve)
    rows = track_record.matured(signals, outcomes)
    by_mode = {
        mode: part.sort("session")
        for (mode,), part in sorted(rows.partition_by("mode", as_dict=True).items())
    }
    skills = {mode: track_record.skill(part) for mode, part in by_mode.items()}
    books = {mode: track_record.equity(part) for mode, part in by_mode.items()}
    return {
        "skill": gate_report.as_image(track_record_charts.skill(skills)),
        "equity": gate_report.as_image(track_record_charts.equity(books)),
    }
