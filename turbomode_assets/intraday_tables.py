"""Tables of the intraday desk: bars, votes, signals, outcomes and weights.

Declared like those of ``tables.py``. A moment is a session and a minute: the session
minutes from the open to the end of a round (``rounds.py``), so that keys mean session
time and survive a change of clocks. Nothing here reads or writes.
"""

import dataclasses

import polars as pl

from turbomode_assets import market_tables, rounds, schema
from turbomode_assets.schema import Column, Table

_SYMBOL = schema.text("symbol", "A listed instrument.")
_SESSION = schema.date("session", "Exchange session.")
_MINUTE = schema.count(
    "minute", "Session minutes from the open to the end of the round.", low=1
)
_MOMENT = (_SYMBOL, _SESSION, _MINUTE)
_KNOWN_AT = schema.clock("known_at", "When a fetch saw this.")
_SOURCE = schema.text("source", "Which source delivered it.")
_PRICES = market_tables.BAR_COLUMNS[:5]
"""open, high, low, close and volume."""
_SPLIT_RATIO = schema.real(
    "split_ratio", "New shares per old share from this session on; 1 if none.", low=0.0
)
_AS_CAME = (
    schema.text(
        "row", "The row as it came; null where its columns say all.", nullable=True
    ),
    schema.text("fault", "Why the source could not read the row.", nullable=True),
)


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
            for column in (*_PRICES, _SPLIT_RATIO)
        ),
        _KNOWN_AT,
        _SOURCE,
        *_AS_CAME,
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
        *_MOMENT,
        _KNOWN_AT,
        *_PRICES,
        _SPLIT_RATIO,
        schema.count("n_parts", "Source bars the bar was made of.", low=1),
        schema.real(
            "coverage",
            "Minutes they cover / 15; above 1 of a bar of several rounds.",
            low=0.0,
            high=4.1,
        ),
        _SOURCE,
    ),
)

N_ROUNDS = pl.col("coverage").round().clip(1).cast(pl.Int64)
"""Rounds a bar of `BARS` lasts: one, or several that end with its own."""

DAILY_BARS = dataclasses.replace(
    market_tables.BAR_REVISIONS,
    name="intraday.daily_bars",
    sentence="Daily bars of sessions whose rounds no source has; append-only.",
)

_TITLE = schema.text("title", "The headline itself.")
_PUBLISHED_AT = schema.column(
    "published_at",
    pl.Datetime("us", "UTC"),
    "When its publisher says it appeared.",
    unit="UTC",
)

TONES = (
    schema.real(
        "tone",
        "What a language model makes of it; null where a lexicon is to read it.",
        nullable=True,
        low=-1.0,
        high=1.0,
    ),
    schema.text("tone_model", "Which model that was.", nullable=True),
    schema.date(
        "tone_cutoff_on",
        "Last day that model may know anything of; before the publication.",
        nullable=True,
    ),
)
"""Columns of a headline that was read by a language model; null of others."""

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
        *TONES,
        *_AS_CAME,
    ),
)
"""What `intraday.context` judges; the moment may be missing or absurd."""

HEADLINES = Table(
    name="intraday.headlines",
    grain="symbol, moment of publication and title",
    key=("symbol", "published_at", "title"),
    partition_column="session",
    sentence="Headlines, by the first round that could know them; append-only.",
    columns=(
        *(*_MOMENT, _PUBLISHED_AT, _KNOWN_AT, _TITLE, _SOURCE),
        *TONES,
    ),
)

CHAINS = Table(
    name="intraday.chains",
    grain="symbol, round, expiry, strike and right",
    key=("symbol", "session", "minute", "expires_on", "strike", "right"),
    partition_column="session",
    sentence="Option quotes as they stood at the end of a round; append-only.",
    columns=(
        *_MOMENT,
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

DELIVERED_CHAINS = dataclasses.replace(
    CHAINS,
    name="intraday.delivered_chains",
    grain="row of a source",
    sentence="Option quotes as a source delivered them; never stored.",
    columns=(
        *(
            dataclasses.replace(column, nullable=True)
            if column.name in ("expires_on", "strike")
            else column
            for column in CHAINS.columns
        ),
        *_AS_CAME,
    ),
)
"""What `intraday.context` judges; a contract may be unreadable."""

FETCHES = dataclasses.replace(
    market_tables.ATTEMPTS,
    name="intraday.fetches",
    grain="question to a source and attempt to have it answered",
    key=("source", "about", "symbol", "asked_at", "attempt"),
    sentence="Every question to a source of the desk and how it ended; append-only.",
    columns=(
        *market_tables.ATTEMPTS.columns,
        schema.text(
            "about",
            "What was asked.",
            levels=("daily", "rounds", "options", "headlines", "tones"),
        ),
    ),
)

KINDS = {"rounds": BARS, "daily": DAILY_BARS, "headlines": HEADLINES, "options": CHAINS}
"""Tables that keep what an intake brings, by what was asked for."""

_ASKED = ("source", "about", "session", "asked_at", "n_rows")

INTAKES = Table(
    name="intraday.intakes",
    grain="intake, source and kind of row",
    key=("source", "about", "session", "asked_at", "attempt"),
    partition_column="session",
    sentence="What became of the rows of each intake; append-only.",
    columns=(
        *(column for column in FETCHES.columns if column.name in _ASKED),
        schema.count(
            "attempt", "1 for the first of that moment; 0: before any.", low=0
        ),
        schema.count("n_used", "Rows delivered that went into accepted ones.", low=0),
        schema.count("n_refused", "Rows delivered that were refused.", low=0),
        schema.count("n_waiting", "Rows delivered whose round had not ended.", low=0),
        schema.count("n_new", "Rows of the table that were new.", low=0),
        schema.count(
            "n_quarantined", "Rows refused that were not refused before.", low=0
        ),
    ),
)
"""Attempt 0 is what a source had in a home before intakes were counted."""

_HORIZON = schema.text(
    "horizon", "Session time until it is judged.", levels=tuple(rounds.HORIZONS)
)


def _view(name: str, sentence: str) -> Column:
    return schema.real(name, sentence, nullable=True, low=-1.0, high=1.0)


VOTES = Table(
    name="intraday.votes",
    grain="symbol, round and voter",
    key=("symbol", "session", "minute", "voter"),
    partition_column="session",
    sentence="What each voter said at the end of each round, and why.",
    columns=(
        *_MOMENT,
        schema.text("voter", "A module of `intraday.voters`."),
        _view("score", "Direction, above zero for up; null without a view of it."),
        _view(
            "volatility", "Movement, above zero for more; null without a view of it."
        ),
        schema.real(
            "confidence", "How much of what it looks for it found.", low=0.0, high=1.0
        ),
        schema.real(
            "staleness",
            "Age of the newest thing it looked at; null where there is none.",
            unit="minutes",
            nullable=True,
            low=0.0,
        ),
        schema.column(
            "is_abstaining", pl.Boolean(), "Whether it said nothing in either channel."
        ),
        schema.text("reason", "What it saw, or why it abstained."),
    ),
)

SIGNALS = Table(
    name="intraday.signals",
    grain="symbol, round and horizon",
    key=("symbol", "session", "minute", "horizon"),
    partition_column="session",
    sentence="What the desk said at the end of each round; written once.",
    columns=(
        *(*_MOMENT, _HORIZON),
        schema.real("p_up", "Probability of a positive return.", low=0.0, high=1.0),
        _view("volatility", "Mean of the voters' views of movement, by confidence."),
        schema.text("side", "buy, hold or sell.", levels=("buy", "hold", "sell")),
        schema.real(
            "conviction", "Probability of the likelier direction.", low=0.5, high=1.0
        ),
        schema.column(
            "is_convinced",
            pl.Boolean(),
            "Whether a side is taken with the conviction the policy asks for.",
        ),
        schema.count("n_speaking", "Voters with a view of the direction.", low=0),
        schema.count("n_agreeing", "Of those, that lean to the likelier one.", low=0),
        schema.column(
            "expert_probabilities",
            pl.List(pl.Float64()),
            "p_up of each expert, in the order of `consensus.experts`: frozen.",
        ),
        schema.text("policy_version", "Hash of the policy in force."),
        schema.text(
            "mode",
            "live within a round of its end, else replay.",
            levels=("live", "replay"),
        ),
        schema.clock("emitted_at", "When the signal was written."),
    ),
)

OUTCOMES = Table(
    name="intraday.outcomes",
    grain="symbol, round and horizon of the signal",
    key=("symbol", "session", "minute", "horizon"),
    partition_column="session",
    sentence="What became of each signal, in session time.",
    columns=(
        *(*_MOMENT, _HORIZON),
        schema.date("exit_on", "Session it is judged in."),
        schema.text(
            "maturity",
            "pending until a later session has a bar; unavailable where by then "
            "no bar began after the signal, or none ended with its horizon.",
            levels=("pending", "final", "unavailable"),
        ),
        schema.real(
            "entry",
            "Open of the next round, the first price one could act at.",
            unit="USD",
            nullable=True,
        ),
        schema.real("exit", "Close of the last round held.", unit="USD", nullable=True),
        schema.real(
            "realized_return",
            "exit / entry - 1, in shares of the entry; null unless final.",
            nullable=True,
        ),
        schema.column(
            "is_up",
            pl.Boolean(),
            "Whether the return is above zero; null unless final.",
            nullable=True,
        ),
        schema.text("side", "Side of the signal.", levels=("buy", "hold", "sell")),
        schema.column(
            "is_hit",
            pl.Boolean(),
            "Whether a buy gained or a sell lost; null for holds and unless final.",
            nullable=True,
        ),
    ),
)

WEIGHTS = Table(
    name="intraday.weights",
    grain="symbol, horizon, session, stream and expert",
    key=("symbol", "horizon", "session", "stream", "expert"),
    partition_column="session",
    sentence="What each expert weighs after a session, and what its forecasts cost.",
    columns=(
        *(_SYMBOL, _HORIZON, _SESSION),
        schema.count(
            "stream", "Copy of the weights: round modulo their number.", low=0
        ),
        schema.text("expert", "A voter, or a baseline."),
        schema.real("weight", "Share of the mixture.", low=0.0, high=1.0),
        schema.real("loss", "Log-loss of the expert so far.", unit="nats", low=0.0),
        schema.real(
            "mixture_loss", "Log-loss of the mixture so far.", unit="nats", low=0.0
        ),
        schema.count("n_rounds", "Rounds learned from.", low=0),
    ),
)

TRACK_RECORDS = Table(
    name="intraday.track_records",
    grain="symbol, horizon, session, voter and level",
    key=("symbol", "horizon", "session", "voter", "level"),
    partition_column="session",
    sentence="What has followed when a voter spoke like this; old rounds count less.",
    columns=(
        *(_SYMBOL, _HORIZON, _SESSION),
        schema.text("voter", "A voter; base_rate for all rounds together."),
        schema.text("level", "How it spoke, from strongly down to strongly up."),
        schema.real("trials", "Rounds, old ones counting less.", low=0.0),
        schema.real("ups", "Of those, with a positive return after.", low=0.0),
    ),
)

ALL = (
    *KINDS.values(),
    FETCHES,
    INTAKES,
    VOTES,
    SIGNALS,
    OUTCOMES,
    WEIGHTS,
    TRACK_RECORDS,
)
"""Stored tables of this file."""
