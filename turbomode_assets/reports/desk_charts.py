"""Charts of a desk's page, as SVG: skill with its band, the book, symbols.

Draws what the sheets computed and computes nothing. Drawn as wide as a phone, so that
words can be read there. Same numbers, same bytes.
"""

import io
from collections.abc import Mapping
from typing import Any

import polars as pl

from turbomode_assets.reports import drawing

WIDE, HIGH = 5.2, 2.9
"""Inches: 374 points, about the pixels a phone has across."""

SMALL = 3.0
"""Inches of a chart of which several stand side by side."""


def skill(lines: Mapping[str, pl.DataFrame], title: str) -> str:
    """Skill over time with its bands; an SVG element.

    Parameters
    ----------
    lines
        By what stands in the legend: session, skill, low and high.
    title
        What is shown.
    """
    figure, axes = drawing.figure(title, HIGH, WIDE)
    _skill(axes, lines)
    _dated(axes)
    return drawing.svg(figure, axes)


def book(lines: pl.DataFrame, names: Mapping[str, str], title: str) -> str:
    """Equity of books; an SVG element.

    Parameters
    ----------
    lines
        session, and equity that begins at 1 in the columns of `names`.
    names
        What stands in the legend, by column.
    title
        What is shown.
    """
    figure, axes = drawing.figure(title, HIGH, WIDE)
    _book(axes, lines, names)
    _dated(axes)
    return drawing.svg(figure, axes)


def rankings(rows: pl.DataFrame) -> str:
    """Skill of each symbol with its interval, the best above; an SVG element.

    Parameters
    ----------
    rows
        symbol, rank, skill, skill_lower and skill_upper.
    """
    figure, axes = drawing.figure(
        "skill of the signals on each symbol, 90 % range",
        1.0 + 0.17 * rows.height,
        WIDE,
    )
    ordered = rows.sort("rank", descending=True)
    middle, names = ordered["skill"].to_list(), ordered["symbol"].to_list()
    ends = [
        (ordered["skill"] - ordered["skill_lower"]).to_list(),
        (ordered["skill_upper"] - ordered["skill"]).to_list(),
    ]
    axes.errorbar(middle, names, xerr=ends, fmt="o", markersize=3, linewidth=1)
    axes.axvline(0.0, color="black", linewidth=0.7)
    _in_percent(axes.xaxis)
    return drawing.svg(figure, axes, has_legend=False)


def reliability(rows: pl.DataFrame, title: str) -> str:
    """Observed over predicted frequency with bands; an SVG element.

    Parameters
    ----------
    rows
        As `reliability.reliability` returns them.
    title
        What is predicted.
    """
    figure, axes = drawing.figure(title, SMALL, SMALL)
    said, happened = rows["predicted"].to_list(), rows["observed"].to_list()
    axes.vlines(said, rows["low"].to_list(), rows["high"].to_list(), alpha=0.5)
    axes.plot(said, happened, "o", markersize=4, color=drawing.COLORS[0])
    ends = [min(*said, *rows["low"].to_list()), max(*said, *rows["high"].to_list())]
    axes.plot(ends, ends, linestyle="--", linewidth=0.7, color="black")
    axes.set_xlabel("said", fontsize=8)
    axes.set_ylabel("happened", fontsize=8)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(_few_ticks())
        _in_percent(axis)
    return drawing.svg(figure, axes, has_legend=False)


def picture(line: pl.DataFrame, lines: pl.DataFrame) -> bytes:
    """Skill and book below each other, as a PNG file for a message."""
    from matplotlib import figure as figures  # noqa: PLC0415 - seconds, if not needed

    drawn = figures.Figure(figsize=(7.0, 6.0), dpi=110, layout="constrained")
    above, below = drawn.subplots(2, 1)
    above.set_title("log-loss saved against the base rate, last half year", fontsize=10)
    below.set_title("paper book of the largest edges, after costs", fontsize=10)
    _skill(above, {"skill": line})
    _book(below, lines, BOOKS)
    for axes in (above, below):
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
        if axes.lines:
            axes.legend(fontsize=8, frameon=False)
            _dated(axes)
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


BOOKS = {"book": "largest edges", "equal": "equal weight"}
"""Columns of `top_book.TopBook.lines` in words."""


def _skill(axes: Any, lines: Mapping[str, pl.DataFrame]) -> None:
    known = {name: line.drop_nulls("skill") for name, line in lines.items()}
    if all(line.is_empty() for line in known.values()):
        _say(axes, "half a year has not matured yet")
        return
    for (name, line), color in zip(known.items(), drawing.COLORS, strict=False):
        days, values = line["session"].to_list(), line["skill"].to_list()
        axes.plot(days, values, label=name, linewidth=1.2, color=color)
        band = line.drop_nulls("low")
        ends = (band[name].to_list() for name in ("session", "low", "high"))
        axes.fill_between(*ends, alpha=0.2, linewidth=0, color=color)
    axes.axhline(0.0, color="black", linewidth=0.7)
    _in_percent(axes.yaxis)


def _book(axes: Any, lines: pl.DataFrame, names: Mapping[str, str]) -> None:
    if lines.is_empty():
        _say(axes, "nothing has matured yet")
        return
    days = lines["session"].to_list()
    for (column, name), color in zip(names.items(), drawing.COLORS, strict=False):
        values = lines[column].to_list()
        axes.plot(days, values, label=name, linewidth=1.2, color=color)
    axes.axhline(1.0, color="black", linewidth=0.7)


def _say(axes: Any, words: str) -> None:
    """Say why nothing is drawn."""
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", fontsize=9)
    axes.set_axis_off()


def _few_ticks() -> Any:
    from matplotlib import ticker  # noqa: PLC0415

    return ticker.MaxNLocator(5)


def _in_percent(axis: Any) -> None:
    from matplotlib import ticker  # noqa: PLC0415

    axis.set_major_formatter(ticker.PercentFormatter(1.0, decimals=None))


def _dated(axes: Any) -> None:
    """Few and short dates: a phone has no room for more."""
    from matplotlib import dates  # noqa: PLC0415

    few = dict.fromkeys((dates.YEARLY, dates.MONTHLY, dates.DAILY), 6)
    # With fewer than six of one kind, three of the next larger kind must do.
    locator = dates.AutoDateLocator(  # type: ignore[no-untyped-call]
        minticks=3, maxticks=few
    )
    axes.xaxis.set_major_locator(locator)
    form = dates.ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(form)
