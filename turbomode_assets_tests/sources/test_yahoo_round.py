"""Who is asked again, who is given up, and under which name."""

import dataclasses
import datetime as dt
import json
from collections.abc import Iterable

import polars as pl
import pytest

from turbomode_assets.sources import yahoo_round
from turbomode_assets.sources.yahoo_ahead import Ahead
from turbomode_assets.sources.yahoo_client import Answer, Patience, Pending
from turbomode_assets.sources.yahoo_question import Question
from turbomode_assets.sources.yahoo_rehearsal import render
from turbomode_assets.sources.yahoo_round import Round, Verdict, Wanted, judge
from turbomode_assets.sources.yahoo_rows import Span

DAY = dt.date(2024, 7, 3)
SPAN = Span(last=DAY, now=dt.datetime(2024, 7, 4, tzinfo=dt.UTC))
QUICK = Patience(
    attempts=2, retry_seconds=0.0, limited_seconds=0.0, failures_in_a_row=2
)

LIMITED = Answer(status=429, is_limited=True)
BROKEN = Answer(status=500, body="<html>")
UNKNOWN = Answer(
    status=404, body='{"chart": {"error": {"code": "Not Found", "description": "No"}}}'
)


def good(symbol: str) -> Answer:
    """Chart with one bar."""
    bar = dict.fromkeys(("open", "high", "low", "close", "volume"), 10.0)
    actions = {"dividend": 0.0, "split_ratio": 1.0}
    bars = pl.DataFrame([{"symbol": symbol, "session": DAY, **bar, **actions}])
    return Answer(status=200, body=json.dumps(render(bars)))


def wanted(symbol: str, *, is_stored: bool = True) -> Wanted:
    asked = Question(symbol=symbol, since=DAY)
    return Wanted(symbol=symbol, question=asked, is_stored=is_stored)


def daily(answer: Answer, question: Question) -> Verdict:
    return judge(answer, question.symbol, SPAN)


@dataclasses.dataclass
class Script:
    """A client that says what is written, symbol by symbol."""

    lines: dict[str, list[Answer]]

    asked: list[str] = dataclasses.field(default_factory=list)

    def begin(self, question: Question) -> Pending:
        """Next line of the symbol; the last for ever."""
        assert question.since == DAY
        self.asked.append(question.symbol)
        said = self.lines[question.symbol]
        answer = said.pop(0) if len(said) > 1 else said[0]
        return lambda: answer


def play(
    lines: dict[str, list[Answer]], patience: Patience = QUICK
) -> list[tuple[object, ...]]:
    """Symbol, attempt and result of every attempt of a round through the script."""
    tour = Round(Ahead(Script(lines)), daily, SPAN.now, 0.0, patience)
    for symbol in [s for s in lines if s != yahoo_round.CANARY]:
        tour.visit(wanted(symbol))
    named = ("symbol", "attempt", "result")
    return [tuple(row[name] for name in named) for row in tour.attempts]


def results(answers: Iterable[Answer]) -> list[str]:
    return [judge(answer, "AAA", SPAN).result for answer in answers]


def test_every_answer_has_a_result() -> None:
    past = {"code": "Bad Request", "description": "Data doesn't exist for startDate"}
    gone = json.dumps({"chart": {"error": past}})
    other = '{"chart": {"error": {"code": "Internal", "description": "no"}}}'
    answers = {
        "complete": [good("AAA")],
        "rate_limited": [LIMITED, Answer(error="x", is_limited=True, is_late=True)],
        "unreachable": [BROKEN, Answer(error="reset"), Answer(status=401, body="{}")],
        "timed_out": [Answer(error="Timeout", is_late=True)],
        "unknown_symbol": [UNKNOWN],
        "empty": [Answer(status=400, body=gone)],
        "unreadable": [Answer(status=200, body=b) for b in ("<html>", other)],
    }
    for result, given in answers.items():
        assert results(given) == [result] * len(given)


def test_yfinance_may_fail_where_the_chart_can_be_read() -> None:
    odd = dataclasses.replace(good("AAA"), error="TypeError: from its own parser")
    assert results([odd]) == ["complete"]


def test_a_passing_failure_costs_an_attempt_and_loses_nothing() -> None:
    said = play({"AAA": [BROKEN, good("AAA")]})
    assert said == [("AAA", 1, "unreachable"), ("AAA", 2, "complete")]


def test_a_lasting_failure_ends_under_its_name() -> None:
    said = play({"AAA": [LIMITED], "BBB": [good("BBB")]})
    assert said == [
        ("AAA", 1, "rate_limited"),
        ("AAA", 2, "rate_limited"),
        ("BBB", 1, "complete"),
    ]


def test_failures_in_a_row_skip_the_rest() -> None:
    broken = {symbol: [BROKEN] for symbol in ("AAA", "BBB", "CCC", "DDD", "SPY")}
    said = play(broken)
    assert said[4:] == [
        ("SPY", 1, "unreachable"),
        ("CCC", 1, "skipped"),
        ("DDD", 1, "skipped"),
    ]


def test_failures_in_a_row_skip_nobody_while_the_canary_lives() -> None:
    lines = {symbol: [BROKEN] for symbol in ("AAA", "BBB", "CCC", "DDD")}
    said = play(lines | {"SPY": [good("SPY")], "EEE": [good("EEE")]})
    assert "skipped" not in {result for *_, result in said}
    assert said[-2:] == [("SPY", 2, "complete"), ("EEE", 1, "complete")]


def test_failures_apart_do_not_add_up() -> None:
    lines = {"AAA": [BROKEN], "BBB": [good("BBB")], "CCC": [BROKEN]}
    assert "SPY" not in {symbol for symbol, *_ in play(lines)}


def test_a_symbol_is_unknown_only_while_the_canary_lives() -> None:
    alive = play({"AAA": [UNKNOWN], "SPY": [good("SPY")], "BBB": [UNKNOWN]})
    assert alive == [
        ("SPY", 1, "complete"),
        *((symbol, n, "unknown_symbol") for symbol in ("AAA", "BBB") for n in (1, 2)),
    ]
    dead = play({"AAA": [UNKNOWN], "SPY": [BROKEN]})
    assert [result for symbol, _, result in dead if symbol == "AAA"] == [
        "unreachable",
        "unreachable",
    ]


def test_a_symbol_never_known_is_asked_for_once() -> None:
    lines = {"AAA": [UNKNOWN], "SPY": [good("SPY")]}
    tour = Round(Ahead(Script(lines)), daily, SPAN.now, 0.0, QUICK)
    tour.visit(wanted("AAA", is_stored=False))
    assert [(row["symbol"], row["result"]) for row in tour.attempts] == [
        ("SPY", "complete"),
        ("AAA", "unknown_symbol"),
    ]


def test_the_next_symbol_is_asked_for_while_a_chart_is_read() -> None:
    unread = dataclasses.replace(good("AAA"), body="<html>")
    script = Script({"AAA": [unread, good("AAA")], "BBB": [BROKEN, good("BBB")]})
    tour = Round(Ahead(script), daily, SPAN.now, 0.0, QUICK)
    assert tour.visit(wanted("AAA"), wanted("BBB")).rows is not None
    assert tour.visit(wanted("BBB")).rows is not None
    assert script.asked == ["AAA", "BBB", "AAA", "BBB"]
    assert [row["result"] for row in tour.attempts] == [
        *("unreadable", "complete"),
        *("unreachable", "complete"),
    ]


def test_asking_ahead_keeps_the_pace_and_waits_for_an_answer() -> None:
    for pace, answer in ((60.0, good("AAA")), (0.0, BROKEN)):
        script = Script({"AAA": [answer]})
        patient = dataclasses.replace(QUICK, attempts=1)
        Round(Ahead(script), daily, SPAN.now, pace, patient).visit(
            wanted("AAA"), wanted("BBB")
        )
        assert script.asked == ["AAA"]


def test_a_fetch_that_takes_too_long_leaves_the_rest() -> None:
    hasty = dataclasses.replace(QUICK, fetch_seconds=-1.0)
    said = play({"AAA": [good("AAA")]}, hasty)
    assert said == [("AAA", 1, "skipped")]


@pytest.mark.parametrize(("wish", "at_least"), [(0.0, 0.2), (0.3, 0.3), (99.0, 0.4)])
def test_a_rate_limit_is_waited_out_as_asked_but_not_for_ever(
    wish: float, at_least: float
) -> None:
    slow = dataclasses.replace(QUICK, limited_seconds=0.2, longest_wait_seconds=0.4)
    limited = dataclasses.replace(LIMITED, retry_after=wish)
    tour = Round(
        Ahead(Script({"AAA": [limited, good("AAA")]})), daily, SPAN.now, 0.0, slow
    )
    tour.visit(wanted("AAA"))
    ends = pl.DataFrame(tour.attempts)["ended_at"]
    took = (ends[1] - ends[0]).total_seconds()
    assert at_least <= took < 99.0
