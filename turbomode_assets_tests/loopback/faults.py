"""The ways Yahoo fails, as changes to what it would have said.

Each program takes the right reply and returns the wrong one; a `Plan` says which of the
next requests for a symbol it spoils. yfinance itself repeats a refused request once,
so a fault of one request is often invisible, and one of two costs an attempt.
"""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from turbomode_assets_tests.loopback import reply
from turbomode_assets_tests.loopback.reply import Reply

Program = Callable[[Reply], Reply]
"""The right reply to the wrong one."""

SLOW_SECONDS = 3.0
"""Delay of `slow`: longer than a test lets a request take."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """A fault over the requests `first` to `last` for a symbol, counted from 1."""

    program: Program
    first: int = 1
    last: int = 10**9


def rate_limit(said: Reply) -> Reply:  # noqa: ARG001 - says nothing of it
    """429, and not a word about when to come back."""
    return reply.as_text("Too Many Requests", 429)


def rate_limit_with_time(said: Reply) -> Reply:  # noqa: ARG001
    """429, come back in a second."""
    return reply.as_text("Too Many Requests", 429, Retry_After="1")


def server_error(said: Reply) -> Reply:  # noqa: ARG001
    """500 with a page."""
    return reply.as_text("<html>Internal Server Error</html>", 500)


def stale_crumb(said: Reply) -> Reply:  # noqa: ARG001
    """401: the crumb has changed since."""
    error = {"code": "Unauthorized", "description": "Invalid Crumb"}
    return reply.as_json({"finance": {"result": None, "error": error}}, 401)


def unknown_symbol(said: Reply) -> Reply:  # noqa: ARG001
    """404 in Yahoo's words, for a symbol that exists."""
    return reply.unknown()


def page(said: Reply) -> Reply:  # noqa: ARG001
    """200 with a page instead of data."""
    return reply.as_text("<!DOCTYPE html><html>Sorry, we will be back soon</html>")


def empty_result(said: Reply) -> Reply:  # noqa: ARG001
    """200, and no result at all."""
    return reply.as_json({"chart": {"result": [], "error": None}})


def slow(said: Reply) -> Reply:
    """The right answer, too late."""
    return dataclasses.replace(said, delay_seconds=SLOW_SECONDS)


def cut(said: Reply) -> Reply:
    """The connection breaks halfway."""
    return dataclasses.replace(said, is_cut=True)


def truncated(said: Reply) -> Reply:
    """Half of the text, in a response that looks whole."""
    return dataclasses.replace(said, body=said.body[: len(said.body) // 2])


def null_rows(said: Reply) -> Reply:
    """The last two rows without numbers, as Yahoo posts them for days at a time."""
    return _changed(said, _null_rows)


def no_rows(said: Reply) -> Reply:
    """A chart in order, without a single row."""
    return _changed(said, _no_rows)


def other_symbol(said: Reply) -> Reply:
    """The prices of another symbol."""
    return _changed(said, lambda result: result["meta"].update(symbol="OTHER"))


def text_prices(said: Reply) -> Reply:
    """The last close as text."""
    return _changed(said, _text_prices)


def _changed(said: Reply, change: Callable[[dict[str, Any]], object]) -> Reply:
    """The reply with its one result changed; refusals stay as they are."""
    content = json.loads(said.body)
    for result in content["chart"]["result"] or []:
        change(result)
    return dataclasses.replace(said, body=json.dumps(content).encode())


def _null_rows(result: dict[str, Any]) -> None:
    for values in result["indicators"]["quote"][0].values():
        values[-2:] = [None] * len(values[-2:])


def _no_rows(result: dict[str, Any]) -> None:
    result.pop("timestamp", None)
    result.pop("events", None)
    result["indicators"] = {"quote": [{}], "adjclose": [{}]}


def _text_prices(result: dict[str, Any]) -> None:
    close = result["indicators"]["quote"][0]["close"]
    close[-1:] = [str(value) for value in close[-1:]]
