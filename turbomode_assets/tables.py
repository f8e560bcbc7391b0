"""Every table: its grain, key, columns, dtypes, units and sentences.

The one declaration from which schemas, DuckDB DDL, asset checks, the column docs of
the user interface and ``docs/tables.md`` are derived. Nothing here reads or writes.
"""

import polars as pl

from turbomode_assets import (
    errors,
    intraday_tables,
    market_tables,
    options_tables,
    proof_tables,
    report_tables,
    schema,
)
from turbomode_assets.schema import Column, Table

SYMBOL_PATTERN = r"^[A-Z0-9^][A-Z0-9.\-=^]{0,14}$"
"""What a symbol may look like; also keeps symbols safe inside paths and URLs."""


_SYMBOL = schema.text("symbol", "A listed instrument.")
_SESSION = schema.date("session", "Exchange session at whose close this was knowable.")
_DESK = schema.text(
    "desk", "Which loop: swing or intraday.", levels=("swing", "intraday")
)
_VERSION = schema.text("version", "Model version: month in force and artifact hash.")
_FEATURE_VERSION = schema.text("feature_version", "Hash of the feature catalog.")


def _probability(name: str, sentence: str) -> Column:
    return schema.real(name, sentence, low=0.0, high=1.0)


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
        schema.date("valid_from", "First session of membership."),
        schema.text("sector", "One of eleven sectors, or unknown."),
        schema.text(
            "cap_class",
            "large, mid, small or unknown; once curated by dollar volume, if unknown.",
        ),
        schema.date(
            "valid_to",
            "Last session of membership; null while it lasts.",
            nullable=True,
        ),
        schema.date(
            "delisted_on",
            "Last session it traded in; null while it trades, member or not.",
            nullable=True,
        ),
        schema.text("reason", "Why the symbol belongs, and why it left."),
        schema.column(
            "is_point_in_time",
            pl.Boolean(),
            "Whether membership was recorded as of the day, not chosen today.",
        ),
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
        *market_tables.BAR_COLUMNS,
        schema.clock("known_at", "When a fetch first saw the bar like this."),
        schema.text("source", "Which source delivered the bar."),
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
        schema.column(
            "base_probabilities",
            pl.List(pl.Float64()),
            "Up, flat and down of each base model, in the order of the model card.",
        ),
        schema.real("edge", "p_up - p_down.", low=-1.0, high=1.0),
        schema.text("side", "buy, hold or sell.", levels=("buy", "hold", "sell")),
        schema.count("rank", "1 for the largest edge of the session.", low=1),
        schema.text("champion_version", "Version of the champion that spoke."),
        schema.text("policy_version", "Hash of the policy in force."),
        _FEATURE_VERSION,
        schema.column(
            "features",
            pl.List(pl.Float32()),
            "The feature row as it was seen, in catalog order: frozen.",
        ),
        schema.text("features_hash", "SHA-256 of the frozen feature row."),
        schema.text(
            "mode",
            "live within hours of its close, else replay.",
            levels=("live", "replay"),
        ),
        schema.clock("emitted_at", "When the signal was written."),
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
        schema.date(
            "entry_on", "Session after the signal, at whose open it is entered."
        ),
        schema.date(
            "matures_on", "First session on or after entry + 14 calendar days."
        ),
        schema.date("exit_on", "Session whose close is the exit.", nullable=True),
        schema.real(
            "entry", "Opening price as traded on entry_on.", unit="USD", nullable=True
        ),
        schema.real(
            "exit", "Closing price as traded on exit_on.", unit="USD", nullable=True
        ),
        schema.real(
            "realized_return",
            "Total return from entry to exit.",
            nullable=True,
            low=-1.0,
        ),
        schema.real(
            "best_excursion",
            "Largest return reached on the way.",
            nullable=True,
            low=-1.0,
        ),
        schema.real(
            "worst_excursion",
            "Smallest return reached on the way.",
            nullable=True,
            low=-1.0,
        ),
        schema.text(
            "label_symmetric_10pct",
            "up, flat or down at +/-10 %.",
            nullable=True,
            levels=_CLASSES,
        ),
        schema.text(
            "label_seed_10pct",
            "up from +10 % on, else not_up: the predecessor's grade.",
            nullable=True,
            levels=("up", "not_up"),
        ),
        schema.text(
            "label_triple_barrier_vol",
            "Barrier touched first at k sigma sqrt(h); stop first in one bar.",
            nullable=True,
            levels=_CLASSES,
        ),
        schema.text(
            "status",
            "final; delisted (exit at the last close); pending (no exit price yet, "
            "never another session's); unavailable (no entry price).",
            levels=("final", "delisted", "pending", "unavailable"),
        ),
        schema.text(
            "side", "Side of the emitted signal; null where none was.", nullable=True
        ),
        schema.column(
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
        schema.date("entry_on", "First session of the label interval."),
        schema.date("matures_on", "Session at whose close the label was known."),
        schema.text("label", "Class learned, by the policy's label version."),
        schema.text("label_version", "Name of that label version."),
        schema.real("realized_return", "Total return from entry to exit."),
        schema.real("sample_weight", "Label uniqueness / names that day.", low=0.0),
        schema.text(
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
        schema.date("month", "First day of the month the model was trained for."),
        schema.date("window_from", "First session learned from."),
        schema.date("window_to", "Last session learned from."),
        schema.date("labels_known_on", "Latest maturity among the samples."),
        schema.count("n_samples", "Samples in the window.", low=1),
        schema.text("data_fingerprint", "SHA-256 over the samples learned from."),
        _FEATURE_VERSION,
        schema.text("policy_version", "Hash of the policy in force."),
        schema.text(
            "parameters", "Line-up, seeds and library versions, as JSON.", unit="JSON"
        ),
        schema.text(
            "metrics",
            "Out of sample: what the gate observed, losses in all and by fold, "
            "calibration, skill split.",
            unit="JSON",
        ),
        schema.text("importance", "Share of each feature in the fit.", unit="JSON"),
        schema.text("artifact_sha256", "Content address of the artifact folder."),
        schema.clock("began_at", "When training began."),
        schema.clock("trained_at", "When training ended."),
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
        schema.date("month", "Month the version was trained for."),
        _SYMBOL,
        _SESSION,
        schema.count("fold", "Walk-forward fold that predicted the row.", low=0),
        schema.text("label", "What happened."),
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
        schema.date("month", "Month the challenger was trained for."),
        schema.count("position", "Order in which the criteria are read.", low=0),
        schema.text("criterion", "Name of the criterion."),
        schema.real("observed", "What was measured."),
        schema.real("required", "What was asked for."),
        schema.column("is_passed", pl.Boolean(), "Whether the criterion holds."),
        schema.text("sentence", "The criterion in words."),
        schema.text("against", "Champion version compared with; empty for the first."),
    ),
)

STANDINGS = Table(
    name="learning.standings",
    grain="desk and month",
    key=("desk", "month"),
    partition_column="month",
    sentence="What the champion's signals were worth before each month.",
    columns=(
        _DESK,
        schema.date("month", "First day of the month; what matured before it counts."),
        schema.text("version", "Champion on the eve of the month."),
        schema.text("against", "Baseline with the most evidence against it."),
        schema.count("n_sessions", "Matured sessions it has signaled.", low=0),
        schema.real(
            "gain", "Mean log-loss gain over that baseline.", unit="nats", nullable=True
        ),
        schema.real("observed", "Capital won by betting against it.", low=0.0),
        schema.real("required", "Capital at which it loses its seat.", low=1.0),
        schema.column("is_passed", pl.Boolean(), "Whether it keeps its seat."),
        schema.text("successor", "Who follows it; empty for nobody, or if it stays."),
    ),
)

CHAMPIONS = Table(
    name="learning.champions",
    grain="desk and the session from which a champion reigns",
    key=("desk", "effective_from"),
    sentence="Who reigned when; append-only, the last row reigns.",
    columns=(
        _DESK,
        schema.date("effective_from", "First session the champion speaks for."),
        schema.text("version", "Version that reigns; empty where nobody does."),
        schema.text("reason", "Why the alias moved."),
        schema.clock("decided_at", "When the alias moved."),
    ),
)

ALL = (
    *market_tables.ALL,
    UNIVERSE,
    BARS,
    FEATURES,
    SIGNALS,
    OUTCOMES,
    SAMPLES,
    MODELS,
    OOF_PREDICTIONS,
    VERDICTS,
    STANDINGS,
    CHAMPIONS,
    *report_tables.ALL,
    *proof_tables.ALL,
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
    every = (*ALL, *intraday_tables.ALL, *options_tables.ALL)
    known = {table.name: table for table in every}
    if name not in known:
        raise errors.TableError(errors.unknown_name("table", name, known))
    return known[name]
