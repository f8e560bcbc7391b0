"""Tables that prove others: what was said, in the order in which it was said.

Declared like those of the loop in ``tables.py``, which lists them all. Nothing here
reads or writes.
"""

from turbomode_assets import schema
from turbomode_assets.schema import Table

SIGNAL_CHAIN = Table(
    name="swing.signal_chain",
    grain="session that was signaled",
    key=("session",),
    partition_column="session",
    sentence="One link for each session of signals, each resting on the one before.",
    columns=(
        schema.date("session", "Session whose signals the link seals."),
        schema.count("place", "Order of emission, from 0.", low=0, is_wall_clock=True),
        schema.count("n_signals", "Signals of the session.", low=1),
        schema.text(
            "link",
            "SHA-256 over the link before, the session and its signals as written.",
            is_wall_clock=True,
        ),
    ),
)

ALL = (SIGNAL_CHAIN,)
"""Stored tables of this file."""
