"""The page of the intraday desk: skill, luck and cost at a glance, in one file.

Words, tiles and tables around what ``intraday_sheet.py`` computed; what every page
looks like stands in ``page.py``.
"""

import math
from collections.abc import Iterator

import polars as pl

from turbomode_assets.reports import (
    desk_charts,
    desk_page,
    intraday_sheet,
    intraday_worth,
    page,
)
from turbomode_assets.reports.page import Tile
from turbomode_assets.reports.top_book import SESSIONS_A_YEAR

BOOKS = {"book": "options book", "shares": "the shares"}
"""Columns of `intraday_sheet.Tables.equity` in words."""


def render(sheet: intraday_sheet.Sheet) -> str:
    """Page of the intraday desk.

    Parameters
    ----------
    sheet
        Its numbers.
    """
    return page.document("Intraday desk", sheet.as_of, _parts(sheet))


def _parts(sheet: intraday_sheet.Sheet) -> Iterator[str]:
    yield page.tiles(_tiles(sheet))
    yield page.paragraph(supported(sheet))
    yield page.note(
        f"{sheet.n_signals:,} {sheet.mode} signals, {sheet.n_pending:,} of them not "
        "yet judged. Skill is the share of the base rate's log-loss saved; ranges are "
        "of 90 %. Effective n counts signals whose horizons do not overlap."
    )
    yield page.heading("What changed")
    yield page.bullets(sheet.changes)
    yield page.heading("The newest signals")
    yield from _newest(sheet)
    yield page.heading("Judged in the last seven days")
    yield from _week(sheet)
    yield page.heading("Skill")
    yield from _skill(sheet)
    yield page.heading("Hits by side, beside their base rate")
    yield from _hits(sheet)
    yield page.heading("Are the probabilities true?")
    yield from _calibration(sheet)
    yield page.heading("Cost and luck: the options book")
    yield from _book(sheet)
    yield page.heading("Symbols and horizons")
    yield from _ranking(sheet)
    yield page.heading("Voters")
    yield from _voters(sheet)
    yield page.heading("Data")
    yield page.table(("table", "reaches"), sheet.tables.newest)
    yield page.refused(sheet.refused)


def supported(sheet: intraday_sheet.Sheet) -> str:
    """What the evidence supports, in a sentence."""
    known = [one for one in sheet.worths if one.interval is not None]
    if not known:
        return "Too little was judged to say anything about skill."
    better = [_name(one) for one in known if page.tone(one.interval) == "good"]
    worse = [_name(one) for one in known if page.tone(one.interval) == "bad"]
    told = []
    if better:
        told.append(f"The signals know more than the base rate: {', '.join(better)}.")
    if worse:
        told.append(f"They know less than the base rate: {', '.join(worse)}.")
    n_open = len(known) - len(better) - len(worse)
    if n_open:
        of_all = "" if n_open == len(known) else f" of {n_open} more"
        told.append(f"Not shown that the signals{of_all} know more than the base rate.")
    return " ".join(told)


def _name(one: intraday_worth.Worth | intraday_worth.Hits) -> str:
    return f"{one.symbol} {horizon(one.horizon)}"


def horizon(name: str) -> str:
    """A horizon in words.

    Examples
    --------
    >>> horizon("60_minutes"), horizon("1_session")
    ('60 min', '1 session')
    """
    return name.replace("_", " ").replace("minutes", "min")


def _tiles(sheet: intraday_sheet.Sheet) -> Iterator[Tile]:
    yield Tile(
        label="Champion",
        figure=f"generation {sheet.generation}" if sheet.champion else "nobody",
        note=sheet.champion or "the voters speak without a learned model",
    )
    for one in sheet.worths[:_N_TILES]:
        yield Tile(
            label=f"Skill, {_name(one)}",
            figure=str(page.share(one.skill)),
            note=f"{page.span(one.interval) or 'too few to bound'}; n {one.n:,}, "
            f"effective {one.n_effective:,}",
            tone=page.tone(one.interval),
        )
    book = sheet.book
    if book.total_return is not None:
        luck = page.number(book.sharpe.deflated, 2) or "-"
        yield Tile(
            label="Options book after costs",
            figure=str(page.share(book.total_return)),
            note=f"the shares {page.share(book.shares_return)}; deflated Sharpe {luck}",
        )


_N_TILES = 6  # two symbols; the others stand in the table


def _newest(sheet: intraday_sheet.Sheet) -> Iterator[str]:
    if sheet.newest_signals.is_empty():
        yield page.paragraph("Nothing was said yet.")
        return
    rows = sheet.newest_signals.to_dicts()
    # What the voters saw is said once, below the last horizon of a symbol.
    last = {row["symbol"]: row["horizon"] for row in rows}
    shown = (
        (
            *(row["symbol"], horizon(row["horizon"]), row["side"]),
            *(page.share(row["p_up"]), f"{row['n_agreeing']}/{row['n_speaking']}"),
        )
        for row in rows
    )
    reasons = (
        sheet.reasons.get(row["symbol"], "")
        if last[row["symbol"]] == row["horizon"]
        else ""
        for row in rows
    )
    yield page.explained(
        ("symbol", "horizon", "side", "up", "agreeing"),
        zip(shown, reasons, strict=True),
    )
    ends = rows[-1]
    yield page.note(
        f"Of {ends['session']}, {ends['minute']} minutes after the open. Below them "
        "what the voters with the most behind them saw, from -1 to 1."
    )


def _week(sheet: intraday_sheet.Sheet) -> Iterator[str]:
    if sheet.week.is_empty():
        yield page.paragraph("No side was judged.")
        return
    n, n_hits = (int(sheet.week[name].sum()) for name in ("n_taken", "n_hits"))
    yield page.paragraph(f"{n_hits:,} of {n:,} hit.")
    head = ("judged on", "horizon", "n", "hits", "mean return")
    rows = (
        (day, horizon(name), n, n_hits, f"{mean:.2%}")
        for day, name, n, n_hits, mean in sheet.week.rows()
    )
    yield page.folded("Day by day", page.table(head, rows))


def _skill(sheet: intraday_sheet.Sheet) -> Iterator[str]:
    lines = {
        horizon(name): line
        for name, line in sheet.lines.items()
        if line["skill"].drop_nulls().len()
    }
    if lines:
        title = "skill over the base rate, last half year"
        yield page.figure(desk_charts.skill(lines, title))
    if sheet.folds:
        named = {desk_page.OVER[name]: line for name, line in sheet.folds.items()}
        title = "learned model out of sample, last half year"
        yield page.figure(desk_charts.skill(named, title))
    head = ("", "skill", "90 % range", "rank IC", "its error", "loss", "base rate's")
    rows = (
        (
            *(_name(one), page.share(one.skill), page.span(one.interval)),
            page.number(one.rank_ic.mean, 3),
            page.number(one.rank_ic.standard_error, 3),
            *(page.number(one.loss, 4), page.number(one.base_loss, 4)),
        )
        for one in sheet.worths
    )
    yield page.table(head, rows)
    yield page.note(
        "Rank IC: of the probability of up and the return that followed, over the "
        "rounds of a session."
    )
    if sheet.fold_skills:
        yield page.table(
            ("learned model, out of sample", "skill", "90 % range", "sessions"),
            (
                (
                    *(desk_page.OVER[one.reference], page.share(one.skill)),
                    *(page.span(one.interval), one.n_sessions),
                )
                for one in sheet.fold_skills
            ),
        )


def _hits(sheet: intraday_sheet.Sheet) -> Iterator[str]:
    if not sheet.hits:
        yield page.paragraph("No side was judged.")
        return
    rows = (
        (
            *(_name(one), one.side, page.share(one.hit_share)),
            *(page.share(one.base_rate), one.n, one.n_effective),
        )
        for one in sheet.hits
    )
    yield page.table(("", "side", "hits", "base rate", "n", "effective n"), rows)


def _calibration(sheet: intraday_sheet.Sheet) -> Iterator[str]:
    if not sheet.calibration:
        yield page.paragraph("Too few sessions were judged to tell.")
        return
    yield page.paragraph(
        "On the dashed line, what was said came true as often as said."
    )
    yield page.halves(
        desk_charts.reliability(rows, f"up, {horizon(name)}")
        for name, rows in sheet.calibration.items()
    )


def _book(sheet: intraday_sheet.Sheet) -> Iterator[str]:
    book, lines = sheet.book, sheet.tables.equity
    if book.total_return is None:
        yield page.paragraph("No options book is kept.")
        return
    if lines.height > 1:
        title = "options book after costs, beside the shares"
        yield page.figure(desk_charts.book(lines, BOOKS, title))
    year = math.sqrt(SESSIONS_A_YEAR)
    ratio, error = (
        None if value is None else value * year
        for value in (book.sharpe.ratio, book.sharpe.standard_error)
    )
    yield page.table(
        ("", "options book"),
        (
            ("return", page.share(book.total_return)),
            ("return of the shares", page.share(book.shares_return)),
            ("drawdown", page.share(book.drawdown)),
            ("turnover a session", page.share(book.turnover)),
            ("Sharpe, a year", page.number(ratio, 2)),
            ("its standard error", page.number(error, 2)),
            ("deflated Sharpe", page.number(book.sharpe.deflated, 2)),
            ("sessions", book.sharpe.n_periods),
        ),
    )


def _ranking(sheet: intraday_sheet.Sheet) -> Iterator[str]:
    known = [one for one in sheet.worths if one.interval is not None]
    if not known:
        yield page.paragraph("Too little was judged to rank anything.")
        return
    ordered = sorted(known, key=lambda one: -one.skill)
    rows = [
        (_name(one), place, one.skill, *(one.interval or ()))
        for place, one in enumerate(ordered, start=1)
    ]
    names = ["symbol", "rank", "skill", "skill_lower", "skill_upper"]
    yield page.figure(desk_charts.rankings(pl.DataFrame(rows, names, orient="row")))


def _voters(sheet: intraday_sheet.Sheet) -> Iterator[str]:
    voters, weights = sheet.tables.voters, sheet.tables.weights
    if voters.is_empty():
        yield page.paragraph("No voter has spoken in a week.")
        return
    rows = (
        (
            (
                *(row["voter"], page.share(row["spoken_share"]), row["n"]),
                *(page.share(row["weight"]), page.share(row["skill"])),
            ),
            f"Last silent: {row['last_excuse']}" if row["last_excuse"] else "",
        )
        for row in voters.iter_rows(named=True)
    )
    head = ("voter", "spoke", "of", "weight", "skill")
    yield page.explained(head, rows)
    yield page.note(
        "Spoke: in the last week. Skill: of its own forecasts over the base rate, in "
        "all rounds learned from."
    )
    if weights.height:
        named = [horizon(name) for name in weights.columns[2:]]
        shares = (
            (symbol, expert, *map(page.share, own))
            for symbol, expert, *own in weights.rows()
        )
        experts = page.table(("symbol", "weight of", *named), shares)
        yield page.folded("What each weighs now", experts)
