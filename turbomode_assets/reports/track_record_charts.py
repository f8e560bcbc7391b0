"""Charts of a track record: skill over time and equity, a line for each mode.

Draws what ``track_record.py`` computed and computes nothing.
"""

from collections.abc import Mapping

import polars as pl

from turbomode_assets.reports import line_chart, track_record


def skill(skills: Mapping[str, pl.DataFrame]) -> str:
    """What signals saved, around the base rate, which has no skill.

    Parameters
    ----------
    skills
        By mode, as `track_record.skill` returns them.

    Returns
    -------
    str
        SVG; see `line_chart.draw`.
    """
    n_sessions = track_record.ROLLING_SESSIONS
    title = f"log-loss saved against the base rate, last {n_sessions} sessions"
    return _draw(title, _lines(skills, "skill"), 0.0, "{:.1%}")


def equity(books: Mapping[str, pl.DataFrame]) -> str:
    """Paper book that follows the signals, around the stake, which is 1.

    Parameters
    ----------
    books
        By mode, as `track_record.equity` returns them.

    Returns
    -------
    str
        SVG; see `line_chart.draw`.
    """
    title = "equity of the paper book that follows the signals, after costs"
    return _draw(title, _lines(books, "equity"), 1.0, "{:.3f}")


def _lines(rows: Mapping[str, pl.DataFrame], column: str) -> list[line_chart.Line]:
    return [
        line_chart.Line(name=mode, days=own["session"], values=own[column])
        for mode, own in rows.items()
    ]


def _draw(title: str, lines: list[line_chart.Line], level: float, form: str) -> str:
    low, high = line_chart.bounds(lines, level)
    scale = line_chart.Scale(low=low, high=high, form=form, level=level)
    return line_chart.draw(title, lines, scale)
