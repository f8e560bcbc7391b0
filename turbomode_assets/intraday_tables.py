"""Tables of the intraday desk: bars, headlines and option quotes.

Declared like those of ``tables.py``. A moment is a session and a minute: the session
minutes from the open to the end of a round (``rounds.py``), so that keys mean session
time and survive a change of clocks. Nothing here reads or writes.
"""

import dataclasses

import polars as pl

from turbomode_assets import market_tables, schema
from turbomode_assets.schema import Column, Table

_SYMBOL = schema.text("symbol", "A listed instrument.")
_SESSION = schema.date("session", "Exchange session.")
_MINUTE = schema.count(
    "minute", "Session minutes from the open to the end of the round.", low=1
)
_KNOWN_AT = schema.clock("known_at", "When a fetch saw this.")
_SOURCE = schema.text("source", "Which source delivered it.")
_PRICES = market_tables.BAR_COLUMNS[:5]
"""open, high, low, close and volume."""


def _quoted(name: str, sentence: str, unit: str) -> Column:
    return schema.real(name, sentence, unit=unit, nullable=True, low=0.0)


DELIVERED = Table(
    name="intraday.delivered",
    grain="row of a source",
    key=("symbol", "stamped_at"),
    sentence="Intraday rows as a source delivered them; never stored.",
    columns=(
        schema.text("symbol", "A listed instrument, if readable.", nullable=True),
        schema.column(
            "stamped_at",
            pl.Datetime("us", "UTC"),
            "Where the source stamps the bar, if readable.",
            nullable=True,
        ),
        schema.column(
            "is_end_stamped",
            pl.Boolean(),
            "Whether the stamp is the end of the bar and not its start.",
        ),
        schema.count("n_minutes", "Length of the bar, if readable.", nullable=True),
        *(
            schema.real(column.name, column.sentence, unit=column.unit, nullable=True)
            for column in _PRICES
        ),
        _KNOWN_AT,
        _SOURCE,
        schema.text(
            "row", "The row as it came; null where its columns say all.", nullable=True
        ),
        schema.text("fault", "Why the source could not read the row.", nullable=True),
    ),
)
"""What sources deliver and `intraday.bars` judges; it may hold nulls, doubled keys and
impossible values."""

BARS = Table(
    name="intraday.bars",
    grain="symbol, round and the moment a fetch saw it",
    key=("symbol", "session", "minute", "known_at"),
    partition_column="session",
    sentence="What traded in each 15-minute round, as each fetch knew it; append-only.",
    columns=(
        _SYMBOL,
        _SESSION,
        _MINUTE,
        _KNOWN_AT,
        *_PRICES,
        schema.count("n_parts", "Source bars the bar was made of.", low=1),
        schema.real(
            "coverage", "Minutes of the round they cover / 15.", low=0.0, high=1.1
        ),
        _SOURCE,
    ),
)

_TITLE = schema.text("title", "The headline itself.")
_PUBLISHED_AT = schema.column(
    "published_at",
    pl.Datetime("us", "UTC"),
    "When its publisher says it appeared.",
    unit="UTC",
)

DELIVERED_HEADLINES = Table(
    name="intraday.delivered_headlines",
    grain="row of a source",
    key=("symbol", "published_at", "title"),
    sentence="Headlines as a source delivered them; never stored.",
    columns=(
        _SYMBOL,
        dataclasses.replace(_PUBLISHED_AT, nullable=True),
        _KNOWN_AT,
        dataclasses.replace(_TITLE, nullable=True),
        _SOURCE,
    ),
)
"""What `intraday.headlines` judges; the moment may be missing or absurd."""

HEADLINES = Table(
    name="intraday.headlines",
    grain="symbol, moment of publication and title",
    key=("symbol", "published_at", "title"),
    partition_column="session",
    sentence="Headlines, by the first round that ended after them; append-only.",
    columns=(_SYMBOL, _SESSION, _MINUTE, _PUBLISHED_AT, _KNOWN_AT, _TITLE, _SOURCE),
)

CHAINS = Table(
    name="intraday.chains",
    grain="symbol, round, expiry, strike and right",
    key=("symbol", "session", "minute", "expires_on", "strike", "right"),
    partition_column="session",
    sentence="Option quotes as they stood at the end of a round; append-only.",
    columns=(
        _SYMBOL,
        _SESSION,
        _MINUTE,
        schema.date("expires_on", "Last day of the contract."),
        schema.real("strike", "Price per share at which it is exercised.", unit="USD"),
        schema.text("right", "To buy or to sell.", levels=("call", "put")),
        _KNOWN_AT,
        _quoted("bid", "Best price offered for it.", "USD"),
        _quoted("ask", "Best price it is offered at.", "USD"),
        _quoted("last", "Price of the last trade.", "USD"),
        _quoted("traded", "Contracts traded in the session so far.", "contracts"),
        _quoted("open_interest", "Contracts open since the day before.", "contracts"),
        _quoted("implied_vol", "Annual volatility that explains its price.", ""),
        _SOURCE,
    ),
)

ALL = (BARS, HEADLINES, CHAINS)
"""Stored tables of this file."""
