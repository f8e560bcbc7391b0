"""The page of the swing desk: skill, luck and cost at a glance, in one file.

Words, tiles and tables around what ``desk_sheet.py`` computed; what every page looks
like stands in ``page.py``.
"""

import math
from collections.abc import Iterator

from turbomode_assets.reports import (
    desk_charts,
    desk_sheet,
    page,
    scorecard,
    top_book,
)
from turbomode_assets.reports.page import Tile

GRADES = {"symmetric_10pct": "by 10 %", "seed_10pct": "predecessor's"}
"""Grades in words."""

OVER = {"base_rate": "over the base rate", "volatility": "over volatility only"}
"""References in words."""


def render(sheet: desk_sheet.Sheet) -> str:
    """Page of the swing desk.

    Parameters
    ----------
    sheet
        Its numbers.
    """
    return page.document("Swing desk", sheet.as_of, _parts(sheet))


def _parts(sheet: desk_sheet.Sheet) -> Iterator[str]:
    yield page.tiles(_tiles(sheet))
    yield from _head(sheet)
    yield page.heading("What changed")
    yield page.bullets(sheet.changes)
    yield page.heading("The largest edges tonight")
    yield from _tonight(sheet)
    yield page.heading("Matured in the last seven days")
    yield from _week(sheet)
    yield page.heading("Skill")
    yield from _skill(sheet)
    yield page.heading("Hits by side, beside their base rate")
    yield from _sides(sheet)
    yield page.heading("Are the probabilities true?")
    yield from _calibration(sheet)
    yield page.heading("Cost and luck: a paper book")
    yield from _book(sheet.book)
    yield page.heading("Symbols")
    yield from _symbols(sheet)
    yield page.heading("Data")
    yield page.table(("table", "reaches"), sheet.newest)
    yield page.refused(sheet.refused)
    yield "".join(map(page.note, sheet.card.notes))


def _tiles(sheet: desk_sheet.Sheet) -> Iterator[Tile]:
    card = sheet.card
    reign = f"{card.champion}, since {sheet.reigns_from}"
    yield Tile(
        label="Champion",
        figure=f"generation {sheet.generation}" if card.champion else "nobody",
        note=reign if card.champion else "no challenger has passed the gate",
    )
    yield from (_skill_tile(row) for row in card.skills if row.skill is not None)
    for row in card.sides:
        if row.mode == sheet.mode and row.grade == "symmetric_10pct" and row.n_matured:
            yield Tile(
                label=f"{row.side.capitalize()}s that hit",
                figure=str(page.share(row.hit_share)),
                note=f"{page.share(row.base_rate)} blindly; n {row.n_matured:,}, "
                f"effective {row.n_effective}",
            )
    own, equal = sheet.book.worth
    if own.total_return is not None:
        luck = page.number(own.sharpe.deflated, 2) or "-"
        yield Tile(
            label="Paper book after costs",
            figure=str(page.share(own.total_return)),
            note=f"equal weight {page.share(equal.total_return)}; "
            f"deflated Sharpe {luck}",
        )


def _skill_tile(row: scorecard.SkillRow) -> Tile:
    return Tile(
        label=f"Skill {OVER[row.reference]}",
        figure=str(page.share(row.skill)),
        note=f"{page.span(row.interval) or 'too few to bound'}; "
        f"{_source(row)}, {row.n_sessions} sessions",
        tone=page.tone(row.interval),
    )


def _head(sheet: desk_sheet.Sheet) -> Iterator[str]:
    card = sheet.card
    if not card.champion:
        yield page.paragraph("No champion reigns.")
    yield page.paragraph(supported(card, sheet.mode))
    yield page.note(
        f"{card.n_signals:,} signals in {card.n_sessions} sessions, {card.n_open:,} of "
        f"them not yet matured. Hits, book and charts are of {sheet.mode} signals. "
        "Skill is the share of the reference's log-loss saved; ranges are of 90 %."
    )


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
    if sheet.skill["skill"].drop_nulls().len():
        title = f"{sheet.mode} signals over the base rate, last half year"
        yield page.figure(desk_charts.skill({"skill": sheet.skill}, title))
    if sheet.folds:
        named = {OVER[name]: line for name, line in sheet.folds.items()}
        title = "champion out of sample, last half year"
        yield page.figure(desk_charts.skill(named, title))
    yield page.table(
        ("source", "against", "skill", "90 % range", "sessions", "loss", "its loss"),
        map(_skill_cells, sheet.card.skills),
    )
    orders = (
        (
            *(_source(row), page.number(row.auc_up, 3)),
            *(page.number(row.rank_ic.mean, 3),),
            *(page.number(row.rank_ic.standard_error, 3), row.n_rows),
        )
        for row in sheet.card.orders
    )
    yield page.table(("source", "AUC of up", "rank IC", "its error", "rows"), orders)


def _skill_cells(row: scorecard.SkillRow) -> tuple[object, ...]:
    return (
        *(_source(row), row.reference.replace("_", " ")),
        *(page.share(row.skill), page.span(row.interval), row.n_sessions),
        *(page.number(row.loss, 4), page.number(row.reference_loss, 4)),
    )


def _source(row: scorecard.SkillRow | scorecard.OrderRow) -> str:
    """Where rows come from; whose they are out of sample stands above."""
    return row.source.partition(",")[0]


def _calibration(sheet: desk_sheet.Sheet) -> Iterator[str]:
    if not sheet.calibration:
        yield page.paragraph("Too few sessions have matured to tell.")
        return
    yield page.paragraph(
        "On the dashed line, what was said came true as often as said."
    )
    yield page.halves(
        desk_charts.reliability(rows, name) for name, rows in sheet.calibration.items()
    )


def _sides(sheet: desk_sheet.Sheet) -> Iterator[str]:
    rows = (
        (
            *(row.side, GRADES[row.grade]),
            *(page.share(row.hit_share), page.share(row.base_rate)),
            *(row.n_matured, row.n_effective),
        )
        for row in sheet.card.sides
        if row.mode == sheet.mode
    )
    head = ("side", "grade", "hits", "base rate", "n", "effective n")
    yield page.table(head, rows)
    yield page.note(
        "By 10 %: a buy gained or a sell lost that much. The predecessor's grade calls "
        "every sell right that did not gain as much."
    )


def _tonight(sheet: desk_sheet.Sheet) -> Iterator[str]:
    rows = [
        (
            (row["symbol"], row["side"], *(page.share(row[n]) for n in _SAID)),
            sheet.reasons.get(row["symbol"], ""),
        )
        for row in sheet.tonight.iter_rows(named=True)
    ]
    if not rows:
        yield page.paragraph("No symbol is bought or sold.")
        return
    session, symbol = sheet.tonight["session"][0], sheet.tonight["symbol"][0]
    yield page.explained(("symbol", "side", "up", "flat", "down", "edge"), rows)
    yield page.note(
        f"Of {session}. Points are what a feature added to the mean forecast of the "
        f"session. All of it: turbomode explain {symbol} {session}"
    )


_SAID = ("p_up", "p_flat", "p_down", "edge")


def _week(sheet: desk_sheet.Sheet) -> Iterator[str]:
    rows = [
        (
            *(row["symbol"], row["session"], row["matures_on"], row["side"]),
            *(page.share(row["realized_return"]), _HIT[row["is_hit"]]),
        )
        for row in sheet.week.iter_rows(named=True)
    ]
    if not rows:
        yield page.paragraph("No buy or sell has matured.")
        return
    n_hits = int(sheet.week["is_hit"].sum())
    usual = page.share(sheet.week["base_rate"].mean())  # type: ignore[arg-type]
    told = f"{n_hits} of {len(rows)} hit; of names picked blindly in the same sessions"
    yield page.paragraph(f"{told} {usual} would have.")
    head = ("symbol", "said on", "matured on", "side", "return", "")
    yield page.folded("Each of them", page.table(head, rows))


_HIT = {True: "hit", False: "miss", None: "-"}


def _book(book: top_book.TopBook) -> Iterator[str]:
    if book.lines.is_empty():
        yield page.paragraph("Nothing has matured.")
        return
    title = "largest edges of each session, after costs"
    yield page.figure(desk_charts.book(book.lines, desk_charts.BOOKS, title))
    names = (desk_charts.BOOKS[worth.name] for worth in book.worth)
    figures = zip(_WORTH, *map(_worth, book.worth), strict=True)
    yield page.table(("", *names), figures)
    yield page.note(
        "Sharpe: a year, of holding periods that do not overlap. Deflated: the chance "
        "that it exceeds what the best of as many worthless models as were tried "
        "would show. Equal weight holds every symbol and pays no costs."
    )


_WORTH = (
    *("return", "drawdown", "turnover", "Sharpe", "its standard error"),
    *("deflated Sharpe", "effective n"),
)


def _worth(worth: top_book.Worth) -> tuple[object, ...]:
    found, year = worth.sharpe, math.sqrt(worth.periods_a_year)
    annual = [
        None if v is None else v * year for v in (found.ratio, found.standard_error)
    ]
    return (
        *map(page.share, (worth.total_return, worth.drawdown, worth.turnover)),
        *(page.number(value, 2) for value in annual),
        *(page.number(found.deflated, 2), found.n_periods),
    )


def _symbols(sheet: desk_sheet.Sheet) -> Iterator[str]:
    if sheet.ranking.is_empty():
        yield page.paragraph("No symbol was ranked yet.")
        return
    yield page.figure(desk_charts.rankings(sheet.ranking))
