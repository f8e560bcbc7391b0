"""A page of HTML that needs no network: its dress, and the pieces it is made of.

Light or dark as the reader's device is, and readable on a phone: charts and tiles take
the width there is, and a table that is wider scrolls within itself. What a page says
stands in the file of each desk.
"""

import dataclasses
import html
from collections.abc import Iterable, Iterator, Sequence

import polars as pl

_STYLE = """
:root{color-scheme:light dark;--ink:#222;--paper:#fff;--line:#ddd;--soft:#666;
--card:#f6f7f9;--good:#2e7d4f;--bad:#b3423a}
@media(prefers-color-scheme:dark){:root{--ink:#ddd;--paper:#171717;--line:#3a3d42;
--soft:#9a9da3;--card:#222426;--good:#5fb98a;--bad:#e0796f}
figure svg{filter:invert(.91) hue-rotate(180deg)}}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:1.5rem auto;
padding:0 1rem;color:var(--ink);background:var(--paper)}
h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.15rem;margin-top:2rem}
h1 small{font-weight:400;color:var(--soft)}
.tiles{display:grid;gap:.6rem;grid-template-columns:repeat(auto-fill,minmax(10rem,1fr))}
.tile{background:var(--card);border-left:4px solid var(--line);padding:.5rem .7rem}
.tile b{display:block;font-size:1.25rem;overflow-wrap:anywhere}
.tile span{display:block;font-size:.8rem;line-height:1.35;color:var(--soft)}
.good{border-color:var(--good)}.bad{border-color:var(--bad)}
.wide{overflow-x:auto}table{border-collapse:collapse;margin:.5rem 0}
td,th{padding:.2rem .7rem;border-bottom:1px solid var(--line);text-align:left;
white-space:nowrap}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
tr.why td{white-space:normal;color:var(--soft);font-size:.85rem;padding-bottom:.5rem}
tr.led td{border-bottom:0}
.charts{display:flex;flex-wrap:wrap;gap:0 1rem}
figure{margin:1rem 0}figure.half{flex:1 1 15rem;max-width:20rem;margin:.5rem 0}
svg{width:100%;height:auto;max-width:44rem}p.note{color:var(--soft);font-size:.9rem}
@media(max-width:45rem){table{font-size:.8rem}th{white-space:normal}
td,th{padding:.25rem .3rem}.tiles{grid-template-columns:1fr 1fr}}
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tile:
    """One figure to be seen at a glance, with what puts it into place.

    `tone` is good or bad where the evidence says so, else empty.
    """

    label: str
    figure: str
    note: str = ""
    tone: str = ""


def document(title: str, day: object, parts: Iterable[str]) -> str:
    """The whole page.

    Parameters
    ----------
    title
        What it is about.
    day
        Day up to which it knows.
    parts
        Pieces as the functions of this file return them; empty ones are left out.

    Returns
    -------
    str
        An HTML document without scripts, links or anything fetched; same parts, same
        bytes.
    """
    named = html.escape(title)
    body = "\n".join(part for part in parts if part)
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        f"<title>{named}, {day}</title><style>{_STYLE}</style></head>"
        f"<body>\n<h1>{named} <small>{day}</small></h1>\n{body}\n</body></html>\n"
    )


def heading(words: str) -> str:
    """Title of a section."""
    return f"<h2>{html.escape(words)}</h2>"


def tiles(shown: Iterable[Tile]) -> str:
    """Figures side by side, two on a phone."""
    cards = (
        f'<div class="tile {one.tone}"><span>{html.escape(one.label)}</span>'
        f"<b>{html.escape(one.figure)}</b><span>{html.escape(one.note)}</span></div>"
        for one in shown
    )
    return f"<div class=tiles>{''.join(cards)}</div>"


def bullets(lines: Iterable[str]) -> str:
    """A list of sentences."""
    return f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in lines)}</ul>"


def paragraph(words: str) -> str:
    """A sentence or more."""
    return f"<p>{html.escape(words)}</p>"


def note(words: str) -> str:
    """What a figure means, in small print."""
    return f"<p class=note>{html.escape(words)}</p>"


def figure(svg: str) -> str:
    """A chart over the whole width."""
    return f"<figure>{svg}</figure>"


def halves(charts: Iterable[str]) -> str:
    """Small charts side by side, below each other on a phone."""
    drawn = "".join(f"<figure class=half>{svg}</figure>" for svg in charts)
    return f"<div class=charts>{drawn}</div>"


def folded(summary: str, content: str) -> str:
    """What is shown when somebody asks for it."""
    return f"<details><summary>{html.escape(summary)}</summary>{content}</details>"


def table(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """A table; numbers stand to the right."""
    return explained(head, ((row, "") for row in rows))


def explained(head: Sequence[str], rows: Iterable[tuple[Iterable[object], str]]) -> str:
    """A table in which a row may be followed by a sentence over its whole width."""
    shown = [([_shown(value) for value in row], why) for row, why in rows]
    first = shown[0][0] if shown else head
    names = (_cell("th", *pair) for pair in zip(head, first, strict=True))
    lines = "\n".join(_lines(shown, len(head)))
    return f"<div class=wide><table><tr>{''.join(names)}</tr>\n{lines}</table></div>"


def _lines(shown: Iterable[tuple[list[str], str]], width: int) -> Iterator[str]:
    for row, why in shown:
        cells = "".join(_cell("td", value, value) for value in row)
        yield f"<tr{' class=led' if why else ''}>{cells}</tr>"
        if why:
            yield f"<tr class=why><td colspan={width}>{html.escape(why)}</td></tr>"


def _cell(tag: str, words: str, example: str) -> str:
    """A cell, to the right where `example` is a number, a range or a day."""
    bare = example.replace(" to ", "")
    is_number = bare == "-" or any(map(str.isdigit, bare))
    kind = " class=n" if is_number and not any(map(str.isalpha, bare)) else ""
    return f"<{tag}{kind}>{html.escape(words)}</{tag}>"


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else str(value)


def refused(rows: pl.DataFrame) -> str:
    """Rows of sources that were refused in the last 30 days: reason and n_rows."""
    if rows.is_empty():
        return paragraph("No delivered row was refused in the last 30 days.")
    return table(("refused in the last 30 days", "rows"), rows.rows())


def number(value: float | None, digits: int) -> str | None:
    """A number with as many digits behind the point; null stays null."""
    return None if value is None else f"{value:.{digits}f}"


def share(value: float | None) -> str | None:
    """A fraction in percent; null stays null.

    Examples
    --------
    >>> share(0.1234), share(-0.0001), share(None)
    ('12.3%', '0.0%', None)
    """
    return None if value is None else f"{round(value, 3) + 0.0:.1%}"


def span(ends: tuple[float, float] | None) -> str | None:
    """An interval of fractions in percent; null stays null.

    Examples
    --------
    >>> span((0.05, 0.1))
    '5.0 to 10.0%'
    """
    if ends is None:
        return None
    low, high = map(share, ends)
    return f"{low} to {high}".replace("%", "", 1)


def tone(ends: tuple[float, float] | None) -> str:
    """Good or bad where an interval leaves zero, else nothing.

    Examples
    --------
    >>> [tone(ends) for ends in ((0.1, 0.2), (-0.1, 0.2), (-0.2, -0.1), None)]
    ['good', '', 'bad', '']
    """
    if ends is None or ends[0] <= 0 <= ends[1]:
        return ""
    return "good" if ends[0] > 0 else "bad"
