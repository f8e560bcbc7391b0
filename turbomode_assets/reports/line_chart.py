"""Lines over days as SVG, drawn in a millisecond.

What every chart of the daily assets is drawn with; matplotlib, which draws the monthly
reports, takes a second to load in a run that takes one. Computes nothing.
"""

import dataclasses
import datetime as dt
import math
from collections.abc import Sequence
from xml.sax import saxutils

import polars as pl

WIDTH, HEIGHT, MARGIN = 640, 220, 44
"""Size of a chart and the space around its lines, in pixels."""

POINTS = 400
"""Points drawn of a line at the most; of more, every so manyth."""

COLORS = ("#1b6ca8", "#c8553d", "#588157", "#8d6a9f")
"""One for each line, in their order."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line:
    """One line: its name, ascending days and a value each; null leaves a gap."""

    name: str
    days: pl.Series
    values: pl.Series


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scale:
    """What the left edge shows: bounds, how a number is written, and a level."""

    low: float
    high: float
    form: str = "{:,.0f}"
    level: float | None = None
    """Value drawn as a dashed line, such as nothing gained."""


def draw(title: str, lines: Sequence[Line], scale: Scale) -> str:
    """Lines above one calendar.

    Parameters
    ----------
    title
        What is shown, in words.
    lines
        At least one day in all, else the chart says that there is nothing yet.
    scale
        Bounds of the left edge; `low` < `high`.

    Returns
    -------
    str
        An SVG document; the same lines give the same bytes, well below 100 kB.
    """
    days = pl.concat([pl.Series(dtype=pl.Date()), *(line.days for line in lines)])
    if days.is_empty():
        return _framed([_text(MARGIN, 20, title), _text(MARGIN, 60, "nothing yet")])
    first, last = days.sort()[[0, -1]]
    frame = _Frame(first, last, scale)
    marks = [frame.axes(), *map(frame.line, lines, COLORS)]
    marks += [
        _text(MARGIN + 130 * place, HEIGHT - 8, line.name, COLORS[place])
        for place, line in enumerate(lines)
    ]
    return _framed([_text(MARGIN, 20, title), *marks])


def bounds(lines: Sequence[Line], *further: float) -> tuple[float, float]:
    """Smallest and largest value of the lines and of `further`, never the same."""
    values = [v for line in lines for v in line.values.drop_nulls().to_list()]
    every = [*filter(math.isfinite, values), *further]
    low, high = min(every, default=0.0), max(every, default=1.0)
    return (low, high) if high > low else (low - 1.0, high + 1.0)


@dataclasses.dataclass(frozen=True)
class _Frame:
    """Places of days and values on the paper."""

    first: dt.date
    last: dt.date
    scale: Scale

    def x(self, day: dt.date) -> float:
        span = max((self.last - self.first).days, 1)
        return MARGIN + (WIDTH - 2 * MARGIN) * (day - self.first).days / span

    def y(self, value: float) -> float:
        share = (value - self.scale.low) / (self.scale.high - self.scale.low)
        return HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * min(max(share, 0.0), 1.0)

    def axes(self) -> str:
        form, bottom = self.scale.form.format, HEIGHT - MARGIN
        marks = [
            _text(4, self.y(self.scale.high) + 4, form(self.scale.high)),
            _text(4, self.y(self.scale.low) + 4, form(self.scale.low)),
            _text(MARGIN, bottom + 16, str(self.first)),
            _text(WIDTH - MARGIN - 62, bottom + 16, str(self.last)),
            _stroke(f"M{MARGIN},{MARGIN}V{bottom}H{WIDTH - MARGIN}", "#999"),
        ]
        if self.scale.level is not None:
            level = f"M{MARGIN},{self.y(self.scale.level):.1f}H{WIDTH - MARGIN}"
            marks.append(_stroke(level, "#999", ' stroke-dasharray="4"'))
        return "".join(marks)

    def line(self, line: Line, color: str) -> str:
        step = -(-line.days.len() // POINTS) or 1
        # Counted from the end, so that the newest point is always drawn.
        days, values = line.days[::-step], line.values[::-step]
        path, is_down = [], False
        for day, value in zip(days, values, strict=True):
            if value is None or not math.isfinite(value):
                is_down = False
                continue
            path.append(
                f"{'L' if is_down else 'M'}{self.x(day):.1f},{self.y(value):.1f}"
            )
            is_down = True
        return _stroke("".join(path), color, ' stroke-linecap="round"')


def _stroke(path: str, color: str, style: str = "") -> str:
    return f'<path d="{path}" fill="none" stroke="{color}" stroke-width="1.5"{style}/>'


def _text(x: float, y: float, words: str, color: str = "#333") -> str:
    return f'<text x="{x}" y="{y:.0f}" fill="{color}">{saxutils.escape(words)}</text>'


def _framed(marks: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    )
    return "".join([head, *marks, "</svg>"])
