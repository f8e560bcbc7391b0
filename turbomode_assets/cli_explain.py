"""``turbomode explain``: why a signal says what it says, rebuilt from the store.

Reads what a signal rests on and shows what `explanation` found. Nothing is computed
here, and nothing is written.
"""

import argparse
import dataclasses
import datetime as dt
from typing import Any

import polars as pl
from rich.console import Console

from turbomode_assets import (
    cli_options,
    cli_output,
    errors,
    explanation,
    explanation_text,
    loop,
    market_tables,
    sessions,
    tables,
)
from turbomode_assets.models import base, scoring
from turbomode_assets.store import bitemporal, home, registry, warehouse

N_FEATURES = 12
"""Features shown where nobody says how many."""


def add(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.set_defaults(command=run)
    parser.add_argument("symbol", help="as in SIM142")
    parser.add_argument("session", type=cli_options.day, help="as in 2024-06-28")
    shown = "how many are shown, by what they added (default: %(default)s)"
    parser.add_argument("--features", type=int, default=N_FEATURES, help=shown)
    cli_options.add_home(parser)
    cli_output.add(parser)


def run(options: argparse.Namespace, console: Console) -> int:
    """Explain one signal; 1 where the store no longer brings it forth."""
    where = home.existing(options.home)
    symbol = options.symbol.upper()
    with warehouse.opened(where.warehouse) as store:
        kept = _kept(store, where, symbol, options.session)
    found = explanation.explain(kept, symbol)
    if cli_output.is_asked(options):
        cli_output.say(console, _as_record(found))
    else:
        console.print(explanation_text.draw(found, options.features))
    return int(bool(found.differences))


def _kept(
    store: warehouse.Warehouse, where: home.Home, symbol: str, session: dt.date
) -> explanation.Kept:
    signals = store.read(tables.SIGNALS, session, session)
    _require(store, signals, symbol, session)
    row = signals.row(by_predicate=pl.col("symbol") == symbol, named=True)
    version = row["champion_version"]
    cards = store.read(tables.MODELS, match={"version": version})
    artifact = registry.load(where.models, cards["artifact_sha256"][0])
    first, of = loop.bars_for_features(session), {"symbol": symbol}
    return explanation.Kept(
        signals=signals,
        cards=cards,
        samples=store.read(tables.SAMPLES, last=session),
        bars=bitemporal.as_of(store, row["emitted_at"], first, session),
        revisions=store.read(market_tables.BAR_REVISIONS, first, session, of),
        universe=store.read(tables.UNIVERSE),
        champion=loop.Champion(version, scoring.load(artifact)),
    )


def _require(
    store: warehouse.Warehouse, signals: pl.DataFrame, symbol: str, session: dt.date
) -> None:
    """Raise where there is no such signal, with the nearest there is."""
    if signals.is_empty():
        spoken = store.partitions(tables.SIGNALS)
        nearest = sorted(spoken, key=lambda day: (abs(day - session), day))[:1]
        hint = f"the nearest with some is {nearest[0]}" if nearest else "run the loop"
        what = "signals of" if sessions.is_session(session) else "a session, was"
        message = f"expected {what} {session}, found no signals; {hint}"
        raise errors.MissingUpstream(message)
    known = signals["symbol"].to_list()
    if symbol not in known:
        found = errors.unknown_name(f"symbol of {session}", symbol, known)
        raise errors.MissingUpstream(found)


def _as_record(found: explanation.Explanation) -> dict[str, Any]:
    """Everything an explanation holds; probabilities as they are."""
    return {
        "signal": found.signal,
        "n_scored": found.n_scored,
        "model": found.card,
        "samples": dataclasses.asdict(found.samples),
        "bars": {
            "n_read": found.bars.n_read,
            "n_symbols": found.bars.n_symbols,
            "known": found.bars.known.to_dicts(),
            "later": found.bars.later.to_dicts(),
        },
        "n_compared": found.n_compared,
        "differences": list(map(dataclasses.asdict, found.differences)),
        "values": found.values,
        "contributions": _listed(found),
    }


def _listed(found: explanation.Explanation) -> dict[str, Any] | None:
    added = found.contributions
    if added is None:
        return None
    by_model = added.added.tolist()
    return {
        "classes": base.CLASSES,
        "start": added.start.tolist(),
        "probabilities": added.probabilities.tolist(),
        "rest": added.rest.tolist(),
        "added": {
            model: dict(zip(added.features, rows, strict=True))
            for model, rows in zip(added.line_up, by_model, strict=True)
        },
    }
