"""Equity: the paper book that follows the signals, a line for each mode.

Draws what ``track_record.py`` computed and computes nothing.
"""

from collections.abc import Mapping

import polars as pl

from turbomode_assets.reports import line_chart


def draw(books: Mapping[str, pl.DataFrame]) -> str:
    """One line per mode around the stake, which is 1.

    Parameters
    ----------
    books
        By mode, as `track_record.equity` returns them.

    Returns
    -------
    str
        SVG; see `line_chart.draw`.
    """
    lines = [
        line_chart.Line(name=mode, days=rows["session"], values=rows["equity"])
        for mode, rows in books.items()
    ]
    low, high = line_chart.bounds(lines, 1.0)
    scale = line_chart.Scale(low=low, high=high, form="{:.3f}", level=1.0)
    title = "equity of the paper book that follows the signals, after costs"
    return line_chart.draw(title, lines, scale)
