"""Why a signal says what it says, and whether the store still brings it forth.

Of a stored signal and what was known when it was emitted, in four steps:

1. `rebuild`       features from those bars, probabilities from those features: every
                   value that differs from the stored row
2. `learned_from`  the samples of its model, held against the fingerprint on the card
3. `bars_behind`   the revisions of its bars, those known then and those that came later
4. `explain`       all of it, with what each feature added (`models.contributions`)

Frames in, records out. Where they are read and how they are shown is not decided here,
and nothing is written.
"""

import dataclasses
import math
from typing import Any

import polars as pl

from turbomode_assets import errors, loop, policy, tables
from turbomode_assets.features import catalog
from turbomode_assets.models import card, contributions
from turbomode_assets.signals import ledger


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kept:
    """What the store holds of a signal's making."""

    signals: pl.DataFrame
    """Rows of `tables.SIGNALS` of the session."""

    cards: pl.DataFrame
    """Row of `tables.MODELS` of the champion that spoke."""

    samples: pl.DataFrame
    """Rows of `tables.SAMPLES` matured before the month the champion was for."""

    bars: pl.DataFrame
    """Rows of `tables.BARS` from ``loop.bars_for_features`` to the session, as known
    when the signal was emitted."""

    revisions: pl.DataFrame
    """Rows of `market_tables.BAR_REVISIONS` of the symbol and the same sessions."""

    universe: pl.DataFrame
    """Rows of `tables.UNIVERSE`."""

    champion: loop.Champion
    """The champion that spoke."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """A value that is not what it was."""

    name: str
    stored: Any
    rebuilt: Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class Samples:
    """Samples of a model's window as stored now."""

    n_samples: int

    fingerprint: str

    is_same: bool
    """Whether they are, to the last bit, those on the model's card."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bars:
    """Bars behind a signal."""

    n_read: int
    """Bars of all symbols that the features were computed from."""

    n_symbols: int

    known: pl.DataFrame
    """The symbol's own within the longest look-back, as known then: columns session,
    close, known_at, source, revision (from 1) and n_revisions, of each session."""

    later: pl.DataFrame
    """Their revisions that came after the signal; the same columns."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Explanation:
    """A signal and all that led to it."""

    signal: dict[str, Any]
    """Stored row, but for the frozen features."""

    n_scored: int
    """Signals of the session."""

    card: dict[str, Any]
    """Stored row of the model that spoke."""

    samples: Samples

    bars: Bars

    n_compared: int
    """Values that were made again."""

    differences: list[Difference]
    """Those that are not what was stored; empty where all of it is, bit for bit."""

    values: dict[str, float | None]
    """Frozen features; empty where they stem from another catalog."""

    contributions: contributions.Contributions | None
    """What each feature added; null where the features stem from another catalog."""


def explain(
    kept: Kept, symbol: str, rules: policy.Policy = policy.SWING
) -> Explanation:
    """Everything behind the signal of a symbol.

    Parameters
    ----------
    kept
        What the store holds.
    symbol
        One of those signaled.
    rules
        Policy in force.

    Raises
    ------
    errors.MissingUpstream
        Where none of the samples of the model is stored any more.
    """
    chosen = kept.signals.filter(pl.col("symbol") == symbol)
    row, spoke = chosen.row(0, named=True), kept.cards.row(0, named=True)
    known = loop.learned_from(kept.samples, spoke, rules)
    n_compared, differences = rebuild(kept, chosen, rules)
    values, added = _taken_apart(kept, chosen, known, rules)
    return Explanation(
        signal={name: row[name] for name in row if name != "features"},
        n_scored=kept.signals.height,
        card=spoke,
        samples=learned_from(spoke, known),
        bars=bars_behind(kept, row, rules),
        n_compared=n_compared,
        differences=differences,
        values=values,
        contributions=added,
    )


def rebuild(
    kept: Kept, chosen: pl.DataFrame, rules: policy.Policy = policy.SWING
) -> tuple[int, list[Difference]]:
    """How many values of a signal were made again, and those that differ.

    Parameters
    ----------
    kept
        What the store holds.
    chosen
        Row of `tables.SIGNALS`.
    rules
        Policy in force.

    Returns
    -------
    tuple of int and list of Difference
        Every column but when and how it was emitted, and every feature apart. Where
        the features stem from another catalog, or the bars are gone, that is all.
    """
    stored = chosen.row(0, named=True)
    version = catalog.feature_version(rules.features.feature_set)
    if stored["feature_version"] != version:
        return 1, [Difference("feature_version", stored["feature_version"], version)]
    day = stored["session"]
    features = loop.compute_features(kept.bars, kept.universe, day, day, rules)
    said = loop.emit_signals(features, kept.universe, kept.champion, rules)
    again = said.filter(pl.col("symbol") == stored["symbol"])
    if again.is_empty():
        return 1, [Difference("signal", stored["symbol"], None)]
    then, now = (_flat(rows, rules) for rows in (chosen, again))
    return len(then), [
        Difference(name, value, now[name])
        for name, value in then.items()
        if value != now[name]
    ]


def _flat(rows: pl.DataFrame, rules: policy.Policy) -> dict[str, Any]:
    """Values of a signal by name, those of lists apart."""
    row = rows.row(0, named=True)
    names = catalog.names(feature_set=rules.features.feature_set)
    found = {f"feature {n}": v for n, v in zip(names, row["features"], strict=True)}
    for place, value in enumerate(row["base_probabilities"]):
        found[f"base_probabilities[{place}]"] = value
    left_out = {"features", "base_probabilities", "mode", "emitted_at"}
    wanted = [name for name in tables.SIGNALS.column_names if name not in left_out]
    return found | {name: row[name] for name in wanted}


def learned_from(spoke: dict[str, Any], known: pl.DataFrame) -> Samples:
    """Stored samples of a model's window, held against its card."""
    found = card.fingerprint(known)
    return Samples(
        n_samples=known.height,
        fingerprint=found,
        is_same=found == spoke["data_fingerprint"],
    )


def bars_behind(
    kept: Kept, row: dict[str, Any], rules: policy.Policy = policy.SWING
) -> Bars:
    """Bars a signal rests on, with the revisions of the symbol's own."""
    n_sessions = catalog.lookback(rules.features.feature_set) + 1
    mine = kept.bars.filter(pl.col("symbol") == row["symbol"]).tail(n_sessions)
    numbered = kept.revisions.sort("session", "known_at").with_columns(
        revision=pl.int_range(1, pl.len() + 1).over("session"),
        n_revisions=pl.len().over("session"),
    )
    within = numbered.join(mine.select("session"), on="session", how="semi")
    shown = ["session", "close", "known_at", "source", "revision", "n_revisions"]
    return Bars(
        n_read=kept.bars.height,
        n_symbols=kept.bars["symbol"].n_unique(),
        known=within.join(mine, on=["session", "known_at"], how="semi").select(shown),
        later=within.filter(pl.col("known_at") > row["emitted_at"]).select(shown),
    )


def _taken_apart(
    kept: Kept, chosen: pl.DataFrame, known: pl.DataFrame, rules: policy.Policy
) -> tuple[dict[str, float | None], contributions.Contributions | None]:
    """Frozen features by name, and what each of them added; nothing if unreadable."""
    feature_set = rules.features.feature_set
    if chosen["feature_version"][0] != catalog.feature_version(feature_set):
        return {}, None
    if known.is_empty():
        message = (
            f"expected samples that {kept.champion.version} learned from, found none; "
            "materialize swing/samples"
        )
        raise errors.MissingUpstream(message)
    names = catalog.names(feature_set=feature_set)
    frozen = ledger.thaw(chosen, names)
    every = math.ceil(known.height / rules.explanation.background_samples)
    background = known.gather_every(every)
    added = contributions.explain(kept.champion.scorer, frozen, background)
    return frozen.select(names).row(0, named=True), added
