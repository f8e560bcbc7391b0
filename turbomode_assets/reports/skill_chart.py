"""Skill over time: what signals saved against the base rate, a line for each mode.

Draws what ``track_record.py`` computed and computes nothing.
"""

from collections.abc import Mapping

import polars as pl

from turbomode_assets.reports import line_chart, track_record


def draw(skills: Mapping[str, pl.DataFrame]) -> str:
    """One line per mode around the base rate, which has no skill.

    Parameters
    ----------
    skills
        By mode, as `track_record.skill` returns them.

    Returns
    -------
    str
        SVG; see `line_chart.draw`.
    """
    lines = [
        line_chart.Line(name=mode, days=rows["session"], values=rows["skill"])
        for mode, rows in skills.items()
    ]
    low, high = line_chart.bounds(lines, 0.0)
    scale = line_chart.Scale(low=low, high=high, form="{:.1%}", level=0.0)
    n_sessions = track_record.ROLLING_SESSIONS
    title = f"log-loss saved against the base rate, last {n_sessions} sessions"
    return line_chart.draw(title, lines, scale)
