"""Every table: its grain, key, columns, dtypes, units and sentences.

The one declaration from which schemas, DuckDB DDL, asset checks, the column docs of
the user interface and ``docs/tables.md`` are derived. Nothing here reads or writes.
"""

from typing import Any

import polars as pl

from turbomode_assets import errors
from turbomode_assets.schema import Column, Table

SYMBOL_PATTERN = r"^[A-Z0-9^][A-Z0-9.\-=^]{0,14}$"
"""What a symbol may look like; also keeps symbols safe inside paths and URLs."""


def _column(name: str, dtype: pl.DataType, sentence: str, **options: Any) -> Column:
    return Column(name=name, dtype=dtype, sentence=sentence, **options)


def _text(name: str, sentence: str, **options: Any) -> Column:
    return _column(name, pl.String(), sentence, **options)


def _real(name: str, sentence: str, **options: Any) -> Column:
    return _column(name, pl.Float64(), sentence, **options)


def _date(name: str, sentence: str, **options: Any) -> Column:
    return _column(name, pl.Date(), sentence, **options)


def _count(name: str, sentence: str, **options: Any) -> Column:
    return _column(name, pl.Int64(), sentence, **options)


def _clock(name: str, sentence: str) -> Column:
    moment = pl.Datetime("us", "UTC")
    return _column(name, moment, sentence, is_wall_clock=True, unit="UTC")


_SYMBOL = _text("symbol", "A listed instrument.")
_SESSION = _date("session", "Exchange session at whose close this was knowable.")
_DESK = _text("desk", "Which loop: swing or intraday.", levels=("swing", "intraday"))
_VERSION = _text("version", "Model version: month in force and artifact hash.")
_FEATURE_VERSION = _text("feature_version", "Hash of the feature catalog.")


def _probability(name: str, sentence: str) -> Column:
    return _real(name, sentence, low=0.0, high=1.0)


def _probabilities(suffix: str, whose: str) -> tuple[Column, ...]:
    return (
        _probability(f"p_up{suffix}", f"Probability of up, by {whose}."),
        _probability(f"p_flat{suffix}", f"Probability of flat, by {whose}."),
        _probability(f"p_down{suffix}", f"Probability of down, by {whose}."),
    )


_CLASSES = ("up", "flat", "down")

UNIVERSE = Table(
    name="market.universe",
    grain="symbol and the session from which it belongs",
    key=("symbol", "valid_from"),
    sentence="Symbols eligible at a session, point in time.",
    columns=(
        _SYMBOL,
        _date("valid_from", "First session of membership."),
        _text("sector", "One of eleven sectors, or unknown."),
        _text("cap_class", "large, mid, small or unknown."),
        _date(
            "valid_to",
            "Last session of membership; null while it lasts.",
            nullable=True,
        ),
        _text("reason", "Why the symbol belongs, and why it left."),
    ),
)

BARS = Table(
    name="market.bars",
    grain="symbol and session",
    key=("symbol", "session"),
    partition_column="session",
    sentence="What traded: raw prices as traded, and the actions of the day.",
    columns=(
        _SYMBOL,
        _SESSION,
        _real("open", "First price as traded.", unit="USD", low=0.0),
        _real("high", "Highest price as traded.", unit="USD", low=0.0),
        _real("low", "Lowest price as traded.", unit="USD", low=0.0),
        _real("close", "Last price as traded.", unit="USD", low=0.0),
        _real("volume", "Shares traded, as traded.", unit="shares", low=0.0),
        _real(
            "dividend", "Cash per share going ex today; 0 if none.", unit="USD", low=0.0
        ),
        _real(
            "split_ratio", "New shares per old share from today; 1 if none.", low=0.0
        ),
        _text("source", "Which source delivered the bar."),
    ),
)

FEATURES = Table(
    name="swing.features",
    grain="symbol and session",
    key=("symbol", "session"),
    partition_column="session",
    sentence="What was knowable at the close; one column per feature of the catalog.",
    columns=(_SYMBOL, _SESSION, _FEATURE_VERSION),
    further=Column(
        name="<feature>",
        dtype=pl.Float32(),
        sentence="One scale-free feature; null until its look-back is filled.",
        nullable=True,
    ),
)

SIGNALS = Table(
    name="swing.signals",
    grain="symbol and session",
    key=("symbol", "session"),
    partition_column="session",
    sentence="What the champion of the session said; written once.",
    columns=(
        _SYMBOL,
        _SESSION,
        *_probabilities("", "the champion"),
        _column(
            "base_probabilities",
            pl.List(pl.Float64()),
            "Up, flat and down of each base model, in the order of the model card.",
        ),
        _real("edge", "p_up - p_down.", low=-1.0, high=1.0),
        _text("side", "buy, hold or sell.", levels=("buy", "hold", "sell")),
        _count("rank", "1 for the largest edge of the session.", low=1),
        _text("champion_version", "Version of the champion that spoke."),
        _text("policy_version", "Hash of the policy in force."),
        _FEATURE_VERSION,
        _column(
            "features",
            pl.List(pl.Float32()),
            "The feature row as it was seen, in catalog order: frozen.",
        ),
        _text("features_hash", "SHA-256 of the frozen feature row."),
        _text(
            "mode",
            "live within hours of its close, else replay.",
            levels=("live", "replay"),
        ),
        _clock("emitted_at", "When the signal was written."),
    ),
)

OUTCOMES = Table(
    name="swing.outcomes",
    grain="symbol and session of the signal",
    key=("symbol", "session"),
    partition_column="matures_on",
    sentence="What then happened to each symbol, graded in the session it matured.",
    columns=(
        _SYMBOL,
        _SESSION,
        _date("entry_on", "Session after the signal, at whose open it is entered."),
        _date("matures_on", "First session on or after entry + 14 calendar days."),
        _date("exit_on", "Session whose close is the exit.", nullable=True),
        _real(
            "entry", "Opening price as traded on entry_on.", unit="USD", nullable=True
        ),
        _real("exit", "Closing price as traded on exit_on.", unit="USD", nullable=True),
        _real(
            "realized_return",
            "Total return from entry to exit.",
            nullable=True,
            low=-1.0,
        ),
        _real(
            "best_excursion",
            "Largest return reached on the way.",
            nullable=True,
            low=-1.0,
        ),
        _real(
            "worst_excursion",
            "Smallest return reached on the way.",
            nullable=True,
            low=-1.0,
        ),
        _text(
            "label_symmetric_10pct",
            "up, flat or down at +/-10 %.",
            nullable=True,
            levels=_CLASSES,
        ),
        _text(
            "label_seed_10pct",
            "up from +10 % on, else not_up: the predecessor's grade.",
            nullable=True,
            levels=("up", "not_up"),
        ),
        _text(
            "label_triple_barrier_vol",
            "Barrier touched first at k sigma sqrt(h); stop first in one bar.",
            nullable=True,
            levels=_CLASSES,
        ),
        _text(
            "status",
            "final; delisted (exit at the last close); unavailable (no price).",
            levels=("final", "delisted", "unavailable"),
        ),
        _text(
            "side", "Side of the emitted signal; null where none was.", nullable=True
        ),
        _column(
            "is_hit",
            pl.Boolean(),
            "A buy that ended up or a sell that ended down; null for holds.",
            nullable=True,
        ),
    ),
)

SAMPLES = Table(
    name="swing.samples",
    grain="symbol and session",
    key=("symbol", "session"),
    partition_column="matures_on",
    sentence="What a matured session teaches: frozen features, label and weight.",
    columns=(
        _SYMBOL,
        _SESSION,
        _date("entry_on", "First session of the label interval."),
        _date("matures_on", "Session at whose close the label was known."),
        _text("label", "Class learned, by the policy's label version."),
        _text("label_version", "Name of that label version."),
        _real("realized_return", "Total return from entry to exit."),
        _real("sample_weight", "Label uniqueness / names that day.", low=0.0),
        _text(
            "origin",
            "history, or the mode of its signal.",
            levels=("history", "replay", "live"),
        ),
        _FEATURE_VERSION,
    ),
    further=FEATURES.further,
)

MODELS = Table(
    name="learning.models",
    grain="desk and version",
    key=("desk", "version"),
    partition_column="month",
    sentence="Model cards: what was learned, from what, and where it lies.",
    columns=(
        _DESK,
        _VERSION,
        _date("month", "First day of the month the model was trained for."),
        _date("window_from", "First session learned from."),
        _date("window_to", "Last session learned from."),
        _date(
            "labels_known_on", "Latest maturity among the samples; before the month."
        ),
        _count("n_samples", "Samples in the window.", low=1),
        _text("data_fingerprint", "SHA-256 over the samples learned from."),
        _FEATURE_VERSION,
        _text("policy_version", "Hash of the policy in force."),
        _text(
            "parameters", "Line-up, seeds and library versions, as JSON.", unit="JSON"
        ),
        _text(
            "metrics",
            "Out of sample: what the gate observed, losses, calibration, skill split.",
            unit="JSON",
        ),
        _text("importance", "Share of each feature in the fit.", unit="JSON"),
        _text("artifact_sha256", "Content address of the artifact folder."),
        _clock("began_at", "When training began."),
        _clock("trained_at", "When training ended."),
    ),
)

OOF_PREDICTIONS = Table(
    name="learning.oof_predictions",
    grain="version, symbol and session",
    key=("version", "symbol", "session"),
    partition_column="month",
    sentence="The out-of-sample predictions every verdict rests on.",
    columns=(
        _VERSION,
        _date("month", "Month the version was trained for."),
        _SYMBOL,
        _SESSION,
        _count("fold", "Walk-forward fold that predicted the row.", low=0),
        _text("label", "What happened."),
        *_probabilities("", "the stacked challenger"),
        *_probabilities("_base_rate", "the trailing base rate"),
        *_probabilities("_volatility", "the volatility-only model"),
        *_probabilities("_momentum", "the momentum rule"),
    ),
)

VERDICTS = Table(
    name="learning.verdicts",
    grain="desk, version and criterion",
    key=("desk", "version", "criterion"),
    partition_column="month",
    sentence="Every criterion of every verdict: observed, required, passed.",
    columns=(
        _DESK,
        _VERSION,
        _date("month", "Month the challenger was trained for."),
        _count("position", "Order in which the criteria are read.", low=0),
        _text("criterion", "Name of the criterion."),
        _real("observed", "What was measured."),
        _real("required", "What was asked for."),
        _column("is_passed", pl.Boolean(), "Whether the criterion holds."),
        _text("sentence", "The criterion in words."),
        _text("against", "Champion version compared with; empty for the first."),
    ),
)

CHAMPIONS = Table(
    name="learning.champions",
    grain="desk and the session from which a champion reigns",
    key=("desk", "effective_from"),
    sentence="Who reigned when; append-only, the last row reigns.",
    columns=(
        _DESK,
        _date("effective_from", "First session the champion speaks for."),
        _VERSION,
        _text("reason", "Why the alias moved."),
        _clock("decided_at", "When the alias moved."),
    ),
)

ALL = (
    UNIVERSE,
    BARS,
    FEATURES,
    SIGNALS,
    OUTCOMES,
    SAMPLES,
    MODELS,
    OOF_PREDICTIONS,
    VERDICTS,
    CHAMPIONS,
)
"""Every table, in the order of the loop."""


def find(name: str) -> Table:
    """Table called `name`.

    Raises
    ------
    errors.TableError
        Where no table has that name; names the nearest.

    Examples
    --------
    >>> find("market.bars").key
    ('symbol', 'session')
    """
    known = {table.name: table for table in ALL}
    if name not in known:
        raise errors.TableError(errors.unknown_name("table", name, known))
    return known[name]
