"""The two desks: which tables each learns in, and what names one of its rows.

Registry, evidence, gate and succession are one implementation; what differs from desk
to desk is told here. Nothing is read, judged or stored.
"""

import dataclasses

from turbomode_assets import intraday_tables, schema, tables


@dataclasses.dataclass(frozen=True, kw_only=True)
class Desk:
    """Tables of one desk, by what they hold."""

    name: str
    """As it stands in the column desk."""

    key: tuple[str, ...]
    """Columns that name what is scored; symbol and session are among them."""

    signals: schema.Table
    models: schema.Table
    predictions: schema.Table
    verdicts: schema.Table
    champions: schema.Table

    standings: schema.Table | None = None
    """What champions turned out to be worth; None where none is demoted."""


def _own(table: schema.Table) -> schema.Table:
    """Table of the intraday desk with the columns of the other desk's."""
    name = table.name.partition(".")[2]
    return dataclasses.replace(table, name=f"intraday.{name}")


_MOMENT = intraday_tables.SIGNALS.key
_NAMED = {column.name: column for column in intraday_tables.SIGNALS.columns}

MODELS = _own(tables.MODELS)
"""Model cards of the intraday desk; month is the first day a model was trained for."""

PREDICTIONS = dataclasses.replace(
    _own(tables.OOF_PREDICTIONS),
    grain="version, symbol, round and horizon",
    key=("version", *_MOMENT),
    columns=(
        *tables.OOF_PREDICTIONS.columns[:4],
        *(_NAMED[name] for name in ("minute", "horizon")),
        *tables.OOF_PREDICTIONS.columns[4:],
    ),
)
"""Out-of-sample predictions of the intraday desk's challengers."""

VERDICTS = _own(tables.VERDICTS)
"""Verdicts over the intraday desk's challengers."""

CHAMPIONS = _own(tables.CHAMPIONS)
"""Who reigned when over the intraday desk; append-only."""

TABLES = (MODELS, PREDICTIONS, VERDICTS, CHAMPIONS)
"""Stored tables of this file."""

SWING = Desk(
    name="swing",
    key=tables.SIGNALS.key,
    signals=tables.SIGNALS,
    models=tables.MODELS,
    predictions=tables.OOF_PREDICTIONS,
    verdicts=tables.VERDICTS,
    champions=tables.CHAMPIONS,
    standings=tables.STANDINGS,
)
"""The nightly desk."""

INTRADAY = Desk(
    name="intraday",
    key=_MOMENT,
    signals=intraday_tables.SIGNALS,
    models=MODELS,
    predictions=PREDICTIONS,
    verdicts=VERDICTS,
    champions=CHAMPIONS,
)
"""The desk of fifteen minutes. Its champion is one expert among others: whoever fails
loses its weight within sessions, so no standing takes the seat from it."""
