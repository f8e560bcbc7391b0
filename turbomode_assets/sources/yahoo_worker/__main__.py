"""Asks Yahoo through yfinance and hands back what Yahoo said, word for word.

`Ticker.history` hides much of an answer (doubled stamps, text for numbers, another
symbol's prices), so the session beneath it keeps every response: the parent reads the
response, yfinance brings the browser's handshake, cookie, crumb and their renewal.
"""

import json
import os
import sys
from typing import Any

import yfinance
from curl_cffi import requests
from yfinance import cache

CHART = "/v8/finance/chart/"
"""Path of the address whose answer is the data; all others serve cookie and crumb."""

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


def answer(session: Recorder, question: dict[str, str]) -> dict[str, Any]:
    """What Yahoo says to one question, as the fields of `yahoo_client.Answer`."""
    session.seen.clear()
    symbol = question["symbol"]
    cache.get_tz_cache().store(symbol, ZONE)
    error, is_late = "", False
    try:
        yfinance.Ticker(symbol, session=session).history(
            start=question["since"],
            interval="1d",
            auto_adjust=False,
            actions=True,
            keepna=True,
            timeout=session.seconds,
        )
    # yfinance and its parser raise at least thirteen unrelated types.
    except Exception as raised:  # noqa: BLE001
        error = f"{type(raised).__name__}: {raised}"
        is_late = "Timeout" in type(raised).__name__
    return {"error": error, "is_late": is_late, **_last_chart(session.seen)}


def _last_chart(seen: list[requests.Response]) -> dict[str, Any]:
    """Status and text of the last data response, and what any said about limits."""
    limited = [each for each in seen if each.status_code == TOO_MANY]
    waits = [each.headers.get("retry-after") or "" for each in limited]
    said = {
        "is_limited": bool(limited),
        "retry_after": max((int(w) for w in waits if w.isdecimal()), default=0),
    }
    charts = [each for each in seen if CHART in str(each.url)]
    if not charts:
        return said
    last = charts[-1]
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
    session = Recorder(seconds)
    print("ready", file=speech, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(session, json.loads(line))), file=speech, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
