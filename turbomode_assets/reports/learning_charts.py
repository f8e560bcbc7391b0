"""Charts of a learning report, as SVG: skill over time, paper books, a verdict.

Draws what ``learning.py`` and the gate computed and computes nothing. Same numbers,
same bytes.
"""

import math
from collections.abc import Sequence
from typing import Any, Protocol

import polars as pl

from turbomode_assets.reports import drawing, learning


class Criterion(Protocol):
    """One requirement of the gate, see `promotion.gate.Criterion`."""

    @property
    def name(self) -> str:
        """What is required."""

    @property
    def observed(self) -> float:
        """What was measured."""

    @property
    def required(self) -> float:
        """What was asked for."""

    @property
    def is_passed(self) -> bool:
        """Whether it holds."""


def skills(report: learning.Learning) -> str:
    """Skill of each arm over the base rate in the last half year, the product's band.

    Parameters
    ----------
    report
        One replay.

    Returns
    -------
    str
        An SVG element.
    """
    figure, axes = drawing.figure("skill over the base rate, last 126 sessions")
    for (name, line), color in zip(report.skills.items(), drawing.COLORS, strict=False):
        _draw(axes, line["session"], line["skill"], name, color)
        if name == learning.PRODUCT:
            band = line.drop_nulls("low")
            axes.fill_between(
                band["session"].to_list(),
                band["low"].to_list(),
                band["high"].to_list(),
                color=color,
                alpha=0.15,
                linewidth=0,
            )
    for decision in report.decisions:
        if decision.decision != "refused":
            style = "-" if decision.decision == "promoted" else ":"
            axes.axvline(
                decision.month, color="#999999", linewidth=0.7, linestyle=style
            )
    axes.axhline(0.0, color="black", linewidth=0.7)
    return drawing.svg(figure, axes)


def books(report: learning.Learning) -> str:
    """Equity of each arm's paper book, after costs; an SVG element."""
    figure, axes = drawing.figure("equity of the paper book, after costs")
    for (name, line), color in zip(report.books.items(), drawing.COLORS, strict=False):
        if line.height:
            _draw(axes, line["session"], line["equity"], name, color)
    axes.axhline(1.0, color="black", linewidth=0.7)
    return drawing.svg(figure, axes)


def verdict(criteria: Sequence[Criterion]) -> str:
    """How far each criterion is from what it asks; an SVG element.

    A bar is what was observed less what was required, as a share of the larger of the
    two, so that shares, nats and counts stand side by side.
    """
    figure, axes = drawing.figure("observed less required, as a share of the larger")
    names = [criterion.name for criterion in criteria][::-1]
    margins = [_margin(criterion) for criterion in criteria][::-1]
    colors = [
        drawing.COLORS[0] if c.is_passed else drawing.COLORS[1] for c in criteria
    ][::-1]
    axes.barh(names, margins, color=colors)
    axes.set_xlim(-1.05, 1.05)
    axes.axvline(0.0, color="black", linewidth=0.7)
    return drawing.svg(figure, axes, has_legend=False)


def _margin(criterion: Criterion) -> float:
    larger = max(abs(criterion.observed), abs(criterion.required))
    beyond = criterion.observed - criterion.required
    return math.copysign(min(abs(beyond) / larger, 1.0), beyond) if larger else 0.0


def _draw(axes: Any, x: pl.Series, y: pl.Series, name: str, color: str) -> None:
    values = [math.nan if value is None else value for value in y.to_list()]
    axes.plot(x.to_list(), values, label=name, color=color, linewidth=1.2)
