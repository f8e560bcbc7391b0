"""An explanation for a terminal: records in, Rich renderables out.

What the numbers mean is decided in ``explanation.py``; nothing is computed or printed
here.
"""

import datetime as dt
import json

import numpy as np
import polars as pl
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from turbomode_assets.explanation import Bars, Explanation
from turbomode_assets.models import base
from turbomode_assets.models.contributions import Contributions

N_BARS = 5
"""Bars shown, the last ones."""

_CLASSES = [f"p_{each}" for each in base.CLASSES]
_POINTS = 100.0  # percentage points in a probability of one


def draw(found: Explanation, n_features: int) -> Group:
    """An explanation as sentences and tables, for any Rich console.

    Parameters
    ----------
    found
        As `explanation.explain` returns it.
    n_features
        Features shown, those that moved most first; the others are summed up.
    """
    model: list[RenderableType] = ["Model", _learned(found)]
    added, bars = _added(found, n_features), _bars(found.bars)
    return Group(_headline(found), *_rebuilt(found), *model, *added, *bars)


def _headline(found: Explanation) -> str:
    row = found.signal
    chances = ", ".join(f"{name} {_percent(row[name])}" for name in _CLASSES)
    return (
        f"{row['symbol']} of {row['session']}: {row['side']}; {chances}; "
        f"edge {_points(row['edge'])}, rank {row['rank']} of {found.n_scored}; "
        f"{row['mode']}, emitted {_moment(row['emitted_at'])}."
    )


def _rebuilt(found: Explanation) -> list[RenderableType]:
    if not found.differences:
        same = f"all {found.n_compared} values are the same, bit for bit"
        return [f"Rebuilt from the store: {same}, from the bars known then"]
    table = _table("value", "as emitted", "as rebuilt")
    for each in found.differences:
        table.add_row(each.name, str(each.stored), str(each.rebuilt))
    n_wrong = len(found.differences)
    return [f"Not rebuilt: {n_wrong} of {found.n_compared} values differ", table]


def _learned(found: Explanation) -> Table:
    row, learned = found.card, found.samples
    same = "the store holds the same"
    if not learned.is_same:
        same = f"now {learned.n_samples:,} samples, {learned.fingerprint}"
    libraries = json.loads(row["parameters"]).get("libraries", {})
    facts = {
        "version": f"{row['version']}, trained {_moment(row['trained_at'])}",
        "samples": f"{row['n_samples']:,} of sessions {row['window_from']} to "
        f"{row['window_to']}, labels known on {row['labels_known_on']}",
        "fingerprint": f"{row['data_fingerprint']}; {same}",
        "artifact": row["artifact_sha256"],
        "policy": f"{row['policy_version']}; of the signal "
        f"{found.signal['policy_version']}",
        "features": row["feature_version"],
        "libraries": ", ".join(f"{name} {each}" for name, each in libraries.items()),
    }
    table = Table(box=None, show_header=False)
    for name, fact in facts.items():
        table.add_row(name, fact)
    return table


def _added(found: Explanation, n_features: int) -> list[RenderableType]:
    added = found.contributions
    if added is None:
        return ["What features added needs the catalog the signal was frozen with."]
    meaning = (
        "Percentage points each feature added to the mean forecast of samples the "
        "model learned from: Shapley values, exact, so they sum to the forecast"
    )
    return [
        meaning,
        _by_feature(added, found.values, n_features),
        "What the base models said, and added",
        _by_model(added, found.signal["base_probabilities"]),
    ]


def _by_feature(
    added: Contributions, values: dict[str, float | None], n_shown: int
) -> Table:
    table = _table("feature", "value", *_CLASSES)
    by_feature = added.added.sum(axis=0)
    order = np.argsort(-abs(by_feature).sum(axis=1), kind="stable")
    table.add_row("mean forecast", "", *map(_percent, added.start))
    for place in order[:n_shown]:
        name = added.features[place]
        value = values[name]
        points = map(_points, by_feature[place])
        table.add_row(name, "null" if value is None else f"{value:.4g}", *points)
    others = order[n_shown:]
    rest = by_feature[others].sum(axis=0) + added.rest
    table.add_row(f"{len(others)} others", "", *map(_points, rest))
    table.add_row("forecast", "", *map(_percent, added.probabilities))
    return table


def _by_model(added: Contributions, said: list[float]) -> Table:
    table = _table("model", *_CLASSES, *_CLASSES)
    chances = np.reshape(said, (len(added.line_up), -1))
    by_model = added.added.sum(axis=1)
    for name, own, points in zip(added.line_up, chances, by_model, strict=True):
        table.add_row(name, *map(_percent, own), *map(_points, points))
    return table


def _bars(bars: Bars) -> list[RenderableType]:
    corrected = bars.known.filter(pl.col("revision") > 1).height
    head = (
        f"{bars.n_read:,} bars of {bars.n_symbols} symbols were read. Of the symbol's "
        f"own {bars.known.height} in the look-back {corrected} had been corrected "
        f"before the signal, {bars.later['session'].n_unique()} were after it"
    )
    last: list[RenderableType] = [head, _revisions(bars.known.tail(N_BARS))]
    if bars.later.is_empty():
        return last
    return [*last, "Corrected since", _revisions(bars.later)]


def _revisions(rows: pl.DataFrame) -> Table:
    table = _table("session", "close", "known at, UTC", "source", "revision")
    for row in rows.iter_rows(named=True):
        close, known_at = f"{row['close']:,.10g}", _moment(row["known_at"])
        which = f"{row['revision']} of {row['n_revisions']}"
        table.add_row(str(row["session"]), close, known_at, row["source"], which)
    return table


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE)
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right")
    return table


def _percent(value: float) -> str:
    return f"{_POINTS * value:.2f} %"


def _points(value: float) -> str:
    return f"{_POINTS * value:+.2f}"


def _moment(value: dt.datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M}"
