"""Tables of the options book: quotes, outcomes, proposals, fills and positions.

Declared like those of ``intraday_tables.py``, whose moments they share. All are
append-only. ``basis`` says of every price whether it was quoted or comes from a model;
the two are never added up. Nothing here reads or writes.
"""

import dataclasses

from turbomode_assets import intraday_tables, schema
from turbomode_assets.schema import Column, Table

_CHAIN = {column.name: column for column in intraday_tables.CHAINS.columns}
_MOMENT = tuple(_CHAIN[name] for name in ("symbol", "session", "minute"))
_CONTRACT = tuple(_CHAIN[name] for name in ("expires_on", "strike", "right"))
_HORIZON = next(
    column for column in intraday_tables.SIGNALS.columns if column.name == "horizon"
)
_SIDE = next(
    column for column in intraday_tables.SIGNALS.columns if column.name == "side"
)
_BASIS = schema.text(
    "basis",
    "Whether its prices were quoted, or come from a model.",
    levels=("quoted", "model"),
)


def _known(name: str, sentence: str, unit: str = "", **options: float) -> Column:
    return schema.real(name, sentence, unit=unit, nullable=True, **options)


def _nullable(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    return tuple(dataclasses.replace(column, nullable=True) for column in columns)


QUOTES = Table(
    name="options.quotes",
    grain="symbol, round, expiry, strike and right",
    key=("symbol", "session", "minute", "expires_on", "strike", "right"),
    partition_column="session",
    sentence="Option quotes with what they imply, and what is wrong with them.",
    columns=(
        *_MOMENT,
        *_CONTRACT,
        _BASIS,
        _known("spot", "Close of the round of the share.", "USD"),
        _CHAIN["bid"],
        _CHAIN["ask"],
        _CHAIN["traded"],
        _CHAIN["open_interest"],
        schema.real(
            "age_minutes",
            "Session minutes since its bid, ask or volume last changed.",
            unit="minutes",
            low=0.0,
        ),
        schema.real("years", "Years to the close of its last session."),
        schema.real("rate", "Continuous annual rate assumed."),
        schema.real("dividend_yield", "Continuous yield of the dividends expected."),
        _known("vol", "Annual volatility its mid implies; null where none does."),
        _known("delta", "Change of its price a USD of the share."),
        _known("gamma", "Change of the delta a USD of the share.", "1/USD"),
        _known("theta", "Change of its price a calendar day.", "USD"),
        _known("vega", "Change of its price a point of volatility.", "USD"),
        schema.text(
            "finding", "Why it cannot be acted on; null where it can.", nullable=True
        ),
    ),
)

OUTCOMES = Table(
    name="options.outcomes",
    grain="symbol, round and horizon of the signal",
    key=("symbol", "session", "minute", "horizon"),
    partition_column="session",
    sentence="What an option bought on each signal with a side would have made.",
    columns=(
        *_MOMENT,
        _HORIZON,
        _SIDE,
        schema.text(
            "refusal", "Why there is no contract; null where there is.", nullable=True
        ),
        *_nullable(_CONTRACT),
        dataclasses.replace(_BASIS, nullable=True),
        _known("paid_usd", "Ask at the entry, per share.", "USD"),
        _known("got_usd", "Bid at the exit, per share.", "USD"),
        _known("option_return", "After commissions; null where unknown.", low=-1.0),
        _known("delta_return", "Part of it that is delta's."),
        _known("gamma_return", "Part of it that is gamma's."),
        _known("theta_return", "Part of it that is time's."),
        _known("vega_return", "Part of it that is volatility's."),
        _known("cost_return", "Part of it that is spread and commission."),
        _known("residual_return", "Part of it that the Greeks do not explain."),
    ),
)

_EVIDENCE = (
    _known("ask", "Price asked per share.", "USD"),
    _known("bid", "Price offered per share.", "USD"),
    _known("quote_age_minutes", "Age of the quote when it was acted on.", "minutes"),
    _known("conviction_rank", "Share of earlier signals that were less convinced."),
    _known("kelly_fraction", "Share of equity that the bound of expectancy allows."),
    _known("equity_usd", "Equity of the book just before.", "USD"),
    _known("session_loss_usd", "Loss since the session began, marks included.", "USD"),
)

PROPOSALS = Table(
    name="options.proposals",
    grain="symbol, round and horizon of the signal",
    key=("symbol", "session", "minute", "horizon"),
    partition_column="session",
    sentence="What was proposed to the risk engine, and the limits that blocked it.",
    columns=(
        *_MOMENT,
        _HORIZON,
        _SIDE,
        *_nullable(_CONTRACT),
        *_EVIDENCE,
        schema.count("n_contracts", "Contracts allowed; zero if blocked.", low=0),
        schema.text("blocked_by", "Limits that block it, by comma; empty if none."),
    ),
)

FILLS = Table(
    name="options.fills",
    grain="number of the fill",
    key=("fill",),
    partition_column="session",
    sentence="Every purchase and sale of the paper book; written once, never reset.",
    columns=(
        schema.count("fill", "Place in the order of fills.", low=1),
        *_MOMENT,
        *_CONTRACT,
        schema.count("opened_by", "Fill that opened the position.", low=1),
        schema.text(
            "reason",
            "Why it was made: a signal opens, everything else closes.",
            levels=("signal", "horizon", "stop", "expiry"),
        ),
        _HORIZON,
        _SIDE,
        schema.count("n_contracts", "Contracts bought or sold.", low=1),
        schema.real("price_usd", "Price per share.", unit="USD", low=0.0),
        schema.real("commission_usd", "Commission of the fill.", unit="USD", low=0.0),
        schema.real("cash_usd", "Cash of the book after it.", unit="USD", low=0.0),
        _BASIS,
        *_EVIDENCE,
    ),
)

POSITIONS = Table(
    name="options.positions",
    grain="session and position",
    key=("session", "opened_by"),
    partition_column="session",
    sentence="What the paper book held at the end of each session, marked to the bid.",
    columns=(
        _MOMENT[1],
        schema.count("opened_by", "Fill that opened it; zero is the cash.", low=0),
        *_nullable((_MOMENT[0], *_CONTRACT)),
        schema.count("n_contracts", "Contracts held; zero for cash.", low=0),
        _known("mark_usd", "Bid per share it is marked to; null for cash.", "USD"),
        schema.real("value_usd", "What it would fetch, or the cash.", unit="USD"),
        dataclasses.replace(_BASIS, nullable=True),
    ),
)

ALL = (QUOTES, OUTCOMES, PROPOSALS, FILLS, POSITIONS)
"""Stored tables of this file."""
