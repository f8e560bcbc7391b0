"""Charts of a learning report, as SVG: skill, decisions, paper books, a verdict.

Draws what ``learning.py`` and the gate computed and computes nothing. Same numbers,
same bytes.
"""

import math
from collections.abc import Sequence
from typing import Any, Protocol

import polars as pl

from turbomode_assets.reports import drawing, learning

_N_POINTS = 250  # of a line: as many as can be told apart, and a small file

_DECISIONS = {"demoted": "X", "refused": ".", "promoted": "^"}


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
    """Skill of each arm over the base rate in the last half year, with its band.

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
        band = line.drop_nulls("low")
        axes.fill_between(
            band["session"].to_list(),
            band["low"].to_list(),
            band["high"].to_list(),
            color=color,
            alpha=0.1,
            linewidth=0,
        )
    axes.axhline(0.0, color="black", linewidth=0.7)
    return drawing.svg(figure, axes)


def decisions(report: learning.Learning) -> str:
    """What was decided in each month; an SVG element."""
    figure, axes = drawing.figure("decisions, month by month", high=1.2)
    for name, mark in _DECISIONS.items():
        months = [d.month for d in report.decisions if d.decision == name]
        axes.plot(months, [name] * len(months), mark, color=drawing.COLORS[0])
    axes.margins(y=0.3)
    return drawing.svg(figure, axes, has_legend=False)


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

    A bar is the distance of what was observed from what was required, as a share of
    the larger of the two, so that shares, nats and counts stand side by side; to the
    right where the criterion holds, whether it asks for at least or for at most.
    """
    figure, axes = drawing.figure(
        "distance from what is required, as a share of the larger"
    )
    names = [criterion.name for criterion in criteria][::-1]
    margins = [margin(criterion) for criterion in criteria][::-1]
    colors = [
        drawing.COLORS[0] if c.is_passed else drawing.COLORS[1] for c in criteria
    ][::-1]
    axes.barh(names, margins, color=colors)
    axes.set_xlim(-1.05, 1.05)
    axes.axvline(0.0, color="black", linewidth=0.7)
    return drawing.svg(figure, axes, has_legend=False)


def margin(criterion: Criterion) -> float:
    """How far a criterion is from what it asks, in [-1, 1]; positive where it holds."""
    larger = max(abs(criterion.observed), abs(criterion.required))
    distance = abs(criterion.observed - criterion.required)
    side = 1.0 if criterion.is_passed else -1.0
    return side * min(distance / larger, 1.0) if larger else 0.0


def _draw(axes: Any, x: pl.Series, y: pl.Series, name: str, color: str) -> None:
    step = max(1, math.ceil(y.len() / _N_POINTS))
    # Counted from the last, so that a line ends where its numbers do.
    days, values = (column.reverse()[::step].reverse().to_list() for column in (x, y))
    known = [math.nan if value is None else value for value in values]
    axes.plot(days, known, label=name, color=color, linewidth=1.2)
