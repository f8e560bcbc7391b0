"""What the user interface shows beside a materialization of the intraday desk.

Counts, tables and a chart of rows that are stored; nothing is decided or written here.
"""

import collections
import datetime as dt
from collections.abc import Mapping
from typing import Any

import dagster as dg
import polars as pl

from turbomode_assets import intraday_tables, rounds, schema
from turbomode_assets.defs import desk, gate_report, metadata
from turbomode_assets.defs.partitions import Window
from turbomode_assets.intraday import scorecard
from turbomode_assets.intraday_policy import ConsensusPolicy
from turbomode_assets.reports import line_chart
from turbomode_assets.store.warehouse import Warehouse

SHOWN_DAYS = 91
"""Days of weights drawn: a quarter, half of what the desk's memory halves in."""

_FATES = {
    "n_rows": "rows_delivered",
    "n_used": "rows_used",
    "n_refused": "rows_refused",
    "n_waiting": "rows_waiting",
}
_LATEST = ("symbol", "minute", "horizon", "p_up", "side", "conviction", "n_agreeing")
_HEALTH = ("voter", "spoken_share", "confidence", "last_excuse")


def taken(found: desk.Taken, table: schema.Table) -> dict[str, int]:
    """Rows added to a table, and what became of the source rows it is made of."""
    notes = {"rows_added": found.added[table.name]}
    for about, kept in intraday_tables.KINDS.items():
        if kept is table:
            own = found.account.filter(about=about)
            notes |= {shown: int(own[name].sum()) for name, shown in _FATES.items()}
    if table is not intraday_tables.BARS:
        return notes
    reasons = collections.Counter(found.refused["reason"].to_list())
    return notes | {
        f"rows_refused_{reason}": n for reason, n in sorted(reasons.items())
    }


def added(rows: pl.DataFrame, fresh: pl.DataFrame) -> dict[str, int]:
    """Rows written now, and rows that were written before and stay as they were."""
    return {"rows_emitted": fresh.height, "rows_kept": rows.height - fresh.height}


def spoken(rows: pl.DataFrame, window: Window, now: dt.datetime) -> dict[str, int]:
    """Rounds that have ended, and those among them in which nothing was said."""
    ended = rounds.between(window.first, window.last).filter(pl.col("ends_at") <= now)
    said = rows.select("session", "minute").n_unique()
    return {"rounds_ended": ended.height, "rounds_silent": ended.height - said}


def latest(rows: pl.DataFrame) -> dg.MarkdownMetadataValue:
    """What the desk says in the newest round, by symbol and horizon."""
    newest = rows
    for name in ("session", "minute"):
        newest = newest.filter(pl.col(name) == pl.col(name).max().over("symbol"))
    shown = newest.sort("symbol", "horizon").select(_LATEST)
    return _table(_LATEST, shown)


def health(votes: pl.DataFrame) -> dg.MarkdownMetadataValue:
    """How often each voter really spoke, and why it last did not."""
    return _table(_HEALTH, scorecard.of_voters(votes).select(_HEALTH))


def learned(
    store: Warehouse,
    window: Window,
    found: tuple[pl.DataFrame, pl.DataFrame],
    rules: ConsensusPolicy,
) -> Mapping[schema.Table, dict[str, Any]]:
    """Notes of the weights: who weighs how much, regret beside its bound, a chart."""
    weights, records = found
    regrets = scorecard.regrets(weights, records, rules)
    shown = scorecard.by_horizon(weights)
    since = window.last - dt.timedelta(days=SHOWN_DAYS)
    names = ("session", "horizon", "stream", "symbol", "expert", "weight")
    stored = store.columns(intraday_tables.WEIGHTS, names, since, window.last)
    notes = {
        "weights": _table(shown.columns, shown),
        "regret": _table(regrets.columns, regrets),
        "chart": gate_report.as_image(_drawn(stored)),
    }
    return {intraday_tables.WEIGHTS: notes}


def _drawn(weights: pl.DataFrame) -> str:
    """Mean weight of the heaviest experts at the shortest horizon, over sessions."""
    horizon = next(iter(rounds.HORIZONS))
    mean = (
        weights.filter(pl.col("horizon") == horizon)
        .group_by("session", "expert")
        .agg(pl.col("weight").mean())
        .sort("session", "expert")
    )
    newest = mean.filter(pl.col("session") == pl.col("session").max())
    heaviest = newest.sort("weight", descending=True, maintain_order=True)["expert"]
    lines = [
        line_chart.Line(name=name, days=own["session"], values=own["weight"])
        for name in heaviest.head(len(line_chart.COLORS))
        for own in [mean.filter(pl.col("expert") == name)]
    ]
    scale = line_chart.Scale(low=0.0, high=1.0, form="{:.1f}")
    return line_chart.draw(f"Weights of the heaviest, {horizon}", lines, scale)


def _table(
    head: tuple[str, ...] | list[str], rows: pl.DataFrame
) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md(metadata.markdown_table(head, rows.iter_rows()))
