"""Asks Yahoo through yfinance and hands back what Yahoo said, word for word.

yfinance hides much of an answer (doubled stamps, text for numbers, another symbol's
prices), so the session beneath it keeps every response: the parent reads the
response, yfinance brings the browser's handshake, cookie, crumb and their renewal.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

import yfinance
from curl_cffi import requests
from yfinance import cache, data

CHART, OPTIONS, SEARCH = "/v8/finance/chart/", "/v7/finance/options/", "/finance/search"
"""Paths of the addresses whose answers are data; all others serve cookie and crumb."""

N_STORIES = 20
"""Stories asked for: twice what a voter reads, some being of other companies."""

MAX_BYTES = 32_000_000
"""Longest answer that is passed on: fifty years of daily bars are about 2 MB."""

ZONE = "America/New_York"
"""Time zone of the exchange. Told to yfinance, it saves one request a symbol, whose
failure yfinance would remember for as long as the process lives."""

TOO_MANY = 429
"""HTTP status of a rate limit."""


class Recorder(requests.Session[requests.Response]):
    """Session that bounds the time of every request and keeps what came back.

    Attributes
    ----------
    seconds : float
        Longest time a request may take; yfinance itself allows some of them 30 s.
    seen : list of Response
        Responses since it was last cleared, in order.
    """

    def __init__(self, seconds: float) -> None:
        """Look like a browser, as yfinance's own session does."""
        super().__init__(impersonate="chrome")
        self.seconds = seconds
        self.seen: list[requests.Response] = []

    def request(self, *positional: Any, **options: Any) -> requests.Response:
        """Response of the request, kept in `seen`."""
        options["timeout"] = self.seconds
        response = super().request(*positional, **options)
        self.seen.append(response)
        return response


class Asker:
    """Puts questions to yfinance.

    Parameters
    ----------
    session
        Keeps what Yahoo said.
    """

    def __init__(self, session: Recorder) -> None:
        """Nothing is asked yet."""
        self.session = session
        self._tickers: dict[str, yfinance.Ticker] = {}

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """What Yahoo says to one question, as the fields of `yahoo_client.Answer`."""
        ways: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
            "daily": (self._daily, CHART),
            "rounds": (self._rounds, CHART),
            "options": (self._options, OPTIONS),
            "headlines": (self._headlines, SEARCH),
        }
        ask, path = ways[question["about"]]
        self.session.seen.clear()
        # Remembers answers of addresses that are asked again and again, refusals too.
        data.YfData.cache_get.cache_clear()
        cache.get_tz_cache().store(question["symbol"], ZONE)
        error, is_late = "", False
        try:
            ask(question)
        # yfinance and its parser raise at least thirteen unrelated types.
        except Exception as raised:  # noqa: BLE001
            error = f"{type(raised).__name__}: {raised}"
            is_late = "Timeout" in type(raised).__name__
        said = _last_said(self.session.seen, path)
        return {"error": error, "is_late": is_late, **said}

    def _daily(self, question: dict[str, Any]) -> None:
        self._history(question, "1d")

    def _rounds(self, question: dict[str, Any]) -> None:
        self._history(question, "15m")

    def _history(self, question: dict[str, Any], interval: str) -> None:
        yfinance.Ticker(question["symbol"], session=self.session).history(
            start=question["since"],
            interval=interval,
            auto_adjust=False,
            actions=True,
            keepna=True,
            timeout=self.session.seconds,
        )

    def _options(self, question: dict[str, Any]) -> None:
        """Options of one expiry; the ticker remembers which ones there are."""
        symbol, expires_on = question["symbol"], question["expires_on"]
        if expires_on is None or symbol not in self._tickers:
            self._tickers[symbol] = yfinance.Ticker(symbol, session=self.session)
        self._tickers[symbol].option_chain(expires_on)

    def _headlines(self, question: dict[str, Any]) -> None:
        yfinance.Search(
            question["symbol"],
            max_results=1,
            news_count=N_STORIES,
            lists_count=0,
            recommended=0,
            session=self.session,
            timeout=self.session.seconds,
        )


def _last_said(seen: list[requests.Response], path: str) -> dict[str, Any]:
    """Status and text of the last data response, and what any said about limits."""
    limited = [each for each in seen if each.status_code == TOO_MANY]
    waits = [each.headers.get("retry-after") or "" for each in limited]
    said = {
        "is_limited": bool(limited),
        "retry_after": max((int(w) for w in waits if w.isdecimal()), default=0),
    }
    answers = [each for each in seen if path in str(each.url)]
    if not answers:
        return said
    last = answers[-1]
    body = last.content[:MAX_BYTES].decode("utf-8", errors="replace")
    return {"status": last.status_code, "body": body, **said}


def main(folder: str, seconds: float) -> None:
    """Answer questions until the input ends."""
    # Only answers may reach the parent: whatever else prints, prints to the log.
    speech = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    yfinance.set_tz_cache_location(folder)
    yfinance.config.debug.hide_exceptions = False
    yfinance.config.network.retries = 0
    asker = Asker(Recorder(seconds))
    print("ready", file=speech, flush=True)
    for line in sys.stdin:
        said = asker.answer(json.loads(line))
        print(json.dumps(said), file=speech, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
