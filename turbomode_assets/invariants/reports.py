"""Invariants of what people were told."""

from turbomode_assets import report_tables
from turbomode_assets.invariants import base

DELIVERED_ONCE = base.Invariant(
    name="delivered_once",
    sentence="Each part of a message was queued once, then sent once at the most.",
    table=report_tables.DELIVERIES,
    find=base.query(
        """
        SELECT message, channel, part FROM reports.deliveries
        GROUP BY ALL
        HAVING count_if(event = 'queued') <> 1 OR count_if(event = 'sent') > 1
            OR message NOT IN (SELECT message FROM reports.messages)
        """,
        report_tables.DELIVERIES,
        report_tables.MESSAGES,
    ),
)

ALL = (DELIVERED_ONCE,)
"""Invariants of this file."""
