"""A reliability diagram as SVG: predicted against observed, with bands.

Draws what `stats.reliability` measured; computes nothing and writes nothing.
"""

import base64
from collections.abc import Mapping

import polars as pl

SIDE, MARGIN = 240, 40
"""Edge of one panel and the space around it, in pixels."""

_COLORS = {"up": "#1a7f5a", "down": "#b3423a", "flat": "#56606b"}


def draw(tables: Mapping[str, pl.DataFrame]) -> bytes:
    """One panel per class, side by side.

    Parameters
    ----------
    tables
        By class, as `stats.reliability.reliability` returns them.

    Returns
    -------
    bytes
        SVG in UTF-8; the same tables give the same bytes.
    """
    width = len(tables) * (SIDE + MARGIN) + MARGIN
    height = SIDE + 2 * MARGIN
    panels = [
        _panel(name, table, MARGIN + place * (SIDE + MARGIN))
        for place, (name, table) in enumerate(tables.items())
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">'
        f'<rect width="{width}" height="{height}" fill="white"/>'
    )
    return "".join([head, *panels, "</svg>"]).encode()


def as_markdown(svg: bytes) -> str:
    """The chart as a Markdown image that needs no file beside it."""
    packed = base64.b64encode(svg).decode()
    return f"![predicted against observed](data:image/svg+xml;base64,{packed})"


def _panel(name: str, table: pl.DataFrame, left: int) -> str:
    top = max(
        float(table.select(pl.max_horizontal("predicted", "high").max()).item()), 0.01
    )
    color = _COLORS.get(name, "#333333")

    def x(value: float) -> str:
        return f"{left + SIDE * value / top:.1f}"

    def y(value: float) -> str:
        return f"{MARGIN + SIDE * (1 - value / top):.1f}"

    marks = [
        f'<line x1="{x(p)}" x2="{x(p)}" y1="{y(low)}" y2="{y(high)}" '
        f'stroke="{color}" stroke-width="2" opacity="0.5"/>'
        f'<circle cx="{x(p)}" cy="{y(o)}" r="3" fill="{color}"/>'
        for p, o, low, high in table.select(
            "predicted", "observed", "low", "high"
        ).iter_rows()
    ]
    frame = (
        f'<rect x="{left}" y="{MARGIN}" width="{SIDE}" height="{SIDE}" fill="none" '
        'stroke="#999"/>'
        f'<line x1="{x(0)}" y1="{y(0)}" x2="{x(top)}" y2="{y(top)}" stroke="#999" '
        'stroke-dasharray="4"/>'
        f'<text x="{left}" y="{MARGIN - 8}">{name}: observed over predicted, '
        f"up to {top:.1%}</text>"
    )
    return frame + "".join(marks)
