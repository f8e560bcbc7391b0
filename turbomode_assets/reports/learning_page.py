"""The learning report as a page: tables, charts and what they do and do not support.

Words around what ``learning.py`` computed. The page needs no network and no script.
"""

import html
from collections.abc import Iterable, Iterator, Sequence

from turbomode_assets.reports import learning, learning_charts, learning_pool

SURE = 0.05
"""Largest p from which the page says that something is supported."""

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;"
    "padding:0 1rem;color:#222}table{border-collapse:collapse;margin:1rem 0}"
    "td,th{padding:.2rem .7rem;border-bottom:1px solid #ddd;text-align:left}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}svg{max-width:100%}"
)

ARM_HEAD = (
    *("arm", "sessions", "rows", "log-loss", "skill", "low", "high"),
    *("direction, nats", "low", "high", "$1 in its book"),
)
"""Columns of a table of arms."""

PAIR_HEAD = (
    *("better", "than", "sessions", "gain, nats", "low", "high"),
    *("p", "p, second test"),
)
"""Columns of a table of pairs."""


def render(reports: Sequence[learning.Learning]) -> str:
    """Page about one or more replays.

    Parameters
    ----------
    reports
        In the order they are shown; over two or more of one market, and never over
        several markets, the gains are pooled.

    Returns
    -------
    str
        An HTML document; same reports, same bytes.
    """
    parts = ["<h1>Does the loop learn?</h1>", *_pooled(reports)]
    for report in reports:
        parts += [f"<h2>{html.escape(report.name)}</h2>", *_one(report)]
    head = f"<meta charset=utf-8><title>Learning report</title><style>{_STYLE}</style>"
    body = "\n".join(part for part in parts if part)
    return f"<!doctype html><html lang=en>{head}<body>\n{body}\n</body></html>\n"


def verdict_in_words(report: learning.Learning) -> tuple[str, ...]:
    """What the evidence of one replay supports and what it does not, a sentence each.

    Parameters
    ----------
    report
        One replay.
    """
    spoken = {row.arm: row for row in report.arms}
    product = spoken.get(learning.PRODUCT)
    n_silent = report.n_sessions - (product.n_sessions if product else 0)
    told = [_in_words(pair) for pair in report.pairs]
    if product is None:
        told.append("No champion was crowned: the product said nothing.")
    if n_silent and report.whole:
        told.append(
            f"The product was silent in {n_silent} of {report.n_sessions} sessions. "
            "Were silence the base rate:"
        )
        told += [_in_words(pair) for pair in report.whole]
    if report.generations is not None:
        told.append(_in_words(report.generations))
    told += [_of_direction(row) for row in report.arms if row.direction is not None]
    return tuple(told)


def cost_in_words(cost: learning.Cost) -> str:
    """What the learning cost, and how much faster than life it was."""
    cpu = cost.cpu_seconds
    told = (
        f"The learning cost {cost.n_trainings} trainings, "
        f"{cost.training_seconds / 60:.1f} minutes added up"
        f"{f', {cpu / 60:.1f} of one processor' if cpu else ''}."
    )
    if not cost.seconds:
        return told
    speed = cost.days * 86400 / cost.seconds
    return (
        f"{told} {cost.days} days were lived in {cost.seconds / 60:.1f} minutes: "
        f"{speed:,.0f} times as fast as life."
    )


def arm_cells(row: learning.ArmRow) -> tuple[object, ...]:
    """One row under `ARM_HEAD`; None where there is no such number."""
    return (
        *(row.arm, row.n_sessions, row.n_rows, row.loss),
        *(row.skill, *(row.interval or (None, None))),
        *(row.direction, *(row.direction_interval or (None, None)), row.equity),
    )


def pair_cells(pair: learning.PairRow) -> tuple[object, ...]:
    """One row under `PAIR_HEAD`; None where there is no such number."""
    low, high = pair.interval or (None, None)
    first = (pair.better, pair.than, pair.n_sessions, pair.gain)
    return (*first, low, high, pair.p, pair.p_second)


def as_markdown(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """A table in Markdown, numbers as on the page.

    Examples
    --------
    >>> print(as_markdown(["arm", "skill"], [["gated", 0.1234567]]))
    | arm | skill |
    |---|---|
    | gated | 0.12346 |
    """
    lines = [head, ["---"] * len(head), *([_shown(v) for v in row] for row in rows)]
    texts = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([texts[0], texts[1].replace(" ", ""), *texts[2:]])


def _in_words(pair: learning.PairRow) -> str:
    names = f"{pair.better} over {pair.than}".replace("_", " ")
    if pair.p is None or pair.interval is None:
        return f"{names}: {pair.n_sessions} sessions are too few to say anything."
    low, high = pair.interval
    span = f"{pair.gain:+.5f} nats a row (90 % interval {low:+.5f} to {high:+.5f})"
    if not (pair.gain or low or high):
        return f"{names}: the same words, no difference."
    if pair.p > SURE:
        return f"{names}: not shown either way, {span}, p = {pair.p:.2f}."
    doubt = (
        " The second test does not agree, so believe neither."
        if pair.p_second is None or pair.p_second > SURE
        else ""
    )
    better = "better" if pair.gain > 0 else "worse"
    return f"{names}: {better}, {span}, p = {pair.p:.3f}.{doubt}"


def _of_direction(row: learning.ArmRow) -> str:
    name = row.arm.replace("_", " ")
    if row.direction_interval is None:
        return f"{name}: too few sessions to say whether it tells up from down."
    low, high = row.direction_interval
    span = f"{row.direction:+.5f} nats a row (90 % interval {low:+.5f} to {high:+.5f})"
    if low > 0:
        return f"{name}: tells up from down, {span}."
    shown = (
        "is misled about up and down" if high < 0 else "not shown to tell up from down"
    )
    return f"{name}: {shown}, {span}."


def _one(report: learning.Learning) -> Iterator[str]:
    sentences = "".join(f"<li>{html.escape(s)}</li>" for s in verdict_in_words(report))
    yield f"<p>What the evidence supports:</p><ul>{sentences}</ul>"
    yield "<p>What each arm said, on its own sessions, against the base rate:</p>"
    yield _table(ARM_HEAD, map(arm_cells, report.arms))
    generations = [report.generations] if report.generations else []
    yield "<p>On sessions both spoke in:</p>"
    yield _table(PAIR_HEAD, map(pair_cells, [*report.pairs, *generations]))
    yield "<p>On every session, silence counted as the base rate:</p>"
    yield _table(PAIR_HEAD, map(pair_cells, report.whole))
    yield learning_charts.skills(report)
    yield learning_charts.decisions(report)
    yield learning_charts.books(report)
    yield f"<p>{html.escape(cost_in_words(report.cost))}</p>"
    lines = (
        (f"{d.month:%Y-%m}", d.decision, d.version, d.reason) for d in report.decisions
    )
    listed = _table(("month", "decision", "version", "why"), lines)
    yield f"<details><summary>Every decision</summary>{listed}</details>"


def _pooled(reports: Sequence[learning.Learning]) -> Iterator[str]:
    head = ("of", "replays", "mean", "low", "high", "p")
    for market, alike in learning_pool.by_market(reports).items():
        if len(alike) < 2:  # noqa: PLR2004 - one replay needs no pooling
            continue
        cells = (
            (r.name, r.n_replays, r.mean, *(r.interval or (None, None)), r.p)
            for r in learning_pool.pool(alike)
        )
        told = f"Over {len(alike)} replays of {market or 'one market'}, each one trial"
        yield f"<p>{html.escape(told)}; silence counted as the base rate:</p>"
        yield _table(head, cells)


def _table(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    names = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    lines = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><tr>{names}</tr>\n{lines}</table>"


def _cell(value: object) -> str:
    kind = "" if isinstance(value, str) else " class=n"
    return f"<td{kind}>{html.escape(_shown(value))}</td>"


def _shown(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.5f}" if isinstance(value, float) else str(value)
