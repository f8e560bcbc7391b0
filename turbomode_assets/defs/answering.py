"""Answers to questions by message: what is read for each, and under which name it goes.

An answer is a message like every other, known by the number of its question, so the
outbox delivers it once. What is understood and how it is worded stands in
``reports/answers.py``; nothing here changes anything.
"""

import datetime as dt
from collections.abc import Iterable, Iterator

import dagster as dg
import polars as pl

from turbomode_assets import report_tables, tables
from turbomode_assets.defs import daily_report, health
from turbomode_assets.notify import questions
from turbomode_assets.reports import answers, desk_sheet, news, scorecard
from turbomode_assets.store import home, warehouse

_SAID = (
    *("symbol", "session", "mode", "side", "p_up", "p_flat", "p_down", "edge"),
    "rank",
)


def answered(
    asked: Iterable[questions.Question],
    where: home.Home,
    store: warehouse.Warehouse,
    instance: dg.DagsterInstance,
    now: dt.datetime,
) -> Iterator[tuple[questions.Question, news.News]]:
    """Questions that are some, each with its answer.

    Parameters
    ----------
    asked
        What was written in chats that may ask.
    where
        The home.
    store
        Its open warehouse.
    instance
        Its Dagster instance.
    now
        The present moment.
    """
    for question in asked:
        name = answers.command(question.text)
        if name is not None:
            title, text, picture = _said(name, where, store, instance, now)
            subject = f"{question.channel.name} {question.number}"
            yield (
                question,
                news.News(
                    kind="answer",
                    subject=subject,
                    title=title,
                    text=text,
                    picture=picture,
                ),
            )


def _said(
    name: str,
    where: home.Home,
    store: warehouse.Warehouse,
    instance: dg.DagsterInstance,
    now: dt.datetime,
) -> tuple[str, str, str | None]:
    """Title, text and picture of an answer."""
    if name == "status":
        looked = health.probes(where, store, instance, now)
        seen = [(probe.name, probe.is_well, probe.sentence) for probe in looked]
        champion = scorecard.reigning(store.read(tables.CHAMPIONS))
        return "Status", answers.status(seen, champion), None
    if name == "signals":
        return "Signals", answers.signals(_tonight(store)), None
    if name == "report":
        return _report(where, store, instance, now)
    return "Not understood", answers.HELP, None


def _tonight(store: warehouse.Warehouse) -> pl.DataFrame:
    newest = max(store.partitions(tables.SIGNALS), default=None)
    return desk_sheet.tonight(store.columns(tables.SIGNALS, _SAID, newest, newest))


def _report(
    where: home.Home,
    store: warehouse.Warehouse,
    instance: dg.DagsterInstance,
    now: dt.datetime,
) -> tuple[str, str, str | None]:
    """The newest report that was written, or the one that is due."""
    kept = store.read(report_tables.MESSAGES, match={"kind": "daily_report"})
    if kept.is_empty():
        made = daily_report.compose(where, store, instance, now)
        return made.title, made.text, made.picture
    row = kept.sort("written_at").row(-1, named=True)
    return row["title"], row["text"], row["picture"]
