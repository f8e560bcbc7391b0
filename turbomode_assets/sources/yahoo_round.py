"""A round through questions: each asked until it is answered, or fails under a name.

Turns answers into rows and into a row of what was attempted for every attempt.
Waits, retries and gives up: a rate limit stops the whole round for a while, since it
asks one symbol at a time; failed symbols in a row end it, unless the canary, which
always trades, is answered. Nor is a symbol called unknown without it. No storing, no
knowledge of processes; what an answer's text says is read by who asks.
"""

import dataclasses
import datetime as dt
import time
from collections.abc import Callable

import polars as pl
import tenacity

from turbomode_assets import errors
from turbomode_assets.sources import yahoo_chart, yahoo_rows
from turbomode_assets.sources.yahoo_ahead import Ahead
from turbomode_assets.sources.yahoo_client import Answer, Patience
from turbomode_assets.sources.yahoo_question import Question
from turbomode_assets.sources.yahoo_rows import Span

CANARY = "SPY"
"""The most traded symbol of the exchange: if Yahoo does not know it, it knows none."""

OUT_OF_REACH = frozenset({"rate_limited", "unreachable", "unreadable", "timed_out"})
"""Results that speak of Yahoo rather than of the symbol."""

_SERVED = 200
_TOO_MANY = 429
_REFUSED = 400


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wanted:
    """A symbol to ask for."""

    symbol: str
    """Symbol as it is stored."""

    question: Question
    """What is asked, with the symbol as Yahoo spells it."""

    is_stored: bool
    """Whether Yahoo has ever known it: then it is asked again before it counts as
    unknown, which would be a waste of time for hundreds of names long gone."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """What an answer amounts to: a result of `market_tables.ATTEMPTS` and its rows."""

    result: str
    detail: str = ""
    rows: pl.DataFrame | None = None
    further: tuple[dt.date, ...] = ()
    retry_after: float = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reading:
    """What the text of an answer says."""

    rows: pl.DataFrame
    """Rows to be delivered."""

    refusal: str = ""
    """Why Yahoo gives none, in its own words; empty where it gives an answer."""

    may_be_empty: bool = False
    """Whether an answer without a row is one: nothing happened yet."""

    further: tuple[dt.date, ...] = ()
    """Expiries that can be asked for."""


Judge = Callable[[Answer, Question], Verdict]
"""Tells what an answer to a question amounts to."""


def judge(answer: Answer, symbol: str, span: Span) -> Verdict:
    """What an answer amounts to.

    Parameters
    ----------
    answer
        What came back.
    symbol
        Symbol as Yahoo spells it.
    span
        What may be delivered.

    Returns
    -------
    Verdict
        With rows where the chart can be read, also if yfinance could not.

    Examples
    --------
    >>> evening = dt.datetime(2024, 7, 3, 22, tzinfo=dt.UTC)
    >>> span = Span(last=evening.date(), now=evening)
    >>> judge(Answer(status=500), "AAPL", span).result
    'unreachable'
    """
    return weigh(answer, lambda body: _read_daily(body, symbol, span))


def _read_daily(body: str, symbol: str, span: Span) -> Reading:
    chart = yahoo_chart.parse(body)
    refusal = yahoo_chart.explanation(chart)
    if refusal:
        return Reading(rows=pl.DataFrame(), refusal=refusal)
    return Reading(rows=yahoo_rows.rebuild(yahoo_chart.read(chart, symbol), span))


def weigh(answer: Answer, read: Callable[[str], Reading]) -> Verdict:
    """What an answer amounts to, whatever was asked.

    Parameters
    ----------
    answer
        What came back.
    read
        Reads its text; raises `errors.SourceError` where it cannot be believed.

    Returns
    -------
    Verdict
        With rows where the text can be read, also if yfinance could not.
    """
    if answer.status == _TOO_MANY or (answer.status is None and answer.is_limited):
        detail = answer.error or "HTTP status 429"
        return Verdict(
            result="rate_limited", detail=detail, retry_after=answer.retry_after
        )
    # A refusal may come before the repetition of the request that is late.
    if answer.status is None or (answer.is_late and answer.status >= _REFUSED):
        result = "timed_out" if answer.is_late else "unreachable"
        return Verdict(
            result=result, detail=answer.error or "no answer to the question"
        )
    bad = "unreachable" if answer.status >= _REFUSED else "unreadable"
    try:
        said = read(answer.body)
    except errors.SourceError as error:
        return Verdict(result=bad, detail=f"HTTP status {answer.status}: {error}")
    if said.refusal:
        return Verdict(result=_named(said.refusal, bad), detail=said.refusal)
    if said.rows.is_empty() and not said.may_be_empty:
        return Verdict(result="empty", detail="an answer without a final row")
    return Verdict(result="complete", rows=said.rows, further=said.further)


def _named(reason: str, otherwise: str) -> str:
    """Result of a refusal in Yahoo's own words."""
    if reason.startswith("Not Found"):
        return "unknown_symbol"
    # Said of a symbol whose trading ended before the days asked for.
    return "empty" if "Data doesn't exist" in reason else otherwise


class Round:
    """Asks one question after the other, with what it learned on the way.

    Parameters
    ----------
    client
        Who is asked.
    judge
        Tells what an answer amounts to.
    now
        When the round begins, in UTC.
    pace_seconds
        Shortest time between two questions.
    patience
        When to wait, to ask again and to give up.

    Attributes
    ----------
    attempts : list of dict
        Rows of `market_tables.ATTEMPTS` without source and session, and `about`, what
        was asked; so far.
    """

    def __init__(
        self,
        client: Ahead,
        judge: Judge,
        now: dt.datetime,
        pace_seconds: float,
        patience: Patience,
    ) -> None:
        """Begin the round."""
        self.client, self.judge, self.now = client, judge, now
        self.pace_seconds, self.patience = pace_seconds, patience
        self.attempts: list[dict[str, object]] = []
        self._began = self._free_at = time.monotonic()
        self._failures = 0
        self._is_canary_alive = False
        self._said = Verdict(result="skipped")

    def visit(self, wanted: Wanted, following: Wanted | None = None) -> Verdict:
        """What the last answer about a symbol amounts to.

        Parameters
        ----------
        wanted
            The symbol: asked for until it answers or the patience ends.
        following
            Who is visited next: asked for while an answer is read, if the pace allows.
        """
        reason = self._reason_to_skip()
        if reason:
            skipped = Verdict(result="skipped", detail=reason)
            self._log(wanted.symbol, wanted.question, skipped)
            return skipped
        final = {"complete"} if wanted.is_stored else {"complete", "unknown_symbol"}
        asking = tenacity.Retrying(
            stop=self._is_over,
            wait=self._wait,
            retry=tenacity.retry_if_result(lambda said: said.result not in final),
            retry_error_callback=lambda _: self._said,
        )
        verdict: Verdict = asking(self._attempt, wanted, following)
        is_out = verdict.result in OUT_OF_REACH
        self._failures = self._failures + 1 if is_out else 0
        if self._failures >= self.patience.failures_in_a_row:
            self._is_canary_alive = False
            if self._has_canary(wanted.question):
                self._failures = 0
        return verdict

    def _reason_to_skip(self) -> str:
        if self._failures >= self.patience.failures_in_a_row:
            return f"{self._failures} symbols failed in a row, and {CANARY} too"
        if self._is_too_late:
            return f"the fetch took more than {self.patience.fetch_seconds:g} s"
        return ""

    def _attempt(self, wanted: Wanted, following: Wanted | None) -> Verdict:
        question = wanted.question
        answer = self._ask(question)
        if following is not None and answer.status == _SERVED:
            self._ask_ahead(following.question)
        said = self.judge(answer, question)
        if said.result == "unknown_symbol" and not self._has_canary(question):
            detail = f"{said.detail}; but {CANARY} is not answered either"
            said = Verdict(result="unreachable", detail=detail)
        if wanted.symbol == CANARY:
            self._is_canary_alive = said.result == "complete"
        self._log(wanted.symbol, question, said)
        self._said = said
        return said

    def _has_canary(self, question: Question) -> bool:
        if not self._is_canary_alive:
            same = dataclasses.replace(question, symbol=CANARY)
            said = self.judge(self._ask(same), same)
            self._is_canary_alive = said.result == "complete"
            self._log(CANARY, same, dataclasses.replace(said, rows=None))
        return self._is_canary_alive

    def _ask(self, question: Question) -> Answer:
        if not self.client.has_begun(question):
            pause = self._free_at - time.monotonic()
            if pause > 0:  # even a sleep of 0 s lets others take the processor
                time.sleep(pause)
            self._free_at = time.monotonic() + self.pace_seconds
        return self.client.ask(question)

    def _ask_ahead(self, following: Question) -> None:
        now = time.monotonic()
        if now >= self._free_at:
            self._free_at = now + self.pace_seconds
            self.client.begin(following)

    def _is_over(self, state: tenacity.RetryCallState) -> bool:
        return state.attempt_number >= self.patience.attempts or self._is_too_late

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Seconds until the next attempt: what Yahoo asks for, or longer each time."""
        said, rules = self._said, self.patience
        if said.retry_after:
            return min(said.retry_after, rules.longest_wait_seconds)
        is_limited = said.result == "rate_limited"
        first = rules.limited_seconds if is_limited else rules.retry_seconds
        grown = tenacity.wait_exponential(first, max=rules.longest_wait_seconds)
        return grown(state) + tenacity.wait_random(0.0, first)(state)

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    @property
    def _is_too_late(self) -> bool:
        return self._elapsed > self.patience.fetch_seconds

    def _log(self, symbol: str, question: Question, verdict: Verdict) -> None:
        asked = (symbol, question.about)
        earlier = sum((row["symbol"], row["about"]) == asked for row in self.attempts)
        self.attempts.append(
            {
                "symbol": symbol,
                "about": question.about,
                "asked_at": self.now,
                "attempt": earlier + 1,
                "ended_at": self.now + dt.timedelta(seconds=self._elapsed),
                "result": verdict.result,
                "detail": verdict.detail,
                "n_rows": 0 if verdict.rows is None else verdict.rows.height,
            }
        )
