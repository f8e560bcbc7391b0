"""A desk's page: skill, luck and cost at a glance, in one file that needs no network.

Words and tables around what ``desk_sheet.py`` computed. Light or dark as the reader's
device is, and readable on a phone: what is wide scrolls within itself.
"""

import html
import math
from collections.abc import Iterable, Iterator, Sequence

from turbomode_assets.reports import (
    desk_charts,
    desk_sheet,
    reliability_chart,
    scorecard,
    top_book,
)

_STYLE = """
:root{color-scheme:light dark;--ink:#222;--paper:#fff;--line:#ddd;--soft:#666}
@media(prefers-color-scheme:dark){:root{--ink:#ddd;--paper:#16181b;--line:#3a3d42;
--soft:#9a9da3}figure svg{filter:invert(.91) hue-rotate(180deg)}}
body{font:15px/1.5 system-ui,sans-serif;max-width:66rem;margin:1.5rem auto;
padding:0 1rem;color:var(--ink);background:var(--paper)}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
.wide{overflow-x:auto}table{border-collapse:collapse;margin:.5rem 0}
td,th{padding:.2rem .7rem;border-bottom:1px solid var(--line);text-align:left;
white-space:nowrap}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
figure{margin:1rem 0;overflow-x:auto}svg{max-width:100%;height:auto}
@media(max-width:45rem){svg{max-width:none;width:48rem}}p.note{color:var(--soft)}
"""


def render(sheet: desk_sheet.Sheet) -> str:
    """Page of the swing desk.

    Parameters
    ----------
    sheet
        Its numbers.

    Returns
    -------
    str
        An HTML document without scripts, links or anything fetched; same numbers, same
        bytes.
    """
    body = "\n".join(part for part in _parts(sheet) if part)
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        f"<title>turbomode, {sheet.as_of}</title><style>{_STYLE}</style></head>"
        f"<body>\n{body}\n</body></html>\n"
    )


def _parts(sheet: desk_sheet.Sheet) -> Iterator[str]:
    yield f"<h1>Swing desk, {sheet.as_of}</h1>"
    yield from _head(sheet)
    yield "<h2>What changed</h2>"
    yield _list(sheet.changes)
    yield "<h2>Skill</h2>"
    yield from _skill(sheet)
    yield "<h2>Are the probabilities true?</h2>"
    yield from _calibration(sheet)
    yield "<h2>Hits by side, beside their base rate</h2>"
    yield _sides(sheet.card.sides)
    yield "<h2>The largest edges tonight</h2>"
    yield from _tonight(sheet)
    yield "<h2>Matured in the last seven days</h2>"
    yield from _week(sheet)
    yield "<h2>Cost and luck: a paper book</h2>"
    yield from _book(sheet.book)
    yield "<h2>Symbols</h2>"
    yield from _symbols(sheet)
    yield "<h2>Data</h2>"
    yield _table(("table", "reaches"), sheet.newest)
    yield _refused(sheet)
    yield _notes(sheet)


def _head(sheet: desk_sheet.Sheet) -> Iterator[str]:
    card = sheet.card
    reigns = f"Champion {card.champion}, generation {sheet.generation}."
    yield _paragraph(reigns if card.champion else "No champion reigns.")
    yield _paragraph(
        f"{card.n_signals:,} signals in {card.n_sessions} sessions, {card.n_open:,} of "
        f"them not yet matured. The figures below are of {sheet.mode} signals."
    )
    yield _paragraph(supported(card, sheet.mode))


def supported(card: scorecard.Scorecard, mode: str) -> str:
    """What the evidence supports about the signals of a mode, in a sentence."""
    found = [
        row
        for row in card.skills
        if row.source == f"{mode} signals" and row.reference == "base_rate"
    ]
    if not found or found[0].interval is None or found[0].skill is None:
        return "Too little has matured to say anything about skill."
    low, high = found[0].interval
    span = (
        f"{found[0].skill:.1%} of the base rate's loss saved "
        f"(90 % interval {low:.1%} to {high:.1%}, {found[0].n_sessions} sessions)"
    )
    if low > 0:
        return f"The signals know more than the base rate: {span}."
    if high < 0:
        return f"The signals know less than the base rate: {span}."
    return f"Not shown that the signals know more than the base rate: {span}."


def _skill(sheet: desk_sheet.Sheet) -> Iterator[str]:
    head = ("source", "reference", "rows", "sessions", "loss", "reference loss")
    rows = (
        (
            *(row.source, row.reference.replace("_", " "), row.n_rows, row.n_sessions),
            *(_number(row.loss, 4), _number(row.reference_loss, 4)),
            *(_share(row.skill), *map(_share, row.interval or (None, None))),
        )
        for row in sheet.card.skills
    )
    yield _table((*head, "skill", "low", "high"), rows)
    if sheet.skill["skill"].drop_nulls().len():
        yield f"<figure>{desk_charts.skill(sheet.skill)}</figure>"
    orders = (
        (
            *(row.source, row.n_rows, _number(row.auc_up, 3)),
            *(_number(row.rank_ic.mean, 3), _number(row.rank_ic.standard_error, 3)),
        )
        for row in sheet.card.orders
    )
    yield _table(("source", "rows", "AUC of up", "rank IC", "its error"), orders)


def _calibration(sheet: desk_sheet.Sheet) -> Iterator[str]:
    if not sheet.calibration:
        yield _paragraph("Too few sessions have matured to tell.")
        return
    yield _paragraph("On the dashed line, what was said came true as often as said.")
    drawn = reliability_chart.draw(sheet.calibration).decode()
    yield f"<figure>{drawn}</figure>"


def _sides(sides: Sequence[scorecard.SideRow]) -> str:
    head = ("mode", "side", "grade", "emitted", "matured", "effective n", "hits")
    rows = (
        (
            *(row.mode, row.side, row.grade, row.n_emitted, row.n_matured),
            *(row.n_effective, _share(row.hit_share), _share(row.base_rate)),
        )
        for row in sides
    )
    return _table((*head, "base rate"), rows)


def _tonight(sheet: desk_sheet.Sheet) -> Iterator[str]:
    rows = [
        (row["symbol"], row["side"], *(_share(row[n]) for n in _SAID), row["rank"])
        for row in sheet.tonight.iter_rows(named=True)
    ]
    if not rows:
        yield _paragraph("No symbol is bought or sold.")
        return
    session, symbol = sheet.tonight["session"][0], rows[0][0]
    yield _table(("symbol", "side", "up", "flat", "down", "edge", "rank"), rows)
    yield _note(
        f"Of {session}. Why, feature by feature: turbomode explain {symbol} {session}"
    )


_SAID = ("p_up", "p_flat", "p_down", "edge")


def _week(sheet: desk_sheet.Sheet) -> Iterator[str]:
    rows = [
        (
            *(row["symbol"], row["session"], row["matures_on"], row["side"]),
            *(_share(row["realized_return"]), _HIT[row["is_hit"]]),
        )
        for row in sheet.week.iter_rows(named=True)
    ]
    if not rows:
        yield _paragraph("No buy or sell has matured.")
        return
    n_hits = int(sheet.week["is_hit"].sum())
    yield _paragraph(f"{n_hits} of {len(rows)} hit.")
    table = _table(("symbol", "said on", "matured on", "side", "return", ""), rows)
    yield f"<details><summary>Each of them</summary>{table}</details>"


_HIT = {True: "hit", False: "miss", None: "-"}


def _book(book: top_book.TopBook) -> Iterator[str]:
    if book.lines.is_empty():
        yield _paragraph("Nothing has matured.")
        return
    yield f"<figure>{desk_charts.book(book.lines)}</figure>"
    head = ("book", "return", "drawdown", "turnover", "Sharpe", "error", "deflated")
    yield _table((*head, "effective n"), map(_worth, book.worth))
    yield _note(
        "Sharpe: a year, of holding periods that do not overlap. Deflated: the chance "
        "that it exceeds what the best of as many worthless models as were tried "
        "would show. Equal weight holds every symbol and pays no costs."
    )


def _worth(worth: top_book.Worth) -> tuple[object, ...]:
    found, year = worth.sharpe, math.sqrt(worth.periods_a_year)
    annual = [
        None if v is None else v * year for v in (found.ratio, found.standard_error)
    ]
    return (
        "largest edges" if worth.name == "book" else "equal weight",
        *map(_share, (worth.total_return, worth.drawdown, worth.turnover)),
        *(_number(value, 2) for value in annual),
        *(_number(found.deflated, 2), found.n_periods),
    )


def _symbols(sheet: desk_sheet.Sheet) -> Iterator[str]:
    if sheet.ranking.is_empty():
        yield _paragraph("No symbol was ranked yet.")
        return
    yield f"<figure>{desk_charts.rankings(sheet.ranking)}</figure>"


def _refused(sheet: desk_sheet.Sheet) -> str:
    if sheet.refused.is_empty():
        return _paragraph("No delivered row was refused in the last 30 days.")
    return _table(("refused in the last 30 days", "rows"), sheet.refused.iter_rows())


def _notes(sheet: desk_sheet.Sheet) -> str:
    return "".join(map(_note, sheet.card.notes))


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in lines)}</ul>"


def _paragraph(words: str) -> str:
    return f"<p>{html.escape(words)}</p>"


def _note(words: str) -> str:
    return f"<p class=note>{html.escape(words)}</p>"


def _table(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    names = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    lines = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<div class=wide><table><tr>{names}</tr>\n{lines}</table></div>"


def _cell(value: object) -> str:
    shown = "-" if value is None else str(value)
    kind = " class=n" if shown[:1] in "-+0123456789" else ""
    return f"<td{kind}>{html.escape(shown)}</td>"


def _number(value: float | None, digits: int) -> str | None:
    return None if value is None else f"{value:.{digits}f}"


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.1%}"
