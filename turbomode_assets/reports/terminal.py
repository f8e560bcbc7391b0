"""The scorecard for a terminal: records in, Rich renderables out.

What the numbers mean is decided in ``scorecard.py``; nothing is computed or printed
here.
"""

import polars as pl
from rich import box
from rich.console import Group
from rich.table import Table

from turbomode_assets.reports import scorecard

MISSING = "-"
"""What stands where a number cannot be had."""


def render(card: scorecard.Scorecard) -> Group:
    """Scorecard as tables: challengers, skill, order, sides and notes.

    Parameters
    ----------
    card
        As `scorecard.scorecard` returns it.

    Returns
    -------
    rich.console.Group
        For any Rich console; plain text where that is not a terminal.
    """
    head = (
        f"Champion: {card.champion or 'none'}.  {card.n_signals} signals in "
        f"{card.n_sessions} sessions, {card.n_open} not yet matured."
    )
    notes = "\n".join(f"* {note}" for note in card.notes)
    tables = [_challengers(card), _skills(card), _orders(card), _sides(card)]
    return Group(head, *(table for table in tables if table.row_count), notes)


def bars(rows: pl.DataFrame) -> Table:
    """Bars of one symbol as a table, with the moment each was first seen like this.

    Parameters
    ----------
    rows
        Rows of `tables.BARS`.
    """
    names = ("open", "high", "low", "close", "volume", "dividend", "split_ratio")
    table = _table("", "session", *names, "known at, UTC")
    for row in rows.iter_rows(named=True):
        values = (f"{row[name]:,.10g}" for name in names)
        table.add_row(str(row["session"]), *values, f"{row['known_at']:%Y-%m-%d %H:%M}")
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE)
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right")
    return table


def _challengers(card: scorecard.Scorecard) -> Table:
    table = Table(title="Challengers", title_justify="left", box=box.SIMPLE)
    for column in ("month", "version", "decision", "why"):
        table.add_column(column, overflow="fold")
    for row in card.challengers:
        table.add_row(f"{row.month:%Y-%m}", row.version, row.decision, row.reason)
    return table


def _skills(card: scorecard.Scorecard) -> Table:
    table = _table(
        "Skill: log-loss saved against a reference",
        "source",
        "reference",
        "rows",
        "sessions",
        "loss",
        "reference loss",
        "skill",
        "90 % interval",
    )
    for row in card.skills:
        table.add_row(
            row.source,
            row.reference.replace("_", " "),
            str(row.n_rows),
            str(row.n_sessions),
            _number(row.loss, 4),
            _number(row.reference_loss, 4),
            _percent(row.skill),
            _interval(row.interval),
        )
    return table


def _orders(card: scorecard.Scorecard) -> Table:
    table = _table(
        "Order", "source", "rows", "AUC of up", "rank IC", "HAC error", "sessions"
    )
    for row in card.orders:
        estimate = row.rank_ic
        table.add_row(
            row.source,
            str(row.n_rows),
            _number(row.auc_up, 3),
            _number(estimate.mean, 3),
            _number(estimate.standard_error, 3),
            str(estimate.n_sessions),
        )
    return table


def _sides(card: scorecard.Scorecard) -> Table:
    table = _table(
        "Hits by side, beside their base rate",
        "mode",
        "side",
        "grade",
        "emitted",
        "matured",
        "effective n",
        "hits",
        "base rate",
    )
    for row in card.sides:
        table.add_row(
            row.mode,
            row.side,
            row.grade,
            str(row.n_emitted),
            str(row.n_matured),
            str(row.n_effective),
            _percent(row.hit_share),
            _percent(row.base_rate),
        )
    return table


def _number(value: float | None, digits: int) -> str:
    return MISSING if value is None else f"{value:.{digits}f}"


def _percent(value: float | None) -> str:
    return MISSING if value is None else f"{100 * value:.1f} %"


def _interval(ends: tuple[float, float] | None) -> str:
    return MISSING if ends is None else f"{_percent(ends[0])} to {_percent(ends[1])}"
