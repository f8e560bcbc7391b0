"""What a home keeps about the exchange with another one.

Declared like the tables of the loop, but no part of it: bookkeeping of one machine, of
which the other keeps its own. Nothing here reads or writes.
"""

from turbomode_assets import schema
from turbomode_assets.schema import Table

CHANNELS = ("ledger", "models")
"""What goes from the serving machine to the training one, and what comes back."""

INCREMENTS = Table(
    name="exchange.increments",
    grain="place, channel, direction and sequence",
    key=("url", "channel", "way", "sequence"),
    sentence="Every increment sent or received, with its manifest; append-only.",
    columns=(
        schema.text("url", "Place both machines reach, without a password."),
        schema.text(
            "channel", "The ledger goes out, models come back.", levels=CHANNELS
        ),
        schema.text(
            "way", "Which way it went, seen from here.", levels=("sent", "received")
        ),
        schema.count("sequence", "1 for the first increment of the channel.", low=1),
        schema.text("manifest_sha256", "SHA-256 of the manifest."),
        schema.text("manifest", "The manifest as it was published.", unit="JSON"),
        schema.clock("exchanged_at", "When it was sent or taken over."),
    ),
)
