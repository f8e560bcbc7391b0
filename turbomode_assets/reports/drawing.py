"""An empty chart and the finished chart as SVG: what all charts of reports share.

What is drawn between the two stands with each report. Same numbers, same bytes.
"""

import io
from typing import Any

COLORS = ("#1b6ca8", "#c8553d", "#588157", "#8d6a9f", "#6c757d")
"""Colors of lines and bars, in the order in which they are taken."""

_WIDE, _HIGH = 9.0, 3.2  # inches


def figure(title: str, high: float = _HIGH, wide: float = _WIDE) -> tuple[Any, Any]:
    """Empty figure and its axes; `high` and `wide` are in inches."""
    # Imported late: seconds that only a drawing needs. No backend is chosen, so a
    # program that draws on a screen is left alone.
    from matplotlib import figure as figures  # noqa: PLC0415

    drawn = figures.Figure(figsize=(wide, high), layout="constrained")
    axes = drawn.subplots()
    axes.set_title(title, fontsize=10, loc="left")
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return drawn, axes


def svg(figure: Any, axes: Any, *, has_legend: bool = True) -> str:
    """The figure as an SVG element, with a legend of what its axes name."""
    import matplotlib as mpl  # noqa: PLC0415

    if has_legend:
        axes.legend(fontsize=8, frameon=False, ncols=5)
    buffer = io.StringIO()
    # Without a salt, names inside an SVG are drawn anew for every file.
    with mpl.rc_context({"svg.hashsalt": "turbomode", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
