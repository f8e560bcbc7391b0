"""Which columns a column is made of, as the user interface shows it.

Declared once by table, as names: ``"market.bars.open"`` is column open of the asset
that holds ``market.bars``. What a column means stands in ``tables.py``, how it is
computed in the stages; a column whose value is a decision of its own (a clock, a
version, a reason) is left out.
"""

from collections.abc import Mapping

import dagster as dg

from turbomode_assets import (
    desks,
    intraday_tables,
    market_tables,
    options_tables,
    report_tables,
    schema,
    tables,
)

_PRICES = tuple(column.name for column in market_tables.BAR_COLUMNS)
_KEY = ("symbol", "session")
_SAID = ("p_up", "p_flat", "p_down")


def _same(source: schema.Table, *names: str) -> dict[str, tuple[str, ...]]:
    """Columns taken over from a table as they are."""
    return {name: (f"{source.name}.{name}",) for name in names}


def _of(source: schema.Table, *names: str) -> tuple[str, ...]:
    return tuple(f"{source.name}.{name}" for name in names)


_MOMENT = ("symbol", "session", "minute")
_SEEN = (
    *_of(intraday_tables.BARS, "open", "high", "low", "close", "volume"),
    *_of(intraday_tables.HEADLINES, "title", "published_at", "tone"),
    *_of(intraday_tables.CHAINS, "traded", "open_interest", "implied_vol"),
)
_ENDS = _of(intraday_tables.BARS, "open", "close")
_VOTED = _of(intraday_tables.VOTES, "score", "confidence")
_UP = _of(intraday_tables.OUTCOMES, "is_up")

_CONTRACT = ("expires_on", "strike", "right")
_QUOTED = _of(options_tables.QUOTES, "bid", "ask", "vol")
_MADE = _of(options_tables.OUTCOMES, "option_return")
_FILLED = _of(options_tables.FILLS, "price_usd", "n_contracts")

_FEATURE = _of(tables.FEATURES, "<feature>")
_PATH = _of(tables.BARS, "open", "high", "low", "close", "dividend", "split_ratio")

SOURCES: Mapping[schema.Table, Mapping[str, tuple[str, ...]]] = {
    tables.BARS: _same(market_tables.BAR_REVISIONS, *_KEY, *_PRICES, "source"),
    market_tables.CURATIONS: {
        "is_member": _of(tables.BARS, "close", "volume"),
        "reason": _of(tables.BARS, "close", "volume"),
        **_same(market_tables.CURATIONS, "symbol"),
    },
    tables.UNIVERSE: {
        **_same(market_tables.CURATIONS, "symbol", "sector", "reason"),
        "cap_class": _of(tables.BARS, "close", "volume"),
        "valid_from": _of(market_tables.CURATIONS, "effective_from", "is_member"),
        "valid_to": _of(market_tables.CURATIONS, "effective_from", "is_member"),
        "delisted_on": _of(tables.BARS, "session"),
    },
    tables.FEATURES: {
        **_same(tables.BARS, *_KEY),
        "<feature>": (*_of(tables.BARS, *_PRICES), *_of(tables.UNIVERSE, "sector")),
    },
    tables.SIGNALS: {
        **_same(tables.FEATURES, *_KEY, "feature_version"),
        **dict.fromkeys((*_SAID, "base_probabilities", "features"), _FEATURE),
        "champion_version": _of(tables.CHAMPIONS, "version", "effective_from"),
    },
    tables.OUTCOMES: {
        **_same(tables.BARS, "symbol"),
        **_same(tables.SIGNALS, "side"),
        "entry": _of(tables.BARS, "open"),
        "exit": _of(tables.BARS, "close"),
        "realized_return": _of(tables.BARS, "open", "close", "dividend", "split_ratio"),
        **dict.fromkeys(
            (
                "best_excursion",
                "worst_excursion",
                "label_symmetric_10pct",
                "label_seed_10pct",
                "label_triple_barrier_vol",
            ),
            _PATH,
        ),
        "is_hit": (*_of(tables.SIGNALS, "side"), *_of(tables.BARS, "open", "close")),
        "status": (*_of(tables.BARS, "close"), *_of(tables.UNIVERSE, "delisted_on")),
    },
    tables.SAMPLES: {
        **_same(tables.OUTCOMES, *_KEY, "entry_on", "matures_on", "realized_return"),
        "label": _of(tables.OUTCOMES, "label_symmetric_10pct"),
        "sample_weight": _of(tables.OUTCOMES, "entry_on", "matures_on"),
        "origin": _of(tables.SIGNALS, "mode"),
        "feature_version": _of(tables.FEATURES, "feature_version"),
        "<feature>": (*_FEATURE, *_of(tables.SIGNALS, "features")),
    },
    tables.STANDINGS: {
        "version": _of(tables.SIGNALS, "champion_version"),
        **dict.fromkeys(
            ("against", "n_sessions", "gain", "observed"),
            (
                *_of(tables.SIGNALS, *_SAID),
                *_of(tables.OUTCOMES, "label_symmetric_10pct"),
                *_of(tables.SAMPLES, "<feature>"),
            ),
        ),
    },
    tables.MODELS: {
        "n_samples": _of(tables.SAMPLES, "symbol", "session"),
        "labels_known_on": _of(tables.SAMPLES, "matures_on"),
        "importance": _of(tables.SAMPLES, "<feature>", "label", "sample_weight"),
        "metrics": _of(tables.SAMPLES, "<feature>", "label"),
    },
    tables.OOF_PREDICTIONS: {
        **_same(tables.MODELS, "version", "month"),
        **_same(tables.SAMPLES, *_KEY, "label"),
        **dict.fromkeys(_SAID, _of(tables.SAMPLES, "<feature>", "label")),
    },
    tables.VERDICTS: {
        **_same(tables.MODELS, "version", "month"),
        **dict.fromkeys(
            ("observed", "is_passed", "sentence"),
            _of(tables.OOF_PREDICTIONS, *_SAID, "label"),
        ),
    },
    tables.CHAMPIONS: {
        "version": (
            *_of(tables.MODELS, "version"),
            *_of(tables.VERDICTS, "is_passed"),
        ),
    },
    report_tables.FEATURE_REPORTS: {
        "feature_version": _of(tables.FEATURES, "feature_version"),
        **dict.fromkeys(("coverage", "psi", "psi_bar", "is_drifting"), _FEATURE),
        "importance_share": _of(tables.MODELS, "importance"),
        "rank_ic": (*_FEATURE, *_of(tables.OUTCOMES, "realized_return")),
    },
    report_tables.LEARNING: {
        **dict.fromkeys(
            ("loss", "skill", "direction", "product_gain", "product_p"),
            (
                *_of(tables.SIGNALS, *_SAID),
                *_of(tables.OUTCOMES, "label_symmetric_10pct"),
            ),
        ),
        "equity": (
            *_of(tables.SIGNALS, *_SAID),
            *_of(tables.OUTCOMES, "realized_return"),
        ),
    },
    market_tables.RANKINGS: {
        **_same(tables.SIGNALS, "symbol", "mode"),
        **dict.fromkeys(
            ("rank", "hit_share", "base_rate"),
            (*_of(tables.SIGNALS, "side"), *_of(tables.OUTCOMES, "is_hit")),
        ),
    },
    intraday_tables.VOTES: {
        **_same(intraday_tables.BARS, *_MOMENT),
        **dict.fromkeys(("score", "volatility", "confidence", "staleness"), _SEEN),
    },
    intraday_tables.SIGNALS: {
        **_same(intraday_tables.VOTES, *_MOMENT, "volatility"),
        "expert_probabilities": (
            *_VOTED,
            *_ENDS,
            *_of(intraday_tables.TRACK_RECORDS, "trials", "ups"),
        ),
        "p_up": (*_VOTED, *_ENDS, *_of(intraday_tables.WEIGHTS, "weight")),
    },
    intraday_tables.OUTCOMES: {
        **_same(intraday_tables.SIGNALS, *_MOMENT, "horizon", "side"),
        **dict.fromkeys(("realized_return", "is_up"), _ENDS),
        "entry": _of(intraday_tables.BARS, "open"),
        "exit": _of(intraday_tables.BARS, "close"),
        "is_hit": (*_of(intraday_tables.SIGNALS, "side"), *_ENDS),
    },
    intraday_tables.WEIGHTS: {
        **_same(intraday_tables.SIGNALS, "symbol", "horizon", "session"),
        **dict.fromkeys(
            ("weight", "loss", "mixture_loss"),
            (*_of(intraday_tables.SIGNALS, "expert_probabilities", "p_up"), *_ENDS),
        ),
    },
    options_tables.QUOTES: {
        **_same(intraday_tables.CHAINS, *_MOMENT, *_CONTRACT, "bid", "ask"),
        "spot": _of(intraday_tables.BARS, "close"),
        **dict.fromkeys(
            ("vol", "delta", "gamma", "theta", "vega", "finding"),
            (*_of(intraday_tables.CHAINS, "bid", "ask"), *_ENDS[1:]),
        ),
    },
    options_tables.OUTCOMES: {
        **_same(intraday_tables.SIGNALS, *_MOMENT, "horizon", "side"),
        **_same(options_tables.QUOTES, *_CONTRACT, "basis"),
        **dict.fromkeys(
            ("paid_usd", "got_usd", "option_return"),
            (*_QUOTED, *_of(intraday_tables.OUTCOMES, "entry", "exit")),
        ),
    },
    options_tables.PROPOSALS: {
        **_same(intraday_tables.SIGNALS, *_MOMENT, "horizon", "side"),
        **_same(options_tables.OUTCOMES, *_CONTRACT),
        "conviction_rank": _of(intraday_tables.SIGNALS, "conviction"),
        "kelly_fraction": _MADE,
        "blocked_by": (*_of(intraday_tables.SIGNALS, "conviction"), *_QUOTED, *_MADE),
    },
    options_tables.FILLS: {
        **_same(options_tables.OUTCOMES, "symbol", *_CONTRACT, "horizon", "side"),
        "price_usd": (*_QUOTED, *_ENDS),
        "n_contracts": (*_QUOTED, *_MADE),
    },
    options_tables.POSITIONS: {
        "mark_usd": (*_QUOTED, *_ENDS),
        "value_usd": (*_FILLED, *_QUOTED, *_ENDS),
    },
    intraday_tables.TRACK_RECORDS: {
        **_same(intraday_tables.VOTES, "symbol", "session", "voter"),
        **dict.fromkeys(("trials", "ups"), (*_VOTED, *_ENDS)),
    },
    desks.MODELS: {
        "window_to": _of(intraday_tables.VOTES, "session"),
        "labels_known_on": _of(intraday_tables.OUTCOMES, "exit_on"),
        **dict.fromkeys(("n_samples", "importance"), (*_VOTED, *_UP)),
    },
    desks.PREDICTIONS: {
        **_same(desks.MODELS, "version", "month"),
        "p_up": (*_VOTED, *_of(intraday_tables.BARS, "close", "volume")),
        "label": _UP,
    },
    desks.VERDICTS: {
        **_same(desks.MODELS, "version", "month"),
        "observed": _of(desks.PREDICTIONS, "p_up", "label"),
    },
    desks.CHAMPIONS: {"version": _of(desks.MODELS, "version")},
    market_tables.RESTATEMENTS: {
        **_same(market_tables.BAR_REVISIONS, *_KEY),
        **dict.fromkeys(
            ("n_bars", "n_late", "changed"),
            _of(market_tables.BAR_REVISIONS, "known_at", *_PRICES),
        ),
        "n_sides_flipped": (*_FEATURE, *_of(tables.SIGNALS, "side")),
        "n_labels_flipped": _of(tables.OUTCOMES, "label_symmetric_10pct"),
    },
}
"""Columns of other tables each column is made of."""


def column_lineage(table: schema.Table) -> dict[str, dg.TableColumnLineage]:
    """Metadata that says what the columns of a table are made of; empty for roots."""
    declared = SOURCES.get(table)
    if declared is None:
        return {}
    deps = {name: [_dep(full) for full in made] for name, made in declared.items()}
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)}


HOLDERS = {
    tables.MODELS.name: "challenger",
    tables.CHAMPIONS.name: "champion",
    desks.MODELS.name: "challenger",
    desks.CHAMPIONS.name: "champion",
}
"""Assets that are not named as the table they hold."""


def holder(table_name: str) -> dg.AssetKey:
    """Key of the asset that holds a table."""
    folder, _, name = table_name.partition(".")
    return dg.AssetKey([folder, HOLDERS.get(table_name, name)])


def _dep(full: str) -> dg.TableColumnDep:
    table, _, column = full.rpartition(".")
    return dg.TableColumnDep(asset_key=holder(table), column_name=column)
