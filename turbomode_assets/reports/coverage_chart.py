"""Bars coverage: how many symbols have a bar, session by session, beside the members.

A hole in the upper line is a night in which the source failed. Counts rows, judges
nothing: what is too thin stands in ``prices/health.py``.
"""

import polars as pl

from turbomode_assets.reports import line_chart


def draw(bars: pl.DataFrame, universe: pl.DataFrame) -> str:
    """Symbols with a bar and members of the universe by session.

    Parameters
    ----------
    bars
        Columns symbol and session, unique together.
    universe
        Columns valid_from and valid_to, null while it lasts; may be empty.

    Returns
    -------
    str
        SVG; see `line_chart.draw`.
    """
    traded = bars.group_by("session").len().sort("session")
    lines = [_line("with a bar", traded)]
    if universe.height:
        lines.append(_line("members", _members(traded.select("session"), universe)))
    _, most = line_chart.bounds(lines, 1.0)
    scale = line_chart.Scale(low=0.0, high=most)
    return line_chart.draw("symbols by session", lines, scale)


def _line(name: str, counts: pl.DataFrame) -> line_chart.Line:
    return line_chart.Line(name=name, days=counts["session"], values=counts["len"])


def _members(days: pl.DataFrame, universe: pl.DataFrame) -> pl.DataFrame:
    """How many intervals hold each day: those begun less those ended before it."""
    ends = universe.drop_nulls("valid_to")["valid_to"].sort()
    begun = universe["valid_from"].sort().search_sorted(days["session"], side="right")
    ended = ends.search_sorted(days["session"], side="left")
    return days.with_columns((begun.cast(pl.Int64) - ended.cast(pl.Int64)).alias("len"))
