"""The learning report as a page: tables, charts and what they do and do not support.

Words around what ``learning.py`` computed. The page needs no network and no script.
"""

import html
from collections.abc import Iterable, Sequence

from turbomode_assets.reports import learning, learning_charts

SURE = 0.05
"""Largest p from which the page says that something is supported."""

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;"
    "padding:0 1rem;color:#222}table{border-collapse:collapse;margin:1rem 0}"
    "td,th{padding:.2rem .7rem;border-bottom:1px solid #ddd;text-align:left}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}svg{max-width:100%}"
)


def render(reports: Sequence[learning.Learning]) -> str:
    """Page about one or more replays.

    Parameters
    ----------
    reports
        In the order they are shown; over two or more of one market the gains are
        pooled.

    Returns
    -------
    str
        An HTML document; same reports, same bytes.
    """
    parts = ["<h1>Does the loop learn?</h1>", _pooled(reports)]
    for report in reports:
        parts += [f"<h2>{html.escape(report.name)}</h2>", *_one(report)]
    head = f"<meta charset=utf-8><title>Learning report</title><style>{_STYLE}</style>"
    body = "\n".join(part for part in parts if part)
    return f"<!doctype html><html lang=en>{head}<body>\n{body}\n</body></html>\n"


def verdict_in_words(report: learning.Learning) -> tuple[str, ...]:
    """What the evidence of one replay supports, a sentence each.

    Parameters
    ----------
    report
        One replay.
    """
    if not report.pairs:
        return ("No champion was ever crowned: the product said nothing to be judged.",)
    told = [_in_words(pair) for pair in report.pairs]
    if report.generations is not None:
        told.append(_in_words(report.generations))
    return tuple(told)


def _in_words(pair: learning.PairRow) -> str:
    names = f"{pair.better} over {pair.than}".replace("_", " ")
    if pair.p is None or pair.interval is None:
        return f"{names}: {pair.n_sessions} sessions are too few to say anything."
    low, high = pair.interval
    span = f"{pair.gain:+.5f} nats a row (90 % interval {low:+.5f} to {high:+.5f})"
    if pair.p > SURE:
        return f"{names}: not shown either way, {span}, p = {pair.p:.2f}."
    doubt = (
        " The second test does not agree, so believe neither."
        if pair.p_second is None or pair.p_second > SURE
        else ""
    )
    better = "better" if pair.gain > 0 else "worse"
    return f"{names}: {better}, {span}, p = {pair.p:.3f}.{doubt}"


def _one(report: learning.Learning) -> Iterable[str]:
    sentences = "".join(f"<li>{html.escape(s)}</li>" for s in verdict_in_words(report))
    yield f"<p>What the evidence supports:</p><ul>{sentences}</ul>"
    arms = (
        (a.arm, a.n_sessions, a.n_rows, a.loss, a.skill, *(a.interval or (None, None)))
        for a in report.arms
    )
    head: Sequence[str] = (
        "arm",
        "sessions",
        "rows",
        "log-loss",
        "skill",
        "low",
        "high",
    )
    yield _table(head, arms)
    pairs = [*report.pairs, *([report.generations] if report.generations else [])]
    head = ("better", "than", "sessions", "gain", "low", "high", "p", "p, second test")
    yield _table(head, (_pair_cells(pair) for pair in pairs))
    yield learning_charts.skills(report)
    yield learning_charts.books(report)
    lines = (
        (f"{d.month:%Y-%m}", d.decision, d.version, d.reason) for d in report.decisions
    )
    yield _table(("month", "decision", "version", "why"), lines)
    n, seconds = report.n_trainings, report.training_seconds
    yield f"<p>The learning cost {n} trainings, {seconds / 60:.1f} minutes in all.</p>"


def _pair_cells(pair: learning.PairRow) -> tuple[object, ...]:
    low, high = pair.interval or (None, None)
    first = (pair.better, pair.than, pair.n_sessions, pair.gain)
    return (*first, low, high, pair.p, pair.p_second)


def _pooled(reports: Sequence[learning.Learning]) -> str:
    rows = learning.pooled(reports)
    if len(reports) < 2 or not rows:  # noqa: PLR2004 - one replay needs no pooling
        return ""
    cells = (
        (r.better, r.than, r.n_replays, r.gain, *(r.interval or (None, None)), r.p)
        for r in rows
    )
    head = ("better", "than", "replays", "gain", "low", "high", "p")
    return "<p>Over all replays, each one trial:</p>" + _table(head, cells)


def _table(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    names = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    lines = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><tr>{names}</tr>\n{lines}</table>"


def _cell(value: object) -> str:
    if value is None:
        return "<td class=n>-</td>"
    if isinstance(value, int | float):
        shown = f"{value:.5f}" if isinstance(value, float) else f"{value}"
        return f"<td class=n>{shown}</td>"
    return f"<td>{html.escape(str(value))}</td>"
