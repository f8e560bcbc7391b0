"""Charts of a desk's page, as SVG: skill with its band, and the book.

Draws what ``desk_sheet.py`` computed and computes nothing. Same numbers, same bytes.
"""

import io
from typing import Any

import polars as pl

from turbomode_assets.reports import drawing


def skill(line: pl.DataFrame) -> str:
    """Skill over the base rate with its band; an SVG element."""
    figure, axes = drawing.figure(
        "log-loss saved against the base rate, last half year"
    )
    _skill(axes, line)
    return drawing.svg(figure, axes)


def book(lines: pl.DataFrame) -> str:
    """Equity of the book beside equal weight; an SVG element."""
    figure, axes = drawing.figure("paper book of the largest edges, after costs")
    _book(axes, lines)
    return drawing.svg(figure, axes)


def rankings(rows: pl.DataFrame) -> str:
    """Skill of each symbol with its interval; an SVG element."""
    figure, axes = drawing.figure("skill of the signals on each symbol", high=4.2)
    ordered = rows.sort("rank", descending=True)
    middle, names = ordered["skill"].to_list(), ordered["symbol"].to_list()
    ends = [
        (ordered["skill"] - ordered["skill_lower"]).to_list(),
        (ordered["skill_upper"] - ordered["skill"]).to_list(),
    ]
    axes.errorbar(middle, names, xerr=ends, fmt="o", markersize=3, linewidth=1)
    axes.axvline(0.0, color="black", linewidth=0.7)
    return drawing.svg(figure, axes, has_legend=False)


def picture(line: pl.DataFrame, lines: pl.DataFrame) -> bytes:
    """Skill and book below each other, as a PNG file for a message."""
    from matplotlib import figure as figures  # noqa: PLC0415 - seconds, if not needed

    drawn = figures.Figure(figsize=(7.0, 6.0), dpi=110, layout="constrained")
    above, below = drawn.subplots(2, 1)
    above.set_title("log-loss saved against the base rate, last half year", fontsize=10)
    below.set_title("paper book of the largest edges, after costs", fontsize=10)
    _skill(above, line)
    _book(below, lines)
    for axes in (above, below):
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _skill(axes: Any, line: pl.DataFrame) -> None:
    known = line.drop_nulls("skill")
    if known.is_empty():
        words = "half a year has not matured yet"
        axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", fontsize=9)
        axes.set_axis_off()
        return
    axes.plot(
        known["session"].to_list(),
        known["skill"].to_list(),
        label="skill",
        linewidth=1.2,
    )
    band = line.drop_nulls("low")
    axes.fill_between(
        band["session"].to_list(),
        band["low"].to_list(),
        band["high"].to_list(),
        alpha=0.2,
        linewidth=0,
        label="90 % range",
    )
    axes.axhline(0.0, color="black", linewidth=0.7)


def _book(axes: Any, lines: pl.DataFrame) -> None:
    for name, words in (("book", "largest edges"), ("equal", "equal weight")):
        days, values = lines["session"].to_list(), lines[name].to_list()
        axes.plot(days, values, label=words, linewidth=1.2)
    axes.axhline(1.0, color="black", linewidth=0.7)
    axes.legend(fontsize=8, frameon=False)
